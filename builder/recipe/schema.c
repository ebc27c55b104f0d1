/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/schema.h"
#include "builder/recipe/nearest.h"

#include <errno.h>
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
  gboolean item = g_str_has_suffix(key->path, "[]");
  node->bad = TRUE;
  if (node_is_null(node)) {
    diagnostics_error(diagnostics, &node->place, "%s'%s' has no value", item ? "an item of " : "", spoken);
    diagnostics_hint(diagnostics, "write %s, or leave %s out", wanted, item ? "the item" : "the key");
    return;
  }
  diagnostics_error(diagnostics, &node->place, "%s'%s' must be %s, not %s", item ? "an item of " : "", spoken, wanted,
                    node_kind_name(node));
  if (key->kinds == SCHEMA_LIST && node->kind == NODE_SCALAR)
    diagnostics_hint(diagnostics, "a list of one item is written [%s]", strchr(node->text, '\n') == NULL ? node->text : "item");
}

static gboolean
check_words(Node *node, const SchemaKey *key, Diagnostics *diagnostics)
{
  g_auto(GStrv) words = g_strsplit(key->values, "|", -1);
  if (g_strv_contains((const char *const *)words, node->text))
    return TRUE;
  g_autofree char *spoken = schema_spoken(key->path);
  g_autofree char *list = g_strjoinv(", ", words);
  const char *nearest = nearest_name(node->text, (const char *const *)words);
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
  diagnostics_error(diagnostics, &node->place, "'%s' of '%s' must be %s", node->text, spoken, key->says);
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

/* The known key that people call @name, or one that is spelled alike. */
static const char *
meant_key(const char *name, GPtrArray *known)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < known->len; i++) {
    const SchemaKey *key = g_ptr_array_index(known, i);
    const char *dot = strrchr(key->path, '.');
    const char *last = dot != NULL ? dot + 1 : key->path;
    g_auto(GStrv) also = g_strsplit(key->also != NULL ? key->also : "", "|", -1);
    if (g_strv_contains((const char *const *)also, name))
      return last;
    if (!(key->flags & SCHEMA_LATER))
      g_ptr_array_add(names, (gpointer)last);
  }
  g_ptr_array_add(names, NULL);
  return nearest_name(name, (const char *const *)names->pdata);
}

/* Where else in the language a key of this very name is known: "debian" for "packages"; NULL where nowhere. */
static char *
home_of_key(const char *name)
{
  for (const SchemaKey *key = schema_keys; key->path != NULL; key++) {
    const char *dot = strrchr(key->path, '.');
    if (strcmp(dot != NULL ? dot + 1 : key->path, name) != 0)
      continue;
    g_autofree char *parent = dot != NULL ? g_strndup(key->path, (gsize)(dot - key->path)) : g_strdup("");
    return schema_spoken(parent);
  }
  return NULL;
}

static void
unknown_key(const NodePair *pair, const char *path, Diagnostics *diagnostics)
{
  g_autofree char *spoken = schema_spoken(path);
  g_autoptr(GPtrArray) known = schema_children(path);
  if (*spoken != '\0')
    diagnostics_error(diagnostics, &pair->place, "unknown key '%s' in '%s'", pair->key, spoken);
  else
    diagnostics_error(diagnostics, &pair->place, "unknown key '%s'", pair->key);
  pair->value->bad = TRUE;
  const char *meant = meant_key(pair->key, known);
  g_autofree char *home = home_of_key(pair->key);
  if (meant != NULL)
    diagnostics_hint(diagnostics, "did you mean '%s'?", meant);
  else if (home != NULL && *home != '\0')
    diagnostics_hint(diagnostics, "'%s' is a key of '%s'", pair->key, home);
  else if (home != NULL)
    diagnostics_hint(diagnostics, "'%s' stands at the top of a recipe", pair->key);
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
    diagnostics_error(diagnostics, &pair->place, "the name '%s' in '%s' must be %s", pair->key, spoken, key->says_names);
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
    const char *dot = strrchr(key->path, '.');
    const char *last = dot != NULL ? dot + 1 : key->path;
    if (!(key->flags & SCHEMA_REQUIRED) || node_pair(map, last) != NULL)
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
