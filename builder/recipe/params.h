/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters: `params: {greeting: hello}` declares one, ${greeting} in a value stands for it, $${ for "${" itself.
 */
#ifndef ASHLAR_RECIPE_PARAMS_H
#define ASHLAR_RECIPE_PARAMS_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

/* Fills in the parameters of the recipe at @path in every value of @root (but params, include and matrix themselves); @settings ("k=v",
 * may be NULL) go before the defaults. Unknown ones, and settings of what is not declared, are reported; a parameter that
 * nothing uses is a warning. */
void params_apply(Node *root, const char *path, const char *const *settings, Diagnostics *diagnostics);

#endif
