/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/referrer.h"
#include "signing/error.h"

#include <string.h>

/* OCI image-spec, manifest.md, "Guidance for an Empty Descriptor" */
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"
#define EMPTY "{}"

static json_t *
empty_index(void)
{
  json_t *index = json_object();
  json_object_set_new(index, "schemaVersion", json_integer(2));
  json_object_set_new(index, "mediaType", json_string(OCI_MEDIA_INDEX));
  json_object_set_new(index, "manifests", json_array());
  return index;
}

static gboolean
check_index(json_t *index, GError **error)
{
  json_t *manifests = json_object_get(index, "manifests");
  if (!json_is_array(manifests)) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the index of referrers has no 'manifests'");
    return FALSE;
  }
  return json_array_size(manifests) <= limits_get(LIMIT_MANIFESTS) ||
         limits_refuse(LIMIT_MANIFESTS, error, "the index of referrers");
}

json_t *
referrer_index(Blobs *blobs, const Descriptor *referrers, GError **error)
{
  if (referrers == NULL)
    return empty_index();
  json_auto_t *index = blobs_read_json(blobs, &referrers->digest, error);
  return index != NULL && check_index(index, error) ? json_incref(index) : NULL;
}

/* ---- attaching ---- */

static gboolean
put_layer(Blobs *blobs, const Referrer *what, json_t **layer, GError **error)
{
  Descriptor descriptor = {.media_type = (char *)what->artifact_type, .size = what->size};
  if (!blobs_put(blobs, what->data, what->size, &descriptor.digest, error))
    return FALSE;
  json_auto_t *annotations = json_object();
  json_object_set_new(annotations, OCI_ANNOTATION_TITLE, json_string(what->title));
  descriptor.annotations = annotations;
  *layer = descriptor_to_json(&descriptor);
  return TRUE;
}

static gboolean
put_manifest(Blobs *blobs, const Descriptor *top, const Referrer *what, Descriptor *out, GError **error)
{
  json_t *layer;
  Descriptor empty = {.media_type = (char *)EMPTY_TYPE, .size = strlen(EMPTY)};
  if (!blobs_put(blobs, EMPTY, empty.size, &empty.digest, error) || !put_layer(blobs, what, &layer, error))
    return FALSE;
  const Descriptor bare = {.media_type = top->media_type, .digest = top->digest, .size = top->size};
  json_auto_t *manifest = json_object();
  json_object_set_new(manifest, "schemaVersion", json_integer(2));
  json_object_set_new(manifest, "mediaType", json_string(OCI_MEDIA_MANIFEST));
  json_object_set_new(manifest, "artifactType", json_string(what->artifact_type));
  json_object_set_new(manifest, "config", descriptor_to_json(&empty));
  json_object_set_new(manifest, "layers", json_pack("[o]", layer));
  json_object_set_new(manifest, "subject", descriptor_to_json(&bare));
  if (!blobs_put_json(blobs, manifest, OCI_MEDIA_MANIFEST, out, error))
    return FALSE;
  out->artifact_type = g_strdup(what->artifact_type);
  return TRUE;
}

gboolean
referrer_attach(Blobs *blobs, const Descriptor *top, const Descriptor *referrers, const Referrer *what, Descriptor *out,
                GError **error)
{
  g_auto(Descriptor) manifest = {0};
  *out = (Descriptor){0};
  json_auto_t *index = referrer_index(blobs, referrers, error);
  if (index == NULL || !put_manifest(blobs, top, what, &manifest, error))
    return FALSE;
  json_array_append_new(json_object_get(index, "manifests"), descriptor_to_json(&manifest));
  return blobs_put_json(blobs, index, OCI_MEDIA_INDEX, out, error);
}

/* ---- reading ---- */

static gboolean
is_of(json_t *manifest, const Digest *subject)
{
  char text[DIGEST_STRING_SIZE];
  const char *of = json_string_value(json_object_get(json_object_get(manifest, "subject"), "digest"));
  return g_strcmp0(of, digest_to_string(subject, text)) == 0;
}

GBytes *
referrer_read(Blobs *blobs, const Descriptor *referrers, const Digest *subject, const char *artifact_type, LimitId max,
              GError **error)
{
  json_auto_t *index = referrer_index(blobs, referrers, error);
  if (index == NULL)
    return NULL;
  gsize i;
  json_t *item;
  json_array_foreach (json_object_get(index, "manifests"), i, item) {
    g_auto(Descriptor) descriptor = {0}, layer = {0};
    if (!descriptor_parse(item, &descriptor, error))
      return NULL;
    if (g_strcmp0(descriptor.artifact_type, artifact_type) != 0)
      continue;
    json_auto_t *manifest = blobs_read_json(blobs, &descriptor.digest, error);
    if (manifest == NULL)
      return NULL;
    if (!is_of(manifest, subject))
      continue;
    if (!descriptor_parse(json_array_get(json_object_get(manifest, "layers"), 0), &layer, error))
      return NULL;
    return blobs_read(blobs, &layer.digest, max, error);
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "nothing of type '%s' is attached to it", artifact_type);
  return NULL;
}
