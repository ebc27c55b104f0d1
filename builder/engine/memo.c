/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/memo.h"
#include "builder/engine/script_note.h"
#include "signing/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- images ---- */

/* The store takes every "sha256:..." in a record for a blob, which the diff ID and a digest in an annotation are not: the one
 * goes without its prefix, the others as text within text. */
static json_t *
layer_to_json(const AssembledLayer *assembled)
{
  const Layer *layer = &assembled->layer;
  char digest[DIGEST_STRING_SIZE], diff_id[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&layer->diff_id, diff_id);
  char *annotations = layer->annotations != NULL ? json_dumps(layer->annotations, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  json_t *json = json_pack("{s:s, s:I, s:s, s:I, s:s, s:s*}", "digest", digest_to_string(&layer->digest, digest), "size",
                           (json_int_t)layer->size, "diffId", diff_id, "tarSize", (json_int_t)layer->tar_size, "contents",
                           assembled->contents, "annotations", annotations);
  free(annotations);
  return json;
}

static AssembledLayer *
layer_from_json(json_t *json)
{
  const char *digest, *diff_id, *contents, *annotations = NULL;
  json_int_t size, tar_size;
  AssembledLayer layer = {.layer = {.reused = TRUE}};
  if (json_unpack(json, "{s:s, s:I, s:s, s:I, s:s, s?s}", "digest", &digest, "size", &size, "diffId", &diff_id, "tarSize",
                  &tar_size, "contents", &contents, "annotations", &annotations) != 0 ||
      !digest_from_string(digest, &layer.layer.digest, NULL) || !digest_from_hex(diff_id, &layer.layer.diff_id) ||
      (annotations != NULL && (layer.layer.annotations = json_loads(annotations, 0, NULL)) == NULL))
    return NULL;
  layer.layer.size = (guint64)size;
  layer.layer.tar_size = (guint64)tar_size;
  layer.contents = g_strdup(contents);
  return g_memdup2(&layer, sizeof layer);
}

static gboolean
read_image(json_t *record, Assembled *image)
{
  json_t *manifest, *layers, *skipped, *scripts;
  if (json_unpack(record, "{s:o, s:o, s:o, s:o}", "manifest", &manifest, "layers", &layers, "skipped", &skipped, "scripts",
                  &scripts) != 0 ||
      !script_notes_from_json(scripts, image->scripts) || !descriptor_parse(manifest, &image->manifest, NULL))
    return FALSE;
  for (gsize i = 0; i < json_array_size(layers); i++) {
    AssembledLayer *layer = layer_from_json(json_array_get(layers, i));
    if (layer == NULL)
      return FALSE;
    g_ptr_array_add(image->layers, layer);
  }
  for (gsize i = 0; i < json_array_size(skipped); i++)
    g_ptr_array_add(image->skipped, g_strdup(json_string_value(json_array_get(skipped, i))));
  return TRUE;
}

Assembled *
memo_find_image(Store *store, const Digest *key)
{
  json_t *record = store_action_get(store, key);
  if (record == NULL)
    return NULL;
  g_autoptr(Assembled) image = assembled_new();
  gboolean read = read_image(record, image);
  json_decref(record);
  return read ? g_steal_pointer(&image) : NULL;
}

/* The digest of the image's configuration stands in its manifest only; the record names it so that gc keeps it. */
static json_t *
config_digest(Store *store, const Assembled *image, GError **error)
{
  g_autoptr(GBytes) bytes = store_read_blob(store, &image->manifest.digest, error);
  if (bytes == NULL)
    return NULL;
  json_t *manifest = oci_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "manifest", error);
  if (manifest == NULL)
    return NULL;
  json_t *digest = json_incref(json_object_get(json_object_get(manifest, "config"), "digest"));
  json_decref(manifest);
  return digest;
}

gboolean
memo_keep_image(Store *store, const Digest *key, const Assembled *image, GError **error)
{
  json_t *config = config_digest(store, image, error);
  if (config == NULL)
    return FALSE;
  json_t *layers = json_array(), *skipped = json_array();
  for (guint i = 0; i < image->layers->len; i++)
    json_array_append_new(layers, layer_to_json(image->layers->pdata[i]));
  for (guint i = 0; i < image->skipped->len; i++)
    json_array_append_new(skipped, json_string(image->skipped->pdata[i]));
  json_t *record = json_pack("{s:o, s:o, s:o, s:o, s:o}", "manifest", descriptor_to_json(&image->manifest), "config", config,
                             "layers", layers, "skipped", skipped, "scripts", script_notes_to_json(image->scripts));
  gboolean kept = store_action_put(store, key, record, error);
  json_decref(record);
  return kept;
}

/* ---- tests ---- */

gboolean
memo_find_passed(Store *store, const Digest *key)
{
  json_t *record = store_action_get(store, key);
  gboolean passed = json_is_true(json_object_get(record, "passed"));
  json_decref(record);
  return passed;
}

gboolean
memo_keep_passed(Store *store, const Digest *key, GError **error)
{
  json_t *record = json_pack("{s:b}", "passed", TRUE);
  gboolean kept = store_action_put(store, key, record, error);
  json_decref(record);
  return kept;
}

/* ---- outputs ---- */

/* How a file looks: everything that a change of its bytes cannot leave as it was. */
static json_t *
look(const char *path, struct stat *status)
{
  if (stat(path, status) != 0)
    return NULL;
  return json_pack("[I, I, I, I, I, I, I]", (json_int_t)status->st_dev, (json_int_t)status->st_ino, (json_int_t)status->st_size,
                   (json_int_t)status->st_mtim.tv_sec, (json_int_t)status->st_mtim.tv_nsec, (json_int_t)status->st_ctim.tv_sec,
                   (json_int_t)status->st_ctim.tv_nsec);
}

/* Adds what is in @folder to @identity, by name; FALSE when it cannot be looked at. */
static gboolean
look_into(const char *folder, json_t *identity)
{
  GDir *dir = g_dir_open(folder, 0, NULL);
  gboolean seen = dir != NULL;
  for (const char *name; seen && (name = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *path = g_build_filename(folder, name, NULL), *key = g_strescape(name, NULL);
    struct stat status;
    seen = json_object_set_new(identity, key, look(path, &status)) == 0;
  }
  g_clear_pointer(&dir, g_dir_close);
  return seen;
}

static json_t *
output_identity(const char *path)
{
  struct stat status;
  json_t *identity = look(path, &status);
  if (identity == NULL || !S_ISDIR(status.st_mode))
    return identity;
  json_decref(identity);
  identity = json_object();
  g_autofree char *blobs = g_build_filename(path, "blobs", "sha256", NULL);
  g_autofree char *index = g_build_filename(path, "index.json", NULL);
  if (!look_into(blobs, identity) || json_object_set_new(identity, "index.json", look(index, &status)) != 0)
    g_clear_pointer(&identity, json_decref);
  return identity;
}

gboolean
memo_find_output(Store *store, const Digest *key, const char *path, Digest *top)
{
  json_t *record = store_action_get(store, key), *identity = output_identity(path);
  const char *digest;
  json_t *then;
  gboolean same = record != NULL && identity != NULL &&
                  json_unpack(record, "{s:s, s:o}", "image", &digest, "file", &then) == 0 && json_equal(then, identity) &&
                  digest_from_string(digest, top, NULL);
  json_decref(record);
  json_decref(identity);
  return same;
}

gboolean
memo_keep_output(Store *store, const Digest *key, const char *path, const Digest *top, GError **error)
{
  json_t *identity = output_identity(path);
  if (identity == NULL)
    return error_set_errno(error, errno, "look at '%s'", path);
  char digest[DIGEST_STRING_SIZE];
  json_t *record = json_pack("{s:s, s:o}", "image", digest_to_string(top, digest), "file", identity);
  gboolean kept = store_action_put(store, key, record, error);
  json_decref(record);
  return kept;
}
