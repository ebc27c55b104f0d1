/* SPDX-License-Identifier: Apache-2.0
 *
 * A control group of its own for a sandbox, below that of who calls (cgroups(7)): one for memory and one for the number of processes
 * in version 1, one for both in version 2. Where none may be made there is none, and limits cannot be had.
 */
#ifndef ASHLAR_ROOTFS_CGROUP_H
#define ASHLAR_ROOTFS_CGROUP_H

#include <glib.h>
#include <sys/types.h>

typedef struct Cgroup Cgroup;
/* The group called @name, made where there is none; NULL where it cannot be. */
Cgroup *cgroup_make(const char *name);
/* The same group, seen by another process. */
Cgroup *cgroup_find(const char *name);
/* Removes it where it is empty and @remove is TRUE. */
void cgroup_free(Cgroup *cgroup, gboolean remove);

gboolean cgroup_add(const Cgroup *cgroup, pid_t pid);
/* Bounds memory (bytes; 0: no bound), swap included where that is counted. */
gboolean cgroup_limit_memory(const Cgroup *cgroup, guint64 bytes);
gboolean cgroup_limit_processes(const Cgroup *cgroup, guint most);
/* How often the kernel killed a process of it for want of memory. */
guint64 cgroup_memory_kills(const Cgroup *cgroup);

#endif
