/* SPDX-License-Identifier: Apache-2.0
 *
 * All packages of a system into one tree, by dpkg's rules.
 *
 * Packages are taken in the system's order (essential ones first, then by name), so that the tree depends on the set alone.
 * A folder has the attributes of the first package that brings it. A file that two packages bring is an error that names
 * both, save where one of them Replaces the other (its file stays, and the other's list of files loses the line), where
 * one of them diverts it, or where they are one Multi-Arch: same package with the same content.
 * On a system that was there before, its files count as those of its packages; one that is nobody's makes way. Packages that come
 * in another version are replaced whole (replace.h).
 * What a package ships through another's symlink (a folder moved to elsewhere) and what is diverted does not lie in the
 * tree at its packed path: it is copied into the changes, at the place it belongs to.
 */
#ifndef ASHLAR_DEBIAN_MERGE_H
#define ASHLAR_DEBIAN_MERGE_H

#include "builder/sources/debian/system.h"

typedef struct {
  const char *const *exclude, *const *include; /* as debian_filter_new */
} DebianMergeOptions;

/* Makes the packs known to @tree (unit->number tells under which number), inserts what they hold, and puts the links of the
 * merged /usr into @changes, which must be above @tree. */
gboolean debian_merge(DebianSystem *system, Tree *tree, const DebianMergeOptions *options, Changes *changes,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
