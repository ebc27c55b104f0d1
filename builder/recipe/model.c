/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"
#include "builder/recipe/schema.h"

#include <string.h>

char *
model_text(const Node *map, const char *key)
{
  const Node *node = node_get(map, key);
  return node != NULL ? g_strdup(node->text) : NULL;
}

gboolean
model_item(const Node *map, const char *key, guint i, Node **item)
{
  const Node *list = node_get(map, key);
  if (list == NULL || list->kind != NODE_LIST || i >= list->items->len)
    return FALSE;
  Node *found = g_ptr_array_index(list->items, i);
  *item = found->bad ? NULL : found;
  return TRUE;
}

char **
model_texts(const Node *map, const char *key)
{
  if (node_get(map, key) == NULL)
    return NULL;
  g_autoptr(GPtrArray) texts = g_ptr_array_new();
  Node *item;
  for (guint i = 0; model_item(map, key, i, &item); i++)
    if (item != NULL)
      g_ptr_array_add(texts, g_strdup(item->text));
  g_ptr_array_add(texts, NULL);
  return (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}

static int
by_key(gconstpointer a, gconstpointer b)
{
  const NodePair *x = *(const NodePair *const *)a, *y = *(const NodePair *const *)b;
  return strcmp(x->key, y->key);
}

char **
model_pairs(const Node *map)
{
  g_autoptr(GPtrArray) pairs = g_ptr_array_new();
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < map->pairs->len; i++)
    g_ptr_array_add(pairs, g_ptr_array_index(map->pairs, i));
  g_ptr_array_sort(pairs, by_key);
  for (guint i = 0; i < pairs->len; i++) {
    const NodePair *pair = g_ptr_array_index(pairs, i);
    if (!pair->value->bad)
      g_ptr_array_add(texts, g_strdup_printf("%s=%s", pair->key, pair->value->text));
  }
  if (texts->len == 0)
    return NULL;
  g_ptr_array_add(texts, NULL);
  return (char **)g_ptr_array_steal(texts, NULL);
}

gboolean
model_bool(const Node *map, const char *key, gboolean fallback)
{
  const Node *node = node_get(map, key);
  return node != NULL ? strcmp(node->text, "true") == 0 : fallback;
}

gint64
model_mode(const Node *map, const char *key)
{
  const Node *mode = node_get(map, key);
  return mode != NULL ? g_ascii_strtoll(mode->text, NULL, 8) : -1;
}

guint
model_word(const Node *map, const char *key, const char *path, guint fallback)
{
  const Node *node = node_get(map, key);
  if (node == NULL)
    return fallback;
  g_auto(GStrv) words = g_strsplit(schema_find(path)->values, "|", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (strcmp(words[i], node->text) == 0)
      return i;
  g_assert_not_reached();
}

static const char *
fault_of_component(const char *component)
{
  if (strcmp(component, "..") == 0)
    return "must not hold '..'";
  if (strlen(component) > PATH_COMPONENT_MAX)
    return "holds a name longer than 255 bytes";
  for (const char *at = component; *at != '\0'; at++)
    if (g_ascii_iscntrl(*at))
      return "must not hold control characters";
  return NULL;
}

char *
model_image_path(Model *model, const Node *node)
{
  g_auto(GStrv) components = g_strsplit(node->text, "/", -1);
  if (node->length > limits_get(LIMIT_PATH)) {
    diagnostics_exceeded(model->diagnostics, &node->place, "not a path", LIMIT_PATH);
    return NULL;
  }
  const char *fault = NULL;
  g_autoptr(GString) path = g_string_new(NULL);
  for (guint i = 0; components[i] != NULL && fault == NULL; i++) {
    if (*components[i] == '\0' || strcmp(components[i], ".") == 0)
      continue;
    fault = fault_of_component(components[i]);
    g_string_append_printf(path, "/%s", components[i]);
  }
  if (fault != NULL) {
    diagnostics_error(model->diagnostics, &node->place, "the path '%s' %s", node->text, fault);
    return NULL;
  }
  return g_strdup(path->len > 0 ? path->str : "/");
}

char *
model_image_path_of(Model *model, const Node *map, const char *key)
{
  const Node *node = node_get(map, key);
  return node != NULL ? model_image_path(model, node) : NULL;
}

char *
model_source_path(Model *model, const Node *node)
{
  if (g_path_is_absolute(node->text)) {
    diagnostics_error(model->diagnostics, &node->place, "'%s' is an absolute path", node->text);
    diagnostics_hint(model->diagnostics, "files come from the recipe's folder, so that the recipe builds on any machine");
    return NULL;
  }
  if (*node->text == '\0') {
    diagnostics_error(model->diagnostics, &node->place, "the path is empty");
    return NULL;
  }
  g_autofree char *near = g_path_get_dirname(node->place.file);
  g_autofree char *base = g_canonicalize_filename(near, NULL);
  g_autofree char *path = g_canonicalize_filename(node->text, base);
  const char *folder = model->recipe->folder;
  gsize length = strlen(folder);
  gboolean inside = strcmp(folder, "/") == 0 ||
                    (strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0'));
  if (!inside) {
    diagnostics_error(model->diagnostics, &node->place, "'%s' leaves the recipe's folder", node->text);
    return NULL;
  }
  return g_steal_pointer(&path);
}
