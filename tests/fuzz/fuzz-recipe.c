/* SPDX-License-Identifier: Apache-2.0
 *
 * Recipes, as files that include nothing. A recipe is taken or has a report of what is wrong, never both; a report has no
 * control character in it; canonical data does not depend on when it is made.
 */
#include "builder/recipe/recipe.h"
#include "tests/fuzz/fuzz.h"

static const char *
recipe_path(const guint8 *data, gsize size)
{
  static char *path;
  if (path == NULL) {
    path = g_build_filename(fuzz_folder(), "recipe.yaml", NULL);
    g_setenv("PATH", fuzz_folder(), TRUE); /* `version: {git: describe}` is to find no git */
  }
  fuzz_put(path, data, size);
  return path;
}

static void
check_report(const char *report)
{
  g_assert(g_utf8_validate(report, -1, NULL));
  for (const char *c = report; *c != '\0'; c = g_utf8_next_char(c))
    g_assert(*c == '\n' || *c == '\t' || !g_unichar_iscntrl(g_utf8_get_char(c)));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Recipe) recipe = recipe_load(recipe_path(data, size), NULL, &error);
  g_assert((recipe == NULL) == (error != NULL));
  if (recipe == NULL) {
    check_report(error->message);
    return 0;
  }
  if (recipe->warnings != NULL)
    check_report(recipe->warnings);
  json_t *canonical = recipe_to_json(recipe), *again = recipe_to_json(recipe);
  g_assert(json_equal(canonical, again));
  g_autofree char *text = json_dumps(canonical, JSON_COMPACT);
  g_assert(text != NULL);
  json_decref(again);
  json_decref(canonical);
  return 0;
}
