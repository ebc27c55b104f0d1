/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store_private.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* Whether @fd is still what @name leads to: while we waited for its lock, its holder may have made it a blob or removed it. */
static gboolean
still_there(const Store *store, const char *name, int fd)
{
  struct stat named, opened;
  return fstatat(store->folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &opened) == 0 &&
         named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

int
store_partial_open(Store *store, const Digest *digest, GCancellable *cancellable, GError **error)
{
  char name[STORE_NAME_SIZE];
  store_name(STORE_PARTIAL, digest, name);
  g_autofree char *path = store_full_name(store, STORE_PARTIAL, digest);
  for (;;) {
    int fd = openat(store->folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    /* one that was about to become a blob when its process was killed has a blob's mode */
    if (fd < 0 && errno == EACCES && fchmodat(store->folder, name, 0600, 0) == 0)
      fd = openat(store->folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
      error_set_errno(error, errno, "write to the store: open '%s'", path);
      return -1;
    }
    if (!store_flock(fd, LOCK_EX, TRUE, path, cancellable, error)) {
      close(fd);
      return -1;
    }
    if (still_there(store, name, fd))
      return fd;
    close(fd);
  }
}

gboolean
store_partial_commit(Store *store, const Digest *digest, int fd, GError **error)
{
  char from[STORE_NAME_SIZE], to[STORE_NAME_SIZE], text[DIGEST_STRING_SIZE];
  store_name(STORE_PARTIAL, digest, from);
  store_name(STORE_BLOBS, digest, to);
  gboolean done = fsync(fd) == 0 && fchmod(fd, 0444) == 0 && renameat(store->folder, from, store->folder, to) == 0;
  if (!done)
    error_set_errno(error, errno, "keep blob %s in the store '%s'", digest_to_string(digest, text), store->path);
  if (close(fd) != 0 && done) {
    /* the file system lost bytes that it had called synced */
    unlinkat(store->folder, to, 0);
    return error_set_errno(error, errno, "keep blob %s in the store '%s'", digest_to_string(digest, text), store->path);
  }
  return done;
}

void
store_partial_discard(Store *store, const Digest *digest, int fd)
{
  char name[STORE_NAME_SIZE];
  unlinkat(store->folder, store_name(STORE_PARTIAL, digest, name), 0);
  close(fd);
}
