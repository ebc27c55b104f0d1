/* SPDX-License-Identifier: Apache-2.0
 *
 * What a recipe file beside its expected report cannot show: files that are no files, git, warnings, errors found later.
 */
#include "builder/recipe/nearest.h"
#include "builder/recipe/recipe.h"
#include "builder/recipe/source.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define GOOD "name: demo\nversion: 1\n"

/* A folder of its own for each test. */
typedef struct {
  char *folder, *recipe;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp("ashlar-recipe-XXXXXX", NULL);
  g_assert_nonnull(fixture->folder);
  fixture->recipe = g_build_filename(fixture->folder, "demo.yaml", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  const char *const argv[] = {"rm", "-rf", "--", fixture->folder, NULL};
  g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free(fixture->folder);
  g_free(fixture->recipe);
}

static void
put(const char *path, const char *text)
{
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
assert_refused(const char *path, const char *part)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(recipe_load(path, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
  g_assert_true(g_str_has_prefix(error->message, path));
  g_assert_nonnull(strstr(error->message, ": error: "));
  g_assert_nonnull(strstr(error->message, part));
}

static void
no_such_file(Fixture *fixture, gconstpointer data)
{
  assert_refused(fixture->recipe, "No such file");
}

static void
a_folder(Fixture *fixture, gconstpointer data)
{
  assert_refused(fixture->folder, "is a folder");
}

static void
a_fifo_does_not_hang(Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint(mkfifo(fixture->recipe, 0600), ==, 0);
  assert_refused(fixture->recipe, "not a regular file");
}

static void
too_large(Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill(limits_get(LIMIT_RECIPE) + 1, '#');
  put(fixture->recipe, text);
  assert_refused(fixture->recipe, "a recipe larger than 1 MiB (limit 'recipe')");
}

static void
as_large_as_may_be(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *comment = g_strnfill(limits_get(LIMIT_RECIPE) - strlen(GOOD), '#');
  g_autofree char *text = g_strconcat(GOOD, comment, NULL);
  put(fixture->recipe, text);
  g_autoptr(Recipe) recipe = recipe_load(fixture->recipe, NULL, &error);
  g_assert_no_error(error);
}

static void
many_errors_are_counted(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GString) text = g_string_new(GOOD);
  for (guint i = 0; i < 5000; i++)
    g_string_append_printf(text, "key-%u: x\n", i);
  put(fixture->recipe, text->str);
  assert_refused(fixture->recipe, "... and 4900 more");
}

static void
parameters_do_not_explode(Fixture *fixture, gconstpointer data)
{
  g_autofree char *value = g_strnfill(100000, 'x');
  g_autoptr(GString) text = g_string_new(GOOD "description: \"");
  for (guint i = 0; i < 1000; i++)
    g_string_append(text, "${a}");
  g_string_append_printf(text, "\"\nparams: {a: %s}\n", value);
  put(fixture->recipe, text->str);
  assert_refused(fixture->recipe, "too large once its parameters are filled in");
}

static void
a_good_recipe_has_no_warnings(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  put(fixture->recipe, GOOD);
  g_autoptr(Recipe) recipe = recipe_load(fixture->recipe, NULL, &error);
  g_assert_no_error(error);
  g_assert_null(recipe->warnings);
  g_assert_cmpuint(recipe->sources->len, ==, 1);
  g_assert_cmpstr(g_ptr_array_index(recipe->sources, 0), ==, fixture->recipe);
  g_assert_cmpstr(recipe->folder, ==, fixture->folder);
}

static void
warnings_come_with_the_recipe(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  put(fixture->recipe, GOOD "params: {spare: 1}\n"
                            "debian: {suite: bookworm}\n"
                            "users: [{name: app}]\n"
                            "config: {user: ap}\n");
  g_autoptr(Recipe) recipe = recipe_load(fixture->recipe, NULL, &error);
  g_assert_no_error(error);
  g_autofree char *expected = g_strdup_printf("%s:3:10: warning: nothing uses the parameter 'spare'\n"
                                              "  3 | params: {spare: 1}\n"
                                              "    |          ^\n"
                                              "%s:6:16: warning: the recipe declares no user 'ap'\n"
                                              "  6 | config: {user: ap}\n"
                                              "    |                ^\n"
                                              "hint: did you mean 'app'?",
                                              fixture->recipe, fixture->recipe);
  g_assert_cmpstr(recipe->warnings, ==, expected);
}

static void
errors_found_later_look_the_same(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  put(fixture->recipe, GOOD "debian:\n  suite: bookworm\n  packages: [hello, nosuch]\n");
  g_autoptr(Recipe) recipe = recipe_load(fixture->recipe, NULL, &error);
  g_assert_no_error(error);
  const RecipePackage *package = g_ptr_array_index(recipe->debian->packages, 1);
  g_assert_false(recipe_error_at(&error, &package->place, "there is no package '%s'\nhint: look again", package->name));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
  g_autofree char *expected = g_strdup_printf("%s:5:21: error: there is no package 'nosuch'\n"
                                              "  5 |   packages: [hello, nosuch]\n"
                                              "    |                     ^\n"
                                              "hint: look again",
                                              fixture->recipe);
  g_assert_cmpstr(error->message, ==, expected);
  g_clear_error(&error);
  /* the file may have gone since */
  g_assert_cmpint(g_unlink(fixture->recipe), ==, 0);
  g_assert_false(recipe_error_at(&error, &package->place, "gone"));
  g_autofree char *bare = g_strdup_printf("%s:5:21: error: gone", fixture->recipe);
  g_assert_cmpstr(error->message, ==, bare);
}

/* ---- git ---- */

static gboolean
git(const char *folder, const char *first, ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  const char *const head[] = {"git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.org", first};
  for (guint i = 0; i < G_N_ELEMENTS(head); i++)
    g_ptr_array_add(argv, (gpointer)head[i]);
  va_list args;
  va_start(args, first);
  for (char *word; (word = va_arg(args, char *)) != NULL;)
    g_ptr_array_add(argv, word);
  va_end(args);
  g_ptr_array_add(argv, NULL);
  g_autoptr(GSubprocess) process = g_subprocess_newv(
    (const char *const *)argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);
  return process != NULL && g_subprocess_wait_check(process, NULL, NULL);
}

static void
version_from_git(Fixture *fixture, gconstpointer data)
{
  if (!git(fixture->folder, "init", NULL)) {
    g_test_skip("git is not installed");
    return;
  }
  put(fixture->recipe, "name: demo\nversion: {git: describe}\n");
  assert_refused(fixture->recipe, "git cannot tell the version");
  g_assert_true(git(fixture->folder, "add", "demo.yaml", NULL));
  g_assert_true(git(fixture->folder, "commit", "-m", "one", NULL));
  g_assert_true(git(fixture->folder, "tag", "v1.2", NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(Recipe) clean = recipe_load(fixture->recipe, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(clean->version, ==, "v1.2");
  put(fixture->recipe, "name: demo\nversion: {git: describe}\n# changed\n");
  g_autoptr(Recipe) dirty = recipe_load(fixture->recipe, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(dirty->version, ==, "v1.2-dirty");
  /* a tag may hold what a version may not */
  g_assert_true(git(fixture->folder, "commit", "-am", "two", NULL));
  g_assert_true(git(fixture->folder, "tag", "release/2", NULL));
  assert_refused(fixture->recipe, "git's version 'release/2'");
}

/* ---- names ---- */

static void
nearest_names(void)
{
  static const char *const names[] = {"name", "packages", "env", "essential", "amd64", "arm64", NULL};
  static const struct {
    const char *name, *nearest;
  } cases[] = {
    {"packages", "packages"},
    {"package", "packages"},
    {"pakcages", "packages"},
    {"PACKAGES", "packages"},
    {"nmae", "name"},
    {"enb", "env"},
    {"amd46", "amd64"},
    {"esential", "essential"},
    {"colour", NULL},
    {"", NULL},
    {"x", NULL},
    {"xyz", NULL},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    g_assert_cmpstr(nearest_name(cases[i].name, names), ==, cases[i].nearest);
  g_autofree char *long_name = g_strnfill(100000, 'a');
  g_assert_null(nearest_name(long_name, names));
}

static void
escaping(void)
{
  static const struct {
    const char *raw, *shown;
  } cases[] = {
    {"plain", "plain"},
    {"a\nb\tc", "a\\nb\\tc"},
    {"\x1b[0m", "\\x1b[0m"},
    {"caf\xe9", "caf\\xe9"},
    {"\u00fc\u6f22", "\u00fc\u6f22"},
    {"\u202e", "\\u{202e}"},
    {"\u2028", "\\u{2028}"},
    {"\x7f", "\\x7f"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *shown = source_escape(cases[i].raw);
    g_assert_cmpstr(shown, ==, cases[i].shown);
  }
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test)(Fixture *, gconstpointer);
  } tests[] = {
    {"no-such-file", no_such_file},
    {"a-folder", a_folder},
    {"a-fifo", a_fifo_does_not_hang},
    {"too-large", too_large},
    {"as-large-as-may-be", as_large_as_may_be},
    {"many-errors", many_errors_are_counted},
    {"parameters-do-not-explode", parameters_do_not_explode},
    {"no-warnings", a_good_recipe_has_no_warnings},
    {"warnings", warnings_come_with_the_recipe},
    {"errors-found-later", errors_found_later_look_the_same},
    {"version-from-git", version_from_git},
  };
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
    g_autofree char *name = g_strconcat("/recipe-load/", tests[i].name, NULL);
    g_test_add(name, Fixture, NULL, set_up, tests[i].test, tear_down);
  }
  g_test_add_func("/nearest/names", nearest_names);
  g_test_add_func("/source/escape", escaping);
  return g_test_run();
}
