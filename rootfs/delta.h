/* SPDX-License-Identifier: Apache-2.0
 *
 * The difference between a tree and what is in a folder now: what is new or changed (content, type, mode, owner, extended
 * attributes, symlink's target, which names are one file), and what is gone. Times alone are no change.
 */
#ifndef ASHLAR_ROOTFS_DELTA_H
#define ASHLAR_ROOTFS_DELTA_H

#include "rootfs/entry_list.h"
#include "rootfs/tree.h"

typedef struct {
  GPtrArray *changed; /* const Entry*, in the order of entry_path_compare; a hardlink's target is among them, before it */
  GPtrArray *removed; /* char*: paths, without what lies below another one, in the same order */
  EntryList *entries; /* what the entries of changed belong to */
} Delta;

/* @now: the entries of a folder in the order of entry_path_compare, further names of a file as hardlinks to its first; the digest of
 * a file that is the same as in the tree for sure is zeroes. It is taken. Devices of the tree that are not in the folder are
 * none of its business. A list in another order, or with a hardlink to no file before it, is ASHLAR_ERROR_INVALID. */
Delta *delta_new(const Tree *tree, EntryList *now, GError **error);
void delta_free(Delta *delta);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Delta, delta_free)

#endif
