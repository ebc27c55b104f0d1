/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/upon.h"
#include "builder/recipe/model.h"

#include <string.h>

/* As `from` names them. */
#define OF_RECIPE "recipe:"
#define OF_STAGE "stage:"

/* Recipes that are built upon each other deeper than this are refused. */
#define BASES_MAX 16

/* ---- what it is called ---- */

/* "recipe:base.yaml (flavour=slim)" (transfer full) */
static char *
name_of_recipe(const Node *from)
{
  const Node *file = node_get(from, "recipe"), *with = node_get(from, "with");
  g_auto(GStrv) values = with != NULL ? model_pairs(with) : NULL;
  g_autofree char *list = values != NULL ? g_strjoinv(", ", values) : NULL;
  return list != NULL ? g_strdup_printf(OF_RECIPE "%s (%s)", file->text, list) : g_strconcat(OF_RECIPE, file->text, NULL);
}

void
model_from(Model *model)
{
  const Node *from = node_get(model->root, "from");
  RecipeFrom *out = &model->recipe->from;
  if (from == NULL || (from->kind == NODE_SCALAR && strcmp(from->text, "scratch") == 0) ||
      (from->kind == NODE_MAP && node_get(from, "recipe") == NULL))
    return;
  out->place = from->place;
  out->image = from->kind == NODE_MAP ? name_of_recipe(from) : g_strdup(from->text);
  if (from->kind == NODE_SCALAR && g_str_has_prefix(from->text, OF_STAGE))
    out->stage = g_strdup(from->text + strlen(OF_STAGE));
}

/* ---- the recipe that is meant ---- */

/* The file that @from names, or NULL. */
static const char *
file_of(const Node *from)
{
  if (from == NULL || from->kind == NODE_LIST)
    return NULL;
  if (from->kind == NODE_SCALAR)
    return g_str_has_prefix(from->text, OF_RECIPE) ? from->text + strlen(OF_RECIPE) : NULL;
  const Node *file = node_get(from, "recipe");
  return file != NULL ? file->text : NULL;
}

static void
too_many_images(const GPtrArray *bases, const RecipePlace *place, Diagnostics *diagnostics)
{
  diagnostics_error(diagnostics, place, "the base is a matrix of %u images", bases->len);
  char *const *first = ((const Recipe *)bases->pdata[0])->combination, *const *second =
                                                                         ((const Recipe *)bases->pdata[1])->combination;
  for (; *first != NULL; first++)
    if (!g_strv_contains((const char *const *)second, *first)) {
      g_auto(GStrv) parts = g_strsplit(*first, "=", 2);
      diagnostics_hint(diagnostics, "choose one of them, as in 'from: {recipe: FILE, with: {%s: %s}}'", parts[0], parts[1]);
      return;
    }
}

/* Takes over the one image of @bases, which must have all of @recipe's architectures. */
static void
take_base(Recipe *recipe, Recipe *whole, GPtrArray *bases, Diagnostics *diagnostics)
{
  const RecipePlace *place = &recipe->from.place;
  if (bases->len != 1) {
    too_many_images(bases, place, diagnostics);
    return;
  }
  recipe->from.recipe = g_ptr_array_steal_index(bases, 0);
  for (char **arch = recipe->arch; *arch != NULL; arch++)
    if (!g_strv_contains((const char *const *)recipe->from.recipe->arch, *arch))
      diagnostics_error(diagnostics, place, "the base is not for %s", *arch);
  for (guint i = 0; i < recipe->from.recipe->sources->len; i++)
    g_ptr_array_add(whole->sources, g_strdup(recipe->from.recipe->sources->pdata[i]));
}

/* Whether the recipe at @path may be read, too. */
static gboolean
may_read(const char *path, const RecipePlace *place, const GPtrArray *open, Diagnostics *diagnostics)
{
  g_autofree char *absolute = g_canonicalize_filename(path, NULL);
  if (g_ptr_array_find_with_equal_func((GPtrArray *)open, absolute, g_str_equal, NULL))
    diagnostics_error(diagnostics, place, "the recipe is built upon itself");
  else if (open->len >= BASES_MAX)
    diagnostics_error(diagnostics, place, "recipes are built upon each other more than %d deep", BASES_MAX);
  else if (!g_file_test(path, G_FILE_TEST_EXISTS))
    diagnostics_error(diagnostics, place, "there is no recipe '%s'", path);
  else
    return TRUE;
  return FALSE;
}

/* @recipe is @whole or a stage of it, and @from what it says. */
static void
read_base(Recipe *recipe, Recipe *whole, const Node *from, GPtrArray *open, Diagnostics *diagnostics)
{
  const char *file = file_of(from);
  if (file == NULL)
    return;
  g_autofree char *folder = g_path_get_dirname(recipe->path);
  g_autofree char *path = g_path_is_absolute(file) || strcmp(folder, ".") == 0 ? g_strdup(file)
                                                                               : g_build_filename(folder, file, NULL);
  if (!may_read(path, &recipe->from.place, open, diagnostics))
    return;
  const UponChoice choice = {.with = from->kind == NODE_MAP ? node_get(from, "with") : NULL};
  g_autoptr(GPtrArray) bases = upon_read_file(path, &choice, open, diagnostics);
  if (bases != NULL)
    take_base(recipe, whole, bases, diagnostics);
}

void
upon_read(Recipe *recipe, const Node *root, GPtrArray *open, Diagnostics *diagnostics)
{
  const Node *stages = node_get(root, "stages");
  read_base(recipe, recipe, node_get(root, "from"), open, diagnostics);
  for (guint i = 0; i < recipe->stages->len; i++) {
    Recipe *stage = recipe->stages->pdata[i];
    read_base(stage, recipe, node_get(node_get(stages, stage->name), "from"), open, diagnostics);
  }
}
