/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/recipe.h"
#include "builder/recipe/check.h"
#include "builder/recipe/include.h"
#include "builder/recipe/model.h"
#include "builder/recipe/params.h"
#include "builder/recipe/schema.h"
#include "signing/error.h"

static Recipe *
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
  return recipe;
}

void
recipe_free(Recipe *recipe)
{
  if (recipe == NULL)
    return;
  g_free(recipe->path);
  g_free(recipe->folder);
  g_free(recipe->name);
  g_free(recipe->version);
  g_free(recipe->description);
  g_free(recipe->from.image);
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
  g_free(recipe->warnings);
  g_free(recipe);
}

Recipe *
recipe_check(const char *path, const char *const *settings, Diagnostics *diagnostics)
{
  g_autoptr(Recipe) recipe = recipe_new(path);
  g_autoptr(Node) root = node_load(path, recipe->sources, diagnostics);
  if (root == NULL)
    return NULL;
  params_apply(root, path, settings, diagnostics);
  schema_check(root, diagnostics);
  Model model = {recipe, root, diagnostics};
  model_identity(&model);
  model_debian(&model);
  model_accounts(&model);
  model_files(&model);
  model_steps(&model);
  model_config(&model);
  model_outputs(&model);
  model_tests(&model);
  model_check(&model);
  return diagnostics_n_errors(diagnostics) == 0 ? g_steal_pointer(&recipe) : NULL;
}

Recipe *
recipe_load(const char *path, const char *const *settings, GError **error)
{
  g_autoptr(Diagnostics) diagnostics = diagnostics_new();
  Recipe *recipe = recipe_check(path, settings, diagnostics);
  g_autofree char *report = diagnostics_report(diagnostics);
  if (recipe == NULL)
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, report);
  else if (*report != '\0')
    recipe->warnings = g_steal_pointer(&report);
  return recipe;
}
