/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/node.h"

#include <string.h>

static void
pair_free(gpointer data)
{
  NodePair *pair = data;
  g_free(pair->key);
  g_clear_pointer(&pair->value, node_free);
  g_free(pair);
}

Node *
node_new(NodeKind kind, const RecipePlace *place)
{
  Node *node = g_new0(Node, 1);
  node->kind = kind;
  node->place = *place;
  if (kind == NODE_LIST)
    node->items = g_ptr_array_new_with_free_func((GDestroyNotify)node_free);
  if (kind == NODE_MAP)
    node->pairs = g_ptr_array_new_with_free_func(pair_free);
  return node;
}

void
node_free(Node *node)
{
  if (node == NULL)
    return;
  g_free(node->text);
  g_clear_pointer(&node->references, g_array_unref);
  g_clear_pointer(&node->items, g_ptr_array_unref);
  g_clear_pointer(&node->pairs, g_ptr_array_unref);
  g_free(node);
}

Node *
node_copy(const Node *node)
{
  Node *copy = node_new(node->kind, &node->place);
  copy->plain = node->plain;
  copy->bad = node->bad;
  copy->text = g_memdup2(node->text, node->length + 1);
  copy->length = node->length;
  copy->references = node->references != NULL ? g_array_copy(node->references) : NULL;
  for (guint i = 0; node->items != NULL && i < node->items->len; i++)
    g_ptr_array_add(copy->items, node_copy(g_ptr_array_index(node->items, i)));
  for (guint i = 0; node->pairs != NULL && i < node->pairs->len; i++) {
    const NodePair *pair = g_ptr_array_index(node->pairs, i);
    node_add(copy, pair->key, &pair->place, node_copy(pair->value));
  }
  return copy;
}

void
node_add(Node *map, const char *key, const RecipePlace *place, Node *value)
{
  NodePair *pair = g_new0(NodePair, 1);
  pair->key = g_strdup(key);
  pair->place = *place;
  pair->value = value;
  g_ptr_array_add(map->pairs, pair);
}

NodePair *
node_pair(const Node *node, const char *key)
{
  if (node == NULL || node->kind != NODE_MAP)
    return NULL;
  for (guint i = 0; i < node->pairs->len; i++) {
    NodePair *pair = g_ptr_array_index(node->pairs, i);
    if (strcmp(pair->key, key) == 0)
      return pair;
  }
  return NULL;
}

Node *
node_get(const Node *node, const char *key)
{
  NodePair *pair = node_pair(node, key);
  return pair != NULL && !pair->value->bad ? pair->value : NULL;
}

gboolean
node_is_null(const Node *node)
{
  return node->kind == NODE_SCALAR && node->plain &&
         (node->length == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

gint64
node_integer(const Node *node)
{
  return node != NULL ? g_ascii_strtoll(node->text, NULL, 10) : -1;
}

const char *
node_kind_name(const Node *node)
{
  static const char *const names[] = {"text", "a list", "a map"};
  return node_is_null(node) ? "nothing" : names[node->kind];
}
