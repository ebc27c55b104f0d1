/* SPDX-License-Identifier: Apache-2.0
 *
 * The data archive of a package -> the members of its pack. A part of deb.c's work: see deb.h, which tells the rules.
 */
#ifndef ASHLAR_ROOTFS_DEB_DATA_H
#define ASHLAR_ROOTFS_DEB_DATA_H

#include "rootfs/deb_control.h"

/* Adds the members that @reader has to @writer; sets the pack's "conffiles"; adds "list", and "md5sums" where the package
 * ships none, to @control. @deb_size is what the ratio is measured by. @latest is the newest mtime before clamping, of all
 * but directories (G_MININT64 where there is none). */
gboolean deb_data_write(MemberReader *reader, guint64 deb_size, gint64 epoch, DebControl *control, PackWriter *writer,
                        gint64 *latest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
