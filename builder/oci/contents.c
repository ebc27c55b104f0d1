/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/contents.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

typedef struct {
  Blobs *blobs;
  GArray *digests;
  GHashTable *seen;   /* Digest*, those of digests */
  GHashTable *walked; /* Digest*, whose members were visited: a blob may be listed as something else before */
} Walk;

static gboolean visit(Walk *walk, const Descriptor *descriptor, guint depth, GError **error);

/* TRUE when it was not there yet. */
static gboolean
add_digest(GHashTable *set, const Digest *digest)
{
  return g_hash_table_add(set, g_memdup2(digest, sizeof *digest));
}

static gboolean
add_blob(Walk *walk, const Descriptor *descriptor, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  gint64 size = blobs_size(walk->blobs, &descriptor->digest);
  if (size >= 0 && (guint64)size == descriptor->size) {
    if (add_digest(walk->seen, &descriptor->digest))
      g_array_append_val(walk->digests, descriptor->digest);
    return TRUE;
  }
  digest_to_string(&descriptor->digest, text);
  if (size < 0)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "blob %s is missing", text);
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                "blob %s has %" G_GINT64_FORMAT " bytes, but its descriptor says %" G_GUINT64_FORMAT, text, size,
                descriptor->size);
  return FALSE;
}

static gboolean
visit_json(Walk *walk, json_t *json, guint depth, GError **error)
{
  g_auto(Descriptor) descriptor = {0};
  return descriptor_parse(json, &descriptor, error) && visit(walk, &descriptor, depth, error);
}

static gboolean
visit_array(Walk *walk, json_t *array, guint depth, GError **error)
{
  gsize i;
  json_t *item;
  json_array_foreach (array, i, item)
    if (!visit_json(walk, item, depth, error))
      return FALSE;
  return TRUE;
}

static gboolean
visit(Walk *walk, const Descriptor *descriptor, guint depth, GError **error)
{
  gboolean is_index = descriptor_is_index(descriptor);
  if (!add_blob(walk, descriptor, error))
    return FALSE;
  if ((!is_index && !descriptor_is_manifest(descriptor)) || !add_digest(walk->walked, &descriptor->digest))
    return TRUE;
  if (depth > INDEX_DEPTH_MAX) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "indexes lie too deep in each other");
    return FALSE;
  }
  json_auto_t *json = blobs_read_json(walk->blobs, &descriptor->digest, error);
  if (json == NULL)
    return FALSE;
  if (is_index)
    return visit_array(walk, json_object_get(json, "manifests"), depth + 1, error);
  return visit_json(walk, json_object_get(json, "config"), depth + 1, error) &&
         visit_array(walk, json_object_get(json, "layers"), depth + 1, error);
}

static int
compare_digests(gconstpointer a, gconstpointer b)
{
  return digest_compare(a, b);
}

static GArray *
collect_digests(const ArchiveSpec *spec, Blobs *blobs, GError **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full(digest_hash, digest_equal, g_free, NULL);
  g_autoptr(GArray) digests = g_array_new(FALSE, FALSE, sizeof(Digest));
  g_autoptr(GHashTable) walked = g_hash_table_new_full(digest_hash, digest_equal, g_free, NULL);
  Walk walk = {blobs, digests, seen, walked};
  if (!visit(&walk, spec->top, 0, error))
    return NULL;
  if (spec->referrers != NULL && !visit(&walk, spec->referrers, 0, error)) {
    g_prefix_error(error, "signatures: ");
    return NULL;
  }
  g_array_sort(digests, compare_digests);
  return g_steal_pointer(&digests);
}

/* ---- index.json ---- */

/* The descriptor of the image under the names that all programs look for. */
static json_t *
named_entry(const ArchiveSpec *spec)
{
  g_auto(Descriptor) entry = {0};
  descriptor_copy(spec->top, &entry);
  if (spec->name != NULL) {
    g_autofree char *tag = oci_tag(spec->version);
    g_autofree char *repository = oci_repository(spec->name);
    g_autofree char *full = g_strconcat(repository, ":", tag, NULL);
    g_clear_pointer(&entry.annotations, json_decref);
    entry.annotations = json_object();
    json_object_set_new(entry.annotations, CONTAINERD_ANNOTATION_NAME, json_string(full));
    json_object_set_new(entry.annotations, OCI_ANNOTATION_REF_NAME, json_string(tag));
  }
  return descriptor_to_json(&entry);
}

static char *
index_json(const ArchiveSpec *spec, json_t *entry)
{
  json_auto_t *json = json_object();
  json_t *manifests = json_array();
  json_array_append(manifests, entry);
  json_object_set_new(json, "schemaVersion", json_integer(2));
  json_object_set_new(json, "mediaType", json_string(OCI_MEDIA_INDEX));
  json_object_set_new(json, "manifests", manifests);
  if (spec->referrers != NULL) {
    char text[DIGEST_STRING_SIZE];
    json_t *annotations = json_object();
    json_object_set_new(annotations, ASHLAR_ANNOTATION_REFERRERS,
                        json_string(digest_to_string(&spec->referrers->digest, text)));
    json_object_set_new(json, "annotations", annotations);
  }
  return oci_json_dump(json);
}

/* ---- manifest.json ---- */

/* Docker's older store holds one platform under a name: the manifest itself, or the first of the index (new reference). */
static json_t *
first_manifest(const Descriptor *top, Blobs *blobs, GError **error)
{
  g_auto(Descriptor) current = {0};
  descriptor_copy(top, &current);
  for (guint depth = 0; depth <= INDEX_DEPTH_MAX; depth++) {
    json_auto_t *json = blobs_read_json(blobs, &current.digest, error);
    if (json == NULL)
      return NULL;
    if (descriptor_is_manifest(&current))
      return json_incref(json);
    descriptor_clear(&current);
    if (!descriptor_parse(json_array_get(json_object_get(json, "manifests"), 0), &current, error))
      return NULL;
  }
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the index names no image");
  return NULL;
}

/* "blobs/sha256/HEX" of a descriptor that was checked before. */
static json_t *
blob_path(json_t *descriptor)
{
  const char *digest = json_string_value(json_object_get(descriptor, "digest"));
  return json_sprintf("blobs/sha256/%s", digest + strlen("sha256:"));
}

static json_t *
repository_tags(json_t *entry)
{
  json_t *tags = json_array();
  const char *name = json_string_value(json_object_get(json_object_get(entry, "annotations"), CONTAINERD_ANNOTATION_NAME));
  if (name != NULL)
    json_array_append_new(tags, json_string(g_str_has_prefix(name, "docker.io/library/") ? name + 18 : name));
  return tags;
}

static char *
manifest_json(const ArchiveSpec *spec, Blobs *blobs, json_t *entry, GError **error)
{
  json_auto_t *manifest = first_manifest(spec->top, blobs, error);
  if (manifest == NULL)
    return NULL;
  json_t *layers = json_array();
  gsize i;
  json_t *layer;
  json_array_foreach (json_object_get(manifest, "layers"), i, layer) {
    json_array_append_new(layers, blob_path(layer));
  }
  json_t *item = json_object();
  json_object_set_new(item, "Config", blob_path(json_object_get(manifest, "config")));
  json_object_set_new(item, "RepoTags", repository_tags(entry));
  json_object_set_new(item, "Layers", layers);
  json_auto_t *json = json_array();
  json_array_append_new(json, item);
  return oci_json_dump(json);
}

gboolean
contents_collect(const ArchiveSpec *spec, Blobs *blobs, Contents *out, GError **error)
{
  *out = (Contents){.digests = collect_digests(spec, blobs, error)};
  if (out->digests == NULL)
    return FALSE;
  json_auto_t *entry = named_entry(spec);
  out->index_json = index_json(spec, entry);
  out->manifest_json = manifest_json(spec, blobs, entry, error);
  return out->manifest_json != NULL;
}

void
contents_clear(Contents *contents)
{
  g_clear_pointer(&contents->digests, g_array_unref);
  g_clear_pointer(&contents->index_json, g_free);
  g_clear_pointer(&contents->manifest_json, g_free);
}
