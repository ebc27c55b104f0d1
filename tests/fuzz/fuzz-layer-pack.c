/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers that somebody made, as a recipe builds upon them: unpacked once, and laid over a tree and over themselves. No path climbs,
 * nothing lies below what is no folder, the second time is remembered, and what the layer hides is gone.
 */
#include "builder/oci/layer_pack.h"
#include "builder/oci/layer_stream.h"
#include "builder/oci/whiteout.h"
#include "signing/error.h"
#include "tests/fuzz/fuzz.h"

/* What lies below: a folder and files, and a link that nothing may be placed through. */
static Pack *
make_below(Store *store)
{
  static const Entry entries[] = {
    {.path = "etc", .type = ENTRY_DIRECTORY, .mode = 0755},
    {.path = "etc/stone", .mode = 0644},
    {.path = "lib", .type = ENTRY_SYMLINK, .target = "etc", .mode = 0777},
    {.path = "srv", .type = ENTRY_DIRECTORY, .mode = 0755},
    {.path = "srv/moss", .mode = 0644},
  };
  g_autoptr(PackWriter) writer = pack_writer_new(store, PACK_ZSTD, NULL);
  Digest digest;
  g_assert(writer != NULL);
  pack_writer_set_threads(writer, 1, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(entries); i++)
    g_assert(pack_writer_add(writer, &entries[i], NULL));
  g_assert(pack_writer_finish(writer, &digest, NULL));
  return pack_open(store, &digest, NULL);
}

static Tree *
make_tree(Store *store)
{
  g_autoptr(Pack) below = make_below(store);
  Tree *tree = tree_new();
  guint number = tree_add_pack(tree, below);
  for (guint i = 0; i < pack_n_entries(below); i++)
    g_assert(tree_insert(tree, number, i, NULL));
  return tree;
}

static void
check_tree(const Tree *tree)
{
  g_autoptr(GPtrArray) nodes = tree_nodes(tree);
  for (guint i = 0; i < nodes->len; i++) {
    const Entry *entry = ((const TreeNode *)nodes->pdata[i])->entry;
    g_assert(entry_path_is_canonical(entry->path));
    const char *slash = strrchr(entry->path, '/');
    g_autofree char *parent = slash != NULL ? g_strndup(entry->path, (gsize)(slash - entry->path)) : g_strdup("");
    const TreeNode *folder = tree_lookup(tree, parent);
    g_assert(folder != NULL && folder->entry->type == ENTRY_DIRECTORY);
    g_autofree char *hidden = NULL;
    WhiteoutKind kind = whiteout_parse(entry->path, &hidden);
    g_assert(kind == WHITEOUT_NONE);
  }
}

/* The second time over itself, where a further name of a file below may find another file, or none. */
static void
lay(Store *store, const LayerPack *layer)
{
  g_autoptr(Tree) tree = make_tree(store);
  for (guint i = 0; i < 2; i++) {
    g_autoptr(GError) error = NULL;
    gboolean laid = layer_pack_lay(layer, tree, &error);
    g_assert(laid == (error == NULL));
    if (!laid)
      return;
    check_tree(tree);
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  Store *store = fuzz_store();
  g_autoptr(Blobs) blobs = blobs_new(store);
  g_autoptr(GError) error = NULL;
  g_auto(LayerPack) layer = {0}, again = {0}, other = {0};
  Digest digest, diff_id;
  guint64 tar_size = 0;
  g_assert(store_put(store, data, size, &digest, NULL));
  if (!layer_stream_diff_id(blobs, &digest, NULL, &diff_id, &tar_size, NULL))
    return 0;
  if (!layer_pack_obtain(store, blobs, &digest, &diff_id, NULL, NULL, &layer, &error)) {
    g_assert(error != NULL);
    return 0;
  }
  g_assert(layer.tar_size == tar_size);
  g_assert(layer_pack_obtain(store, blobs, &digest, &diff_id, NULL, NULL, &again, NULL) && again.reused);
  diff_id.bytes[0] ^= 1;
  g_assert(!layer_pack_obtain(store, blobs, &digest, &diff_id, NULL, NULL, &other, &error) &&
           g_error_matches(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY));
  lay(store, &again);
  return 0;
}
