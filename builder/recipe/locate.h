/* SPDX-License-Identifier: Apache-2.0
 *
 * From a place in the checked recipe's data (recipe_to_json), "files[2].content", to the line of the text that says it.
 */
#ifndef ASHLAR_RECIPE_LOCATE_H
#define ASHLAR_RECIPE_LOCATE_H

#include "builder/recipe/recipe.h"

/* A recipe's text, with its includes. */
typedef struct RecipeText RecipeText;
/* Reads it anew; of a file that cannot be read (any more) nothing is found. */
RecipeText *recipe_text_load(const char *path);
void recipe_text_free(RecipeText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RecipeText, recipe_text_free)

/* Where @name stands, or, where the text does not say it (a default, a key that was taken away), what is around it. FALSE where
 * not even its section is there. */
gboolean recipe_text_find(const RecipeText *text, const char *name, RecipePlace *place);

#endif
