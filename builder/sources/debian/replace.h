/* SPDX-License-Identifier: Apache-2.0
 *
 * New packages on a system that is there already: what goes before they come.
 */
#ifndef ASHLAR_DEBIAN_REPLACE_H
#define ASHLAR_DEBIAN_REPLACE_H

#include "builder/sources/debian/system.h"

/* Marks the packages of system->installed that one of @system's units takes the place of, and takes their files out of @tree, but
 * what another package lists too: a package that moves to another version is replaced whole. Then knows the owners of what is
 * left (see debian_installed_owner). */
gboolean debian_replace(DebianSystem *system, Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
