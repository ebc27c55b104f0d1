/* SPDX-License-Identifier: Apache-2.0
 *
 * A foreign archive (tar in any usual compression, zip, cpio), member by member, with what a hostile one may try refused: a
 * ".." in a path, a path twice, a member below something that is no directory (so nothing goes through a symlink), a
 * hardlink to what is no earlier file, and bombs. A leading '/' is dropped. Nothing is written by this module.
 */
#ifndef ASHLAR_ROOTFS_UNPACK_H
#define ASHLAR_ROOTFS_UNPACK_H

#include "rootfs/member.h"

/* @entry as member_reader_next gives it; a file's content may be read from @reader. The root itself is not visited; a
 * directory that comes again is, with its new attributes. */
typedef gboolean (*UnpackVisit)(const Entry *entry, MemberReader *reader, gpointer data, GError **error);

/* Visits all members of the archive open at @fd (borrowed), from where it stands. @label is its name in errors. */
gboolean unpack_archive(int fd, const char *label, UnpackVisit visit, gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
