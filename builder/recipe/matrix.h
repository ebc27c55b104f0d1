/* SPDX-License-Identifier: Apache-2.0
 *
 * Several images of one recipe: `matrix: {suite: [bookworm, trixie], flavour: [plain, debug]}` makes one of each combination of
 * values, each as if its parameters had been given by --set. As in the matrices of GitHub's workflows,
 *
 *   exclude   leaves out the combinations that have all the values of one of its items;
 *   include   adds the further values of each of its items to the combinations that have its other values, or, where there is
 *             none, is a combination of its own, whose other parameters have their defaults.
 */
#ifndef ASHLAR_RECIPE_MATRIX_H
#define ASHLAR_RECIPE_MATRIX_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

/* More images are refused. */
#define MATRIX_MOST 256

/* The combinations of @root's matrix in its order, the first key's values slowest (char **, each "K=V" sorted by K); one that
 * is empty where it has no matrix. Parameters that are not declared, values that stand twice, and combinations that none is left
 * of are reported; what is malformed is the schema's to report. NULL where that, or anything of @settings ("k=v", may be NULL),
 * leaves no combination to be had. */
GPtrArray *matrix_combinations(const Node *root, const char *path, const char *const *settings, Diagnostics *diagnostics);

/* Whether @combination is one of those that @only ("K=V", NULL: all) asks for: it has one of the values given for each key. */
gboolean matrix_is_chosen(char *const *combination, const char *const *only);
/* Reports what of @only none of @combinations can have, and where all of it together chooses nothing. */
void matrix_check_choice(const GPtrArray *combinations, const char *path, const char *const *only, Diagnostics *diagnostics);

#endif
