/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/matrix.h"
#include "builder/recipe/nearest.h"

#include <string.h>

/* One value of a combination; both are the nodes'. */
typedef struct {
  const char *key, *value;
} Value;

typedef struct {
  const Node *root, *matrix;
  GPtrArray *keys;         /* NodePair*: whose values are multiplied */
  GPtrArray *combinations; /* GArray* of Value */
  Diagnostics *diagnostics;
} Matrix;

static gboolean
is_key(const NodePair *pair)
{
  return strcmp(pair->key, "exclude") != 0 && strcmp(pair->key, "include") != 0;
}

static const char *
value_of(const GArray *combination, const char *key)
{
  for (guint i = 0; i < combination->len; i++)
    if (strcmp(g_array_index(combination, Value, i).key, key) == 0)
      return g_array_index(combination, Value, i).value;
  return NULL;
}

static void
set_value(GArray *combination, const char *key, const char *text)
{
  const Value value = {key, text};
  for (guint i = 0; i < combination->len; i++)
    if (strcmp(g_array_index(combination, Value, i).key, key) == 0) {
      g_array_index(combination, Value, i) = value;
      return;
    }
  g_array_append_val(combination, value);
}

/* ---- what is written ---- */

/* NULL-terminated (transfer full). */
static char **
keys_of(const Node *map)
{
  g_autoptr(GStrvBuilder) keys = g_strv_builder_new();
  for (guint i = 0; map != NULL && map->kind == NODE_MAP && i < map->pairs->len; i++)
    g_strv_builder_add(keys, ((const NodePair *)map->pairs->pdata[i])->key);
  return g_strv_builder_end(keys);
}

static gboolean
check_declared(const Matrix *matrix, const NodePair *pair)
{
  g_auto(GStrv) names = keys_of(node_get(matrix->root, "params"));
  if (g_strv_contains((const char *const *)names, pair->key))
    return TRUE;
  const char *nearest = nearest_name(pair->key, (const char *const *)names);
  diagnostics_error(matrix->diagnostics, &pair->place, "the matrix sets '%s', which is no parameter of the recipe", pair->key);
  if (nearest != NULL)
    diagnostics_hint(matrix->diagnostics, "did you mean '%s'?", nearest);
  else
    diagnostics_hint(matrix->diagnostics, "declare it, with its default, in 'params'");
  return FALSE;
}

/* FALSE where it is malformed: then the schema tells why. */
static gboolean
check_values(const Matrix *matrix, const NodePair *pair)
{
  const Node *list = pair->value;
  if (list->kind != NODE_LIST)
    return FALSE;
  for (guint i = 0; i < list->items->len; i++) {
    const Node *item = list->items->pdata[i];
    if (item->kind != NODE_SCALAR || strlen(item->text) != item->length)
      return FALSE;
    for (guint j = 0; j < i; j++)
      if (strcmp(((const Node *)list->items->pdata[j])->text, item->text) == 0) {
        diagnostics_error(matrix->diagnostics, &item->place, "the value '%s' stands here a second time", item->text);
        return FALSE;
      }
  }
  if (list->items->len == 0)
    diagnostics_error(matrix->diagnostics, &pair->place, "'%s' has no value", pair->key);
  return list->items->len > 0;
}

/* The keys and values of each item of exclude or include. */
static gboolean
check_items(const Matrix *matrix, const char *name)
{
  const NodePair *pair = node_pair(matrix->matrix, name);
  if (pair == NULL)
    return TRUE;
  gboolean good = pair->value->kind == NODE_LIST;
  for (guint i = 0; good && i < pair->value->items->len; i++) {
    const Node *item = pair->value->items->pdata[i];
    good = item->kind == NODE_MAP && item->pairs->len > 0;
    if (item->kind == NODE_MAP && item->pairs->len == 0)
      diagnostics_error(matrix->diagnostics, &item->place, "the item of '%s' names no parameter", name);
    for (guint j = 0; good && j < item->pairs->len; j++) {
      const NodePair *value = item->pairs->pdata[j];
      good = value->value->kind == NODE_SCALAR && strlen(value->value->text) == value->value->length &&
             check_declared(matrix, value);
    }
  }
  return good;
}

static gboolean
check_written(Matrix *matrix)
{
  gboolean good = TRUE;
  for (guint i = 0; i < matrix->matrix->pairs->len; i++) {
    NodePair *pair = matrix->matrix->pairs->pdata[i];
    if (!is_key(pair))
      continue;
    good = check_declared(matrix, pair) && check_values(matrix, pair) && good;
    g_ptr_array_add(matrix->keys, pair);
  }
  good = check_items(matrix, "exclude") && good;
  return check_items(matrix, "include") && good;
}

/* ---- the product ---- */

static gboolean
too_many(const Matrix *matrix)
{
  if (matrix->combinations->len <= MATRIX_MOST)
    return FALSE;
  diagnostics_error(matrix->diagnostics, &matrix->matrix->place, "the matrix makes more than %d images", MATRIX_MOST);
  return TRUE;
}

/* Each combination once with each value of @pair. */
static void
multiply(Matrix *matrix, const NodePair *pair)
{
  GPtrArray *more = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  for (guint i = 0; i < matrix->combinations->len; i++)
    for (guint j = 0; j < pair->value->items->len && more->len <= MATRIX_MOST; j++) {
      GArray *combination = g_array_copy(matrix->combinations->pdata[i]);
      set_value(combination, pair->key, ((const Node *)pair->value->items->pdata[j])->text);
      g_ptr_array_add(more, combination);
    }
  g_ptr_array_unref(matrix->combinations);
  matrix->combinations = more;
}

/* Whether @combination has the values of @item; of an include those of the matrix' own keys only, @own. */
static gboolean
fits(const GArray *combination, const Node *item, const Matrix *own)
{
  for (guint i = 0; i < item->pairs->len; i++) {
    const NodePair *pair = item->pairs->pdata[i];
    gboolean counts = own == NULL || node_pair(own->matrix, pair->key) != NULL;
    if (counts && g_strcmp0(value_of(combination, pair->key), pair->value->text) != 0)
      return FALSE;
  }
  return TRUE;
}

static void
exclude(Matrix *matrix)
{
  const Node *list = node_get(matrix->matrix, "exclude");
  for (guint i = 0; list != NULL && i < list->items->len; i++) {
    const Node *item = list->items->pdata[i];
    gboolean some = FALSE;
    for (guint j = matrix->combinations->len; j-- > 0;)
      if (fits(matrix->combinations->pdata[j], item, NULL)) {
        g_ptr_array_remove_index(matrix->combinations, j);
        some = TRUE;
      }
    if (!some)
      diagnostics_warning(matrix->diagnostics, &item->place, "the matrix has no such combination to exclude");
  }
}

static void
add_values(GArray *combination, const Node *item)
{
  for (guint i = 0; i < item->pairs->len; i++) {
    const NodePair *pair = item->pairs->pdata[i];
    set_value(combination, pair->key, pair->value->text);
  }
}

static void
include(Matrix *matrix)
{
  const Node *list = node_get(matrix->matrix, "include");
  guint product = matrix->keys->len > 0 ? matrix->combinations->len : 0;
  if (list != NULL && product == 0)
    g_ptr_array_set_size(matrix->combinations, 0);
  for (guint i = 0; list != NULL && i < list->items->len && matrix->combinations->len <= MATRIX_MOST; i++) {
    const Node *item = list->items->pdata[i];
    gboolean some = FALSE;
    for (guint j = 0; j < product; j++)
      if (fits(matrix->combinations->pdata[j], item, matrix)) {
        add_values(matrix->combinations->pdata[j], item);
        some = TRUE;
      }
    if (some)
      continue;
    GArray *own = g_array_new(FALSE, FALSE, sizeof(Value));
    add_values(own, item);
    g_ptr_array_add(matrix->combinations, own);
  }
}

/* ---- what comes of it ---- */

static gint
compare_values(gconstpointer a, gconstpointer b)
{
  return strcmp(((const Value *)a)->key, ((const Value *)b)->key);
}

static char **
to_settings(GArray *combination)
{
  g_autoptr(GStrvBuilder) settings = g_strv_builder_new();
  g_array_sort(combination, compare_values);
  for (guint i = 0; i < combination->len; i++) {
    const Value *value = &g_array_index(combination, Value, i);
    g_autofree char *setting = g_strdup_printf("%s=%s", value->key, value->value);
    g_strv_builder_add(settings, setting);
  }
  return g_strv_builder_end(settings);
}

static GPtrArray *
multiply_all(Matrix *matrix)
{
  for (guint i = 0; i < matrix->keys->len; i++)
    multiply(matrix, matrix->keys->pdata[i]);
  if (too_many(matrix))
    return NULL;
  exclude(matrix);
  include(matrix);
  if (too_many(matrix))
    return NULL;
  if (matrix->combinations->len == 0 || ((GArray *)matrix->combinations->pdata[0])->len == 0) {
    diagnostics_error(matrix->diagnostics, &matrix->matrix->place, "the matrix makes no image");
    return NULL;
  }
  GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
  for (guint i = 0; i < matrix->combinations->len; i++)
    g_ptr_array_add(all, to_settings(matrix->combinations->pdata[i]));
  return all;
}

/* Whether @text, "K=V", is about @key. */
static gboolean
is_about(const char *text, const char *key)
{
  gsize length = strlen(key);
  return strncmp(text, key, length) == 0 && text[length] == '=';
}

/* Of what the matrix sets there is nothing to be set. */
static gboolean
check_settings(const GPtrArray *combinations, const char *path, const char *const *settings, Diagnostics *diagnostics)
{
  RecipePlace whole = {g_intern_string(path), 0, 0};
  gboolean good = TRUE;
  for (; settings != NULL && *settings != NULL; settings++) {
    g_autofree char *key = g_strndup(*settings, strcspn(*settings, "="));
    gboolean taken = FALSE;
    for (guint i = 0; !taken && i < combinations->len; i++)
      for (char *const *own = combinations->pdata[i]; !taken && *own != NULL; own++)
        taken = is_about(*own, key);
    if (!taken)
      continue;
    diagnostics_error(diagnostics, &whole, "--set of '%s', which the matrix sets", key);
    diagnostics_hint(diagnostics, "--only %s=VALUE chooses among its images", key);
    good = FALSE;
  }
  return good;
}

GPtrArray *
matrix_combinations(const Node *root, const char *path, const char *const *settings, Diagnostics *diagnostics)
{
  const NodePair *pair = node_pair(root, "matrix");
  if (pair == NULL || pair->value->kind != NODE_MAP) {
    GPtrArray *one = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_ptr_array_add(one, g_new0(char *, 1));
    return one;
  }
  g_autoptr(GPtrArray) keys = g_ptr_array_new();
  Matrix matrix = {.root = root, .matrix = pair->value, .keys = keys, .diagnostics = diagnostics};
  matrix.combinations = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  g_ptr_array_add(matrix.combinations, g_array_new(FALSE, FALSE, sizeof(Value)));
  g_autoptr(GPtrArray) all = check_written(&matrix) ? multiply_all(&matrix) : NULL;
  g_ptr_array_unref(matrix.combinations);
  if (all == NULL || !check_settings(all, path, settings, diagnostics))
    return NULL;
  return g_steal_pointer(&all);
}

/* ---- choosing ---- */

gboolean
matrix_is_chosen(char *const *combination, const char *const *only)
{
  for (const char *const *asked = only; asked != NULL && *asked != NULL; asked++) {
    g_autofree char *key = g_strndup(*asked, strcspn(*asked, "="));
    gboolean has = FALSE;
    for (const char *const *other = only; !has && *other != NULL; other++)
      has = is_about(*other, key) && g_strv_contains((const char *const *)combination, *other);
    if (!has)
      return FALSE;
  }
  return TRUE;
}

void
matrix_check_choice(const GPtrArray *combinations, const char *path, const char *const *only, Diagnostics *diagnostics)
{
  RecipePlace whole = {g_intern_string(path), 0, 0};
  gboolean some = FALSE;
  for (const char *const *asked = only; asked != NULL && *asked != NULL; asked++) {
    gboolean known = FALSE;
    for (guint i = 0; !known && i < combinations->len; i++)
      known = g_strv_contains((const char *const *)combinations->pdata[i], *asked);
    if (known)
      continue;
    some = TRUE;
    if (strchr(*asked, '=') == NULL)
      diagnostics_error(diagnostics, &whole, "--only '%s' is not NAME=VALUE", *asked);
    else
      diagnostics_error(diagnostics, &whole, "--only '%s': the matrix has no such value", *asked);
  }
  for (guint i = 0; !some && i < combinations->len; i++)
    some = matrix_is_chosen(combinations->pdata[i], only);
  if (!some)
    diagnostics_error(diagnostics, &whole, "--only chooses no combination of the matrix");
}
