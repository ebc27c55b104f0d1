/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store_private.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#define COPY_PIECE (256 * 1024)
#define REMOVE_DESCRIPTORS 16

char *
store_scratch_new(Store *store, GError **error)
{
  g_autofree char *path = g_build_filename(store->path, STORE_TMP, "scratch-XXXXXX", NULL);
  if (g_mkdtemp(path) != NULL)
    return g_steal_pointer(&path);
  error_set_errno(error, errno, "make a folder in '%s/%s'", store->path, STORE_TMP);
  return NULL;
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
  return remove(path);
}

/* FTW_PHYS: symlinks are removed, never followed. */
gboolean
store_scratch_remove(const char *path, GError **error)
{
  return nftw(path, remove_entry, REMOVE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT ||
         error_set_errno(error, errno, "remove '%s'", path);
}

/* ---- blobs of another store ---- */

static gboolean
copy_all(int fd, StoreWriter *writer, GError **error)
{
  g_autofree guint8 *buffer = g_malloc(COPY_PIECE);
  for (;;) {
    ssize_t n = read(fd, buffer, COPY_PIECE);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return error_set_errno(error, errno, "read a blob");
    if (n == 0)
      return TRUE;
    if (!store_writer_write(writer, buffer, (gsize)n, error))
      return FALSE;
  }
}

static gboolean
copy_blob(Store *store, Store *from, const Digest *digest, GError **error)
{
  int fd = store_open_blob(from, digest, NULL, error);
  if (fd < 0)
    return FALSE;
  Digest copied;
  g_autoptr(StoreWriter) writer = store_writer_new(store, error);
  gboolean done = writer != NULL && copy_all(fd, writer, error) && store_writer_finish(writer, digest, &copied, error);
  close(fd);
  return done;
}

gboolean
store_take_blob(Store *store, Store *from, const Digest *digest, GError **error)
{
  char name[STORE_NAME_SIZE];
  store_name(STORE_BLOBS, digest, name);
  if (store_has(store, digest) || !store_has(from, digest))
    return TRUE;
  /* another file system, or another user's file: then it is copied */
  return linkat(from->folder, name, store->folder, name, 0) == 0 || errno == EEXIST || copy_blob(store, from, digest, error);
}
