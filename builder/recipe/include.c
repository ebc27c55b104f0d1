/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/include.h"
#include "builder/recipe/source.h"
#include "builder/recipe/yaml.h"

#include <string.h>

typedef struct {
  GPtrArray *sources;
  GPtrArray *open; /* absolute paths of the files being read, outermost first */
  guint files;
  gboolean failed;
  Diagnostics *diagnostics;
} Loader;

static Node *load_file(Loader *loader, const char *path, const RecipePlace *asked);

/* ---- merging ---- */

static void merge_value(Node **base, Node *own, Diagnostics *diagnostics);

/* Moves the pairs of @own into @base. */
static void
merge_maps(Node *base, Node *own, Diagnostics *diagnostics)
{
  g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < base->pairs->len; i++) {
    NodePair *pair = g_ptr_array_index(base->pairs, i);
    g_hash_table_insert(known, pair->key, pair);
  }
  for (guint i = 0; i < own->pairs->len; i++) {
    NodePair *pair = g_ptr_array_index(own->pairs, i);
    NodePair *other = g_hash_table_lookup(known, pair->key);
    if (other == NULL) {
      node_add(base, pair->key, &pair->place, g_steal_pointer(&pair->value));
      continue;
    }
    other->place = pair->place;
    merge_value(&other->value, g_steal_pointer(&pair->value), diagnostics);
  }
}

/* @own (transfer full) goes before or into *@base; that one says a list and the other a map is an error. */
static void
merge_value(Node **base, Node *own, Diagnostics *diagnostics)
{
  if ((*base)->kind != own->kind && (*base)->kind != NODE_SCALAR && own->kind != NODE_SCALAR) {
    diagnostics_error(diagnostics, &own->place, "this is %s here, and %s in the included %s on line %u", node_kind_name(own),
                      node_kind_name(*base), (*base)->place.file, (*base)->place.line);
    own->bad = TRUE;
  }
  if ((*base)->kind != own->kind || own->kind == NODE_SCALAR) {
    node_free(*base);
    *base = own;
    return;
  }
  if (own->kind == NODE_LIST)
    g_ptr_array_extend_and_steal((*base)->items, g_steal_pointer(&own->items));
  else
    merge_maps(*base, own, diagnostics);
  (*base)->place = own->place;
  node_free(own);
}

/* ---- loading ---- */

static gboolean
may_open(Loader *loader, const char *absolute, const RecipePlace *asked)
{
  if (g_ptr_array_find_with_equal_func(loader->open, absolute, g_str_equal, NULL)) {
    diagnostics_error(loader->diagnostics, asked, "the file includes itself");
    return FALSE;
  }
  if (loader->open->len >= INCLUDE_DEPTH_MAX) {
    diagnostics_error(loader->diagnostics, asked, "files include each other more than %d deep", INCLUDE_DEPTH_MAX);
    return FALSE;
  }
  if (++loader->files > limits_get(LIMIT_INCLUDES)) {
    diagnostics_exceeded(loader->diagnostics, asked, "too many files are included", LIMIT_INCLUDES);
    return FALSE;
  }
  return TRUE;
}

static Node *
parse_file(Loader *loader, const char *path, const RecipePlace *asked)
{
  g_autoptr(GError) error = NULL;
  gsize length;
  g_autofree char *text = source_read(path, &length, &error);
  if (text == NULL) {
    g_auto(GStrv) lines = g_strsplit(error->message, "\nhint: ", 2);
    diagnostics_error(loader->diagnostics, asked, "%s", lines[0]);
    if (lines[1] != NULL)
      diagnostics_hint(loader->diagnostics, "%s", lines[1]);
    return NULL;
  }
  return node_from_yaml(path, text, length, loader->diagnostics);
}

/* The path of @name as the user would spell it: beside the file that includes it. */
static char *
path_beside(const char *file, const char *name)
{
  g_autofree char *folder = g_path_get_dirname(file);
  return strcmp(folder, ".") == 0 && !g_str_has_prefix(file, "./") ? g_strdup(name) : g_build_filename(folder, name, NULL);
}

/* Puts what @root includes below it. The key itself goes: the merged tree includes nothing. */
static Node *
resolve_includes(Loader *loader, Node *root)
{
  const NodePair *pair = node_pair(root, "include");
  if (pair == NULL || pair->value->kind != NODE_LIST)
    return root;
  Node *base = NULL;
  for (guint i = 0; i < pair->value->items->len; i++) {
    const Node *item = g_ptr_array_index(pair->value->items, i);
    /* the schema tells what is wrong with other kinds of items */
    if (item->kind != NODE_SCALAR || item->length == 0 || g_path_is_absolute(item->text) || strlen(item->text) != item->length)
      continue;
    g_autofree char *path = path_beside(item->place.file, item->text);
    Node *included = load_file(loader, path, &item->place);
    if (included == NULL)
      loader->failed = TRUE;
    else if (base == NULL)
      base = included;
    else
      merge_value(&base, included, loader->diagnostics);
  }
  if (base == NULL)
    return root;
  merge_value(&base, root, loader->diagnostics);
  return base;
}

static Node *
load_file(Loader *loader, const char *path, const RecipePlace *asked)
{
  g_autofree char *absolute = g_canonicalize_filename(path, NULL);
  if (!may_open(loader, absolute, asked))
    return NULL;
  if (!g_ptr_array_find_with_equal_func(loader->sources, absolute, g_str_equal, NULL))
    g_ptr_array_add(loader->sources, g_strdup(absolute));
  Node *root = parse_file(loader, path, asked);
  if (root == NULL)
    return NULL;
  if (root->kind != NODE_MAP && loader->open->len > 0) {
    diagnostics_error(loader->diagnostics, &root->place, "a recipe must be a map of keys and values, not %s",
                      node_kind_name(root));
    node_free(root);
    return NULL;
  }
  g_ptr_array_add(loader->open, absolute);
  root = resolve_includes(loader, root);
  g_ptr_array_remove_index(loader->open, loader->open->len - 1);
  return root;
}

Node *
node_load(const char *path, GPtrArray *sources, Diagnostics *diagnostics)
{
  g_autoptr(GPtrArray) open = g_ptr_array_new();
  Loader loader = {sources, open, 0, FALSE, diagnostics};
  RecipePlace place = {g_intern_string(path), 0, 0};
  Node *root = load_file(&loader, path, &place);
  /* half of a recipe would only give errors that follow from the first */
  if (loader.failed)
    g_clear_pointer(&root, node_free);
  return root;
}
