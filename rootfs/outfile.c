/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/outfile.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TRIES 100
#define COPY_PIECE (128 * 1024)
#define WRITEBACK_PIECE (4 * 1024 * 1024)

struct Outfile {
  char *path;      /* the destination, or NULL until outfile_commit_as tells it */
  char *folder;    /* where the temporary file lies */
  char *temporary; /* its name in @folder, or NULL while it has none */
  int folder_fd;
  int fd;
  mode_t mode;
  OutfileFlags flags;
  guint64 written;
  guint64 writeback; /* of them, those that the disk was asked to begin with */
};

/* What errors speak of. */
static const char *
shown_path(const Outfile *out)
{
  return out->path != NULL ? out->path : out->folder;
}

static char *
random_name(void)
{
  return g_strdup_printf(".ashlar-%08x%08x.tmp", g_random_int(), g_random_int());
}

static gboolean
open_named(Outfile *out, GError **error)
{
  for (int i = 0; i < NAME_TRIES; i++) {
    g_autofree char *name = random_name();
    out->fd = openat(out->folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out->fd >= 0) {
      out->temporary = g_steal_pointer(&name);
      return TRUE;
    }
    if (errno != EEXIST)
      break;
  }
  return error_set_errno(error, errno, "create '%s'", shown_path(out));
}

/* An unnamed file goes away by itself, whatever happens to us; it gets its name through /proc. */
static gboolean
open_temporary(Outfile *out, GError **error)
{
  if (access("/proc/self/fd", X_OK) == 0) {
    out->fd = openat(out->folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (out->fd >= 0)
      return TRUE;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)
      return error_set_errno(error, errno, "create '%s'", shown_path(out));
  }
  return open_named(out, error);
}

static Outfile *
outfile_open(const char *folder, const char *path, mode_t mode, OutfileFlags flags, GError **error)
{
  g_autoptr(Outfile) out = g_new0(Outfile, 1);
  out->path = g_strdup(path);
  out->folder = g_strdup(folder);
  out->fd = -1;
  out->mode = mode;
  out->flags = flags;
  out->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (out->folder_fd < 0) {
    error_set_errno(error, errno, "open folder '%s'", folder);
    return NULL;
  }
  return open_temporary(out, error) ? g_steal_pointer(&out) : NULL;
}

/* A missing file name is found out here, before anything is written. */
static gboolean
check_destination(const char *path, OutfileFlags flags, GError **error)
{
  struct stat status;
  gboolean there = lstat(path, &status) == 0;
  if (*path == '\0' || g_str_has_suffix(path, "/") || (there && S_ISDIR(status.st_mode)))
    return error_set_errno(error, EISDIR, "write '%s'", path);
  if (there && (flags & OUTFILE_EXCLUSIVE))
    return error_set_errno(error, EEXIST, "write '%s'", path);
  return TRUE;
}

Outfile *
outfile_new(const char *path, mode_t mode, OutfileFlags flags, GError **error)
{
  if (!check_destination(path, flags, error))
    return NULL;
  g_autofree char *folder = g_path_get_dirname(path);
  return outfile_open(folder, path, mode, flags, error);
}

Outfile *
outfile_new_in(const char *folder, mode_t mode, OutfileFlags flags, GError **error)
{
  return outfile_open(folder, NULL, mode, flags, error);
}

int
outfile_fd(Outfile *out)
{
  return out->fd;
}

/* Only a hint: errors show at fsync. */
void
outfile_begin(Outfile *out)
{
  if ((out->flags & OUTFILE_VOLATILE) || out->written == out->writeback)
    return;
  (void)sync_file_range(out->fd, (off_t)out->writeback, (off_t)(out->written - out->writeback), SYNC_FILE_RANGE_WRITE);
  out->writeback = out->written;
}

gboolean
outfile_write(Outfile *out, const void *data, gsize size, GError **error)
{
  const guint8 *next = data;
  while (size > 0) {
    ssize_t n = write(out->fd, next, MIN(size, (gsize)G_MAXINT));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return error_set_errno(error, errno, "write '%s'", shown_path(out));
    next += n;
    size -= (gsize)n;
    out->written += (guint64)n;
  }
  if (out->written - out->writeback >= WRITEBACK_PIECE)
    outfile_begin(out);
  return TRUE;
}

gboolean
outfile_expect(Outfile *out, guint64 size, GError **error)
{
  if (size > G_MAXINT64 || fallocate(out->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) == 0 || errno != ENOSPC)
    return TRUE;
  return error_set_errno(error, ENOSPC, "make room for '%s'", shown_path(out));
}

static gboolean
copy_by_hand(Outfile *out, int fd, guint64 offset, guint64 size, GError **error)
{
  g_autofree guint8 *buffer = g_malloc(COPY_PIECE);
  while (size > 0) {
    ssize_t n = pread(fd, buffer, (gsize)MIN(size, COPY_PIECE), (off_t)offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return error_set_errno(error, errno, "read what goes into '%s'", shown_path(out));
    if (n == 0) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
                  "'%s' cannot be written: its source ends %" G_GUINT64_FORMAT " bytes early", shown_path(out), size);
      return FALSE;
    }
    if (!outfile_write(out, buffer, (gsize)n, error))
      return FALSE;
    offset += (guint64)n;
    size -= (guint64)n;
  }
  return TRUE;
}

/* The whole of @fd shares its blocks with the file that is still empty, where the file system can. */
static gboolean
clone_whole(Outfile *out, int fd, guint64 size)
{
  struct stat source;
  if (out->written != 0 || fstat(fd, &source) != 0 || (guint64)source.st_size != size || ioctl(out->fd, FICLONE, fd) != 0)
    return FALSE;
  out->written = out->writeback = size;
  return lseek(out->fd, (off_t)size, SEEK_SET) >= 0;
}

/* Reading and writing small pieces beats copy_file_range where nothing can be shared: the piece stays in the cache, and
 * writeback begins on the way (measured: a half to a fifth of the time, fsync included). */
gboolean
outfile_copy(Outfile *out, int fd, guint64 offset, guint64 size, GError **error)
{
  if (offset > G_MAXINT64 || size > G_MAXINT64 - offset)
    return error_set_errno(error, EOVERFLOW, "write '%s'", shown_path(out));
  if (size == 0 || (offset == 0 && clone_whole(out, fd, size)))
    return TRUE;
  return copy_by_hand(out, fd, offset, size, error);
}

static gboolean
sync_file(Outfile *out, GError **error)
{
  if (fchmod(out->fd, out->mode) != 0)
    return error_set_errno(error, errno, "set the mode of '%s'", shown_path(out));
  if (!(out->flags & OUTFILE_VOLATILE) && fsync(out->fd) != 0)
    return error_set_errno(error, errno, "sync '%s'", shown_path(out));
  /* Some network file systems tell of lost writes only at close; an unnamed file must stay open until it has a name, so
   * a duplicate is closed for the answer. */
  int duplicate = fcntl(out->fd, F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0 || close(duplicate) != 0)
    return error_set_errno(error, errno, "close '%s'", shown_path(out));
  return TRUE;
}

static int
link_unnamed(const Outfile *out, int folder, const char *name)
{
  char source[64];
  g_snprintf(source, sizeof source, "/proc/self/fd/%d", out->fd);
  return linkat(AT_FDCWD, source, folder, name, AT_SYMLINK_FOLLOW);
}

/* Gives the unnamed file a temporary name, to be renamed over a destination that is there. */
static gboolean
name_temporary(Outfile *out)
{
  for (int i = 0; i < NAME_TRIES; i++) {
    g_autofree char *name = random_name();
    if (link_unnamed(out, out->folder_fd, name) == 0) {
      out->temporary = g_steal_pointer(&name);
      return TRUE;
    }
    if (errno != EEXIST)
      break;
  }
  return FALSE;
}

static int
rename_exclusively(Outfile *out, int folder, const char *name)
{
  int done = renameat2(out->folder_fd, out->temporary, folder, name, RENAME_NOREPLACE);
  if (done == 0)
    g_clear_pointer(&out->temporary, g_free);
  if (done == 0 || (errno != EINVAL && errno != ENOSYS))
    return done;
  /* A file system without that: a second name is exclusive too; the first goes away with @out. */
  return linkat(out->folder_fd, out->temporary, folder, name, 0);
}

/* Puts the file at @name in @folder; errno tells why not. */
static gboolean
place(Outfile *out, int folder, const char *name)
{
  if (out->temporary == NULL) {
    if (link_unnamed(out, folder, name) == 0)
      return TRUE;
    if (errno != EEXIST || (out->flags & OUTFILE_EXCLUSIVE) || !name_temporary(out))
      return FALSE;
  }
  if (out->flags & OUTFILE_EXCLUSIVE)
    return rename_exclusively(out, folder, name) == 0;
  if (renameat(out->folder_fd, out->temporary, folder, name) != 0)
    return FALSE;
  g_clear_pointer(&out->temporary, g_free);
  return TRUE;
}

gboolean
outfile_commit_as(Outfile *out, const char *path, GError **error)
{
  g_autofree char *folder_path = g_path_get_dirname(path);
  g_autofree char *name = g_path_get_basename(path);
  if (out->path != path) {
    g_free(out->path);
    out->path = g_strdup(path);
  }
  if (!sync_file(out, error))
    return FALSE;
  int folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return error_set_errno(error, errno, "open folder '%s'", folder_path);
  gboolean done = place(out, folder, name);
  if (!done)
    error_set_errno(error, errno, "write '%s'", out->path);
  else if (!(out->flags & (OUTFILE_VOLATILE | OUTFILE_LOSABLE)) && fsync(folder) != 0 && errno != EINVAL)
    done = error_set_errno(error, errno, "sync folder '%s'", folder_path);
  close(folder);
  return done;
}

gboolean
outfile_commit(Outfile *out, GError **error)
{
  return outfile_commit_as(out, out->path, error);
}

void
outfile_free(Outfile *out)
{
  if (out->temporary != NULL)
    unlinkat(out->folder_fd, out->temporary, 0);
  if (out->fd >= 0)
    close(out->fd);
  if (out->folder_fd >= 0)
    close(out->folder_fd);
  g_free(out->temporary);
  g_free(out->folder);
  g_free(out->path);
  g_free(out);
}

gboolean
outfile_put(const char *path, const void *data, gsize size, mode_t mode, OutfileFlags flags, GError **error)
{
  g_autoptr(Outfile) out = outfile_new(path, mode, flags, error);
  return out != NULL && outfile_write(out, data, size, error) && outfile_commit(out, error);
}
