/* SPDX-License-Identifier: Apache-2.0
 *
 * Removing a folder with all that is in it, however deep it goes, without leaving it: no symlink is followed.
 */
#ifndef ASHLAR_ROOTFS_REMOVE_TREE_H
#define ASHLAR_ROOTFS_REMOVE_TREE_H

#include <glib.h>

/* Removes @name in the folder open at @folder; that nothing is there is no error. */
gboolean remove_tree(int folder, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
