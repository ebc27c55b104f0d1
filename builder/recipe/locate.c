/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/locate.h"
#include "builder/recipe/include.h"

#include <string.h>

struct RecipeText {
  Node *root; /* or NULL */
};

RecipeText *
recipe_text_load(const char *path)
{
  g_autoptr(Diagnostics) diagnostics = diagnostics_new();
  g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(g_free);
  RecipeText *text = g_new0(RecipeText, 1);
  text->root = node_load(path, sources, diagnostics);
  return text;
}

void
recipe_text_free(RecipeText *text)
{
  node_free(text->root);
  g_free(text);
}

/* Steps from @node to what the first part of *@name names, "key" or "[2]", and moves *@name behind it; NULL where that is not
 * there. */
static const Node *
step(const Node *node, const char **name, RecipePlace *place)
{
  if (**name == '[') {
    char *end;
    guint64 i = g_ascii_strtoull(*name + 1, &end, 10);
    *name = end + strspn(end, "].");
    if (node->kind != NODE_LIST || i >= node->items->len)
      return NULL;
    const Node *item = node->items->pdata[i];
    *place = item->place;
    return item;
  }
  gsize length = strcspn(*name, ".[");
  g_autofree char *key = g_strndup(*name, length);
  *name += length + ((*name)[length] == '.');
  const NodePair *pair = node_pair(node, key);
  if (pair == NULL)
    return NULL;
  *place = pair->place;
  return pair->value;
}

gboolean
recipe_text_find(const RecipeText *text, const char *name, RecipePlace *place)
{
  *place = (RecipePlace){0};
  for (const Node *node = text->root; node != NULL && *name != '\0';)
    node = step(node, &name, place);
  return place->file != NULL;
}
