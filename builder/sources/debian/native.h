/* SPDX-License-Identifier: Apache-2.0
 *
 * Maintainer scripts done natively: each preinst, postinst and trigger of a first installation is followed by the small shell of
 * shell.h over the merged tree, in the order in which dpkg would run it, and what its commands do is done to the changes and the
 * accounts. No program is started and no package is known by its name: a script is known when all that it does is known.
 *
 * What comes of it equals what dpkg leaves behind, file by file, but for logs, caches and locks (tests/interop/native.bats). One
 * script that is not known to its end makes the whole answer "no"; the changes and accounts are then half done and of no use.
 */
#ifndef ASHLAR_DEBIAN_NATIVE_H
#define ASHLAR_DEBIAN_NATIVE_H

#include "builder/sources/debian/configure.h"
#include "rootfs/tree.h"

/* Raised by whatever changes what scripts that are done natively come to. */
#define NATIVE_RULES 1

/* Whether all scripts are known and all was done; after debian_merge into @tree (of which only packages may be part yet) and
 * @changes. The report has a note for each script that runs at a first installation; the first one that is not known ends the
 * work of the rest, which is only read for what can be told of each on its own. */
gboolean debian_native_configure(const DebianSystem *system, const Tree *tree, Changes *changes, Accounts *accounts,
                                 const DebianConfigureOptions *options, DebianScriptReport *report,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
