/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/schema.h"
#include "builder/recipe/nearest.h"

#include <string.h>

static void check_node(Node *node, const char *path, Diagnostics *diagnostics);

/* ---- values ---- */

static gboolean
matches(const char *pattern, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_DOLLAR_ENDONLY | G_REGEX_OPTIMIZE, 0, &error);
  g_assert_no_error(error);
  return g_regex_match(regex, text, 0, NULL);
}

/* "text", "a list or a map". */
static char *
kinds_in_words(SchemaKind kinds)
{
  static const char *const words[] = {"text", "true or false", "a whole number", "a list", "a map"};
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(words); i++)
    if (kinds & (1u << i))
      g_string_append_printf(out, "%s%s", out->len > 0 ? " or " : "", words[i]);
  return g_string_free(out, FALSE);
}

static void
wrong_kind(Node *node, const SchemaKey *key, Diagnostics *diagnostics)
{
  g_autofree char *spoken = schema_spoken(key->path);
  g_autofree char *wanted = kinds_in_words(key->kinds);
  gboolean item = g_str_has_suffix(key->path, "[]"), below = g_str_has_suffix(key->path, ".*");
  const char *which = item ? "an item of " : below ? "a value in " : "";
  node->bad = TRUE;
  if (node_is_null(node)) {
    diagnostics_error(diagnostics, &node->place, "%s'%s' is empty", which, spoken);
    diagnostics_hint(diagnostics, "write %s, or leave %s out", wanted, item ? "the item" : "the key");
    return;
  }
  diagnostics_error(diagnostics, &node->place, "%s'%s' must be %s, not %s", which, spoken, wanted, node_kind_name(node));
  if (key->kinds == SCHEMA_LIST && node->kind == NODE_SCALAR) {
    g_auto(GStrv) words = g_strsplit_set(node->text, " ,\t\n", -1);
    g_autofree char *list = g_strjoinv(", ", words);
    const char *text_key = strcmp(key->path, "run[].command") == 0 ? ", and 'shell' takes a line for the shell" : "";
    diagnostics_hint(diagnostics, "a list is written [%s]%s", list, text_key);
  }
}

/* "amd64" for "x86_64", from the row's "x86_64=amd64|..."; or NULL. */
static char *
other_word(const char *text, const SchemaKey *key)
{
  g_auto(GStrv) pairs = g_strsplit(key->also != NULL ? key->also : "", "|", -1);
  gsize length = strlen(text);
  for (guint i = 0; pairs[i] != NULL; i++)
    if (strncmp(pairs[i], text, length) == 0 && pairs[i][length] == '=')
      return g_strdup(pairs[i] + length + 1);
  return NULL;
}

static gboolean
check_words(Node *node, const SchemaKey *key, Diagnostics *diagnostics)
{
  g_auto(GStrv) words = g_strsplit(key->values, "|", -1);
  if (g_strv_contains((const char *const *)words, node->text))
    return TRUE;
  g_autofree char *spoken = schema_spoken(key->path);
  g_autofree char *list = g_strjoinv(", ", words);
  g_autofree char *other = other_word(node->text, key);
  const char *nearest = other != NULL ? other : nearest_name(node->text, (const char *const *)words);
  diagnostics_error(diagnostics, &node->place, "unknown value '%s' of '%s'", node->text, spoken);
  if (nearest != NULL)
    diagnostics_hint(diagnostics, "did you mean '%s'?", nearest);
  else
    diagnostics_hint(diagnostics, words[1] != NULL ? "known are %s" : "the one value is %s", list);
  return FALSE;
}

static gboolean
check_text(Node *node, const SchemaKey *key, Diagnostics *diagnostics)
{
  g_autofree char *spoken = schema_spoken(key->path);
  if (!(key->flags & SCHEMA_BYTES) && strlen(node->text) != node->length) {
    diagnostics_error(diagnostics, &node->place, "'%s' must not hold a NUL", spoken);
    return FALSE;
  }
  if (key->values != NULL)
    return check_words(node, key, diagnostics);
  if (key->pattern == NULL || matches(key->pattern, node->text))
    return TRUE;
  diagnostics_error(diagnostics, &node->place, "'%s' does not fit '%s'", node->text, spoken);
  diagnostics_hint(diagnostics, "it must be %s", key->says);
  return FALSE;
}

static gboolean
check_bool(Node *node, const SchemaKey *key, Diagnostics *diagnostics)
{
  if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
    return TRUE;
  static const char *const yes[] = {"yes", "on", "y", "1", "True", "TRUE", "Yes", "YES", "On", "ON", NULL};
  static const char *const no[] = {"no", "off", "n", "0", "False", "FALSE", "No", "NO", "Off", "OFF", NULL};
  g_autofree char *spoken = schema_spoken(key->path);
  diagnostics_error(diagnostics, &node->place, "'%s' must be true or false, not '%s'", spoken, node->text);
  if (g_strv_contains(yes, node->text))
    diagnostics_hint(diagnostics, "write true");
  else if (g_strv_contains(no, node->text))
    diagnostics_hint(diagnostics, "write false");
  return FALSE;
}

static gboolean
check_integer(Node *node, const SchemaKey *key, Diagnostics *diagnostics)
{
  gint64 value = 0;
  gboolean number = matches("^(0|-?[1-9][0-9]*)$", node->text) && strlen(node->text) == node->length;
  if (number && g_ascii_string_to_signed(node->text, 10, key->least, key->most, &value, NULL))
    return TRUE;
  g_autofree char *spoken = schema_spoken(key->path);
  if (number)
    diagnostics_error(diagnostics, &node->place, "'%s' must be between %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT ", not %s",
                      spoken, key->least, key->most, node->text);
  else
    diagnostics_error(diagnostics, &node->place, "'%s' must be a whole number, not '%s'", spoken, node->text);
  return FALSE;
}

static void
check_scalar(Node *node, const SchemaKey *key, Diagnostics *diagnostics)
{
  gboolean good;
  if (key->kinds & SCHEMA_BOOL)
    good = check_bool(node, key, diagnostics);
  else if (key->kinds & SCHEMA_INTEGER)
    good = check_integer(node, key, diagnostics);
  else
    good = check_text(node, key, diagnostics);
  if (!good)
    node->bad = TRUE;
}

/* ---- maps ---- */

static const char *
last_name(const SchemaKey *key)
{
  const char *dot = strrchr(key->path, '.');
  return dot != NULL ? dot + 1 : key->path;
}

/* The one of @known that people also call @name, or NULL. */
static const SchemaKey *
key_also_called(const char *name, GPtrArray *known)
{
  for (guint i = 0; i < known->len; i++) {
    const SchemaKey *key = g_ptr_array_index(known, i);
    g_auto(GStrv) also = g_strsplit(key->also != NULL ? key->also : "", "|", -1);
    if (g_strv_contains((const char *const *)also, name))
      return key;
  }
  return NULL;
}

static const SchemaKey *
key_nearest(const char *name, GPtrArray *known)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < known->len; i++)
    g_ptr_array_add(names, (gpointer)last_name(g_ptr_array_index(known, i)));
  g_ptr_array_add(names, NULL);
  const char *nearest = nearest_name(name, (const char *const *)names->pdata);
  for (guint i = 0; nearest != NULL && i < known->len; i++)
    if (strcmp(nearest, g_ptr_array_index(names, i)) == 0)
      return g_ptr_array_index(known, i);
  return NULL;
}

/* The keys of the whole language, for what was written in the wrong place. */
static GPtrArray *
all_keys(void)
{
  GPtrArray *keys = g_ptr_array_new();
  for (const SchemaKey *key = schema_keys; key->path != NULL; key++)
    if (!g_str_has_suffix(key->path, "[]") && !g_str_has_suffix(key->path, ".*") && !(key->flags & SCHEMA_LATER))
      g_ptr_array_add(keys, (gpointer)key);
  return keys;
}

/* Adds "did you mean ...": a key of this map, or one of another where it would be at home. */
static void
hint_key(const char *name, const char *path, Diagnostics *diagnostics)
{
  g_autoptr(GPtrArray) here = schema_children(path), anywhere = all_keys();
  const SchemaKey *meant = key_also_called(name, here);
  for (guint i = 0; meant == NULL && i < anywhere->len; i++)
    if (strcmp(last_name(g_ptr_array_index(anywhere, i)), name) == 0)
      meant = g_ptr_array_index(anywhere, i);
  if (meant == NULL)
    meant = key_nearest(name, here);
  if (meant == NULL)
    meant = key_nearest(name, anywhere);
  if (meant == NULL)
    return;
  g_autofree char *parent = g_strndup(meant->path, (gsize)(last_name(meant) - meant->path));
  g_autofree char *spoken = schema_spoken(parent);
  if (g_ptr_array_find(here, meant, NULL))
    diagnostics_hint(diagnostics, "did you mean '%s'?", last_name(meant));
  else if (*spoken == '\0')
    diagnostics_hint(diagnostics, "'%s' stands at the top of a recipe", last_name(meant));
  else
    diagnostics_hint(diagnostics, "'%s' is a key of '%.*s'", last_name(meant), (int)strlen(spoken) - 1, spoken);
}

static void
unknown_key(const NodePair *pair, const char *path, Diagnostics *diagnostics)
{
  g_autofree char *spoken = schema_spoken(path);
  if (*spoken != '\0')
    diagnostics_error(diagnostics, &pair->place, "unknown key '%s' in '%s'", pair->key, spoken);
  else
    diagnostics_error(diagnostics, &pair->place, "unknown key '%s'", pair->key);
  pair->value->bad = TRUE;
  if (diagnostics_wants_hint(diagnostics))
    hint_key(pair->key, path, diagnostics);
}

static void
check_pair(const NodePair *pair, const char *path, Diagnostics *diagnostics)
{
  g_autofree char *below = *path != '\0' ? g_strconcat(path, ".", pair->key, NULL) : g_strdup(pair->key);
  /* a key that holds '.', '[' or '*' must not be taken for a path */
  const SchemaKey *key = strpbrk(pair->key, ".[*") == NULL ? schema_find(below) : NULL;
  if (key == NULL) {
    g_free(below);
    below = g_strconcat(path, ".*", NULL);
    key = schema_find(below);
  }
  if (key == NULL) {
    unknown_key(pair, path, diagnostics);
  } else if (key->flags & SCHEMA_LATER) {
    diagnostics_error(diagnostics, &pair->place, "'%s' is not available yet", pair->key);
    pair->value->bad = TRUE;
  } else if (key->names != NULL && !matches(key->names, pair->key)) {
    g_autofree char *spoken = schema_spoken(path);
    diagnostics_error(diagnostics, &pair->place, "'%s' does not fit as a name in '%s'", pair->key, spoken);
    diagnostics_hint(diagnostics, "it must be %s", key->says_names);
    pair->value->bad = TRUE;
  } else {
    check_node(pair->value, below, diagnostics);
  }
}

static void
check_required(const Node *map, const char *path, Diagnostics *diagnostics)
{
  g_autoptr(GPtrArray) known = schema_children(path);
  for (guint i = 0; i < known->len; i++) {
    const SchemaKey *key = g_ptr_array_index(known, i);
    const char *last = last_name(key);
    if (!(key->flags & SCHEMA_REQUIRED) || (key->flags & SCHEMA_INHERITED) || node_pair(map, last) != NULL)
      continue;
    g_autofree char *spoken = schema_spoken(path);
    diagnostics_error(diagnostics, &map->place, "%s%s%s lacks the key '%s'", *spoken != '\0' ? "'" : "", spoken,
                      *spoken != '\0' ? "'" : "the recipe", last);
  }
}

static void
check_map(Node *map, const char *path, Diagnostics *diagnostics)
{
  check_required(map, path, diagnostics);
  for (guint i = 0; i < map->pairs->len; i++)
    check_pair(g_ptr_array_index(map->pairs, i), path, diagnostics);
}

/* ---- the walk ---- */

static void
check_node(Node *node, const char *path, Diagnostics *diagnostics)
{
  const SchemaKey *key = schema_find(path);
  static const guint kinds_of[] = {SCHEMA_TEXT | SCHEMA_BOOL | SCHEMA_INTEGER, SCHEMA_LIST, SCHEMA_MAP};
  if (node->bad)
    return;
  if (!(key->kinds & kinds_of[node->kind]) || node_is_null(node)) {
    wrong_kind(node, key, diagnostics);
  } else if (node->kind == NODE_SCALAR) {
    check_scalar(node, key, diagnostics);
  } else if (node->kind == NODE_MAP) {
    check_map(node, path, diagnostics);
  } else {
    g_autofree char *item = g_strconcat(path, "[]", NULL);
    for (guint i = 0; i < node->items->len; i++)
      check_node(g_ptr_array_index(node->items, i), item, diagnostics);
  }
}

void
schema_check(Node *root, Diagnostics *diagnostics)
{
  if (root->kind != NODE_MAP) {
    diagnostics_error(diagnostics, &root->place, "a recipe must be a map of keys and values, not %s", node_kind_name(root));
    root->bad = TRUE;
    return;
  }
  check_map(root, "", diagnostics);
}
