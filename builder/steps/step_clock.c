/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/step_clock.h"

#include <string.h>

#define PACKAGE "libfaketime"
#define LIBRARY "faketime/libfaketime.so.1"
#define HINT                                                                                                                   \
  "\nhint: add '" PACKAGE "' to 'debian.packages', or run the step in a stage that has it, and take its result with "          \
  "'files[].stage'"

/* ---- before anything is built ---- */

/* Whether a file of the recipe may be the library, or a folder that it lies in. */
static gboolean
may_hold_library(const RecipeFile *file)
{
  return strcmp(file->path, "/") == 0 || strcmp(file->path, "/usr") == 0 || g_str_has_prefix(file->path, "/usr/lib") ||
         g_str_has_prefix(file->path, "/lib");
}

static gboolean
may_come_otherwise(const Recipe *recipe)
{
  if (recipe->from.image != NULL || recipe->from.recipe != NULL)
    return TRUE;
  for (guint i = 0; i < recipe->files->len; i++)
    if (may_hold_library(recipe->files->pdata[i]))
      return TRUE;
  return FALSE;
}

gboolean
step_clock_check(const Recipe *recipe, const LockArch *locked, GError **error)
{
  /* what a step before it leaves is not known */
  const RecipeStep *first = recipe->steps->len > 0 ? recipe->steps->pdata[0] : NULL;
  if (first == NULL || !first->fixed_clock || may_come_otherwise(recipe) ||
      (locked != NULL && lock_find_package(locked, PACKAGE) != NULL))
    return TRUE;
  return recipe_error_at(error, &first->clock_place,
                         "the step '%s' asks for a fixed clock, which needs " PACKAGE ", and no package brings it" HINT,
                         first->name);
}

/* ---- at the step ---- */

/* The library as LD_PRELOAD is to name it, or NULL: where each architecture has a folder of its own, the C library of a program
 * knows which ($LIB). */
static char *
find_library(const Tree *tree)
{
  static const char *const folders[] = {"usr/lib64", "usr/lib"};
  for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
    g_autofree char *plain = g_strconcat(folders[i], "/" LIBRARY, NULL), *real = tree_resolve(tree, plain);
    if (real != NULL)
      return g_strconcat("/", plain, NULL);
  }
  g_autoptr(GPtrArray) children = tree_children(tree, "usr/lib");
  for (guint i = 0; i < children->len; i++) {
    const TreeNode *child = children->pdata[i];
    g_autofree char *path = g_strconcat(child->entry->path, "/" LIBRARY, NULL), *real = tree_resolve(tree, path);
    if (real != NULL)
      return g_strdup("/usr/$LIB/" LIBRARY);
  }
  return NULL;
}

gboolean
step_clock_set(const RecipeStep *step, const Tree *tree, gint64 epoch, char ***environment, GError **error)
{
  if (!step->fixed_clock)
    return TRUE;
  g_autofree char *library = find_library(tree);
  if (library == NULL)
    return recipe_failure_at(
      error, &step->clock_place,
      "the step '%s' asks for a fixed clock, which needs " PACKAGE ", and the image does not have it" HINT, step->name);
  const char *own = g_environ_getenv(*environment, "LD_PRELOAD");
  g_autofree char *preload = own != NULL && *own != '\0' ? g_strconcat(library, ":", own, NULL) : g_strdup(library);
  g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, epoch);
  const char *const pairs[][2] = {
    {"LD_PRELOAD", preload}, {"FAKETIME", seconds}, {"FAKETIME_FMT", "%s"}, {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
    {"NO_FAKE_STAT", "1"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
    *environment = g_environ_setenv(*environment, pairs[i][0], pairs[i][1], TRUE);
  return TRUE;
}
