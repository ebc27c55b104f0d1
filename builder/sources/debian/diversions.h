/* SPDX-License-Identifier: Apache-2.0
 *
 * Diversions (dpkg-divert(1)): packages that move other packages' files aside. They are made by calls in maintainer scripts,
 * and have to be known before there is a tree over which these can be followed: `dpkg-divert [--package P]
 * [--rename|--no-rename] [--divert TO] --add FILE` with literal words in a preinst or postinst counts wherever it stands
 * (shell_read); dash's, which are made by a function with arguments, are known by name. Scripts that the small shell cannot
 * read have none.
 */
#ifndef ASHLAR_DEBIAN_DIVERSIONS_H
#define ASHLAR_DEBIAN_DIVERSIONS_H

#include "builder/sources/debian/system.h"

/* Fills system->diversions, those of a system that was there before (as @changes have it) first. A file that two packages
 * divert is an error that names them. */
gboolean debian_diversions_find(DebianSystem *system, const Changes *changes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
