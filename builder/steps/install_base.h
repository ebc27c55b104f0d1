/* SPDX-License-Identifier: Apache-2.0
 *
 * What an installation by dpkg starts from: a base that has a dpkg, and the packages that it knows of.
 */
#ifndef ASHLAR_STEPS_INSTALL_BASE_H
#define ASHLAR_STEPS_INSTALL_BASE_H

#include "builder/base/base.h"
#include "builder/recipe/recipe.h"
#include "builder/sources/debian/installed.h"

/* Whether dpkg can go on from @base, whose packages are @installed (may be NULL); else an error at the recipe's `debian`. */
gboolean install_base_check(const Recipe *recipe, const Base *base, const DebianInstalledSet *installed,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A tree of @base, or empty where that is NULL. @installed gets its packages, NULL where there are none. */
Tree *install_base_lay(const Base *base, const char *arch, DebianInstalledSet **installed, GError **error);

#endif
