/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/layout.h"
#include "builder/oci/blob_checks.h"
#include "builder/oci/contents.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- folders ---- */

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
  return remove(path);
}

/* Removes a folder that is nobody's any more; what cannot be removed stays. */
static void
remove_tree(const char *path)
{
  nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static gboolean
make_folder(const char *parent, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename(parent, name, NULL);
  /* chmod: the umask has no say in what an output looks like */
  if (mkdir(path, 0755) != 0 || chmod(path, 0755) != 0)
    return error_set_errno(error, errno, "make the folder '%s'", path);
  return TRUE;
}

/* ---- content ---- */

static gboolean
put_text(const char *folder, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  return outfile_put(path, text, strlen(text), 0644, OUTFILE_VOLATILE, error);
}

static gboolean
put_blob(const char *folder, Blobs *blobs, const Digest *digest, GError **error)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(digest, hex);
  g_autofree char *path = g_build_filename(folder, "blobs", "sha256", hex, NULL);
  g_autoptr(Outfile) out = outfile_new(path, 0644, OUTFILE_VOLATILE, error);
  return out != NULL && blobs_copy(blobs, digest, out, error) && outfile_commit(out, error);
}

static gboolean
fill(const char *folder, const Contents *contents, Blobs *blobs, GCancellable *cancellable, GError **error)
{
  if (!make_folder(folder, "blobs", error) || !make_folder(folder, "blobs/sha256", error))
    return FALSE;
  g_autoptr(BlobChecks) checks = blob_checks_begin(blobs, contents->digests, cancellable);
  for (guint i = 0; i < contents->digests->len; i++) {
    if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
        !put_blob(folder, blobs, &g_array_index(contents->digests, Digest, i), error))
      return FALSE;
  }
  return put_text(folder, "index.json", contents->index_json, error) &&
         put_text(folder, "manifest.json", contents->manifest_json, error) &&
         put_text(folder, "oci-layout", OCI_LAYOUT_FILE, error) && blob_checks_end(checks, error);
}

/* ---- putting it in place ---- */

/* Whether what is at @path may be replaced: nothing, or an image layout. */
static gboolean
check_destination(const char *path, gboolean *exists, GError **error)
{
  struct stat status;
  g_autofree char *marker = g_build_filename(path, "oci-layout", NULL);
  *exists = lstat(path, &status) == 0;
  if (!*exists && errno != ENOENT)
    return error_set_errno(error, errno, "look at '%s'", path);
  if (!*exists || (S_ISDIR(status.st_mode) && lstat(marker, &status) == 0 && S_ISREG(status.st_mode)))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS, "'%s' is there and is no image layout: it is left alone", path);
  return FALSE;
}

static gboolean
sync_folder(const char *path, gboolean whole_filesystem, GError **error)
{
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || (whole_filesystem ? syncfs(fd) : fsync(fd)) != 0) {
    error_set_errno(error, errno, "sync '%s'", path);
    if (fd >= 0)
      close(fd);
    return FALSE;
  }
  close(fd);
  return TRUE;
}

/* After this @made holds what was at @path before, if anything. */
static gboolean
put_in_place(const char *made, const char *path, const char *parent, gboolean exists, GError **error)
{
  if (!sync_folder(made, TRUE, error))
    return FALSE;
  if (renameat2(AT_FDCWD, made, AT_FDCWD, path, exists ? RENAME_EXCHANGE : RENAME_NOREPLACE) != 0)
    return error_set_errno(error, errno, "rename '%s' to '%s'", made, path);
  return sync_folder(parent, FALSE, error);
}

gboolean
layout_write(const char *path, const ArchiveSpec *spec, Blobs *blobs, GCancellable *cancellable, GError **error)
{
  g_auto(Contents) contents = {0};
  gboolean exists;
  if (!check_destination(path, &exists, error) || !contents_collect(spec, blobs, &contents, error))
    return FALSE;
  /* no '/' at its end, behind which a dirname would look */
  g_autofree char *target = g_canonicalize_filename(path, NULL);
  g_autofree char *parent = g_path_get_dirname(target);
  g_autofree char *name = g_path_get_basename(target);
  g_autofree char *made = g_strdup_printf("%s/.%s.XXXXXX", parent, name);
  if (g_mkdtemp_full(made, 0755) == NULL || chmod(made, 0755) != 0)
    return error_set_errno(error, errno, "make a folder beside '%s'", path);
  gboolean ok = fill(made, &contents, blobs, cancellable, error) && put_in_place(made, target, parent, exists, error);
  remove_tree(made);
  return ok;
}
