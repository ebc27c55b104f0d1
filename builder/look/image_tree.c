/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/image_tree.h"
#include "builder/look/blob_source.h"
#include "builder/oci/layer_stream.h"
#include "rootfs/member.h"
#include "signing/error.h"

#include <string.h>

/* ---- a layer as a pack ---- */

static gboolean
is_whiteout(const char *path)
{
  const char *slash = strrchr(path, '/');
  return g_str_has_prefix(slash != NULL ? slash + 1 : path, ".wh.");
}

static gboolean
write_content(MemberReader *reader, PackWriter *writer, GError **error)
{
  const void *piece;
  gsize size;
  do {
    if (!member_reader_data(reader, &piece, &size, error) || (size > 0 && !pack_writer_data(writer, piece, size, error)))
      return FALSE;
  } while (size > 0);
  return TRUE;
}

/* A folder may come again; of anything else the pack has its own opinion. */
static gboolean
write_members(MemberReader *reader, PackWriter *writer, GError **error)
{
  g_autoptr(GHashTable) folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  const Entry *entry;
  while (member_reader_next(reader, &entry, error)) {
    if (entry == NULL)
      return TRUE;
    if (*entry->path == '\0' || is_whiteout(entry->path) ||
        (entry->type == ENTRY_DIRECTORY && !g_hash_table_add(folders, g_strdup(entry->path))))
      continue;
    if (!pack_writer_add(writer, entry, error) || (entry->type == ENTRY_FILE && !write_content(reader, writer, error)))
      return FALSE;
  }
  return FALSE;
}

static gboolean
check_layer(const Subject *image, guint layer, GCancellable *cancellable, GError **error)
{
  const OciManifest *manifest = image->manifest;
  Digest diff_id;
  guint64 size;
  if (manifest->diff_ids == NULL)
    return TRUE;
  if (!layer_stream_diff_id(image->image->blobs, &manifest->layers[layer].digest, cancellable, &diff_id, &size, error))
    return FALSE;
  if (digest_equal(&diff_id, &manifest->diff_ids[layer]))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "layer %u has other bytes than the image's configuration says", layer);
  return FALSE;
}

static gboolean
write_layer(Store *store, const Subject *image, guint layer, Digest *out, GCancellable *cancellable, GError **error)
{
  BlobPlace place = {.fd = -1};
  if (!check_layer(image, layer, cancellable, error) ||
      !blobs_open(image->image->blobs, &image->manifest->layers[layer].digest, &place, error))
    return FALSE;
  g_auto(BlobSource) source = {0};
  blob_source_init(&source, &place, cancellable);
  g_autofree char *label = g_strdup_printf("layer %u", layer);
  g_autoptr(MemberReader) reader = member_reader_new(MEMBER_LOOK, label, blob_source_read, &source, error);
  g_autoptr(PackWriter) writer = reader != NULL ? pack_writer_new(store, PACK_ZSTD, error) : NULL;
  gboolean done = writer != NULL && write_members(reader, writer, error) && pack_writer_finish(writer, out, error);
  blob_place_clear(&place);
  return done;
}

static Pack *
obtain_layer(Store *store, const Subject *image, guint layer, GCancellable *cancellable, GError **error)
{
  char text[DIGEST_STRING_SIZE], hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&image->manifest->layers[layer].digest, hex);
  json_auto_t *description = json_pack("{s:s, s:i, s:s}", "action", "image layer", "format", PACK_FORMAT, "layer", hex);
  Digest key, pack;
  store_action_key(description, &key);
  json_auto_t *known = store_action_get(store, &key);
  const char *found = json_string_value(json_object_get(known, "pack"));
  if (found != NULL && digest_from_string(found, &pack, NULL))
    return pack_open(store, &pack, error);
  if (!write_layer(store, image, layer, &pack, cancellable, error))
    return NULL;
  json_auto_t *record = json_pack("{s:s}", "pack", digest_to_string(&pack, text));
  return store_action_put(store, &key, record, error) ? pack_open(store, &pack, error) : NULL;
}

/* ---- the tree ---- */

static gboolean
insert_layer(Tree *tree, Pack *pack, const Subject *image, guint layer, GError **error)
{
  guint number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const SubjectFile *counts = subject_find(image, pack_entry(pack, i)->path);
    if (counts != NULL && counts->layer == layer && !tree_insert(tree, number, i, error))
      return FALSE;
  }
  return TRUE;
}

Tree *
image_tree_new(Store *store, const Subject *image, GCancellable *cancellable, GError **error)
{
  g_autoptr(Tree) tree = tree_new();
  for (guint i = 0; i < image->manifest->n_layers; i++) {
    g_autoptr(Pack) pack = obtain_layer(store, image, i, cancellable, error);
    if (pack == NULL || !insert_layer(tree, pack, image, i, error)) {
      g_prefix_error(error, "'%s': layer %u: ", image->label, i);
      return NULL;
    }
  }
  return g_steal_pointer(&tree);
}
