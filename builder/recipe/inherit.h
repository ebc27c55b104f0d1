/* SPDX-License-Identifier: Apache-2.0
 *
 * What is built upon a stage adds packages to those of the stage, out of the same archive: what its `debian` does not say is as the
 * stage's has it, but for `packages` and `variant`, which say what is asked for.
 */
#ifndef ASHLAR_RECIPE_INHERIT_H
#define ASHLAR_RECIPE_INHERIT_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

/* Writes into each `debian` of @root, which the schema has checked, what it has from a stage. One that has no suite then, or another one
 * than the stage, is reported. */
void inherit_debian(Node *root, Diagnostics *diagnostics);

#endif
