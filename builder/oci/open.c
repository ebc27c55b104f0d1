/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/open.h"
#include "builder/oci/location.h"
#include "builder/oci/scan.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>
#include <unistd.h>

#define DOCKER_MEDIA_CONFIG "application/vnd.docker.container.image.v1+json"

static gboolean load_node(OciImage *image, const Descriptor *descriptor, guint depth, json_t **json, GError **error);

static gboolean
invalid(GError **error, const char *problem)
{
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, problem);
  return FALSE;
}

static void
manifest_free(gpointer data)
{
  OciManifest *manifest = data;
  descriptor_clear(&manifest->descriptor);
  descriptor_clear(&manifest->config_descriptor);
  for (guint i = 0; i < manifest->n_layers; i++)
    descriptor_clear(&manifest->layers[i]);
  g_free(manifest->layers);
  g_free(manifest->diff_ids);
  g_clear_pointer(&manifest->json, json_decref);
  g_clear_pointer(&manifest->config, json_decref);
  g_free(manifest);
}

/* ---- blobs by descriptor ---- */

/* The blob must be there, in the size that the descriptor says. */
static gboolean
check_size(OciImage *image, const Descriptor *descriptor, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  gint64 size = blobs_size(image->blobs, &descriptor->digest);
  digest_to_string(&descriptor->digest, text);
  if (size < 0)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "blob %s is missing", text);
  else if ((guint64)size != descriptor->size)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                "blob %s has %" G_GINT64_FORMAT " bytes, but its descriptor says %" G_GUINT64_FORMAT, text, size,
                descriptor->size);
  return size >= 0 && (guint64)size == descriptor->size;
}

static json_t *
read_json(OciImage *image, const Descriptor *descriptor, GError **error)
{
  return check_size(image, descriptor, error) ? blobs_read_json(image->blobs, &descriptor->digest, error) : NULL;
}

/* ---- manifests ---- */

static gboolean
parse_layers(OciImage *image, OciManifest *manifest, GError **error)
{
  json_t *layers = json_object_get(manifest->json, "layers");
  if (!json_is_array(layers))
    return invalid(error, "its layers are no list");
  if (json_array_size(layers) > limits_get(LIMIT_LAYERS))
    return limits_exceed(LIMIT_LAYERS, error);
  manifest->layers = g_new0(Descriptor, json_array_size(layers) + 1);
  gsize i;
  json_t *layer;
  json_array_foreach (layers, i, layer) {
    manifest->n_layers++;
    if (!descriptor_parse(layer, &manifest->layers[i], error) || !check_size(image, &manifest->layers[i], error)) {
      g_prefix_error(error, "layer %u: ", manifest->n_layers);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
parse_diff_ids(OciManifest *manifest, GError **error)
{
  json_t *diff_ids = json_object_get(json_object_get(manifest->config, "rootfs"), "diff_ids");
  if (!json_is_array(diff_ids) || json_array_size(diff_ids) != manifest->n_layers)
    return invalid(error, "the configuration does not name one diff ID a layer");
  manifest->diff_ids = g_new0(Digest, manifest->n_layers + 1);
  gsize i;
  json_t *diff_id;
  json_array_foreach (diff_ids, i, diff_id) {
    const char *text = json_string_value(diff_id);
    if (text == NULL)
      return invalid(error, "a diff ID is no string");
    if (!digest_from_string(text, &manifest->diff_ids[i], error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
parse_config(OciImage *image, OciManifest *manifest, GError **error)
{
  Descriptor *descriptor = &manifest->config_descriptor;
  if (!descriptor_parse(json_object_get(manifest->json, "config"), descriptor, error))
    return FALSE;
  if (strcmp(descriptor->media_type, OCI_MEDIA_CONFIG) != 0 && strcmp(descriptor->media_type, DOCKER_MEDIA_CONFIG) != 0)
    return check_size(image, descriptor, error);
  manifest->config = read_json(image, descriptor, error);
  if (manifest->config == NULL || !parse_diff_ids(manifest, error))
    return FALSE;
  const char *architecture = json_string_value(json_object_get(manifest->config, "architecture"));
  const char *os = json_string_value(json_object_get(manifest->config, "os"));
  const char *variant = json_string_value(json_object_get(manifest->config, "variant"));
  if (manifest->descriptor.architecture == NULL && architecture != NULL && os != NULL) {
    manifest->descriptor.architecture = g_strdup(architecture);
    manifest->descriptor.os = g_strdup(os);
    manifest->descriptor.variant = g_strdup(variant);
  }
  return TRUE;
}

static gboolean
add_manifest(OciImage *image, const Descriptor *descriptor, json_t *json, GError **error)
{
  OciManifest *manifest = g_new0(OciManifest, 1);
  g_ptr_array_add(image->manifests, manifest);
  descriptor_copy(descriptor, &manifest->descriptor);
  manifest->json = json_incref(json);
  return parse_layers(image, manifest, error) && parse_config(image, manifest, error);
}

/* ---- the graph ---- */

static gboolean
load_members(OciImage *image, json_t *json, guint depth, GError **error)
{
  json_t *members = json_object_get(json, "manifests");
  if (!json_is_array(members))
    return invalid(error, "its manifests are no list");
  gsize i;
  json_t *item;
  json_array_foreach (members, i, item) {
    g_auto(Descriptor) member = {0};
    if (!descriptor_parse(item, &member, error) || !load_node(image, &member, depth + 1, NULL, error))
      return FALSE;
  }
  return TRUE;
}

/* One document read as a manifest here and as an index there is two images with one digest (CVE-2021-41190). */
static gboolean
check_kind(json_t *json, const Descriptor *descriptor, GError **error)
{
  const char *media_type = json_string_value(json_object_get(json, "mediaType"));
  gboolean lists = json_object_get(json, "manifests") != NULL;
  gboolean layers = json_object_get(json, "layers") != NULL || json_object_get(json, "config") != NULL;
  if (lists && layers)
    return invalid(error, "it is a manifest and an index at once");
  if (json_integer_value(json_object_get(json, "schemaVersion")) != 2)
    return invalid(error, "its schemaVersion is not 2");
  if (media_type != NULL && strcmp(media_type, descriptor->media_type) != 0)
    return invalid(error, "its mediaType is not that of its descriptor");
  return TRUE;
}

static gboolean
load_node(OciImage *image, const Descriptor *descriptor, guint depth, json_t **json, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  gboolean is_index = descriptor_is_index(descriptor);
  if (depth > INDEX_DEPTH_MAX)
    return invalid(error, "indexes lie too deep in each other");
  if (++image->n_documents > limits_get(LIMIT_MANIFESTS))
    return limits_exceed(LIMIT_MANIFESTS, error);
  if (!is_index && !descriptor_is_manifest(descriptor))
    return invalid(error, "index.json names something that is neither a manifest nor an index");
  json_auto_t *node = read_json(image, descriptor, error);
  if (node == NULL)
    return FALSE;
  if (!check_kind(node, descriptor, error) ||
      !(is_index ? load_members(image, node, depth, error) : add_manifest(image, descriptor, node, error))) {
    g_prefix_error(error, "%s: ", digest_to_string(&descriptor->digest, text));
    return FALSE;
  }
  if (json != NULL)
    *json = json_incref(node);
  return TRUE;
}

/* ---- index.json ---- */

static gboolean
entry_matches(json_t *entry, const char *tag)
{
  json_t *annotations = json_object_get(entry, "annotations");
  return g_strcmp0(json_string_value(json_object_get(annotations, OCI_ANNOTATION_REF_NAME)), tag) == 0 ||
         g_strcmp0(json_string_value(json_object_get(annotations, CONTAINERD_ANNOTATION_NAME)), tag) == 0;
}

/* The entry called @tag, or the only one. */
static json_t *
choose_entry(json_t *entries, const char *tag, GError **error)
{
  gsize i, found = 0;
  json_t *entry, *chosen = NULL;
  json_array_foreach (entries, i, entry)
    if (tag == NULL || entry_matches(entry, tag)) {
      chosen = entry;
      found++;
    }
  if (found == 1)
    return chosen;
  if (found == 0)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, tag != NULL ? "holds no image called '%s'" : "holds no image",
                tag);
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "holds %" G_GSIZE_FORMAT " images%s\nhint: name one, as in FILE:TAG",
                found, tag != NULL ? " of that name" : "");
  return NULL;
}

static gboolean
find_referrers(OciImage *image, json_t *index, GError **error)
{
  json_t *json = json_object_get(json_object_get(index, "annotations"), ASHLAR_ANNOTATION_REFERRERS);
  if (json == NULL)
    return TRUE;
  if (!json_is_string(json))
    return invalid(error, "annotation '" ASHLAR_ANNOTATION_REFERRERS "' is no string");
  image->referrers = g_new0(Descriptor, 1);
  if (!digest_from_string(json_string_value(json), &image->referrers->digest, error))
    return FALSE;
  gint64 size = blobs_size(image->blobs, &image->referrers->digest);
  image->referrers->media_type = g_strdup(OCI_MEDIA_INDEX);
  image->referrers->size = (guint64)MAX(size, 0);
  return check_size(image, image->referrers, error);
}

static gboolean
load(OciImage *image, GBytes *bytes, const char *tag, GError **error)
{
  json_auto_t *index = oci_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "index.json", error);
  if (index == NULL)
    return FALSE;
  if (json_integer_value(json_object_get(index, "schemaVersion")) != 2)
    return invalid(error, "index.json: its schemaVersion is not 2");
  json_t *entries = json_object_get(index, "manifests");
  if (!json_is_array(entries))
    return invalid(error, "index.json has no 'manifests'");
  image->n_entries = (guint)json_array_size(entries);
  json_t *entry = choose_entry(entries, tag, error);
  return entry != NULL && descriptor_parse(entry, &image->top, error) &&
         load_node(image, &image->top, 0, &image->top_json, error) && find_referrers(image, index, error);
}

OciImage *
oci_image_open(const char *spelling, GError **error)
{
  g_auto(ImageLocation) location = {0};
  g_auto(Scan) scan = {.fd = -1};
  if (!image_location_parse(spelling, &location, error) ||
      !(location.folder ? scan_folder(location.path, &scan, error) : scan_archive(location.path, &scan, error)))
    return NULL;
  g_autoptr(OciImage) image = g_new0(OciImage, 1);
  image->path = g_strdup(location.path);
  image->folder = location.folder;
  image->blobs = g_steal_pointer(&scan.blobs);
  image->digests = g_steal_pointer(&scan.digests);
  image->docker = g_steal_pointer(&scan.docker);
  image->manifests = g_ptr_array_new_with_free_func(manifest_free);
  image->mtime = scan.mtime;
  image->fd = scan.fd;
  scan.fd = -1;
  if (load(image, scan.index, location.tag, error))
    return g_steal_pointer(&image);
  g_prefix_error(error, "'%s': ", location.path);
  return NULL;
}

/* What a manifest or index is when no descriptor tells: as it says, else as its members show. */
static gboolean
describe_stored(Blobs *blobs, const Digest *digest, Descriptor *top, GError **error)
{
  json_auto_t *json = blobs_read_json(blobs, digest, error);
  if (json == NULL)
    return FALSE;
  const char *media_type = json_string_value(json_object_get(json, "mediaType"));
  if (media_type == NULL)
    media_type = json_object_get(json, "manifests") != NULL ? OCI_MEDIA_INDEX : OCI_MEDIA_MANIFEST;
  *top = (Descriptor){.media_type = g_strdup(media_type), .digest = *digest, .size = (guint64)blobs_size(blobs, digest)};
  if (descriptor_is_manifest(top) || descriptor_is_index(top))
    return TRUE;
  return invalid(error, "it is neither a manifest nor an index");
}

OciImage *
oci_image_open_stored(Store *store, const Digest *digest, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  g_autoptr(OciImage) image = g_new0(OciImage, 1);
  image->path = g_strdup_printf("store:%s", digest_to_string(digest, text));
  image->folder = TRUE;
  image->blobs = blobs_new(store);
  image->digests = g_array_new(FALSE, FALSE, sizeof(Digest));
  image->manifests = g_ptr_array_new_with_free_func(manifest_free);
  image->n_entries = 1;
  image->mtime = -1;
  image->fd = -1;
  if (describe_stored(image->blobs, digest, &image->top, error) && load_node(image, &image->top, 0, &image->top_json, error))
    return g_steal_pointer(&image);
  g_prefix_error(error, "'%s': ", image->path);
  return NULL;
}

void
oci_image_free(OciImage *image)
{
  g_free(image->path);
  g_clear_pointer(&image->blobs, blobs_free);
  descriptor_clear(&image->top);
  g_clear_pointer(&image->top_json, json_decref);
  if (image->referrers != NULL)
    descriptor_clear(image->referrers);
  g_free(image->referrers);
  g_ptr_array_unref(image->manifests);
  g_clear_pointer(&image->digests, g_array_unref);
  g_clear_pointer(&image->docker, g_bytes_unref);
  if (image->fd >= 0)
    close(image->fd);
  g_free(image);
}

/* ---- what it is called ---- */

const char *
oci_image_annotation(const OciImage *image, const char *key)
{
  return json_string_value(json_object_get(json_object_get(image->top_json, "annotations"), key));
}

const char *
oci_image_name(const OciImage *image)
{
  const char *title = oci_image_annotation(image, OCI_ANNOTATION_TITLE);
  if (title != NULL)
    return title;
  return json_string_value(json_object_get(image->top.annotations, CONTAINERD_ANNOTATION_NAME));
}

static const char *
machine(void)
{
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#elif defined(__riscv)
  return "riscv64";
#else
  return "";
#endif
}

OciManifest *
oci_image_manifest(OciImage *image, const char *arch, GError **error)
{
  const char *architecture, *variant;
  oci_platform(arch != NULL ? arch : machine(), &architecture, &variant);
  for (guint i = 0; i < image->manifests->len; i++) {
    OciManifest *manifest = image->manifests->pdata[i];
    if (g_strcmp0(manifest->descriptor.architecture, architecture) == 0 &&
        (variant == NULL || manifest->descriptor.variant == NULL || strcmp(variant, manifest->descriptor.variant) == 0))
      return manifest;
  }
  if (arch == NULL && image->manifests->len > 0)
    return image->manifests->pdata[0];
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "'%s' holds nothing for the architecture '%s'", image->path,
              arch != NULL ? arch : machine());
  return NULL;
}
