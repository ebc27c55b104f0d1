/* SPDX-License-Identifier: Apache-2.0
 *
 * Who satisfies what the packages of a system ask of each other: of each group of alternatives (Debian policy 7.1) the first that
 * is there, a package of that name before those that provide it.
 */
#ifndef ASHLAR_DEBIAN_NEEDS_H
#define ASHLAR_DEBIAN_NEEDS_H

#include "builder/sources/debian/system.h"

typedef struct DebianNeeds DebianNeeds;
/* @system must live as long. */
DebianNeeds *debian_needs_new(const DebianSystem *system);
void debian_needs_free(DebianNeeds *needs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianNeeds, debian_needs_free)

/* The packages (DebianUnit*) that @unit's @field ("Depends") comes to, in its order; not those that a base has already (transfer
 * container). */
GPtrArray *debian_needs_of(const DebianNeeds *needs, const DebianUnit *unit, const char *field);

#endif
