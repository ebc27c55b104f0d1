/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/readers.h"
#include "rootfs/directory.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIECE (256 << 10)

typedef struct {
  Reading *reading;
  Hasher *hasher;
  guint8 *buffer;
} Folder;

static gboolean
opens(const Entry *entry, const struct stat *status, gpointer data)
{
  const Folder *folder = data;
  return folder->reading->hash || reading_wants(entry);
}

/* What is read is what counts: a log that grows meanwhile has the size that was hashed. */
static gboolean
read_content(Folder *folder, SubjectFile *file, int fd, GByteArray *kept, GError **error)
{
  guint64 total = 0;
  ssize_t got;
  while ((got = read(fd, folder->buffer, PIECE)) != 0) {
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error_set_errno(error, errno, "read");
    if (g_cancellable_set_error_if_cancelled(folder->reading->cancellable, error))
      return FALSE;
    total += (guint64)got;
    hasher_update(folder->hasher, folder->buffer, (gsize)got);
    if (kept != NULL && total > limits_get(LIMIT_DATABASE))
      return limits_exceed(LIMIT_DATABASE, error);
    if (kept != NULL)
      g_byte_array_append(kept, folder->buffer, (guint)got);
  }
  hasher_finish(folder->hasher, &file->entry.digest);
  file->entry.size = total;
  file->has_digest = TRUE;
  return TRUE;
}

static gboolean
visit(const Entry *entry, int fd, gpointer data, GError **error)
{
  Folder *folder = data;
  SubjectFile *file;
  if (g_cancellable_set_error_if_cancelled(folder->reading->cancellable, error) ||
      !reading_add(folder->reading, entry, &file, error))
    return FALSE;
  if (file == NULL || fd < 0)
    return TRUE;
  g_autoptr(GByteArray) kept = reading_wants(entry) ? g_byte_array_new() : NULL;
  if (!read_content(folder, file, fd, kept, error)) {
    g_autofree char *shown = g_strescape(entry->path, NULL);
    g_prefix_error(error, "'%s': ", shown);
    return FALSE;
  }
  return kept == NULL || reading_keep(folder->reading, file, g_byte_array_free_to_bytes(g_steal_pointer(&kept)), error);
}

gboolean
read_folder(const char *path, Reading *reading, GError **error)
{
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return error_set_errno(error, errno, "open the folder '%s'", path);
  g_autoptr(Hasher) hasher = hasher_new();
  g_autofree guint8 *buffer = g_malloc(PIECE);
  Folder folder = {.reading = reading, .hasher = hasher, .buffer = buffer};
  const DirectoryScan scan = {.look = TRUE, .opens = opens, .visit = visit, .data = &folder};
  gboolean done = directory_scan(fd, path, &scan, error);
  close(fd);
  if (done)
    reading_finish(reading);
  return done;
}
