/* SPDX-License-Identifier: Apache-2.0
 *
 * Where sandboxes lie in the store, and the removal of those that nobody keeps any more: their warden was killed, or a failed
 * step's was left to be looked at.
 */
#ifndef ASHLAR_ROOTFS_SANDBOX_SWEEP_H
#define ASHLAR_ROOTFS_SANDBOX_SWEEP_H

#include "rootfs/store.h"

/* The folder of the store in which they are (transfer full). */
char *sandbox_place(const Store *store);

/* Removes all sandboxes of dead wardens; with @kept those too that were left to be looked at. */
void sandbox_sweep(const Store *store, gboolean kept);
/* Removes one, whoever keeps it. */
void sandbox_sweep_folder(const char *folder);
/* Bytes of the contents of all files in its tree; 0 where that cannot be found out. */
guint64 sandbox_measure_folder(const char *folder);

#endif
