/* SPDX-License-Identifier: Apache-2.0
 *
 * The one form in which ashlar writes tar members (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended
 * Header"): a ustar header where everything fits, else a pax header 'x' with just the records that are needed, in a fixed
 * order, before it. No names of users or groups, no device numbers but those of devices. A member is its headers, its
 * content, and zeros up to a whole block; an archive ends with TAR_END_SIZE zeros, which are the writer's to add.
 */
#ifndef ASHLAR_ROOTFS_TAR_H
#define ASHLAR_ROOTFS_TAR_H

#include "rootfs/entry.h"

#define TAR_BLOCK 512
#define TAR_END_SIZE (2 * TAR_BLOCK)

/* Whether tar can say it: a device number that is too large, an xattr's name that is empty or has '=', xattrs that are not
 * sorted, too many bytes of them, or a time that is thousands of years away are ASHLAR_ERROR_INVALID naming the path. */
gboolean tar_check(const Entry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends the header blocks of @entry, which tar_check has passed. A directory gets its trailing '/'; the root is "./". */
void tar_append_header(GByteArray *out, const Entry *entry);

/* The member's name in the archive, as the header gives it: with the '/' of a directory (transfer full). */
char *tar_member_name(const Entry *entry);

/* Zeros from the end of @size bytes of content to the next block. */
static inline guint
tar_padding(guint64 size)
{
  return (guint)(-size & (TAR_BLOCK - 1));
}

#endif
