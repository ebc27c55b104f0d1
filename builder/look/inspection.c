/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/inspection.h"
#include "builder/lock/lock.h"
#include "builder/look/entry_text.h"
#include "builder/oci/referrer.h"
#include "builder/oci/sign.h"
#include "signing/cosign.h"
#include "signing/error.h"

#include <string.h>

static json_t *
digest_json(const Digest *digest)
{
  char text[DIGEST_STRING_SIZE];
  return json_string(digest_to_string(digest, text));
}

static void
set_text(json_t *json, const char *key, const char *text)
{
  if (text != NULL)
    json_object_set_new(json, key, entry_json_string(text));
}

static void
set_number(json_t *json, const char *key, guint64 number)
{
  json_object_set_new(json, key, json_integer((json_int_t)number));
}

/* ---- layers and packages ---- */

/* The names of the packages that have files in layer @number; @seen: "LAYER PACKAGE" pairs that were met. */
static json_t *
layer_packages(const Subject *subject, guint number, GHashTable *seen)
{
  json_t *list = json_array();
  for (guint i = 0; i < subject->packages->len; i++) {
    const gint64 pair = (gint64)number << 32 | i;
    if (g_hash_table_contains(seen, &pair))
      json_array_append_new(list, entry_json_string(((const SubjectPackage *)subject->packages->pdata[i])->name));
  }
  return list;
}

static GHashTable *
package_layers(const Subject *subject)
{
  GHashTable *seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  for (guint i = 0; i < subject->files->len; i++) {
    const SubjectFile *file = subject->files->pdata[i];
    const gint64 pair = (gint64)file->layer << 32 | file->package;
    if (file->package < SUBJECT_SHARED && file->entry.type != ENTRY_DIRECTORY && !g_hash_table_contains(seen, &pair))
      g_hash_table_add(seen, g_memdup2(&pair, sizeof pair));
  }
  return seen;
}

static json_t *
layers_json(const Subject *subject)
{
  json_t *list = json_array();
  g_autoptr(GHashTable) seen = package_layers(subject);
  for (guint i = 0; i < subject->layers->len; i++) {
    const SubjectLayer *layer = &g_array_index(subject->layers, SubjectLayer, i);
    json_t *json = json_object();
    if (layer->has_digest)
      json_object_set_new(json, "digest", digest_json(&layer->digest));
    set_number(json, "size", layer->size);
    set_text(json, "mediaType", layer->media_type);
    if (layer->has_diff_id)
      json_object_set_new(json, "diffID", digest_json(&layer->diff_id));
    set_text(json, "holds", layer->created_by);
    set_number(json, "unpackedSize", layer->tar_size);
    set_number(json, "files", layer->files);
    set_number(json, "bytes", layer->bytes);
    json_object_set_new(json, "packages", layer_packages(subject, i, seen));
    json_array_append_new(list, json);
  }
  return list;
}

static json_t *
packages_json(const Subject *subject)
{
  json_t *list = json_array();
  for (guint i = 0; i < subject->packages->len; i++) {
    const SubjectPackage *package = subject->packages->pdata[i];
    json_t *json = json_object();
    set_text(json, "name", package->name);
    set_text(json, "version", package->version);
    set_text(json, "architecture", package->architecture);
    set_text(json, "source", package->source);
    set_number(json, "files", package->files);
    set_number(json, "bytes", package->bytes);
    json_array_append_new(list, json);
  }
  return list;
}

static void
set_contents(json_t *json, const Subject *subject)
{
  guint64 bytes = 0;
  for (guint i = 0; i < subject->files->len; i++) {
    const Entry *entry = &((const SubjectFile *)subject->files->pdata[i])->entry;
    bytes += entry->type == ENTRY_FILE ? entry->size : 0;
  }
  set_number(json, "files", subject->files->len);
  set_number(json, "bytes", bytes);
  json_object_set_new(json, "layers", layers_json(subject));
  json_object_set_new(json, "packages", packages_json(subject));
}

/* ---- images ---- */

static json_t *
manifest_json(const Subject *subject)
{
  json_t *json = json_object();
  const Descriptor *descriptor = &subject->manifest->descriptor;
  if (descriptor->architecture != NULL)
    json_object_set_new(json, "platform",
                        json_sprintf("%s/%s%s%s", descriptor->os, descriptor->architecture,
                                     descriptor->variant != NULL ? "/" : "",
                                     descriptor->variant != NULL ? descriptor->variant : ""));
  json_object_set_new(json, "digest", digest_json(&descriptor->digest));
  json_object_set_new(json, "imageID", digest_json(&subject->manifest->config_descriptor.digest));
  json_t *config = json_object_get(subject->config, "config");
  if (config != NULL)
    json_object_set(json, "config", config);
  set_contents(json, subject);
  return json;
}

/* @subject is one of them, and read already. */
static json_t *
manifests_json(const Subject *subject, const SubjectOptions *options, GError **error)
{
  json_auto_t *list = json_array();
  for (guint i = 0; i < subject->image->manifests->len; i++) {
    OciManifest *manifest = subject->image->manifests->pdata[i];
    g_autoptr(Subject) other = NULL;
    if (manifest != subject->manifest && (other = subject_of_manifest(subject->image, manifest, options, error)) == NULL)
      return NULL;
    json_array_append_new(list, manifest_json(other != NULL ? other : subject));
  }
  return json_incref(list);
}

static json_t *
signature_json(OciImage *image, const ImageSignature *signature)
{
  json_t *json = json_object();
  g_auto(CosignPayload) payload = {0};
  json_object_set_new(json, "subject", digest_json(&signature->subject));
  if (signature->has_key)
    json_object_set_new(json, "key", digest_json(&signature->key));
  g_autoptr(GBytes) bytes = blobs_read(image->blobs, &signature->payload, LIMIT_PAYLOAD, NULL);
  if (bytes != NULL && cosign_payload_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &payload, NULL)) {
    json_object_set_new(json, "reference", json_string(payload.reference));
    if (payload.optional != NULL)
      json_object_set(json, "annotations", payload.optional);
  }
  return json;
}

static json_t *
signatures_json(OciImage *image, GError **error)
{
  if (image->referrers == NULL)
    return json_array();
  g_autoptr(GPtrArray) signatures = image_signatures(image->blobs, image->referrers, error);
  if (signatures == NULL)
    return NULL;
  json_t *list = json_array();
  for (guint i = 0; i < signatures->len; i++)
    json_array_append_new(list, signature_json(image, signatures->pdata[i]));
  return list;
}

/* ---- the lock ---- */

GBytes *
inspection_lock(const OciImage *image, GError **error)
{
  if (image->referrers != NULL)
    return referrer_read(image->blobs, image->referrers, &image->top.digest, REFERRER_LOCK_TYPE, LIMIT_LOCK, error);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "'%s' carries no lock", image->path);
  return NULL;
}

static json_t *
lock_json(const OciImage *image, GError **error)
{
  g_autoptr(GError) problem = NULL;
  g_autoptr(GBytes) text = inspection_lock(image, &problem);
  if (text == NULL && g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND))
    return json_null();
  if (text == NULL) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
  }
  gsize size;
  const char *data = g_bytes_get_data(text, &size);
  g_autoptr(Lock) lock = lock_parse(data, size, image->path, error);
  if (lock == NULL)
    return NULL;
  Digest digest;
  digest_of(data, size, &digest);
  json_t *json = json_object(), *packages = json_object();
  json_object_set_new(json, "digest", digest_json(&digest));
  set_number(json, "size", size);
  if (lock->date >= 0) {
    g_autofree char *date = oci_time(lock->date);
    set_text(json, "date", date);
  }
  json_object_set(json, "format", lock->format);
  for (guint i = 0; i < lock->archs->len; i++) {
    const LockArch *arch = lock->archs->pdata[i];
    set_number(packages, arch->arch, arch->packages->len);
  }
  json_object_set_new(json, "packages", packages);
  return json;
}

/* ---- all of it ---- */

/* Sets @key to @value (taken); FALSE for NULL, with which an error came. */
static gboolean
set_new(json_t *json, const char *key, json_t *value)
{
  return value != NULL && json_object_set_new(json, key, value) == 0;
}

static gboolean
set_image(json_t *json, const Subject *subject, const SubjectOptions *options, GError **error)
{
  const OciImage *image = subject->image;
  set_text(json, "created", oci_image_annotation(image, OCI_ANNOTATION_CREATED));
  json_object_set_new(json, "digest", digest_json(&image->top.digest));
  set_text(json, "mediaType", image->top.media_type);
  json_t *annotations = json_object_get(image->top_json, "annotations");
  if (annotations != NULL)
    json_object_set(json, "annotations", annotations);
  return set_new(json, "images", manifests_json(subject, options, error)) &&
         set_new(json, "signatures", signatures_json(subject->image, error)) && set_new(json, "lock", lock_json(image, error));
}

json_t *
inspection_of(const Subject *subject, const SubjectOptions *options, GError **error)
{
  json_auto_t *json = json_object();
  set_text(json, "kind", subject_kind_name(subject->kind));
  set_text(json, "name", subject->name);
  set_text(json, "version", subject->version);
  if (subject->image == NULL)
    set_contents(json, subject);
  else if (!set_image(json, subject, options, error))
    return NULL;
  return json_incref(json);
}
