/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/sign.h"
#include "builder/oci/referrer.h"
#include "signing/cosign.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

/* Ours, beside a signature: the fingerprint of the key it was made with, so that it can be told whose key is wanted. */
#define KEY_ANNOTATION "dev.ashlar.key"

/* ---- reading signatures ---- */

static void
signature_free(gpointer data)
{
  ImageSignature *signature = data;
  g_clear_pointer(&signature->signature, g_bytes_unref);
  g_free(signature);
}

/* NULL without @error: a layer of another kind, which is nobody's fault. */
static ImageSignature *
parse_signature(json_t *layer, const Digest *subject, GError **error)
{
  g_auto(Descriptor) descriptor = {0};
  if (!descriptor_parse(layer, &descriptor, error))
    return NULL;
  const char *text = json_string_value(json_object_get(descriptor.annotations, COSIGN_SIGNATURE_ANNOTATION));
  const char *key = json_string_value(json_object_get(descriptor.annotations, KEY_ANNOTATION));
  if (strcmp(descriptor.media_type, COSIGN_PAYLOAD_MEDIA_TYPE) != 0 || text == NULL)
    return NULL;
  gsize size;
  guchar *raw = g_base64_decode(text, &size);
  ImageSignature *signature = g_new0(ImageSignature, 1);
  signature->subject = *subject;
  signature->payload = descriptor.digest;
  signature->payload_size = descriptor.size;
  signature->signature = g_bytes_new_take(raw, size);
  signature->has_key = key != NULL && digest_from_string(key, &signature->key, NULL);
  return signature;
}

static gboolean
collect_from_manifest(json_t *manifest, GPtrArray *signatures, GError **error)
{
  g_auto(Descriptor) subject = {0};
  json_t *json = json_object_get(manifest, "subject");
  if (json == NULL)
    return TRUE;
  if (!descriptor_parse(json, &subject, error))
    return FALSE;
  gsize i;
  json_t *layer;
  json_array_foreach (json_object_get(manifest, "layers"), i, layer) {
    GError *problem = NULL;
    ImageSignature *signature = parse_signature(layer, &subject.digest, &problem);
    if (problem != NULL) {
      g_propagate_error(error, problem);
      return FALSE;
    }
    if (signature != NULL)
      g_ptr_array_add(signatures, signature);
    if (signatures->len > limits_get(LIMIT_SIGNATURES))
      return limits_refuse(LIMIT_SIGNATURES, error, "the image");
  }
  return TRUE;
}

GPtrArray *
image_signatures(Blobs *blobs, const Descriptor *referrers, GError **error)
{
  g_autoptr(GPtrArray) signatures = g_ptr_array_new_with_free_func(signature_free);
  json_auto_t *index = referrer_index(blobs, referrers, error);
  if (index == NULL)
    return NULL;
  gsize i;
  json_t *item;
  json_array_foreach (json_object_get(index, "manifests"), i, item) {
    g_auto(Descriptor) descriptor = {0};
    if (!descriptor_parse(item, &descriptor, error))
      return NULL;
    if (!descriptor_is_manifest(&descriptor))
      continue;
    json_auto_t *manifest = blobs_read_json(blobs, &descriptor.digest, error);
    if (manifest == NULL || !collect_from_manifest(manifest, signatures, error))
      return NULL;
  }
  return g_steal_pointer(&signatures);
}

/* ---- verifying ---- */

static gboolean
optional_matches(const CosignPayload *payload, const char *const *annotations, GError **error)
{
  for (; annotations != NULL && *annotations != NULL; annotations++) {
    const char *equals = strchrnul(*annotations, '=');
    g_autofree char *key = g_strndup(*annotations, (gsize)(equals - *annotations));
    const char *value = json_string_value(json_object_get(payload->optional, key));
    if (value == NULL || strcmp(value, *equals == '=' ? equals + 1 : "") != 0) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "the signature does not carry '%s'", *annotations);
      return FALSE;
    }
  }
  return TRUE;
}

/* The number of the key that made @signature over @payload, or -1. */
static int
find_signer(const ImageSignature *signature, GBytes *payload, const VerifySpec *spec)
{
  gsize size, signature_size;
  const void *data = g_bytes_get_data(payload, &size);
  const void *raw = g_bytes_get_data(signature->signature, &signature_size);
  for (guint i = 0; i < spec->n_keys; i++)
    if (key_verify(spec->keys[i], data, size, raw, signature_size))
      return (int)i;
  return -1;
}

static gboolean
check_payload(GBytes *bytes, const Digest *subject, const VerifySpec *spec, GError **error)
{
  g_auto(CosignPayload) payload = {0};
  return cosign_payload_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &payload, error) &&
         cosign_payload_check(&payload, subject, spec->reference, error) &&
         optional_matches(&payload, spec->annotations, error);
}

/* Nothing of the payload is looked at before the signature over it is known to be good. */
static gboolean
verify_one(Blobs *blobs, const ImageSignature *signature, const VerifySpec *spec, guint *signer, GError **error)
{
  g_autoptr(GBytes) payload = blobs_read(blobs, &signature->payload, LIMIT_PAYLOAD, error);
  if (payload == NULL)
    return FALSE;
  int found = find_signer(signature, payload, spec);
  if (found >= 0) {
    *signer = (guint)found;
    return check_payload(payload, &signature->subject, spec, error);
  }
  char text[DIGEST_STRING_SIZE];
  gboolean claims = FALSE;
  for (guint i = 0; i < spec->n_keys; i++)
    claims = claims || (signature->has_key && digest_equal(&signature->key, key_fingerprint(spec->keys[i])));
  if (claims)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                "the signature that claims to be by the key given is forged or damaged");
  else if (signature->has_key)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "signed by another key, %s", digest_to_string(&signature->key, text));
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "signed by another key");
  return FALSE;
}

gboolean
image_verify_signature(Blobs *blobs, GPtrArray *signatures, const Digest *subject, const VerifySpec *spec, guint *signer,
                       GError **error)
{
  char text[DIGEST_STRING_SIZE];
  g_autoptr(GError) last = NULL;
  guint found = 0;
  for (guint i = 0; signatures != NULL && i < signatures->len; i++) {
    const ImageSignature *signature = signatures->pdata[i];
    if (!digest_equal(&signature->subject, subject))
      continue;
    found++;
    g_clear_error(&last);
    if (verify_one(blobs, signature, spec, signer, &last))
      return TRUE;
  }
  digest_to_string(subject, text);
  if (found == 0)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "%s is not signed", text);
  else if (found == 1)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "%s: %s", text, last->message);
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "%s: none of its %u signatures is good; the last: %s", text, found,
                last->message);
  return FALSE;
}

/* ---- signing ---- */

/* The layers of the signature manifest for @subject that @index has already, and its place there (new reference, maybe empty). */
static json_t *
existing_layers(Blobs *blobs, json_t *index, const Digest *subject, gssize *place, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  gsize i;
  json_t *item;
  *place = -1;
  digest_to_string(subject, text);
  json_array_foreach (json_object_get(index, "manifests"), i, item) {
    g_auto(Descriptor) descriptor = {0};
    if (!descriptor_parse(item, &descriptor, error))
      return NULL;
    if (g_strcmp0(descriptor.artifact_type, COSIGN_SIGNATURE_TYPE) != 0)
      continue;
    json_auto_t *manifest = blobs_read_json(blobs, &descriptor.digest, error);
    if (manifest == NULL)
      return NULL;
    const char *of = json_string_value(json_object_get(json_object_get(manifest, "subject"), "digest"));
    json_t *layers = json_object_get(manifest, "layers");
    if (g_strcmp0(of, text) == 0 && json_is_array(layers)) {
      *place = (gssize)i;
      return json_incref(layers);
    }
  }
  return json_array();
}

/* Whether one of @layers is this key's good signature over @payload. */
static gboolean
is_signed_already(json_t *layers, const Digest *subject, const Digest *digest, GBytes *payload, const Key *key)
{
  gsize i;
  json_t *layer;
  Key *keys[] = {(Key *)key};
  VerifySpec spec = {.keys = keys, .n_keys = 1};
  json_array_foreach (layers, i, layer) {
    ImageSignature *signature = parse_signature(layer, subject, NULL);
    gboolean same = signature != NULL && digest_equal(&signature->payload, digest) &&
                    find_signer(signature, payload, &spec) == 0;
    g_clear_pointer(&signature, signature_free);
    if (same)
      return TRUE;
  }
  return FALSE;
}

static json_t *
signature_layer(const Digest *payload_digest, GBytes *payload, const Key *key, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  g_autoptr(GBytes) raw = key_sign(key, g_bytes_get_data(payload, NULL), g_bytes_get_size(payload), error);
  if (raw == NULL)
    return NULL;
  g_autofree char *encoded = g_base64_encode(g_bytes_get_data(raw, NULL), g_bytes_get_size(raw));
  json_auto_t *annotations = json_object();
  json_object_set_new(annotations, KEY_ANNOTATION, json_string(digest_to_string(key_fingerprint(key), text)));
  json_object_set_new(annotations, COSIGN_SIGNATURE_ANNOTATION, json_string(encoded));
  Descriptor descriptor = {
    .media_type = (char *)COSIGN_PAYLOAD_MEDIA_TYPE,
    .digest = *payload_digest,
    .size = g_bytes_get_size(payload),
    .annotations = annotations,
  };
  return descriptor_to_json(&descriptor);
}

/* What cosign writes beside its signatures; nobody reads more of it than that it is JSON. */
static json_t *
signature_config(json_t *layers)
{
  json_t *diff_ids = json_array();
  gsize i;
  json_t *layer;
  json_array_foreach (layers, i, layer) {
    json_array_append(diff_ids, json_object_get(layer, "digest"));
  }
  return json_pack("{s:s,s:s,s:[{s:s}],s:s,s:{s:s,s:o},s:{}}", "architecture", "", "created", "0001-01-01T00:00:00Z", "history",
                   "created", "0001-01-01T00:00:00Z", "os", "", "rootfs", "type", "layers", "diff_ids", diff_ids, "config");
}

static gboolean
put_signature_manifest(Blobs *blobs, json_t *layers, const Descriptor *subject, Descriptor *out, GError **error)
{
  g_auto(Descriptor) config_descriptor = {0};
  json_auto_t *config = signature_config(layers);
  if (!blobs_put_json(blobs, config, COSIGN_SIGNATURE_TYPE, &config_descriptor, error))
    return FALSE;
  Descriptor bare = {.media_type = subject->media_type, .digest = subject->digest, .size = subject->size};
  json_auto_t *manifest = json_object();
  json_object_set_new(manifest, "schemaVersion", json_integer(2));
  json_object_set_new(manifest, "mediaType", json_string(OCI_MEDIA_MANIFEST));
  json_object_set_new(manifest, "config", descriptor_to_json(&config_descriptor));
  json_object_set(manifest, "layers", layers);
  json_object_set_new(manifest, "subject", descriptor_to_json(&bare));
  if (!blobs_put_json(blobs, manifest, OCI_MEDIA_MANIFEST, out, error))
    return FALSE;
  out->artifact_type = g_strdup(COSIGN_SIGNATURE_TYPE);
  return TRUE;
}

/* Adds the signature of one manifest or index to @index, the referrers. */
static gboolean
sign_one(Blobs *blobs, json_t *index, const Descriptor *subject, const SignSpec *spec, GError **error)
{
  gssize place;
  Digest payload_digest;
  g_auto(Descriptor) manifest = {0};
  g_autoptr(GBytes) payload = cosign_payload_make(spec->reference, &subject->digest, spec->annotations);
  json_auto_t *layers = existing_layers(blobs, index, &subject->digest, &place, error);
  if (layers == NULL)
    return FALSE;
  digest_of(g_bytes_get_data(payload, NULL), g_bytes_get_size(payload), &payload_digest);
  if (is_signed_already(layers, &subject->digest, &payload_digest, payload, spec->key))
    return TRUE;
  json_t *layer = signature_layer(&payload_digest, payload, spec->key, error);
  if (layer == NULL)
    return FALSE;
  json_array_append_new(layers, layer);
  if (!blobs_put(blobs, g_bytes_get_data(payload, NULL), g_bytes_get_size(payload), &payload_digest, error) ||
      !put_signature_manifest(blobs, layers, subject, &manifest, error))
    return FALSE;
  json_t *manifests = json_object_get(index, "manifests");
  if (place >= 0)
    json_array_set_new(manifests, (gsize)place, descriptor_to_json(&manifest));
  else
    json_array_append_new(manifests, descriptor_to_json(&manifest));
  return TRUE;
}

static gboolean
sign_members(Blobs *blobs, json_t *index, const Descriptor *top, const SignSpec *spec, GError **error)
{
  json_auto_t *image = blobs_read_json(blobs, &top->digest, error);
  if (image == NULL)
    return FALSE;
  gsize i;
  json_t *item;
  json_array_foreach (json_object_get(image, "manifests"), i, item) {
    g_auto(Descriptor) member = {0};
    if (!descriptor_parse(item, &member, error) || !sign_one(blobs, index, &member, spec, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
image_sign(Blobs *blobs, const Descriptor *top, const Descriptor *referrers, const SignSpec *spec, Descriptor *out,
           GError **error)
{
  *out = (Descriptor){0};
  json_auto_t *index = referrer_index(blobs, referrers, error);
  if (index == NULL)
    return FALSE;
  if (!sign_one(blobs, index, top, spec, error) ||
      (descriptor_is_index(top) && !sign_members(blobs, index, top, spec, error))) {
    g_prefix_error(error, "sign: ");
    return FALSE;
  }
  return blobs_put_json(blobs, index, OCI_MEDIA_INDEX, out, error);
}
