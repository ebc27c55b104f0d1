/* SPDX-License-Identifier: Apache-2.0
 *
 * The pack of a Debian package (see deb.h) -> the package again (deb(5)), for dpkg to install: the members under the names and in
 * the order in which they were shipped, and nothing compressed, so that dpkg reads at the speed of the disk. It is not the
 * very file that the pack was made of: times after the epoch are set back, owners have numbers only, and md5sums is always there.
 */
#ifndef ASHLAR_ROOTFS_DEB_WRITE_H
#define ASHLAR_ROOTFS_DEB_WRITE_H

#include "rootfs/pack.h"

/* Writes to @fd, which is at the beginning of an empty file. */
gboolean deb_write(Pack *pack, int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
