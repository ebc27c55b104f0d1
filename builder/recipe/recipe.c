/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/recipe.h"
#include "builder/recipe/check.h"
#include "builder/recipe/include.h"
#include "builder/recipe/inherit.h"
#include "builder/recipe/matrix.h"
#include "builder/recipe/model.h"
#include "builder/recipe/params.h"
#include "builder/recipe/schema.h"
#include "builder/recipe/upon.h"
#include "builder/recipe/with.h"
#include "signing/error.h"

#include <string.h>

Recipe *
recipe_new(const char *path)
{
  Recipe *recipe = g_new0(Recipe, 1);
  g_autofree char *folder = g_path_get_dirname(path);
  recipe->path = g_strdup(path);
  recipe->folder = g_canonicalize_filename(folder, NULL);
  recipe->users = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_user_free);
  recipe->groups = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_group_free);
  recipe->files = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_file_free);
  recipe->links = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_link_free);
  recipe->steps = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_step_free);
  recipe->secrets = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_secret_free);
  recipe->outputs = g_ptr_array_new_with_free_func(g_free);
  recipe->tests = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_test_free);
  recipe->sources = g_ptr_array_new_with_free_func(g_free);
  recipe->stages = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_free);
  return recipe;
}

void
recipe_free(Recipe *recipe)
{
  if (recipe == NULL)
    return;
  g_free(recipe->path);
  g_free(recipe->folder);
  g_strfreev(recipe->combination);
  g_free(recipe->title);
  g_free(recipe->name);
  g_free(recipe->version);
  g_free(recipe->description);
  g_free(recipe->from.image);
  g_free(recipe->from.stage);
  g_clear_pointer(&recipe->from.recipe, recipe_free);
  g_strfreev(recipe->arch);
  g_clear_pointer(&recipe->debian, recipe_debian_free);
  g_ptr_array_unref(recipe->users);
  g_ptr_array_unref(recipe->groups);
  g_ptr_array_unref(recipe->files);
  g_ptr_array_unref(recipe->links);
  g_strfreev(recipe->remove);
  g_ptr_array_unref(recipe->steps);
  g_ptr_array_unref(recipe->secrets);
  recipe_config_clear(&recipe->config);
  g_ptr_array_unref(recipe->outputs);
  g_ptr_array_unref(recipe->tests);
  g_ptr_array_unref(recipe->sources);
  g_ptr_array_unref(recipe->stages);
  g_free(recipe->warnings);
  g_free(recipe);
}

/* ---- one combination ---- */

/* @combination is taken. */
static void
set_combination(Recipe *recipe, char **combination)
{
  g_autofree char *list = g_strjoinv(", ", combination);
  recipe->combination = combination;
  recipe->title = *combination != NULL ? g_strdup_printf("%s (%s)", recipe->path, list) : g_strdup(recipe->path);
}

/* @settings, then those of @combination (NULL-terminated, transfer full). */
static char **
all_settings(const char *const *settings, char *const *combination)
{
  g_autoptr(GStrvBuilder) all = g_strv_builder_new();
  g_strv_builder_addv(all, settings != NULL ? (const char **)(gpointer)settings : (const char *[]){NULL});
  g_strv_builder_addv(all, (const char **)(gpointer)combination);
  return g_strv_builder_end(all);
}

/* ---- reading one ---- */

static Recipe *
read_one(const char *path, Node *root, const GPtrArray *sources, const char *const *settings, char *const *combination,
         GPtrArray *open, Diagnostics *diagnostics)
{
  Recipe *recipe = recipe_new(path);
  set_combination(recipe, g_strdupv((char **)combination));
  for (guint i = 0; i < sources->len; i++)
    g_ptr_array_add(recipe->sources, g_strdup(sources->pdata[i]));
  g_auto(GStrv) all = all_settings(settings, combination);
  params_apply(root, path, (const char *const *)all, diagnostics);
  schema_check(root, diagnostics);
  inherit_debian(root, diagnostics);
  Model model = {recipe, root, diagnostics};
  model_identity(&model);
  model_from(&model);
  model_debian(&model);
  model_accounts(&model);
  model_files(&model);
  model_steps(&model);
  model_config(&model);
  model_outputs(&model);
  model_tests(&model);
  model_check(&model);
  model_stages(&model);
  upon_read(recipe, root, open, diagnostics);
  return recipe;
}

/* ---- all of them ---- */

/* Two images with one name and version would be written to the same files. */
static void
check_names(const GPtrArray *recipes, const Node *root, Diagnostics *diagnostics)
{
  const Node *name = node_get(root, "name");
  for (guint i = 0; name != NULL && i < recipes->len; i++)
    for (guint j = 0; j < i; j++) {
      const Recipe *recipe = recipes->pdata[i], *other = recipes->pdata[j];
      if (g_strcmp0(recipe->name, other->name) != 0 || g_strcmp0(recipe->version, other->version) != 0)
        continue;
      g_autofree char *one = g_strjoinv(", ", other->combination), *two = g_strjoinv(", ", recipe->combination);
      diagnostics_error(diagnostics, &name->place, "two images of the matrix are called '%s' %s: those of %s and of %s",
                        recipe->name, recipe->version, one, two);
      diagnostics_hint(diagnostics, "let the name or the version say which it is, as in 'name: web-${flavour}'");
      return;
    }
}

static GPtrArray *
read_all(const char *path, const Node *root, const GPtrArray *sources, const char *const *settings,
         const GPtrArray *combinations, GPtrArray *open, Diagnostics *diagnostics)
{
  GPtrArray *recipes = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_free);
  for (guint i = 0; i < combinations->len; i++) {
    g_autoptr(Node) own = node_copy(root);
    g_ptr_array_add(recipes, read_one(path, own, sources, settings, combinations->pdata[i], open, diagnostics));
  }
  return recipes;
}

/* Keeps those that @only asks for. */
static void
choose(GPtrArray *recipes, const char *const *only)
{
  for (guint i = recipes->len; i-- > 0;)
    if (!matrix_is_chosen(((const Recipe *)recipes->pdata[i])->combination, only))
      g_ptr_array_remove_index(recipes, i);
}

GPtrArray *
upon_read_file(const char *path, const UponChoice *choice, GPtrArray *open, Diagnostics *diagnostics)
{
  guint errors = diagnostics_n_errors(diagnostics);
  g_autofree char *absolute = g_canonicalize_filename(path, NULL);
  g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(Node) root = node_load(path, sources, diagnostics);
  if (root == NULL)
    return NULL;
  g_autoptr(GPtrArray) combinations = matrix_combinations(root, path, choice->settings, diagnostics);
  gboolean known = combinations != NULL && with_apply(choice->with, root, path, combinations, diagnostics);
  if (!known) {
    /* what else is wrong is told all the same */
    g_clear_pointer(&combinations, g_ptr_array_unref);
    combinations = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_ptr_array_add(combinations, g_new0(char *, 1));
  }
  g_ptr_array_add(open, absolute);
  g_autoptr(GPtrArray) recipes = read_all(path, root, sources, choice->settings, combinations, open, diagnostics);
  g_ptr_array_remove_index(open, open->len - 1);
  check_names(recipes, root, diagnostics);
  if (known)
    matrix_check_choice(combinations, path, choice->only, diagnostics);
  if (diagnostics_n_errors(diagnostics) > errors)
    return NULL;
  choose(recipes, choice->only);
  return g_steal_pointer(&recipes);
}

GPtrArray *
recipe_check(const char *path, const char *const *settings, const char *const *only, Diagnostics *diagnostics)
{
  g_autoptr(GPtrArray) open = g_ptr_array_new();
  const UponChoice choice = {.settings = settings, .only = only};
  return upon_read_file(path, &choice, open, diagnostics);
}

GPtrArray *
recipe_load_all(const char *path, const char *const *settings, const char *const *only, GError **error)
{
  g_autoptr(Diagnostics) diagnostics = diagnostics_new();
  GPtrArray *recipes = recipe_check(path, settings, only, diagnostics);
  g_autofree char *report = diagnostics_report(diagnostics);
  if (recipes == NULL)
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, report);
  else if (*report != '\0' && recipes->len > 0)
    ((Recipe *)recipes->pdata[0])->warnings = g_steal_pointer(&report);
  return recipes;
}

Recipe *
recipe_load(const char *path, const char *const *settings, GError **error)
{
  g_autoptr(GPtrArray) recipes = recipe_load_all(path, settings, NULL, error);
  return recipes != NULL ? g_ptr_array_steal_index(recipes, 0) : NULL;
}
