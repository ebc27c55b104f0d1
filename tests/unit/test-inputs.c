/* SPDX-License-Identifier: Apache-2.0
 *
 * How two descriptions of an image's inputs differ, in words.
 */
#include "builder/engine/inputs.h"

#include <glib/gstdio.h>
#include <string.h>

static const char recipe[] = "name: app\n"
                             "version: 2\n"
                             "files:\n"
                             "  - {path: /a, content: one}\n"
                             "  - path: /b\n"
                             "    content: two\n"
                             "config:\n"
                             "  env: {A: b}\n";

static const struct {
  const char *before, *after, *input, *text; /* text NULL: no change */
} cases[] = {
  {"{'image': {'ashlar': '1'}}", "{'image': {'ashlar': '1'}}", "", NULL},
  {"{'image': {'ashlar': '1'}}", "{'image': {'ashlar': '2'}}", "ashlar", "ashlar changed, 1 -> 2"},
  {"{'image': {'format': {'zstd': '1'}}}", "{'image': {'format': {'zstd': '2'}}}", "format.zstd",
   "format.zstd changed, 1 -> 2"},
  {"{'image': {'epoch': 0}}", "{'image': {'epoch': 1}}", "epoch", "epoch 1970-01-01T00:00:00Z -> 1970-01-01T00:00:01Z"},
  /* what a later version describes besides is told without its knowing */
  {"{'image': {}}", "{'image': {'sandbox': {'runtime': 'crun'}}}", "sandbox", "sandbox added, {\"runtime\":\"crun\"}"},
  {"{'image': {'recipe': {'version': '1'}}}", "{'image': {'recipe': {'version': '2'}}}", "recipe.version",
   "recipe: version changed, 1 -> 2 (app.yaml:2)"},
  {"{'image': {'recipe': {'files': [{'path': '/b', 'content': 'old'}]}}}",
   "{'image': {'recipe': {'files': [{'path': '/a', 'content': 'one'}, {'path': '/b', 'content': 'old'}]}}}", "recipe.files[0]",
   "recipe: files[0] added, /a (app.yaml:4)"},
  {"{'image': {'recipe': {'files': [{'path': '/x'}, {'path': '/b', 'content': 'old'}]}}}",
   "{'image': {'recipe': {'files': [{'path': '/x'}, {'path': '/b', 'content': 'two'}]}}}", "recipe.files[1].content",
   "recipe: files[1].content changed, old -> two (app.yaml:6)"},
  {"{'image': {'recipe': {'files': [{'path': '/a'}, {'path': '/b'}]}}}",
   "{'image': {'recipe': {'files': [{'path': '/b'}, {'path': '/a'}]}}}", "recipe.files",
   "recipe: files has another order (app.yaml:3)"},
  {"{'image': {'recipe': {'config': {'env': ['A=a', 'C=d']}}}}", "{'image': {'recipe': {'config': {'env': ['A=a']}}}}",
   "recipe.config.env", "recipe: config.env no longer has C=d (app.yaml:8)"},
  /* a default that the text does not say is told with what is around it */
  {"{'image': {'recipe': {'config': {'user': 'x'}}}}", "{'image': {'recipe': {'config': {}}}}", "recipe.config.user",
   "recipe: config.user taken away, x (app.yaml:7)"},
  {"{'image': {'recipe': {'remove': []}}}", "{'image': {'recipe': {'remove': ['a\\nb']}}}", "recipe.remove[0]",
   "recipe: remove[0] added, a\\nb"},
  {"{'image': {}, 'packages': {'b': ['1', 'all', 'x']}}", "{'image': {}, 'packages': {'b': ['2', 'all', 'x']}}", "package.b",
   "package b 1 -> 2"},
  {"{'image': {}, 'packages': {'b': ['1', 'all', 'x']}}", "{'image': {}, 'packages': {'b': ['1', 'all', 'y']}}", "package.b",
   "package b 1 has other bytes"},
  {"{'image': {}, 'packages': {}}", "{'image': {}, 'packages': {'b': ['1', 'all', 'y']}}", "package.b", "package b 1 added"},
  {"{'image': {}, 'local': {'s/a': [0, 420, 5, 'x']}}", "{'image': {}, 'local': {'s/a': [0, 420, 5, 'y']}}", "local.s/a",
   "local file s/a changed"},
  {"{'image': {}, 'local': {'s/a': [0, 420, 5, 'x']}}", "{'image': {}, 'local': {'s/a': [1, 493, 0, 'y']}}", "local.s/a",
   "local file s/a is of another type"},
  {"{'image': {'lock': 'x'}}", "{'image': {'lock': 'y'}}", "lock",
   "the lock file changed, in what is not of this architecture's packages"},
  /* the digest of all says nothing more than the file itself */
  {"{'image': {'inputs': 'x'}, 'local': {}}", "{'image': {'inputs': 'y'}, 'local': {'a': [0, 420, 1, 'z']}}", "local.a",
   "local file a added"},
};

static json_t *
parse(const char *text)
{
  g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');
  json_t *json = json_loads(quoted, 0, NULL);
  g_assert_nonnull(json);
  return json;
}

static void
each_change_has_its_words(void)
{
  g_autofree char *folder = g_dir_make_tmp("ashlar-inputs-XXXXXX", NULL), *path = g_build_filename(folder, "app.yaml", NULL);
  g_assert_true(g_file_set_contents(path, recipe, -1, NULL));
  g_autoptr(RecipeText) text = recipe_text_load(path);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    json_auto_t *before = parse(cases[i].before), *after = parse(cases[i].after);
    g_autoptr(GPtrArray) changes = inputs_compare(before, after, text);
    g_test_message("%s", cases[i].after);
    g_assert_cmpuint(changes->len, ==, cases[i].text != NULL ? 1 : 0);
    if (changes->len == 0)
      continue;
    const InputChange *change = changes->pdata[0];
    g_assert_cmpstr(change->input, ==, cases[i].input);
    g_assert_cmpstr(change->text, ==, cases[i].text);
  }
  g_assert_cmpint(g_unlink(path), ==, 0);
  g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void
a_recipe_that_is_gone_has_no_lines(void)
{
  RecipePlace place;
  g_autoptr(RecipeText) text = recipe_text_load("/nonexistent/app.yaml");
  g_assert_false(recipe_text_find(text, "files[0].content", &place));
}

static void
inputs_stand_for_what_is_below_them(void)
{
  const InputChange change = {.input = (char *)"recipe.files[2].content"}, package = {.input = (char *)"package.nginx"};
  g_assert_true(input_change_is_of(&change, "epoch|recipe.files"));
  g_assert_true(input_change_is_of(&change, "recipe"));
  g_assert_true(input_change_is_of(&change, "recipe.files[2].content"));
  g_assert_false(input_change_is_of(&change, "recipe.file|epoch"));
  g_assert_false(input_change_is_of(&package, "package.ngin|pack"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/inputs/changes", each_change_has_its_words);
  g_test_add_func("/inputs/no-recipe", a_recipe_that_is_gone_has_no_lines);
  g_test_add_func("/inputs/below", inputs_stand_for_what_is_below_them);
  return g_test_run();
}
