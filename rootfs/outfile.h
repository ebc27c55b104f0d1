/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that appear whole. Every output of ashlar is written through here: an unnamed (O_TMPFILE) or temporary file in
 * the folder of the destination, then write, fsync, checked close, rename, fsync of the folder. Whatever happens before
 * outfile_commit returns TRUE (an error, a kill, a power cut), the destination is what it was before.
 *
 *   g_autoptr(Outfile) out = outfile_new("dir/name.tar", 0644, OUTFILE_REPLACE, error);
 *   outfile_write(out, data, size, error) ... or write to outfile_fd(out) directly ...
 *   outfile_commit(out, error)
 *   (freeing it uncommitted removes what was written)
 */
#ifndef ASHLAR_ROOTFS_OUTFILE_H
#define ASHLAR_ROOTFS_OUTFILE_H

#include <glib.h>
#include <sys/types.h>

typedef enum {
  OUTFILE_REPLACE = 0,        /* rename over what is there */
  OUTFILE_EXCLUSIVE = 1 << 0, /* ASHLAR_ERROR_EXISTS when the destination exists (keys) */
  OUTFILE_VOLATILE = 1 << 1,  /* no fsync: what is written can be made again at no loss (caches) */
  OUTFILE_LOSABLE = 1 << 2,   /* the bytes are synced, the name is not: after a power cut it may be missing, never partial */
} OutfileFlags;

typedef struct Outfile Outfile;

/* @mode is subject to no umask: the file gets exactly it. */
Outfile *outfile_new(const char *path, mode_t mode, OutfileFlags flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A file whose name is known only at its end: it is written in @folder and ends up, by outfile_commit_as, somewhere on the
 * same file system. */
Outfile *outfile_new_in(const char *folder, mode_t mode, OutfileFlags flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;
int outfile_fd(Outfile *out);
gboolean outfile_write(Outfile *out, const void *data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The disk begins with what was written so far: fsync will have less to wait for. Large files do so on the way. */
void outfile_begin(Outfile *out);
/* The file will have @size bytes: room is made for them now. ENOSPC is an error here and not after half the work; a file system
 * that cannot reserve is none. Fewer bytes may come; more too. */
gboolean outfile_expect(Outfile *out, guint64 size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Appends @size bytes of @fd from @offset; a whole file as the first shares its blocks where the file system can. */
gboolean outfile_copy(Outfile *out, int fd, guint64 offset, guint64 size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean outfile_commit(Outfile *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean outfile_commit_as(Outfile *out, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void outfile_free(Outfile *out);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outfile, outfile_free)

/* The whole sequence for bytes in memory. */
gboolean outfile_put(const char *path, const void *data, gsize size, mode_t mode, OutfileFlags flags,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
