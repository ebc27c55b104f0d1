/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"
#include "builder/recipe/schema.h"
#include "signing/limits.h"

#include <string.h>

/* By RecipeTestKind: the key that says what a test is about, and those that may stand beside it. 'size' also stands beside
 * 'file', and is about that then. */
static const struct {
  const char *key, *beside;
} kinds[] = {
  [RECIPE_TEST_COMMAND] = {"command", "status|stdout|stderr"},
  [RECIPE_TEST_FILE] = {"file", "exists|type|mode|owner|group|contains|matches|sha256|target|size"},
  [RECIPE_TEST_ABSENT] = {"absent", ""},
  [RECIPE_TEST_USER] = {"user", "exists|uid|gid|home|shell|groups"},
  [RECIPE_TEST_PORT] = {"port", ""},
  [RECIPE_TEST_SIZE] = {"size", ""},
  [RECIPE_TEST_ELF] = {"elf", ""},
  [RECIPE_TEST_LINKS] = {"links", ""},
  [RECIPE_TEST_OWNED] = {"owned", ""},
  [RECIPE_TEST_SETUID] = {"setuid", ""},
  [RECIPE_TEST_WORLD_WRITABLE] = {"world_writable", ""},
};

/* The schema's words for tests[].type are in this order. */
static const EntryType types[] = {ENTRY_FILE, ENTRY_DIRECTORY, ENTRY_SYMLINK, ENTRY_CHAR, ENTRY_BLOCK, ENTRY_FIFO};

const char *
recipe_test_kind_name(RecipeTestKind kind)
{
  return kinds[kind].key;
}

GRegex *
recipe_test_regex(const char *pattern, GError **error)
{
  return g_regex_new(pattern, G_REGEX_RAW | G_REGEX_MULTILINE | G_REGEX_OPTIMIZE, 0, error);
}

static void
clear_expected(RecipeExpected *expected)
{
  g_free(expected->contains);
  g_free(expected->matches);
}

void
recipe_test_free(RecipeTest *test)
{
  g_free(test->name);
  g_free(test->subject);
  g_free(test->owner);
  g_free(test->group);
  clear_expected(&test->content);
  g_free(test->target);
  g_free(test->home);
  g_free(test->shell);
  g_strfreev(test->groups);
  g_strfreev(test->except);
  g_strfreev(test->command);
  clear_expected(&test->standard_output);
  clear_expected(&test->standard_error);
  g_free(test);
}

/* ---- which kind ---- */

/* FALSE, reported, where @map is about nothing, or about several things. */
static gboolean
find_kind(Model *model, const Node *map, RecipeTestKind *kind)
{
  g_autoptr(GString) all = g_string_new(NULL);
  const char *first = NULL, *second = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    gboolean last = i + 1 == G_N_ELEMENTS(kinds);
    g_string_append_printf(all, "%s'%s'", i == 0 ? "" : last ? " and " : ", ", kinds[i].key);
    if (node_pair(map, kinds[i].key) == NULL || (i == RECIPE_TEST_SIZE && node_pair(map, "file") != NULL))
      continue;
    if (first == NULL)
      *kind = (RecipeTestKind)i;
    *(first == NULL ? &first : &second) = kinds[i].key;
  }
  if (first != NULL && second == NULL)
    return TRUE;
  if (first == NULL)
    diagnostics_error(model->diagnostics, &map->place, "a test needs one of %s", all->str);
  else
    diagnostics_error(model->diagnostics, &map->place, "a test is about one thing, not about both '%s' and '%s'", first,
                      second);
  return FALSE;
}

static void
check_keys(Model *model, const Node *map, RecipeTestKind kind)
{
  g_auto(GStrv) beside = g_strsplit(kinds[kind].beside, "|", -1);
  for (guint i = 0; i < map->pairs->len; i++) {
    const NodePair *pair = g_ptr_array_index(map->pairs, i);
    g_autofree char *path = g_strconcat("tests[].", pair->key, NULL);
    if (schema_find(path) == NULL || strcmp(pair->key, "name") == 0 || strcmp(pair->key, kinds[kind].key) == 0 ||
        g_strv_contains((const char *const *)beside, pair->key))
      continue;
    diagnostics_error(model->diagnostics, &pair->place, "'%s' says nothing about a test of '%s'", pair->key, kinds[kind].key);
  }
}

/* ---- values ---- */

static char *
read_regex(Model *model, const Node *map, const char *key)
{
  const Node *node = node_get(map, key);
  if (node == NULL)
    return NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GRegex) regex = recipe_test_regex(node->text, &error);
  if (regex != NULL)
    return g_strdup(node->text);
  diagnostics_error(model->diagnostics, &node->place, "'%s' is no regular expression: %s", node->text, error->message);
  return NULL;
}

/* Text that must be contained, or a map. */
static void
read_expected(Model *model, const Node *map, const char *key, RecipeExpected *expected)
{
  const Node *node = node_get(map, key);
  if (node == NULL)
    return;
  if (node->kind == NODE_SCALAR) {
    expected->contains = g_strdup(node->text);
    return;
  }
  expected->contains = model_text(node, "contains");
  expected->matches = read_regex(model, node, "matches");
  if (node->pairs->len == 0)
    diagnostics_error(model->diagnostics, &node->place, "'%s' expects nothing", key);
}

static gint64
read_bytes(Model *model, const Node *map, const char *key)
{
  const Node *node = node_get(map, key);
  guint64 bytes;
  if (node == NULL)
    return -1;
  if (limits_parse(node->text, LIMIT_BYTES, &bytes) && bytes <= G_MAXINT64)
    return (gint64)bytes;
  diagnostics_error(model->diagnostics, &node->place, "nothing is as large as %s", node->text);
  return -1;
}

static void
read_size(Model *model, const Node *map, RecipeTest *test)
{
  const Node *size = node_get(map, "size");
  test->least = read_bytes(model, size, "least");
  test->most = read_bytes(model, size, "most");
  if (size != NULL && size->pairs->len == 0)
    diagnostics_error(model->diagnostics, &size->place, "'size' needs 'least' or 'most'");
  if (test->most >= 0 && test->least > test->most)
    diagnostics_error(model->diagnostics, &size->place, "'least' is more than 'most'");
}

/* A file or user that must not be there has nothing that could be told of it. */
static void
read_exists(Model *model, const Node *map, RecipeTest *test)
{
  test->absent = !model_bool(map, "exists", TRUE);
  for (guint i = 0; test->absent && i < map->pairs->len; i++) {
    const NodePair *pair = g_ptr_array_index(map->pairs, i);
    if (strcmp(pair->key, "exists") == 0 || strcmp(pair->key, "name") == 0 || strcmp(pair->key, kinds[test->kind].key) == 0)
      continue;
    diagnostics_error(model->diagnostics, &pair->place, "'%s' says nothing beside 'exists: false'", pair->key);
  }
}

/* ---- one test ---- */

static void
read_file(Model *model, const Node *map, RecipeTest *test)
{
  const Node *sha256 = node_get(map, "sha256"), *type = node_get(map, "type"), *target = node_get(map, "target");
  test->subject = model_image_path_of(model, map, "file");
  test->type = type != NULL ? (gint64)types[model_word(map, "type", "tests[].type", 0)] : -1;
  test->mode = model_mode(map, "mode");
  test->owner = model_text(map, "owner");
  test->group = model_text(map, "group");
  test->content.contains = model_text(map, "contains");
  test->content.matches = read_regex(model, map, "matches");
  test->target = model_text(map, "target");
  test->has_sha256 = sha256 != NULL && digest_from_hex(sha256->text, &test->sha256);
  read_size(model, map, test);
  read_exists(model, map, test);
  if (target != NULL && type != NULL && test->type != ENTRY_SYMLINK)
    diagnostics_error(model->diagnostics, &target->place, "'target' goes with 'type: symlink', not with 'type: %s'",
                      type->text);
}

static void
read_user(Model *model, const Node *map, RecipeTest *test)
{
  test->subject = model_text(map, "user");
  test->uid = node_integer(node_get(map, "uid"));
  test->gid = node_integer(node_get(map, "gid"));
  test->home = model_image_path_of(model, map, "home");
  test->shell = model_image_path_of(model, map, "shell");
  test->groups = model_texts(map, "groups");
  read_exists(model, map, test);
}

static void
read_command(Model *model, const Node *map, RecipeTest *test)
{
  const Node *command = node_get(map, "command"), *status = node_get(map, "status");
  test->command = model_texts(map, "command");
  test->status = status != NULL ? node_integer(status) : 0;
  read_expected(model, map, "stdout", &test->standard_output);
  read_expected(model, map, "stderr", &test->standard_error);
  if (command != NULL && command->items->len == 0)
    diagnostics_error(model->diagnostics, &command->place, "'command' names no program");
}

static void
read_whole(Model *model, const Node *map, RecipeTest *test)
{
  g_autoptr(GPtrArray) globs = g_ptr_array_new();
  const Node *options = node_get(map, kinds[test->kind].key);
  Node *item;
  for (guint i = 0; model_item(options, "except", i, &item); i++) {
    char *glob = item != NULL ? model_image_path(model, item) : NULL;
    if (glob != NULL)
      g_ptr_array_add(globs, glob);
  }
  g_ptr_array_add(globs, NULL);
  test->except = (char **)g_ptr_array_free(g_steal_pointer(&globs), FALSE);
}

static RecipeTest *
add_test(Model *model, RecipeTestKind kind, const RecipePlace *place)
{
  RecipeTest *test = g_new0(RecipeTest, 1);
  test->kind = kind;
  test->place = *place;
  test->type = test->mode = test->least = test->most = test->uid = test->gid = -1;
  g_ptr_array_add(model->recipe->tests, test);
  return test;
}

static void
read_map(Model *model, const Node *map)
{
  RecipeTestKind kind = RECIPE_TEST_COMMAND;
  if (!find_kind(model, map, &kind))
    return;
  check_keys(model, map, kind);
  RecipeTest *test = add_test(model, kind, &map->place);
  test->name = model_text(map, "name");
  const Node *port = node_get(map, "port");
  if (kind == RECIPE_TEST_FILE)
    read_file(model, map, test);
  else if (kind == RECIPE_TEST_ABSENT)
    test->subject = model_image_path_of(model, map, "absent");
  else if (kind == RECIPE_TEST_USER)
    read_user(model, map, test);
  else if (kind == RECIPE_TEST_PORT && port != NULL)
    test->subject = model_port(model, port);
  else if (kind == RECIPE_TEST_SIZE)
    read_size(model, map, test);
  else if (kind == RECIPE_TEST_COMMAND)
    read_command(model, map, test);
  else
    read_whole(model, map, test);
}

/* A word is a check of the whole image without exceptions. */
static void
read_word(Model *model, const Node *word)
{
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(kinds[i].key, word->text) == 0)
      add_test(model, (RecipeTestKind)i, &word->place);
}

void
model_tests(Model *model)
{
  Node *item;
  for (guint i = 0; model_item(model->root, "tests", i, &item); i++) {
    if (item != NULL && item->kind == NODE_MAP)
      read_map(model, item);
    else if (item != NULL)
      read_word(model, item);
  }
}
