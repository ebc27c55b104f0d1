/* SPDX-License-Identifier: Apache-2.0
 *
 * Which users and groups of the host stand for those of a sandbox (user_namespaces(7)). Root of the sandbox is
 *   - for root: the first of a range of numbers that nobody has, so that who breaks out is nobody;
 *   - for an ordinary user: the user, and the others are the subordinate ones of subuid(5) and subgid(5), which newuidmap(1)
 *     and newgidmap(1) set; without these there is root alone.
 */
#ifndef ASHLAR_ROOTFS_IDMAP_H
#define ASHLAR_ROOTFS_IDMAP_H

#include <glib.h>
#include <sys/types.h>

typedef struct {
  guint32 root;          /* what root of the sandbox is outside */
  guint32 first, others; /* the numbers from 1 to @others stand for @first and on; 0 others: root is alone */
} IdRange;

typedef struct {
  IdRange users, groups;
  gboolean by_helper; /* the maps are set by newuidmap and newgidmap */
} IdMap;

/* The map for who calls. Never fails: what cannot be had is not in it. */
void idmap_find(IdMap *map);
/* Sets the maps of process @pid, which is in a user namespace of its own that has none yet. */
gboolean idmap_set(const IdMap *map, pid_t pid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
