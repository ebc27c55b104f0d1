/* SPDX-License-Identifier: Apache-2.0
 *
 * The order in which dpkg installs a system's packages: in batches, each with all that its packages need, in it or before it.
 *
 *   the first     the essential packages with what they depend on, unpacked and configured together (Debian policy 3.8: no
 *                 maintainer script can run before)
 *   the second    a variant's packages, and what they depend on or recommend
 *   the others    the packages asked for, in the order in which they were, and what they depend on or recommend
 *
 * On a system that was there before, what it has counts as installed, and all that comes in place of its packages, with what that
 * needs, is the first batch: what comes after may break the versions that were there.
 *
 * What is added at the end of what is asked for leaves the batches before it as they were, so that what they led to can be
 * remembered. In a batch, packages come in waves: before a wave is unpacked, what it pre-depends on is configured (policy 7.2).
 */
#ifndef ASHLAR_DEBIAN_INSTALL_PLAN_H
#define ASHLAR_DEBIAN_INSTALL_PLAN_H

#include "builder/sources/debian/system.h"

typedef struct {
  GPtrArray *units;     /* DebianUnit*, in the order of debian_install_order */
  GPtrArray *configure; /* DebianUnit* that are configured before these are unpacked and not before an earlier wave; empty in
                         * the first */
} DebianWave;

typedef struct {
  GPtrArray *waves; /* DebianWave* */
  GPtrArray *units; /* of all waves, in the order in which they are configured: that of debian_install_order */
} DebianBatch;

/* What is essential and all that it needs comes first, and no package before what it depends on; else by name. Where dependencies
 * go in a circle, the package whose name is met first breaks it (transfer container; DebianUnit*). */
GPtrArray *debian_install_order(const DebianSystem *system);

/* @variant, @asked: names of packages, NULL-terminated, @asked in their order. Units belong to @system (transfer full: an array
 * of DebianBatch*, none of them empty). */
GPtrArray *debian_install_plan(const DebianSystem *system, const char *const *variant, const char *const *asked);

#endif
