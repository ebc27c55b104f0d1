/* SPDX-License-Identifier: Apache-2.0
 *
 * From checked nodes to the Recipe: one function a section, each reading only nodes that the schema found good, reporting what
 * the schema cannot see. Internal to builder/recipe.
 */
#ifndef ASHLAR_RECIPE_MODEL_H
#define ASHLAR_RECIPE_MODEL_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

typedef struct {
  Recipe *recipe;
  Node *root;
  Diagnostics *diagnostics;
} Model;

/* The sections, in the order they are read. */
void model_identity(Model *model);
/* What it is built upon, by name: upon.h finds the recipe. */
void model_from(Model *model);
void model_debian(Model *model);
void model_accounts(Model *model);
void model_files(Model *model);
void model_steps(Model *model);
/* The caches and binds of the step @map (RecipeMount*). */
GPtrArray *model_mounts(Model *model, const Node *map);
void model_config(Model *model);
void model_outputs(Model *model);
void model_tests(Model *model);
/* After all else: they share what is said of secrets and architectures. */
void model_stages(Model *model);
/* What only shows across sections: accounts that nobody declares, paths that two entries claim. */
void model_check(Model *model);

/* ---- reading a key of a map; NULL or the fallback where it is not there ---- */

char *model_text(const Node *map, const char *key);
char **model_texts(const Node *map, const char *key);
/* "K=V" of each pair of @map, sorted by K; NULL where it has none. */
char **model_pairs(const Node *map);
gboolean model_bool(const Node *map, const char *key, gboolean fallback);
/* Octal digits as a number; -1 where it is not there. */
gint64 model_mode(const Node *map, const char *key);
/* Which of the schema's words for @path the text is. */
guint model_word(const Node *map, const char *key, const char *path, guint fallback);
/* Item @i of the list @key of @map, NULL past its end; *item is NULL for one that is bad. */
gboolean model_item(const Node *map, const char *key, guint i, Node **item);

/* ---- paths ---- */

/* The absolute path of an image in @node without empty and "." components; NULL, reported, where it holds "..", control
 * characters, or names that no filesystem takes. */
char *model_image_path(Model *model, const Node *node);
/* The same of what @map has under @key, or NULL. */
char *model_image_path_of(Model *model, const Node *map, const char *key);
/* "80/tcp" for 80; NULL, reported, where there is no such port. */
char *model_port(Model *model, const Node *node);
/* The file or folder of the build host in @node: absolute, and inside the recipe's folder; NULL, reported, where it leaves it.
 * It need not exist. */
char *model_source_path(Model *model, const Node *node);

/* An empty recipe. */
Recipe *recipe_new(const char *path);
void recipe_package_free(RecipePackage *package);
void recipe_debian_free(RecipeDebian *debian);
void recipe_user_free(RecipeUser *user);
void recipe_group_free(RecipeGroup *group);
void recipe_file_free(RecipeFile *file);
void recipe_link_free(RecipeLink *link);
void recipe_step_free(RecipeStep *step);
void recipe_secret_free(RecipeSecret *secret);
void recipe_test_free(RecipeTest *test);

#endif
