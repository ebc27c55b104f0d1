/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/files_source.h"
#include "rootfs/deb.h"
#include "rootfs/directory.h"
#include "rootfs/unpack.h"
#include "rootfs/accounts.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_PIECE (256 * 1024)

typedef struct {
  const FilesContext *context;
  const RecipeFile *file;
  const char *base; /* its path in the image, relative */
  guint32 uid, gid;
  FilesVisit visit;
  gpointer data;
} Walk;

gboolean
files_error_at(GError **error, const RecipePlace *place, GError *cause)
{
  gboolean ours = cause->domain == ASHLAR_ERROR &&
                  (cause->code == ASHLAR_ERROR_INVALID || cause->code == ASHLAR_ERROR_NOT_FOUND ||
                   cause->code == ASHLAR_ERROR_EXISTS);
  if (!ours) {
    g_propagate_error(error, cause);
    return FALSE;
  }
  recipe_error_at(error, place, "%s", cause->message);
  g_error_free(cause);
  return FALSE;
}

char *
files_image_path(const FilesContext *context, const char *path, gboolean is_folder)
{
  const FilesImage *image = context->image;
  const char *relative = path + strspn(path, "/");
  /* Every Debian that there is packages for has /usr merged: /bin/x is usr/bin/x, and bin a symlink. */
  g_autofree char *merged = context->recipe->debian != NULL ? deb_merged_path(relative) : g_strdup(relative);
  if (image == NULL || image->folder == NULL)
    return g_steal_pointer(&merged);
  if (is_folder)
    return image->folder(merged, image->data);
  const char *slash = strrchr(merged, '/');
  if (slash == NULL)
    return g_steal_pointer(&merged);
  g_autofree char *parent = g_strndup(merged, (gsize)(slash - merged));
  g_autofree char *folder = image->folder(parent, image->data);
  return g_strconcat(folder, *folder != '\0' ? "/" : "", slash + 1, NULL);
}

/* ---- owners ---- */

static gboolean
find_owner(Walk *walk, GError **error)
{
  const FilesImage *image = walk->context->image;
  const RecipeFile *file = walk->file;
  if (image == NULL)
    return TRUE;
  if (file->owner != NULL && accounts_parse_id(file->owner, &walk->uid))
    walk->gid = walk->uid;
  else if (file->owner != NULL && !image->user(file->owner, &walk->uid, &walk->gid, image->data))
    return recipe_error_at(error, &file->place, "the owner '%s' is no user of the image\nhint: 'users' adds one", file->owner);
  if (file->group != NULL && !accounts_parse_id(file->group, &walk->gid) && !image->group(file->group, &walk->gid, image->data))
    return recipe_error_at(error, &file->place, "the group '%s' is no group of the image\nhint: 'groups' adds one",
                           file->group);
  return TRUE;
}

/* ---- entries ---- */

static guint32
image_mode(const RecipeFile *file, const Entry *entry)
{
  switch (entry->type) {
  case ENTRY_DIRECTORY:
    return file->folder_mode >= 0 ? (guint32)file->folder_mode : file->stage != NULL ? entry->mode : 0755;
  case ENTRY_SYMLINK:
    return 0777;
  default:
    if (file->mode >= 0)
      return (guint32)file->mode;
    return file->stage != NULL ? entry->mode : entry->mode & 0100 ? 0755 : 0644;
  }
}

static char *
below_base(const Walk *walk, const char *path, gboolean is_folder)
{
  const char *separator = *walk->base != '\0' && *path != '\0' ? "/" : "";
  g_autofree char *joined = g_strconcat(walk->base, separator, path, NULL);
  return files_image_path(walk->context, joined, is_folder);
}

static gboolean
is_cancelled(GCancellable *cancellable, GError **error)
{
  if (!g_cancellable_is_cancelled(cancellable))
    return FALSE;
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
  return TRUE;
}

/* @found is an entry of the source, relative to it; visits what becomes of it in the image. */
static gboolean
visit_entry(const Walk *walk, const Entry *found, const FilesContent *content, GError **error)
{
  g_autofree char *path = below_base(walk, found->path, found->type == ENTRY_DIRECTORY);
  g_autofree char *target = found->type == ENTRY_HARDLINK ? below_base(walk, found->target, FALSE) : NULL;
  const char *problem = NULL;
  if (is_cancelled(walk->context->cancellable, error))
    return FALSE;
  if (found->type == ENTRY_CHAR || found->type == ENTRY_BLOCK || found->type == ENTRY_FIFO)
    problem = "is a device or pipe";
  else if (*path == '\0' && found->type != ENTRY_DIRECTORY)
    problem = "would be the root directory";
  g_autofree char *shown = g_strescape(path, NULL);
  if (problem == NULL && strlen(path) > limits_get(LIMIT_PATH))
    return limits_refuse(LIMIT_PATH, error, "'/%.200s'", shown);
  if (problem != NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'/%s' %s", shown, problem);
    return FALSE;
  }
  if (*path == '\0')
    return TRUE;
  const Entry entry = {
    .path = path,
    .target = target != NULL ? target : found->target,
    .type = found->type,
    .mode = image_mode(walk->file, found),
    .uid = walk->uid,
    .gid = walk->gid,
    .mtime = found->type == ENTRY_DIRECTORY ? 0 : walk->context->epoch,
    .size = found->size,
  };
  return walk->visit(&entry, content, walk->data, error);
}

static gboolean
visit_host_entry(const Entry *entry, int fd, gpointer data, GError **error)
{
  const FilesContent content = {.fd = fd};
  return visit_entry(data, entry, &content, error);
}

static gboolean
visit_member(const Entry *entry, MemberReader *reader, gpointer data, GError **error)
{
  const FilesContent content = {.fd = -1, .reader = reader};
  return visit_entry(data, entry, &content, error);
}

/* ---- sources ---- */

static gboolean
visit_archive(Walk *walk, int fd, const char *label, GError **error)
{
  const FilesContent none = {.fd = -1};
  const Entry base = {.path = "", .type = ENTRY_DIRECTORY};
  return visit_entry(walk, &base, &none, error) && unpack_archive(fd, label, visit_member, walk, error);
}

static gboolean
visit_one_file(Walk *walk, int fd, const struct stat *status, GError **error)
{
  const FilesContent content = {.fd = fd};
  const Entry entry = {.path = "", .type = ENTRY_FILE, .mode = status->st_mode & 07777, .size = (guint64)status->st_size};
  return visit_entry(walk, &entry, &content, error);
}

int
files_open_folder(const Recipe *recipe, GError **error)
{
  int fd = open(recipe->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    error_set_errno(error, errno, "open folder '%s'", recipe->folder);
  return fd;
}

const char *
files_source_name(const Recipe *recipe, const char *from)
{
  gsize length = strlen(recipe->folder);
  if (strncmp(from, recipe->folder, length) != 0)
    return from;
  from += length;
  from += strspn(from, "/");
  return *from != '\0' ? from : ".";
}

/* RESOLVE_BENEATH: a symlink on the way may lead about inside the recipe's folder, never out of it (then EXDEV). */
static int
open_beneath(const Walk *walk, const char *relative, GError **error)
{
  const struct open_how how = {
    .flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
  };
  int fd = (int)syscall(SYS_openat2, walk->context->folder, relative, &how, sizeof how);
  if (fd >= 0)
    return fd;
  if (errno == EXDEV)
    recipe_error_at(error, &walk->file->place, "'%s' leads out of the recipe's folder by a symlink", relative);
  else if (errno == ENOENT)
    recipe_error_at(error, &walk->file->place, "'%s' does not exist", relative);
  else
    recipe_error_at(error, &walk->file->place, "'%s' cannot be opened: %s", relative, g_strerror(errno));
  return -1;
}

static gboolean
visit_opened(Walk *walk, int fd, const char *label, GError **error)
{
  struct stat status;
  if (fstat(fd, &status) != 0)
    return error_set_errno(error, errno, "look at '%s'", label);
  if (S_ISREG(status.st_mode) && walk->file->unpack)
    return visit_archive(walk, fd, label, error);
  if (S_ISREG(status.st_mode))
    return visit_one_file(walk, fd, &status, error);
  if (S_ISDIR(status.st_mode) && !walk->file->unpack)
    return directory_scan(fd, label, &(DirectoryScan){.visit = visit_host_entry, .data = walk}, error);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is %s", label,
              walk->file->unpack ? "no archive to unpack, but a folder or special file" : "neither a file nor a folder");
  return FALSE;
}

static gboolean
visit_from(Walk *walk, GError **error)
{
  const char *relative = files_source_name(walk->context->recipe, walk->file->from);
  int fd = open_beneath(walk, relative, error);
  if (fd < 0)
    return FALSE;
  gboolean done = visit_opened(walk, fd, relative, error);
  close(fd);
  return done;
}

static gboolean
visit_fetched(Walk *walk, GError **error)
{
  int fd = store_open_blob(walk->context->store, &walk->file->sha256, NULL, error);
  if (fd < 0)
    return FALSE;
  g_autofree char *label = g_path_get_basename(walk->file->path);
  gboolean done = visit_opened(walk, fd, label, error);
  close(fd);
  return done;
}

/* The pack's members lie where they do in the stage. */
static gboolean
visit_stage(Walk *walk, GError **error)
{
  const FilesImage *image = walk->context->image;
  g_autofree char *base = NULL;
  g_autoptr(Pack) pack = image->stage(walk->file, &base, image->data, error);
  if (pack == NULL)
    return FALSE;
  gsize length = strlen(base) + (*base != '\0');
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    Entry entry = *pack_entry(pack, i);
    const FilesContent content = {.fd = -1, .pack = pack, .index = i};
    entry.path += MIN(length, strlen(entry.path));
    if (entry.type == ENTRY_HARDLINK)
      entry.target += MIN(length, strlen(entry.target));
    if (!visit_entry(walk, &entry, &content, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
visit_inline(Walk *walk, GError **error)
{
  const FilesContent content = {.fd = -1, .text = walk->file->content};
  const Entry entry = {.path = "", .type = ENTRY_FILE, .mode = 0644, .size = walk->file->content_length};
  return visit_entry(walk, &entry, &content, error);
}

gboolean
files_source_visit(const FilesContext *context, const RecipeFile *file, FilesVisit visit, gpointer data, GError **error)
{
  Walk walk = {.context = context, .file = file, .base = file->path + strspn(file->path, "/"), .visit = visit, .data = data};
  if (!find_owner(&walk, error))
    return FALSE;
  GError *cause = NULL;
  gboolean done = TRUE;
  if (file->content != NULL)
    done = visit_inline(&walk, &cause);
  else if (file->stage != NULL)
    done = visit_stage(&walk, &cause);
  else if (file->from != NULL)
    done = visit_from(&walk, &cause);
  else if (context->store != NULL)
    done = visit_fetched(&walk, &cause);
  return done || files_error_at(error, &file->place, cause);
}

/* ---- content ---- */

static gboolean
stream_fd(int fd, const Entry *entry, PackSink sink, gpointer user, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *buffer = g_malloc(READ_PIECE);
  guint64 done = 0;
  /* one byte is asked for beyond the end: a file that grows meanwhile is noticed too */
  for (;;) {
    ssize_t n = pread(fd, buffer, READ_PIECE, (off_t)done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return error_set_errno(error, errno, "read what becomes '/%s'", entry->path);
    if (n == 0 || (guint64)n > entry->size - done)
      break;
    if (is_cancelled(cancellable, error) || !sink(buffer, (gsize)n, user, error))
      return FALSE;
    done += (guint64)n;
  }
  struct stat status;
  if (done == entry->size && fstat(fd, &status) == 0 && (guint64)status.st_size == entry->size)
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "what becomes '/%s' changed while it was read", entry->path);
  return FALSE;
}

static gboolean
stream_member(MemberReader *reader, PackSink sink, gpointer user, GCancellable *cancellable, GError **error)
{
  const void *piece;
  gsize size;
  do {
    if (is_cancelled(cancellable, error) || !member_reader_data(reader, &piece, &size, error))
      return FALSE;
    if (size > 0 && !sink(piece, size, user, error))
      return FALSE;
  } while (size > 0);
  return TRUE;
}

gboolean
files_content_stream(const FilesContent *content, const Entry *entry, PackSink sink, gpointer user, GCancellable *cancellable,
                     GError **error)
{
  if (content->pack != NULL)
    return pack_stream(content->pack, content->index, sink, user, error);
  if (content->reader != NULL)
    return stream_member(content->reader, sink, user, cancellable, error);
  if (content->text != NULL)
    return entry->size == 0 || sink(content->text, (gsize)entry->size, user, error);
  return stream_fd(content->fd, entry, sink, user, cancellable, error);
}
