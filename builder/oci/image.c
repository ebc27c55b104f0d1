/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/image.h"
#include "builder/oci/inherit.h"

/* What docker and podman give a container whose image has no PATH; ctr and runc give it none, and find no program. */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

json_t *
image_annotations(const ImageSpec *spec)
{
  json_auto_t *all = json_object();
  g_autofree char *created = oci_time(spec->epoch);
  json_object_set_new(all, OCI_ANNOTATION_CREATED, json_string(created));
  json_object_set_new(all, OCI_ANNOTATION_TITLE, json_string(spec->name));
  if (spec->version != NULL)
    json_object_set_new(all, OCI_ANNOTATION_VERSION, json_string(spec->version));
  if (spec->description != NULL && spec->description[0] != '\0')
    json_object_set_new(all, OCI_ANNOTATION_DESCRIPTION, json_string(spec->description));
  if (spec->base != NULL) {
    char digest[DIGEST_STRING_SIZE];
    json_t *below = json_object_get(json_object_get(spec->base->json, "annotations"), OCI_ANNOTATION_BASE_DIGEST);
    if (!spec->base_is_ours)
      json_object_set_new(all, OCI_ANNOTATION_BASE_DIGEST,
                          json_string(digest_to_string(&spec->base->descriptor.digest, digest)));
    else if (below != NULL)
      json_object_set(all, OCI_ANNOTATION_BASE_DIGEST, below);
  }
  if (spec->config != NULL)
    oci_json_set_pairs(all, (const char *const *)spec->config->labels);
  oci_json_set_pairs(all, spec->annotations);
  return oci_json_sorted(all);
}

/* ---- configuration ---- */

static void
set_string(json_t *object, const char *key, const char *value)
{
  if (value != NULL && value[0] != '\0')
    json_object_set_new(object, key, json_string(value));
}

static void
set_strings(json_t *object, const char *key, char **values)
{
  if (values == NULL || values[0] == NULL)
    return;
  json_t *array = json_array();
  for (; *values != NULL; values++)
    json_array_append_new(array, json_string(*values));
  json_object_set_new(object, key, array);
}

/* Go's map[string]struct{}: ports and volumes. */
static void
set_names(json_t *object, const char *key, char **names)
{
  if (names == NULL || names[0] == NULL)
    return;
  json_auto_t *set = json_object();
  for (; *names != NULL; names++)
    json_object_set_new(set, *names, json_object());
  json_object_set_new(object, key, oci_json_sorted(set));
}

static json_t *
environment(char **env)
{
  json_t *array = json_array();
  gboolean has_path = FALSE;
  for (char **p = env; p != NULL && *p != NULL; p++)
    has_path = has_path || g_str_has_prefix(*p, "PATH=");
  if (!has_path)
    json_array_append_new(array, json_string(DEFAULT_PATH));
  for (; env != NULL && *env != NULL; env++)
    json_array_append_new(array, json_string(*env));
  return array;
}

/* The image's annotations over the labels of the base. */
static json_t *
all_labels(const ImageSpec *spec)
{
  json_t *own = image_annotations(spec);
  if (spec->base == NULL)
    return own;
  json_auto_t *all = inherit_labels(spec->base);
  json_object_update(all, own);
  json_decref(own);
  return oci_json_sorted(all);
}

static json_t *
execution_config(const ImageSpec *spec)
{
  static const RecipeConfig empty;
  const RecipeConfig *config = spec->config != NULL ? spec->config : &empty;
  json_t *json = json_object();
  set_string(json, "User", config->user);
  set_names(json, "ExposedPorts", config->ports);
  json_object_set_new(json, "Env", environment(config->env));
  set_strings(json, "Entrypoint", config->entrypoint);
  set_strings(json, "Cmd", config->command);
  set_names(json, "Volumes", config->volumes);
  set_string(json, "WorkingDir", config->working_dir);
  json_object_set_new(json, "Labels", all_labels(spec));
  set_string(json, "StopSignal", config->stop_signal);
  return json;
}

static json_t *
rootfs(const ImageSpec *spec)
{
  char text[DIGEST_STRING_SIZE];
  json_t *diff_ids = json_array();
  for (guint i = 0; spec->base != NULL && i < spec->base->n_layers; i++)
    json_array_append_new(diff_ids, json_string(digest_to_string(&spec->base->diff_ids[i], text)));
  for (guint i = 0; i < spec->n_layers; i++)
    json_array_append_new(diff_ids, json_string(digest_to_string(&spec->layers[i].layer->diff_id, text)));
  json_t *json = json_object();
  json_object_set_new(json, "type", json_string("layers"));
  json_object_set_new(json, "diff_ids", diff_ids);
  return json;
}

static json_t *
history(const ImageSpec *spec, const char *created)
{
  json_t *array = json_array();
  if (spec->base != NULL)
    inherit_history(spec->base, created, array);
  for (guint i = 0; i < spec->n_layers; i++) {
    json_t *entry = json_object();
    json_object_set_new(entry, "created", json_string(created));
    set_string(entry, "created_by", spec->layers[i].created_by);
    set_string(entry, "comment", spec->layers[i].comment);
    json_array_append_new(array, entry);
  }
  return array;
}

static json_t *
configuration(const ImageSpec *spec, const char *architecture, const char *variant)
{
  g_autofree char *created = oci_time(spec->epoch);
  json_t *json = json_object();
  json_object_set_new(json, "created", json_string(created));
  set_string(json, "author", spec->config != NULL ? spec->config->author : NULL);
  json_object_set_new(json, "architecture", json_string(architecture));
  json_object_set_new(json, "os", json_string("linux"));
  set_string(json, "variant", variant);
  json_object_set_new(json, "config", execution_config(spec));
  json_object_set_new(json, "rootfs", rootfs(spec));
  json_object_set_new(json, "history", history(spec, created));
  return json;
}

/* ---- manifest ---- */

/* Those of the base as they are, byte for byte. */
static gboolean
append_inherited(const ImageSpec *spec, json_t *array, GError **error)
{
  for (guint i = 0; spec->base != NULL && i < spec->base->n_layers; i++) {
    Descriptor descriptor;
    if (!inherit_layer(spec->base, i, &descriptor, error))
      return FALSE;
    json_array_append_new(array, descriptor_to_json(&descriptor));
  }
  return TRUE;
}

static json_t *
layers(const ImageSpec *spec, GError **error)
{
  const char *media_type = spec->encoding == PACK_GZIP ? OCI_MEDIA_LAYER_GZIP : OCI_MEDIA_LAYER_ZSTD;
  json_auto_t *array = json_array();
  if (!append_inherited(spec, array, error))
    return NULL;
  for (guint i = 0; i < spec->n_layers; i++) {
    const Layer *layer = spec->layers[i].layer;
    Descriptor descriptor = {
      .media_type = (char *)media_type,
      .digest = layer->digest,
      .size = layer->size,
      .annotations = layer->annotations,
    };
    json_array_append_new(array, descriptor_to_json(&descriptor));
  }
  return json_incref(array);
}

gboolean
image_write(Blobs *blobs, const ImageSpec *spec, Descriptor *manifest, GError **error)
{
  const char *architecture, *variant;
  *manifest = (Descriptor){0};
  oci_platform(spec->arch, &architecture, &variant);
  json_auto_t *all_layers = layers(spec, error);
  if (all_layers == NULL)
    return FALSE;
  json_auto_t *config = configuration(spec, architecture, variant);
  g_auto(Descriptor) config_descriptor = {0};
  if (!blobs_put_json(blobs, config, OCI_MEDIA_CONFIG, &config_descriptor, error))
    return FALSE;

  json_auto_t *json = json_object();
  json_object_set_new(json, "schemaVersion", json_integer(2));
  json_object_set_new(json, "mediaType", json_string(OCI_MEDIA_MANIFEST));
  json_object_set_new(json, "config", descriptor_to_json(&config_descriptor));
  json_object_set(json, "layers", all_layers);
  json_object_set_new(json, "annotations", image_annotations(spec));
  if (!blobs_put_json(blobs, json, OCI_MEDIA_MANIFEST, manifest, error))
    return FALSE;
  manifest->architecture = g_strdup(architecture);
  manifest->os = g_strdup("linux");
  manifest->variant = g_strdup(variant);
  return TRUE;
}
