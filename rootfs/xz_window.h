/* SPDX-License-Identifier: Apache-2.0
 *
 * How much memory an xz stream asks its reader for: the dictionary that each of its blocks names, of up to 4 GiB, which a decoder
 * fills while it reads (The .xz File Format, 1.2.0; LZMA2 as its section 5.3.1 has it). libarchive takes any. What is too large by
 * LIMIT_DICTIONARY is refused before the decoder sees it; bytes that are no xz are none of its business.
 */
#ifndef ASHLAR_ROOTFS_XZ_WINDOW_H
#define ASHLAR_ROOTFS_XZ_WINDOW_H

#include <glib.h>

#define XZ_HEADER_MAX 1024

/* A stream that is looked at as it passes; zeros are its beginning. */
typedef struct {
  int part;               /* of the stream, which the next bytes are */
  gsize skip, need, have; /* bytes to pass over, then to collect, collected */
  gsize check_size;       /* of the check behind each block */
  guint64 size;           /* of the block's data or the index, so far */
  guint64 number;         /* of the index that is being read, and its place in it */
  guint shift;
  guint64 numbers; /* that the index still has, plus 1; 0: not known yet */
  guint8 held[XZ_HEADER_MAX];
} XzWindow;

/* The next bytes. ASHLAR_ERROR_INVALID as by limits_exceed. */
gboolean xz_window_pass(XzWindow *window, const void *data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All of a file that can be read from any place; whence @fd is read next stays as it is. */
gboolean xz_window_check(int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
