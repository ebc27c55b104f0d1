/* SPDX-License-Identifier: Apache-2.0
 *
 * How much memory there is to be had.
 */
#ifndef ASHLAR_ROOTFS_MEMORY_H
#define ASHLAR_ROOTFS_MEMORY_H

#include <glib.h>

/* Bytes that this process may take without anything having to be swapped out: what the machine has left (proc(5), MemAvailable),
 * and what its control groups leave it (cgroups(7)). 0 where nobody knows. */
guint64 memory_available(void);

#endif
