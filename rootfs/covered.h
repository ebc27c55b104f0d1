/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a sandbox may have no /proc or /sys of its own: the kernel lets a user namespace mount a new one only where all of the one
 * that it came with can be seen (mount_namespaces(7), "Restrictions on mount namespaces"), and containers mount something over
 * parts of both, to hide them.
 */
#ifndef ASHLAR_ROOTFS_COVERED_H
#define ASHLAR_ROOTFS_COVERED_H

#include <glib.h>

/* The places below @place ("/proc", "/sys") that are mounted over, by @mountinfo (proc_pid_mountinfo(5)), in its order (char *,
 * transfer full); without those that are made to be mounted on, which hide nothing. */
GPtrArray *covered_find(const char *mountinfo, const char *place);

/* Adds to @error what is mounted over @place here, and what to do, where anything is. */
void covered_explain(const char *place, GError **error);

#endif
