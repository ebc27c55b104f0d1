/* SPDX-License-Identifier: Apache-2.0
 *
 * A sandbox's tree in memory (tmpfs(5)): files are made there in a tenth of the time that a disk takes, and are gone with the mount
 * namespace that holds them. A part of keeper.c's work.
 */
#ifndef ASHLAR_ROOTFS_KEEPER_MEMORY_H
#define ASHLAR_ROOTFS_KEEPER_MEMORY_H

#include <glib.h>

/* Mounts one of at most @bytes on KEEPER_TREE in the working folder, in this process's own mount namespace. FALSE, and nothing
 * is changed, where that may not be, or where files there cannot have what they have on a disk. */
gboolean keeper_mount_memory(guint64 bytes);

#endif
