/* SPDX-License-Identifier: Apache-2.0
 *
 * A tree laid out as files in a folder of the host, for programs to run in: on all cores, and without waiting for the disk, for
 * the folder is gone when they have run. What only someone can do who is root of the sandbox (other owners, extended attributes)
 * is left to be done, and told. Devices, which a sandbox cannot make, are left out.
 */
#ifndef ASHLAR_ROOTFS_WORKTREE_H
#define ASHLAR_ROOTFS_WORKTREE_H

#include "rootfs/entry_list.h"
#include "rootfs/tree.h"
#include <gio/gio.h>
#include <sys/types.h>

typedef struct {
  uid_t uid; /* who stands for root */
  gid_t gid;
  const Watch *watch; /* or NULL: hears of bytes written */
  GCancellable *cancellable;
} WorktreeOptions;

/* Lays @tree out in the empty folder open at @folder. @rest gets the entries whose owner, mode and xattrs are still to be set. */
gboolean worktree_lay_out(const Tree *tree, int folder, const WorktreeOptions *options, EntryList *rest,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
