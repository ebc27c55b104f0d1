/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of the host, entry by entry, in the order of entry_path_compare whatever order the file system has. Read by
 * descriptor and single name, never through a joined path, so that a folder which somebody changes meanwhile cannot lead
 * elsewhere. Symlinks are told as symlinks. Folders more than FOLDER_DEPTH_MAX deep in each other are refused. What is
 * told beyond that is the caller's choice.
 */
#ifndef ASHLAR_ROOTFS_DIRECTORY_H
#define ASHLAR_ROOTFS_DIRECTORY_H

#include "rootfs/entry.h"
#include <sys/stat.h>

/* @entry is valid for this call; its digest is not filled in. @fd is a file's content, to be read from its beginning (closed
 * afterwards by the scan), else -1. */
typedef gboolean (*DirectoryVisit)(const Entry *entry, int fd, gpointer data, GError **error);

typedef struct {
  /* FALSE: a file with several names is as many files, no extended attributes are read, sockets are refused. TRUE, for who only
   * looks: they are read, access control lists in the form of acl.h, but not those that the host made up for itself (SELinux's
   * labels); further names of a file are hardlinks to the first; sockets are left out. */
  gboolean look;
  gboolean bare; /* as look, but without extended attributes, each of which costs a call */
  /* Which files are opened; the others need not be readable. NULL: all. */
  gboolean (*opens)(const Entry *entry, const struct stat *status, gpointer data);
  DirectoryVisit visit;
  gpointer data; /* of both */
} DirectoryScan;

/* Visits the folder open at @fd (borrowed) itself as "", then all below it. @label is its name in errors. */
gboolean directory_scan(int fd, const char *label, const DirectoryScan *scan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
