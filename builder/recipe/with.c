/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/with.h"
#include "builder/recipe/nearest.h"

#include <string.h>

typedef struct {
  const Node *root;
  const char *path;
  GPtrArray *combinations;
  Diagnostics *diagnostics;
} With;

/* After an error about @name: which one was meant, or "@all a, b" (@names is taken). */
static void
hint_names(const With *with, const char *name, char **names, const char *all, const char *none)
{
  g_autofree char *list = g_strjoinv(", ", names);
  const char *nearest = nearest_name(name, (const char *const *)names);
  if (nearest != NULL)
    diagnostics_hint(with->diagnostics, "did you mean '%s'?", nearest);
  else if (names[0] != NULL)
    diagnostics_hint(with->diagnostics, "%s %s", all, list);
  else
    diagnostics_hint(with->diagnostics, "%s", none);
  g_strfreev(names);
}

static gboolean
check_declared(const With *with, const NodePair *pair)
{
  const Node *params = node_get(with->root, "params");
  if (node_pair(params, pair->key) != NULL)
    return TRUE;
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  for (guint i = 0; params != NULL && params->kind == NODE_MAP && i < params->pairs->len; i++)
    g_strv_builder_add(names, ((const NodePair *)params->pairs->pdata[i])->key);
  diagnostics_error(with->diagnostics, &pair->place, "the recipe '%s' has no parameter '%s'", with->path, pair->key);
  hint_names(with, pair->key, g_strv_builder_end(names), "declared are", "it declares no 'params'");
  return FALSE;
}

/* What @combination has for @key, or NULL. */
static const char *
value_of(char *const *combination, const char *key)
{
  gsize length = strlen(key);
  for (; *combination != NULL; combination++)
    if (strncmp(*combination, key, length) == 0 && (*combination)[length] == '=')
      return *combination + length + 1;
  return NULL;
}

/* All values that the matrix has for @key, each once (NULL-terminated, transfer full); empty where it does not set it. */
static char **
values_of(const With *with, const char *key)
{
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < with->combinations->len; i++) {
    const char *value = value_of(with->combinations->pdata[i], key);
    if (value != NULL && !g_ptr_array_find_with_equal_func(values, value, g_str_equal, NULL))
      g_ptr_array_add(values, g_strdup(value));
  }
  g_ptr_array_add(values, NULL);
  return (char **)g_ptr_array_steal(values, NULL);
}

/* Whether it is a parameter, and, of the matrix, a value that is there. */
static gboolean
check_pair(const With *with, const NodePair *pair)
{
  const Node *value = pair->value;
  if (value->bad || value->kind != NODE_SCALAR || !check_declared(with, pair))
    return FALSE;
  g_auto(GStrv) values = values_of(with, pair->key);
  if (values[0] == NULL || g_strv_contains((const char *const *)values, value->text))
    return TRUE;
  diagnostics_error(with->diagnostics, &value->place, "the matrix of '%s' has no image with %s=%s", with->path, pair->key,
                    value->text);
  hint_names(with, value->text, g_steal_pointer(&values), "its values are", "");
  return FALSE;
}

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
  const char *x = *(const char *const *)a, *y = *(const char *const *)b;
  gsize length = strcspn(x, "="), other = strcspn(y, "=");
  int order = strncmp(x, y, MIN(length, other));
  return order != 0 ? order : (length > other) - (length < other);
}

/* @combination with what it does not have of @given (transfer full), NULL where it has another value for any of that. */
static char **
extended(char *const *combination, const Node *given)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
  for (char *const *setting = combination; *setting != NULL; setting++)
    g_ptr_array_add(all, g_strdup(*setting));
  for (guint i = 0; i < given->pairs->len; i++) {
    const NodePair *pair = given->pairs->pdata[i];
    const char *own = value_of(combination, pair->key);
    if (own != NULL && strcmp(own, pair->value->text) != 0)
      return NULL;
    if (own == NULL)
      g_ptr_array_add(all, g_strdup_printf("%s=%s", pair->key, pair->value->text));
  }
  g_ptr_array_sort(all, compare_keys);
  g_ptr_array_add(all, NULL);
  return (char **)g_ptr_array_steal(all, NULL);
}

/* Whether the matrix sets any of @given in some combination and not in this one: then this is not the one that is meant. */
static gboolean
lacks_any(const With *with, char *const *combination, const Node *given)
{
  gboolean lacks = FALSE;
  for (guint i = 0; !lacks && i < given->pairs->len; i++) {
    const char *key = ((const NodePair *)given->pairs->pdata[i])->key;
    g_auto(GStrv) values = values_of(with, key);
    lacks = values[0] != NULL && value_of(combination, key) == NULL;
  }
  return lacks;
}

gboolean
with_apply(const Node *given, const Node *root, const char *path, GPtrArray *combinations, Diagnostics *diagnostics)
{
  const With with = {root, path, combinations, diagnostics};
  gboolean good = TRUE;
  if (given == NULL || given->kind != NODE_MAP)
    return TRUE;
  for (guint i = 0; i < given->pairs->len; i++)
    good = check_pair(&with, given->pairs->pdata[i]) && good;
  if (!good)
    return FALSE;
  g_autoptr(GPtrArray) chosen = g_ptr_array_new();
  for (guint i = 0; i < combinations->len; i++) {
    char **own = lacks_any(&with, combinations->pdata[i], given) ? NULL : extended(combinations->pdata[i], given);
    if (own != NULL)
      g_ptr_array_add(chosen, own);
  }
  g_ptr_array_set_size(combinations, 0);
  for (guint i = 0; i < chosen->len; i++)
    g_ptr_array_add(combinations, chosen->pdata[i]);
  if (chosen->len == 0)
    diagnostics_error(diagnostics, &given->place, "the matrix of '%s' has no image with all of these values", path);
  return chosen->len > 0;
}
