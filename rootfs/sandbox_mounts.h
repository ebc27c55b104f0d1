/* SPDX-License-Identifier: Apache-2.0
 *
 * What a step of a sandbox finds mounted beside the tree: see sandbox.h, of whose work this is a part.
 */
#ifndef ASHLAR_ROOTFS_SANDBOX_MOUNTS_H
#define ASHLAR_ROOTFS_SANDBOX_MOUNTS_H

#include "rootfs/sandbox.h"

/* Appends to @mounts (RuntimeMount) all that @step asks for; @strings (char*) gets what these point to. */
void sandbox_mounts_configure(const SandboxStep *step, GArray *mounts, GPtrArray *strings);

/* The paths in the tree that must be there for it (aay): folders, or else files. (floating) */
GVariant *sandbox_mounts_points(const SandboxStep *step, gboolean folders);

/* The folders that are to belong to who runs the step (aay), of the keeper's mount namespace. (floating) */
GVariant *sandbox_mounts_owned(const SandboxStep *step);

#endif
