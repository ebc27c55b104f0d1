/* SPDX-License-Identifier: Apache-2.0
 *
 * recipe_load for those who want all that there is to say about a recipe, warnings included: `ashlar lint`.
 */
#ifndef ASHLAR_RECIPE_CHECK_H
#define ASHLAR_RECIPE_CHECK_H

#include "builder/recipe/diagnostics.h"

/* As recipe_load_all, but everything found is told to @diagnostics, what several combinations share once; NULL where that holds
 * an error. */
GPtrArray *recipe_check(const char *path, const char *const *settings, const char *const *only,
                        Diagnostics *diagnostics) G_GNUC_WARN_UNUSED_RESULT;

#endif
