/* SPDX-License-Identifier: Apache-2.0
 *
 * The values that a recipe is given by what is built upon it: `from: {recipe: base.yaml, with: {flavour: slim}}`. To a parameter they
 * are what --set would have given, to the matrix what --only chooses by.
 */
#ifndef ASHLAR_RECIPE_WITH_H
#define ASHLAR_RECIPE_WITH_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

/* Leaves of @combinations (see matrix.h), those of the recipe @root at @path, the ones that have the values of @with (NULL: all), and
 * adds to each the values that the matrix does not set. FALSE where a value is for no parameter, or no combination has it, which is
 * reported where it stands. */
gboolean with_apply(const Node *with, const Node *root, const char *path, GPtrArray *combinations, Diagnostics *diagnostics);

#endif
