/* SPDX-License-Identifier: Apache-2.0
 *
 * The recipes that a recipe and its stages are built upon, `from: recipe:base.yaml` or `from: {recipe: base.yaml, with: {...}}`: each is
 * read as if it were to be built itself, but with the values it is given, and must make one image.
 */
#ifndef ASHLAR_RECIPE_UPON_H
#define ASHLAR_RECIPE_UPON_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

/* Which images of a recipe are meant; each may be NULL: all. */
typedef struct {
  const char *const *settings, *const *only; /* see recipe_load_all */
  const Node *with;                          /* see with.h */
} UponChoice;

/* Reads those that @recipe, whose text is @root, and its stages are built upon. @open: the absolute paths of the recipes that are being
 * read, each built upon the next; one that is built upon itself is reported. */
void upon_read(Recipe *recipe, const Node *root, GPtrArray *open, Diagnostics *diagnostics);

/* The recipes of the file at @path (Recipe*, transfer full); NULL where an error in it was reported (recipe.c). */
GPtrArray *upon_read_file(const char *path, const UponChoice *choice, GPtrArray *open, Diagnostics *diagnostics);

#endif
