/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/taking.h"

#include <string.h>

typedef struct {
  const Tree *tree;
  PackWriter *writer;
  GHashTable *written; /* "PACK INDEX" of a file's content -> the first path that has it; only ever looked up */
} Taking;

void
taken_clear(Taken *taken)
{
  g_clear_pointer(&taken->base, g_free);
}

static gboolean
write_piece(const void *data, gsize size, gpointer writer, GError **error)
{
  return pack_writer_data(writer, data, size, error);
}

/* A file, or a further name of one: the first that comes along holds the content, whichever it was in the stage. */
static gboolean
take_file(Taking *taking, const TreeNode *node, GError **error)
{
  Pack *pack = tree_pack(taking->tree, node->pack);
  guint index = pack_file(pack, node->index);
  char *key = g_strdup_printf("%u %u", node->pack, index);
  const char *first = g_hash_table_lookup(taking->written, key);
  Entry entry = *pack_entry(pack, index);
  entry.path = node->entry->path;
  if (first != NULL) {
    g_free(key);
    entry.type = ENTRY_HARDLINK;
    entry.target = first;
    entry.size = 0;
    return pack_writer_add(taking->writer, &entry, error);
  }
  g_hash_table_insert(taking->written, key, (gpointer)node->entry->path);
  return pack_writer_add(taking->writer, &entry, error) && pack_stream(pack, index, write_piece, taking->writer, error);
}

static gboolean
take_node(Taking *taking, const TreeNode *node, GError **error)
{
  if (node->entry->type == ENTRY_FILE || node->entry->type == ENTRY_HARDLINK)
    return take_file(taking, node, error);
  return *node->entry->path == '\0' || pack_writer_add(taking->writer, node->entry, error);
}

static gboolean
is_below(const char *path, const char *base)
{
  gsize length = strlen(base);
  return length == 0 || (strncmp(path, base, length) == 0 && (path[length] == '\0' || path[length] == '/'));
}

gboolean
take_out(Store *store, const Tree *tree, const RecipeFile *file, Taken *out, GError **error)
{
  out->base = tree_resolve(tree, file->from + 1);
  const TreeNode *base = out->base != NULL ? tree_lookup(tree, out->base) : NULL;
  if (base == NULL)
    return recipe_failure_at(error, &file->place, "the stage '%s' has no '%s'", file->stage, file->from);
  g_autoptr(PackWriter) writer = pack_writer_new(store, PACK_ZSTD, error);
  if (writer == NULL)
    return FALSE;
  g_autoptr(GHashTable) written = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) nodes = tree_nodes(tree);
  Taking taking = {tree, writer, written};
  for (guint i = 0; i < nodes->len; i++) {
    const TreeNode *node = nodes->pdata[i];
    if (is_below(node->entry->path, out->base) && !take_node(&taking, node, error))
      return FALSE;
  }
  return pack_writer_finish(writer, &out->pack, error);
}
