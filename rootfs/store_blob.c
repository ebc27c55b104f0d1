/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store_private.h"
#include "rootfs/outfile.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BLOB_MODE 0444
#define READ_PIECE (256 * 1024)

static gboolean
stat_blob(Store *store, const Digest *digest, struct stat *status)
{
  char name[STORE_NAME_SIZE];
  return fstatat(store->folder, store_name(STORE_BLOBS, digest, name), status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG(status->st_mode);
}

gboolean
store_has(Store *store, const Digest *digest)
{
  struct stat status;
  return stat_blob(store, digest, &status);
}

gint64
store_blob_size(Store *store, const Digest *digest)
{
  struct stat status;
  return stat_blob(store, digest, &status) ? status.st_size : -1;
}

static int
open_blob(Store *store, const Digest *digest, struct stat *status, GError **error)
{
  char name[STORE_NAME_SIZE], text[DIGEST_STRING_SIZE];
  int fd = openat(store->folder, store_name(STORE_BLOBS, digest, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode))
    return fd;
  if (fd >= 0)
    close(fd);
  error_set_errno(error, fd >= 0 ? EINVAL : errno, "blob %s of the store '%s'", digest_to_string(digest, text), store->path);
  return -1;
}

int
store_open_blob(Store *store, const Digest *digest, guint64 *size, GError **error)
{
  struct stat status;
  int fd = open_blob(store, digest, &status, error);
  if (fd < 0)
    return -1;
  store_mark_used(fd, &status);
  if (size != NULL)
    *size = (guint64)status.st_size;
  return fd;
}

static gboolean
damaged(Store *store, const Digest *digest, const Digest *found, GError **error)
{
  char text[DIGEST_STRING_SIZE], other[DIGEST_STRING_SIZE];
  g_autofree char *path = store_full_name(store, STORE_BLOBS, digest);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
              "blob %s is damaged: '%s' holds bytes with the digest %s\nhint: 'ashlar store verify --repair' removes it",
              digest_to_string(digest, text), path, digest_to_string(found, other));
  return FALSE;
}

GBytes *
store_read_blob(Store *store, const Digest *digest, GError **error)
{
  int fd = store_open_blob(store, digest, NULL, error);
  if (fd < 0)
    return NULL;
  g_autoptr(GError) cause = NULL;
  GMappedFile *file = g_mapped_file_new_from_fd(fd, FALSE, &cause);
  close(fd);
  if (file == NULL) {
    char text[DIGEST_STRING_SIZE];
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "map blob %s: %s", digest_to_string(digest, text), cause->message);
    return NULL;
  }
  g_autoptr(GBytes) bytes = g_mapped_file_get_bytes(file);
  g_mapped_file_unref(file);
  Digest found;
  digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &found);
  if (!digest_equal(&found, digest)) {
    damaged(store, digest, &found, error);
    return NULL;
  }
  return g_steal_pointer(&bytes);
}

/* Read, not mapped: a failing disk is then an error and not SIGBUS. */
static gboolean
hash_file(int fd, Digest *out)
{
  g_autoptr(Hasher) hasher = hasher_new();
  g_autofree guint8 *buffer = g_malloc(READ_PIECE);
  for (;;) {
    ssize_t n = read(fd, buffer, READ_PIECE);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return FALSE;
    if (n == 0)
      break;
    hasher_update(hasher, buffer, (gsize)n);
  }
  hasher_finish(hasher, out);
  return TRUE;
}

gboolean
store_check_blob(Store *store, const Digest *digest, GError **error)
{
  struct stat status;
  int fd = open_blob(store, digest, &status, error);
  if (fd < 0)
    return FALSE;
  Digest found;
  gboolean done = hash_file(fd, &found);
  int saved = errno;
  close(fd);
  if (!done) {
    char text[DIGEST_STRING_SIZE];
    return error_set_errno(error, saved, "read blob %s", digest_to_string(digest, text));
  }
  return digest_equal(&found, digest) || damaged(store, digest, &found, error);
}

gboolean
store_remove_blob(Store *store, const Digest *digest, GError **error)
{
  char name[STORE_NAME_SIZE], text[DIGEST_STRING_SIZE];
  if (unlinkat(store->folder, store_name(STORE_BLOBS, digest, name), 0) == 0 || errno == ENOENT)
    return TRUE;
  return error_set_errno(error, errno, "remove blob %s from the store '%s'", digest_to_string(digest, text), store->path);
}

/* ---- writing ---- */

struct StoreWriter {
  Store *store;
  Outfile *file;
  Hasher *hasher;
  guint64 size;
};

StoreWriter *
store_writer_new(Store *store, GError **error)
{
  g_autofree char *folder = g_build_filename(store->path, STORE_TMP, NULL);
  /* Losing a blob's name to a power cut costs making it again; its bytes are synced, so a name never lies. */
  Outfile *file = outfile_new_in(folder, BLOB_MODE, OUTFILE_LOSABLE, error);
  if (file == NULL) {
    g_prefix_error(error, "write to the store: ");
    return NULL;
  }
  StoreWriter *writer = g_new0(StoreWriter, 1);
  writer->store = store_ref(store);
  writer->file = file;
  writer->hasher = hasher_new();
  return writer;
}

gboolean
store_writer_write(StoreWriter *writer, const void *data, gsize size, GError **error)
{
  hasher_update(writer->hasher, data, size);
  writer->size += size;
  return outfile_write(writer->file, data, size, error);
}

void
store_writer_begin(StoreWriter *writer)
{
  outfile_begin(writer->file);
}

guint64
store_writer_size(const StoreWriter *writer)
{
  return writer->size;
}

/* Whether the blob is there, as long as it should be, and if so marks it as used. One of another size was damaged by somebody
 * (ours are synced before they get their name) and is replaced. */
static gboolean
have_blob(Store *store, const Digest *digest, guint64 size)
{
  struct stat status;
  int fd = open_blob(store, digest, &status, NULL);
  if (fd < 0)
    return FALSE;
  store_mark_used(fd, &status);
  close(fd);
  return (guint64)status.st_size == size;
}

gboolean
store_writer_finish(StoreWriter *writer, const Digest *expected, Digest *out, GError **error)
{
  Digest digest;
  hasher_finish(writer->hasher, &digest);
  if (expected != NULL && !digest_equal(expected, &digest)) {
    char wanted[DIGEST_STRING_SIZE], found[DIGEST_STRING_SIZE];
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "the bytes have the digest %s, not %s as promised",
                digest_to_string(&digest, found), digest_to_string(expected, wanted));
    return FALSE;
  }
  if (!have_blob(writer->store, &digest, writer->size)) {
    g_autofree char *path = store_full_name(writer->store, STORE_BLOBS, &digest);
    if (!outfile_commit_as(writer->file, path, error))
      return FALSE;
  }
  *out = digest;
  return TRUE;
}

void
store_writer_free(StoreWriter *writer)
{
  outfile_free(writer->file);
  hasher_free(writer->hasher);
  store_unref(writer->store);
  g_free(writer);
}

/* What is in memory is small: whether the blob that is there is whole is cheap to tell. A damaged one is made again. */
gboolean
store_put(Store *store, const void *data, gsize size, Digest *out, GError **error)
{
  Digest digest;
  digest_of(data, size, &digest);
  *out = digest;
  if (have_blob(store, &digest, size)) {
    if (store_check_blob(store, &digest, NULL))
      return TRUE;
    if (!store_remove_blob(store, &digest, error))
      return FALSE;
  }
  g_autoptr(StoreWriter) writer = store_writer_new(store, error);
  return writer != NULL && store_writer_write(writer, data, size, error) && store_writer_finish(writer, &digest, out, error);
}
