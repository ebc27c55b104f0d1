/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/image/image.h"
#include "builder/oci/open.h"
#include "builder/sources/image/local.h"
#include "builder/sources/image/plain.h"
#include "builder/sources/image/registry.h"
#include "signing/error.h"

#include <string.h>

/* ---- spelling ---- */

static const struct {
  const char *prefix;
  ImageKind kind;
} kinds[] = {
  {"oci-archive:", IMAGE_ARCHIVE}, {"oci:", IMAGE_LAYOUT}, {"docker://", IMAGE_REGISTRY}, {"tar:", IMAGE_TAR},
  {"dir:", IMAGE_FOLDER},
};

gboolean
image_source_parse(const char *text, const char *folder, ImageSource *out, GError **error)
{
  *out = (ImageSource){0};
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    const char *rest = text + strlen(kinds[i].prefix);
    if (!g_str_has_prefix(text, kinds[i].prefix) || *rest == '\0')
      continue;
    out->kind = kinds[i].kind;
    out->text = g_strdup(text);
    out->rest = out->kind == IMAGE_REGISTRY ? g_strdup(rest) : g_canonicalize_filename(rest, folder);
    return TRUE;
  }
  g_autofree char *shown = g_strescape(text, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' is no image that can be started from", shown);
  return FALSE;
}

void
image_source_clear(ImageSource *source)
{
  g_clear_pointer(&source->text, g_free);
  g_clear_pointer(&source->rest, g_free);
}

gboolean
image_source_is_local(const ImageSource *source)
{
  return source->kind != IMAGE_REGISTRY;
}

/* ---- what the store has ---- */

static void
make_key(const Digest *manifest, Digest *key)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(manifest, hex);
  json_t *description = json_pack("{s:s, s:s}", "action", "base image", "manifest", hex);
  store_action_key(description, key);
  json_decref(description);
}

gboolean
image_is_stored(Store *store, const Digest *manifest)
{
  Digest key;
  make_key(manifest, &key);
  json_t *record = store_action_get(store, &key);
  json_decref(record);
  return record != NULL;
}

static json_t *
digest_json(const Digest *digest)
{
  char text[DIGEST_STRING_SIZE];
  return json_string(digest_to_string(digest, text));
}

gboolean
image_remember(Store *store, const Digest *digest, GError **error)
{
  Digest key;
  make_key(digest, &key);
  g_autoptr(OciImage) image = oci_image_open_stored(store, digest, error);
  if (image == NULL)
    return FALSE;
  json_t *blobs = json_array();
  json_array_append_new(blobs, digest_json(digest));
  for (guint i = 0; i < image->manifests->len; i++) {
    const OciManifest *manifest = image->manifests->pdata[i];
    json_array_append_new(blobs, digest_json(&manifest->config_descriptor.digest));
    for (guint j = 0; j < manifest->n_layers; j++)
      json_array_append_new(blobs, digest_json(&manifest->layers[j].digest));
  }
  json_t *record = json_pack("{s:o}", "blobs", blobs);
  gboolean kept = store_action_put(store, &key, record, error);
  json_decref(record);
  return kept;
}

/* ---- by kind ---- */

gboolean
image_source_resolve(Store *store, const ImageSource *source, const char *arch, const FetchOptions *options, Digest *out,
                     GError **error)
{
  if (source->kind == IMAGE_REGISTRY)
    return registry_image_resolve(store, source, arch, options, out, error);
  if (source->kind == IMAGE_TAR || source->kind == IMAGE_FOLDER)
    return plain_image_make(store, source, arch, options, out, error);
  return local_image_resolve(source, arch, out, error);
}

/* What has to be made of the source each time is what it is. */
static gboolean
obtain_plain(Store *store, const ImageSource *source, const char *arch, const Digest *expected, const FetchOptions *options,
             GError **error)
{
  Digest is;
  char text[DIGEST_STRING_SIZE];
  if (!plain_image_make(store, source, arch, options, &is, error))
    return FALSE;
  if (digest_equal(&is, expected))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "it is another one now: %s", digest_to_string(&is, text));
  return FALSE;
}

static gboolean
obtain(Store *store, const ImageSource *source, const char *arch, const Digest *manifest, const FetchOptions *options,
       GError **error)
{
  if (image_is_stored(store, manifest))
    return TRUE;
  if (source->kind == IMAGE_REGISTRY)
    return registry_image_obtain(store, source, manifest, options, error);
  if (source->kind == IMAGE_TAR || source->kind == IMAGE_FOLDER)
    return obtain_plain(store, source, arch, manifest, options, error);
  return local_image_obtain(store, source, arch, manifest, options, error);
}

gboolean
image_source_obtain(Store *store, const ImageSource *source, const char *arch, const Digest *manifest,
                    const FetchOptions *options, GError **error)
{
  Digest key;
  make_key(manifest, &key);
  if (!store_claim_waiting(store, &key, options->cancellable, error))
    return FALSE;
  gboolean obtained = obtain(store, source, arch, manifest, options, error);
  store_release(store, &key);
  return obtained;
}
