/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/oci/open.h"
#include "builder/oci/printable.h"
#include "builder/oci/sign.h"
#include "signing/cosign.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  gboolean json;
} Options;

static const CommandOption options_table[] = {
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, json), NULL, "print it as JSON"},
  {NULL, 0, 0, 0, NULL, NULL},
};

/* ---- as JSON, which the text is printed from ---- */

static json_t *
digest_json(const Digest *digest)
{
  char text[DIGEST_STRING_SIZE];
  return json_string(digest_to_string(digest, text));
}

/* What the history says of each layer: its entries that are not empty, in order (new references, maybe null). */
static json_t *
layer_history(json_t *config)
{
  json_t *list = json_array();
  gsize i;
  json_t *entry;
  json_array_foreach (json_object_get(config, "history"), i, entry)
    if (!json_is_true(json_object_get(entry, "empty_layer")))
      json_array_append(list, json_object_get(entry, "created_by"));
  return list;
}

static json_t *
layers_json(const OciManifest *manifest)
{
  json_t *list = json_array();
  json_auto_t *history = layer_history(manifest->config);
  for (guint i = 0; i < manifest->n_layers; i++) {
    json_t *layer = json_object();
    json_object_set_new(layer, "digest", digest_json(&manifest->layers[i].digest));
    json_object_set_new(layer, "size", json_integer((json_int_t)manifest->layers[i].size));
    json_object_set_new(layer, "mediaType", json_string(manifest->layers[i].media_type));
    if (manifest->diff_ids != NULL)
      json_object_set_new(layer, "diffID", digest_json(&manifest->diff_ids[i]));
    if (json_is_string(json_array_get(history, i)))
      json_object_set(layer, "holds", json_array_get(history, i));
    json_array_append_new(list, layer);
  }
  return list;
}

static json_t *
manifest_json(const OciManifest *manifest)
{
  json_t *json = json_object();
  const Descriptor *descriptor = &manifest->descriptor;
  if (descriptor->architecture != NULL)
    json_object_set_new(json, "platform",
                        json_sprintf("%s/%s%s%s", descriptor->os, descriptor->architecture,
                                     descriptor->variant != NULL ? "/" : "",
                                     descriptor->variant != NULL ? descriptor->variant : ""));
  json_object_set_new(json, "digest", digest_json(&descriptor->digest));
  json_object_set_new(json, "imageID", digest_json(&manifest->config_descriptor.digest));
  json_object_set_new(json, "layers", layers_json(manifest));
  json_t *config = json_object_get(manifest->config, "config");
  if (config != NULL)
    json_object_set(json, "config", config);
  return json;
}

static json_t *
signature_json(OciImage *image, const ImageSignature *signature)
{
  json_t *json = json_object();
  g_auto(CosignPayload) payload = {0};
  json_object_set_new(json, "subject", digest_json(&signature->subject));
  if (signature->has_key)
    json_object_set_new(json, "key", digest_json(&signature->key));
  g_autoptr(GBytes) bytes = blobs_read(image->blobs, &signature->payload, COSIGN_PAYLOAD_MAX, NULL);
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
  json_t *list = json_array();
  if (image->referrers == NULL)
    return list;
  g_autoptr(GPtrArray) signatures = image_signatures(image->blobs, image->referrers, error);
  if (signatures == NULL) {
    json_decref(list);
    return NULL;
  }
  for (guint i = 0; i < signatures->len; i++)
    json_array_append_new(list, signature_json(image, signatures->pdata[i]));
  return list;
}

static void
set_annotation(json_t *json, const char *key, const OciImage *image, const char *annotation)
{
  const char *value = oci_image_annotation(image, annotation);
  if (value != NULL)
    json_object_set_new(json, key, json_string(value));
}

static json_t *
image_json(OciImage *image, GError **error)
{
  json_t *signatures = signatures_json(image, error);
  if (signatures == NULL)
    return NULL;
  json_t *json = json_object();
  const char *name = oci_image_name(image);
  if (name != NULL)
    json_object_set_new(json, "name", json_string(name));
  set_annotation(json, "version", image, OCI_ANNOTATION_VERSION);
  set_annotation(json, "created", image, OCI_ANNOTATION_CREATED);
  json_object_set_new(json, "digest", digest_json(&image->top.digest));
  json_object_set_new(json, "mediaType", json_string(image->top.media_type));
  json_t *images = json_array();
  for (guint i = 0; i < image->manifests->len; i++)
    json_array_append_new(images, manifest_json(image->manifests->pdata[i]));
  json_object_set_new(json, "images", images);
  json_t *annotations = json_object_get(image->top_json, "annotations");
  if (annotations != NULL)
    json_object_set(json, "annotations", annotations);
  json_object_set_new(json, "signatures", signatures);
  return json;
}

/* ---- as text ---- */

static void
print_member(const char *label, json_t *value)
{
  if (value == NULL)
    return;
  g_autofree char *dumped = json_is_string(value) ? NULL : oci_json_dump(value);
  g_autofree char *shown = printable(dumped != NULL ? dumped : json_string_value(value));
  printf("%-12s %s\n", label, shown);
}

static void
print_layers(json_t *layers)
{
  gsize i;
  json_t *layer;
  json_array_foreach (layers, i, layer) {
    g_autofree char *size = g_format_size((guint64)json_integer_value(json_object_get(layer, "size")));
    g_autofree char *holds = printable(json_string_value(json_object_get(layer, "holds")));
    printf("  layer %-4" G_GSIZE_FORMAT " %9s  %.19s  %s\n", i, size, json_string_value(json_object_get(layer, "digest")),
           holds);
  }
}

static void
print_manifest(json_t *manifest)
{
  putchar('\n');
  print_member("platform", json_object_get(manifest, "platform"));
  print_member("  digest", json_object_get(manifest, "digest"));
  print_member("  image ID", json_object_get(manifest, "imageID"));
  const char *key;
  json_t *value;
  json_object_foreach (json_object_get(manifest, "config"), key, value) {
    g_autofree char *shown = printable(key);
    g_autofree char *label = g_strdup_printf("  %s", shown);
    print_member(label, value);
  }
  print_layers(json_object_get(manifest, "layers"));
}

static void
print_text(json_t *json)
{
  static const char *const members[] = {"name", "version", "created", "digest"};
  for (guint i = 0; i < G_N_ELEMENTS(members); i++)
    print_member(members[i], json_object_get(json, members[i]));
  gsize i;
  json_t *item, *signatures = json_object_get(json, "signatures");
  json_array_foreach (json_object_get(json, "images"), i, item) {
    print_manifest(item);
  }
  putchar('\n');
  if (json_array_size(signatures) == 0)
    puts("not signed");
  json_array_foreach (signatures, i, item) {
    print_member("signature of", json_object_get(item, "subject"));
    print_member("  by key", json_object_get(item, "key"));
    print_member("  for", json_object_get(item, "reference"));
    print_member("  with", json_object_get(item, "annotations"));
  }
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const Options *options = data;
  g_autoptr(OciImage) image = oci_image_open(arguments[0], error);
  if (image == NULL)
    return 1;
  json_auto_t *json = image_json(image, error);
  if (json == NULL)
    return 1;
  if (!options->json) {
    print_text(json);
    return 0;
  }
  g_autofree char *text = oci_json_dump(json);
  puts(text);
  return 0;
}

const Command command_inspect = {
  .name = "inspect",
  .summary = "show what an image is, holds, and who signed it",
  .arguments = "IMAGE",
  .description = "Signatures are listed, not checked: 'ashlar verify' does that.",
  .min_arguments = 1,
  .max_arguments = 1,
  .options = options_table,
  .options_size = sizeof(Options),
  .run = run,
};
