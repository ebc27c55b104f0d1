/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/cases/recipe/NAME.yaml must give NAME.json (the canonical recipe), and so must NAME~SPELLING.yaml, the same recipe in
 * other words; tests/reject/NAME.yaml gives the report NAME.expected, to the byte. Leading lines "# set: K=V" stand for --set K=V. With UPDATE_EXPECTED set the expected files are written instead:
 * read the diff before committing it.
 */
#include "builder/recipe/recipe.h"
#include "signing/error.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define CASES "tests/cases/recipe"
#define REJECTS "tests/reject"

static int
by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The .yaml files of @folder, sorted. */
static GPtrArray *
recipes_in(const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  g_assert_nonnull(dir);
  for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
    if (g_str_has_suffix(name, ".yaml"))
      g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
  g_ptr_array_sort(paths, by_text);
  return paths;
}

static char **
settings_of(const char *path)
{
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GPtrArray) settings = g_ptr_array_new();
  for (guint i = 0; lines[i] != NULL && g_str_has_prefix(lines[i], "# set: "); i++)
    g_ptr_array_add(settings, g_strdup(lines[i] + strlen("# set: ")));
  g_ptr_array_add(settings, NULL);
  return (char **)g_ptr_array_free(g_steal_pointer(&settings), FALSE);
}

/* "NAME.yaml", "NAME~SPELLING.yaml" -> "NAME@ending" */
static char *
beside(const char *path, const char *ending)
{
  g_autofree char *stem = g_strndup(path, strcspn(path, "~") - (strchr(path, '~') == NULL ? strlen(".yaml") : 0));
  return g_strconcat(stem, ending, NULL);
}

static void
assert_file(const char *path, const char *text)
{
  if (g_getenv("UPDATE_EXPECTED") != NULL && strchr(g_test_get_path(), '~') == NULL)
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
  g_autofree char *expected = NULL;
  g_assert_true(g_file_get_contents(path, &expected, NULL, NULL));
  g_assert_cmpstr(text, ==, expected);
}

static char *
canonical(const Recipe *recipe)
{
  json_t *json = recipe_to_json(recipe);
  char *raw = json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(1));
  char *text = g_strconcat(raw, "\n", NULL);
  free(raw);
  json_decref(json);
  return text;
}

static void
case_gives_its_json(gconstpointer path)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) settings = settings_of(path);
  g_autoptr(Recipe) recipe = recipe_load(path, (const char *const *)settings, &error);
  g_assert_no_error(error);
  g_autofree char *text = canonical(recipe);
  g_autofree char *expected = beside(path, ".json");
  assert_file(expected, text);
}

static void
reject_gives_its_report(gconstpointer path)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) settings = settings_of(path);
  g_autoptr(Recipe) recipe = recipe_load(path, (const char *const *)settings, &error);
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
  g_assert_null(recipe);
  g_autofree char *report = g_strconcat(error->message, "\n", NULL);
  g_autofree char *expected = beside(path, ".expected");
  assert_file(expected, report);
}

static void
add_each(const char *folder, const char *prefix, void (*test)(gconstpointer))
{
  g_autoptr(GPtrArray) paths = recipes_in(folder);
  g_assert_cmpuint(paths->len, >, 0);
  for (guint i = 0; i < paths->len; i++) {
    const char *path = g_ptr_array_index(paths, i);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *name = g_strdup_printf("/recipe/%s/%.*s", prefix, (int)(strlen(base) - strlen(".yaml")), base);
    g_test_add_data_func_full(name, g_strdup(path), test, g_free);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  add_each(CASES, "case", case_gives_its_json);
  add_each(REJECTS, "reject", reject_gives_its_report);
  return g_test_run();
}
