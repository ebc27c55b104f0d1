/* SPDX-License-Identifier: Apache-2.0
 *
 * Packs, the checksum of whose index is made right before they are read (else nothing would get past it). A pack whose index is
 * taken can be opened, looked at, put into a tree and spliced into a layer; what its frames hold may be wrong, and is told so.
 */
#include "rootfs/layer.h"
#include "rootfs/pack_index.h"
#include "rootfs/tree.h"
#include "signing/error.h"
#include "tests/fuzz/fuzz.h"

#define CONTENT_MAX (1 << 20)

static void
mend_checksum(guint8 *blob, gsize size)
{
  IndexTrailer trailer;
  if (size < sizeof trailer)
    return;
  memcpy(&trailer, blob + size - sizeof trailer, sizeof trailer);
  guint64 offset = GUINT64_FROM_LE(trailer.index_offset), end = size - sizeof trailer;
  if (offset > end)
    return;
  trailer.index_size = GUINT64_TO_LE(end - offset);
  trailer.crc32 = GUINT32_TO_LE(pack_index_checksum(blob + offset, end - offset));
  memcpy(blob + size - sizeof trailer, &trailer, sizeof trailer);
}

static void
read_entries(Pack *pack)
{
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const Entry *entry = pack_entry(pack, i);
    g_assert(strlen(entry->path) <= G_MAXUINT32);
    for (guint j = 0; j < entry->n_xattrs; j++)
      g_assert(strlen(entry->xattrs[j].name) <= G_MAXUINT32);
    if (entry->type != ENTRY_FILE)
      continue;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) content = pack_read(pack, i, CONTENT_MAX, &error);
    g_assert((content == NULL) == (error != NULL));
  }
}

static Tree *
plant(Pack *pack)
{
  g_autoptr(Tree) tree = tree_new();
  guint number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    g_autoptr(GError) error = NULL;
    if (!tree_insert(tree, number, i, &error)) {
      g_assert(error != NULL);
      return NULL;
    }
  }
  return g_steal_pointer(&tree);
}

static void
write_layer(Store *store, Pack *pack, const Tree *tree)
{
  static const guint numbers[] = {0};
  g_autoptr(GPtrArray) directories = tree_layer_directories(tree, numbers, 1, NULL, 0);
  LayerPart part = {.pack = pack, .kept = tree_kept(tree, 0)};
  LayerSpec spec = {.encoding = pack_encoding(pack),
                    .directories = (const Entry *const *)directories->pdata,
                    .n_directories = directories->len,
                    .parts = &part,
                    .n_parts = 1};
  Layer layer = {0};
  g_autoptr(GError) error = NULL;
  g_assert(layer_write(store, &spec, NULL, &layer, &error) == (error == NULL));
  layer_clear(&layer);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  /* a mapping begins at a page */
  g_autofree guint8 *blob = g_malloc(MAX(size, 1));
  if (size > 0)
    memcpy(blob, data, size);
  mend_checksum(blob, size);
  PackIndex index;
  const char *fault = NULL;
  if (!pack_index_check(blob, size, &index, &fault)) {
    g_assert(fault != NULL);
    return 0;
  }
  Store *store = fuzz_store();
  Digest digest;
  g_autoptr(GError) error = NULL;
  g_assert(store_put(store, blob, size, &digest, NULL));
  g_autoptr(Pack) pack = pack_open(store, &digest, &error);
  /* a sound index may still tell of what no archive can hold */
  if (pack == NULL) {
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
    return 0;
  }
  read_entries(pack);
  g_autoptr(Tree) tree = plant(pack);
  if (tree != NULL)
    write_layer(store, pack, tree);
  return 0;
}
