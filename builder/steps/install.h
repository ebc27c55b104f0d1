/* SPDX-License-Identifier: Apache-2.0
 *
 * `scripts: run`: packages are installed by dpkg itself, in a sandbox, with all that their maintainer scripts do. dpkg is the
 * image's own and gets the packages' files from their packs. What is there afterwards is compared with the packages' files as they
 * are merged without dpkg: so only what the scripts and dpkg made is new, and all else stays in the packages' packs.
 *
 * It is done in batches (see install_plan.h), and what the packages of a batch and those before it came to is remembered by their
 * digests: a package more costs the batch it is in, and the essential packages are configured once for all recipes.
 *
 * On a base, its own dpkg goes on from its own database, over its files; what dpkg replaces or removes of it is gone. What is
 * tidied up elsewhere (tidy.h) stays where the base has it, as the base has it.
 */
#ifndef ASHLAR_STEPS_INSTALL_H
#define ASHLAR_STEPS_INSTALL_H

#include "builder/base/base.h"
#include "builder/lock/lock.h"
#include "builder/steps/steps.h"
#include "builder/sources/debian/system.h"

/* Raised by whatever changes what an installation comes to: the packages' form, dpkg's options, the order, what is tidied up. */
#define INSTALL_RULES 3
/* These and those of the native way (native.h), for the key of whatever scripts decide (new reference). */
json_t *install_rules(void);

/* The order of installation (DebianBatch*, transfer full; see install_plan.h): the packages that the variant brings are those asked
 * for that the recipe does not name. */
GPtrArray *install_batches(const Recipe *recipe, const LockArch *locked, const DebianSystem *system);

/* @tree holds the files of @base (may be NULL) and of @system, whose packages are those of @locked, as debian_merge inserted them; it
 * becomes the configured system. *number gets the number that the pack of all that is new has in it. A script that fails is an error at the
 * recipe's `debian`, with the last lines that dpkg printed. */
gboolean install_packages(Store *store, const Recipe *recipe, const LockArch *locked, const DebianSystem *system,
                          const Base *base, Tree *tree, const StepsOptions *options, guint *number,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
