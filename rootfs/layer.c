/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/layer.h"
#include "rootfs/chunked.h"
#include "rootfs/layer_plan.h"
#include "rootfs/layer_sink.h"
#include "rootfs/splice.h"
#include "rootfs/tar.h"
#include "signing/error.h"

/* ---- what was asked for ---- */

static gboolean
check_directories(const LayerSpec *spec, GError **error)
{
  for (guint i = 0; i < spec->n_directories; i++) {
    const Entry *entry = spec->directories[i];
    gboolean sorted = i == 0 || entry_path_compare(spec->directories[i - 1]->path, entry->path) < 0;
    if (entry->type != ENTRY_DIRECTORY || entry->mode > 07777 || !sorted || !entry_path_is_canonical(entry->path)) {
      g_autofree char *shown = g_strescape(entry->path, NULL);
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is out of place among the directories of a layer", shown);
      return FALSE;
    }
    if (!tar_check(entry, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_whiteouts(const LayerSpec *spec, GError **error)
{
  for (guint i = 0; i < spec->n_whiteouts; i++) {
    const Entry *entry = spec->whiteouts[i];
    if (entry->type != ENTRY_FILE || entry->size != 0 || !entry_path_is_canonical(entry->path)) {
      g_autofree char *shown = g_strescape(entry->path, NULL);
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is out of place among the whiteouts of a layer", shown);
      return FALSE;
    }
    if (!tar_check(entry, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_encodings(const LayerSpec *spec, GError **error)
{
  for (guint i = 0; i < spec->n_parts; i++) {
    const Pack *pack = spec->parts[i].pack;
    if (pack_encoding(pack) == spec->encoding)
      continue;
    char text[DIGEST_STRING_SIZE];
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "pack %s is compressed as %s, the layer as %s",
                digest_to_string(pack_digest(pack), text), pack_encoding_name(pack_encoding(pack)),
                pack_encoding_name(spec->encoding));
    return FALSE;
  }
  return TRUE;
}

/* ---- remembering ---- */

static void
make_key(const LayerSpec *spec, const LayerPlan *plans, Digest *key)
{
  char text[DIGEST_STRING_SIZE];
  Digest directories;
  g_autoptr(GByteArray) headers = g_byte_array_new();
  for (guint i = 0; i < spec->n_directories; i++)
    tar_append_header(headers, spec->directories[i]);
  digest_of(headers->data, headers->len, &directories);
  g_autoptr(GByteArray) whiteouts = g_byte_array_new();
  for (guint i = 0; i < spec->n_whiteouts; i++)
    tar_append_header(whiteouts, spec->whiteouts[i]);
  json_t *parts = json_array();
  for (guint i = 0; i < spec->n_parts; i++) {
    json_t *kept = plans[i].whole ? json_null() : json_string(digest_to_string(&plans[i].kept, text));
    json_t *pack = json_string(digest_to_string(pack_digest(plans[i].pack), text));
    json_array_append_new(parts, json_pack("{s:o, s:o}", "pack", pack, "kept", kept));
  }
  json_t *description = json_pack("{s:s, s:i, s:s, s:s, s:s, s:o}", "action", "layer", "format", PACK_FORMAT, "compressor",
                                  pack_encoding_compressor(spec->encoding), "encoding", pack_encoding_name(spec->encoding),
                                  "directories", digest_to_string(&directories, text), "parts", parts);
  /* left out where there are none: most layers are of no base */
  if (whiteouts->len > 0) {
    Digest gone;
    digest_of(whiteouts->data, whiteouts->len, &gone);
    json_object_set_new(description, "whiteouts", json_string(digest_to_string(&gone, text)));
  }
  store_action_key(description, key);
  json_decref(description);
}

/* The store takes every "sha256:..." in a record for a blob, which diff ID and annotations are not: the one goes without
 * its prefix, the others as JSON in a string. */
static gboolean
remember(Store *store, const Digest *key, const Layer *layer, GError **error)
{
  char digest[DIGEST_STRING_SIZE], diff_id[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&layer->diff_id, diff_id);
  json_t *record = json_pack("{s:s, s:I, s:s, s:I}", "digest", digest_to_string(&layer->digest, digest), "size",
                             (json_int_t)layer->size, "diffId", diff_id, "tarSize", (json_int_t)layer->tar_size);
  if (layer->annotations != NULL) {
    char *text = json_dumps(layer->annotations, JSON_COMPACT | JSON_SORT_KEYS);
    json_object_set_new(record, "annotations", json_string(text));
    free(text);
  }
  gboolean put = store_action_put(store, key, record, error);
  json_decref(record);
  return put;
}

static gboolean
parse_record(json_t *record, Layer *out)
{
  const char *digest, *diff_id, *annotations = NULL;
  json_int_t size, tar_size;
  if (json_unpack(record, "{s:s, s:I, s:s, s:I, s?:s}", "digest", &digest, "size", &size, "diffId", &diff_id, "tarSize",
                  &tar_size, "annotations", &annotations) != 0 ||
      size < 0 || tar_size < 0)
    return FALSE;
  *out = (Layer){.size = (guint64)size, .tar_size = (guint64)tar_size, .reused = TRUE};
  if (!digest_from_string(digest, &out->digest, NULL) || !digest_from_hex(diff_id, &out->diff_id))
    return FALSE;
  return annotations == NULL || (out->annotations = json_loads(annotations, 0, NULL)) != NULL;
}

/* A record that cannot be read, or whose blob has another size, is none: the layer is written again. */
static gboolean
recall(Store *store, const Digest *key, Layer *out)
{
  json_t *record = store_action_get(store, key);
  if (record == NULL)
    return FALSE;
  gboolean known = parse_record(record, out) && store_blob_size(store, &out->digest) == (gint64)out->size;
  json_decref(record);
  if (!known)
    layer_clear(out);
  return known;
}

/* ---- writing ---- */

static gboolean
append_tables(const LayerSpec *spec, const LayerPlan *plans, Splice *splice, Layer *out, GError **error)
{
  ChunkedInput input = {.spec = spec,
                        .plans = plans,
                        .places = (const SplicePlace *)(gconstpointer)splice->places->data,
                        .n_places = splice->places->len,
                        .offset = layer_sink_size(splice->sink)};
  GByteArray *frames;
  if (!chunked_make(&input, splice->codec, &frames, &out->annotations, error))
    return FALSE;
  if (frames == NULL)
    return TRUE;
  gsize size = frames->len;
  layer_sink_frame(splice->sink, g_byte_array_free(frames, FALSE), size, TRUE);
  return TRUE;
}

static gboolean
splice_all(const LayerSpec *spec, const LayerPlan *plans, Splice *splice, Layer *out, GError **error)
{
  splice_directories(splice, spec->directories, spec->n_directories);
  splice_directories(splice, spec->whiteouts, spec->n_whiteouts);
  for (guint i = 0; i < spec->n_parts; i++)
    if (!splice_part(splice, &plans[i], error))
      return FALSE;
  splice_end(splice);
  return spec->encoding != PACK_ZSTD_CHUNKED || append_tables(spec, plans, splice, out, error);
}

static gboolean
write_layer(Store *store, const LayerSpec *spec, const LayerPlan *plans, GCancellable *cancellable, Layer *out, GError **error)
{
  g_autoptr(StoreWriter) writer = store_writer_new(store, error);
  if (writer == NULL)
    return FALSE;
  g_autoptr(LayerSink) sink = layer_sink_new(writer, spec->watch);
  Splice splice;
  splice_init(&splice, spec->encoding, sink, cancellable, spec->watch);
  gboolean spliced = splice_all(spec, plans, &splice, out, error);
  splice_clear(&splice);
  out->size = layer_sink_size(sink);
  out->tar_size = layer_sink_tar_size(sink);
  return spliced && layer_sink_finish(sink, &out->diff_id, error) && store_writer_finish(writer, NULL, &out->digest, error);
}

gboolean
layer_write(Store *store, const LayerSpec *spec, GCancellable *cancellable, Layer *out, GError **error)
{
  *out = (Layer){0};
  if (!check_directories(spec, error) || !check_whiteouts(spec, error) || !check_encodings(spec, error))
    return FALSE;
  g_autofree LayerPlan *plans = g_new0(LayerPlan, spec->n_parts + 1);
  for (guint i = 0; i < spec->n_parts; i++)
    layer_plan_init(&plans[i], &spec->parts[i]);
  Digest key;
  make_key(spec, plans, &key);
  gboolean done = recall(store, &key, out) ||
                  (write_layer(store, spec, plans, cancellable, out, error) && remember(store, &key, out, error));
  for (guint i = 0; i < spec->n_parts; i++)
    layer_plan_clear(&plans[i]);
  if (!done)
    layer_clear(out);
  return done;
}

void
layer_clear(Layer *layer)
{
  json_decref(layer->annotations);
  *layer = (Layer){0};
}
