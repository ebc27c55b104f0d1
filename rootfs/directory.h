/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of the host, entry by entry, in the order of entry_path_compare whatever order the file system has. Read by
 * descriptor and single name, never through a joined path, so that a folder which somebody changes meanwhile cannot lead
 * elsewhere. Symlinks are told as symlinks, files with several names as files of their own; sockets are refused. The host's
 * extended attributes are not read.
 */
#ifndef ASHLAR_ROOTFS_DIRECTORY_H
#define ASHLAR_ROOTFS_DIRECTORY_H

#include "rootfs/entry.h"

/* Deeper is a mistake, and would use up descriptors. */
#define DIRECTORY_DEPTH_MAX 256

/* @entry is valid for this call; its digest is not filled in. @fd is a file's content, to be read from its beginning (closed
 * afterwards by the scan), else -1. */
typedef gboolean (*DirectoryVisit)(const Entry *entry, int fd, gpointer data, GError **error);

/* Visits the folder open at @fd (borrowed) itself as "", then all below it. @label is its name in errors. */
gboolean directory_scan(int fd, const char *label, DirectoryVisit visit, gpointer data,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
