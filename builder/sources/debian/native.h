/* SPDX-License-Identifier: Apache-2.0
 *
 * Maintainer scripts done natively: each preinst, postinst and trigger of an installation is followed by the small shell of
 * shell.h over the merged tree, in the order in which dpkg would run it, and what its commands do is done to the changes and
 * the accounts. No program is started and no package is known by its name: a script is known when all that it does is known.
 * What comes of it equals what dpkg leaves behind, file by file, but for logs, caches and locks (tests/interop/native.bats).
 *
 * Where something is not known,
 *
 *   scripts: auto   the whole answer is "no"; the changes and accounts are then half done and of no use
 *   scripts: skip   it is left out and told: a command of which nobody reads the output or asks how it ends, and then the
 *                   script goes on; else the rest of the script. What was done before stays, as where dpkg sees a script fail
 *                   (tests/interop/system.bats). The image may lack what Debian takes for granted: accounts, certificates and
 *                   answers of debconf are made even where the program that would make them is not in it.
 *
 * On a system that was there before, its accounts, alternatives, diversions and overrides are continued, the triggers of its
 * packages that new files set off are followed too, and scripts are told which version they come after.
 */
#ifndef ASHLAR_DEBIAN_NATIVE_H
#define ASHLAR_DEBIAN_NATIVE_H

#include "builder/sources/debian/report.h"
#include "builder/sources/debian/system.h"
#include "rootfs/accounts.h"

/* Raised by whatever changes what scripts that are done natively come to. */
#define NATIVE_RULES 2

typedef struct {
  Store *store; /* for what is remembered of libraries (libraries.h); may be NULL */
  gint64 epoch;
  /* DebianBatch*: in which order packages are installed (install_plan.h) */
  const GPtrArray *batches;
  gboolean leave_out; /* what is not known; else it is only told */
} DebianConfigureOptions;

/* After debian_merge into @tree (of which only packages may be part yet) and @changes. Users and groups go into @accounts
 * (accounts_write puts the files); all else into @changes. The report has a note for each script that would run. */
gboolean debian_native_configure(const DebianSystem *system, const Tree *tree, Changes *changes, Accounts *accounts,
                                 const DebianConfigureOptions *options, DebianScriptReport *report,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
