/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/inherit.h"
#include "signing/error.h"

#include <string.h>

/* ---- reading the configuration ---- */

static gboolean
malformed(const char *key, const char *what, GError **error)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "its configuration's %s is no %s", key, what);
  return FALSE;
}

/* The member @key of @json, or NULL where it is not there or null, as Go writes what is empty. */
static json_t *
member(json_t *json, const char *key)
{
  json_t *value = json_object_get(json, key);
  return json_is_null(value) ? NULL : value;
}

static gboolean
read_text(json_t *json, const char *key, char **out, GError **error)
{
  json_t *value = member(json, key);
  if (value != NULL && !json_is_string(value))
    return malformed(key, "text", error);
  const char *text = json_string_value(value);
  if (text != NULL && *text != '\0')
    *out = g_strdup(text);
  return TRUE;
}

/* *out stays NULL where there is none. */
static gboolean
read_texts(json_t *json, const char *key, char ***out, GError **error)
{
  json_t *list = member(json, key), *item;
  gsize i;
  if (list == NULL)
    return TRUE;
  if (!json_is_array(list))
    return malformed(key, "list", error);
  g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
  json_array_foreach (list, i, item) {
    if (!json_is_string(item))
      return malformed(key, "list of texts", error);
    g_strv_builder_add(texts, json_string_value(item));
  }
  *out = g_strv_builder_end(texts);
  return TRUE;
}

static gint
compare_texts(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of a map[string]struct{} and @own, sorted, each once; NULL where there are none. */
static gboolean
read_names(json_t *json, const char *key, char *const *own, char ***out, GError **error)
{
  json_t *map = member(json, key), *value;
  const char *name;
  if (map != NULL && !json_is_object(map))
    return malformed(key, "map", error);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  json_object_foreach (map, name, value)
    g_ptr_array_add(names, g_strdup(name));
  for (; own != NULL && *own != NULL; own++)
    if (!g_ptr_array_find_with_equal_func(names, *own, g_str_equal, NULL))
      g_ptr_array_add(names, g_strdup(*own));
  if (names->len == 0)
    return TRUE;
  g_ptr_array_sort(names, compare_texts);
  g_ptr_array_add(names, NULL);
  *out = (char **)g_ptr_array_steal(names, NULL);
  return TRUE;
}

/* ---- laying one over the other ---- */

static gsize
name_length(const char *pair)
{
  return strcspn(pair, "=");
}

static const char *
find_pair(char *const *pairs, const char *like)
{
  gsize length = name_length(like);
  for (; pairs != NULL && *pairs != NULL; pairs++)
    if (name_length(*pairs) == length && strncmp(*pairs, like, length) == 0)
      return *pairs;
  return NULL;
}

/* The base's in its order, with the values of @own where it has them, then what only @own has. */
static char **
merge_environment(char *const *base, char *const *own)
{
  if (base == NULL && own == NULL)
    return NULL;
  g_autoptr(GStrvBuilder) all = g_strv_builder_new();
  for (char *const *pair = base; pair != NULL && *pair != NULL; pair++) {
    const char *ours = find_pair(own, *pair);
    g_strv_builder_add(all, ours != NULL ? ours : *pair);
  }
  for (char *const *pair = own; pair != NULL && *pair != NULL; pair++)
    if (find_pair(base, *pair) == NULL)
      g_strv_builder_add(all, *pair);
  return g_strv_builder_end(all);
}

static void
replace_text(char **at, const char *own)
{
  if (own == NULL)
    return;
  g_free(*at);
  *at = g_strdup(own);
}

static void
replace_texts(char ***at, char **own)
{
  g_strfreev(*at);
  *at = g_strdupv(own);
}

static void
lay_over(const RecipeConfig *own, RecipeConfig *out)
{
  replace_text(&out->user, own->user);
  replace_text(&out->working_dir, own->working_dir);
  replace_text(&out->stop_signal, own->stop_signal);
  replace_text(&out->author, own->author);
  if (own->entrypoint != NULL) {
    replace_texts(&out->entrypoint, own->entrypoint);
    g_clear_pointer(&out->command, g_strfreev);
  }
  if (own->command != NULL)
    replace_texts(&out->command, own->command);
  out->labels = g_strdupv(own->labels);
}

gboolean
inherit_config(const OciManifest *base, const RecipeConfig *own, RecipeConfig *out, GError **error)
{
  *out = (RecipeConfig){0};
  json_t *json = member(base->config, "config");
  g_auto(GStrv) environment = NULL;
  if (json != NULL && !json_is_object(json))
    return malformed("config", "map", error);
  if (!read_text(json, "User", &out->user, error) || !read_text(json, "WorkingDir", &out->working_dir, error) ||
      !read_text(json, "StopSignal", &out->stop_signal, error) || !read_texts(json, "Entrypoint", &out->entrypoint, error) ||
      !read_texts(json, "Cmd", &out->command, error) || !read_texts(json, "Env", &environment, error) ||
      !read_names(json, "ExposedPorts", own->ports, &out->ports, error) ||
      !read_names(json, "Volumes", own->volumes, &out->volumes, error)) {
    recipe_config_clear(out);
    return FALSE;
  }
  out->env = merge_environment(environment, own->env);
  lay_over(own, out);
  return TRUE;
}

json_t *
inherit_labels(const OciManifest *base)
{
  static const char *const identity[] = {OCI_ANNOTATION_CREATED, OCI_ANNOTATION_TITLE, OCI_ANNOTATION_VERSION,
                                         OCI_ANNOTATION_DESCRIPTION, OCI_ANNOTATION_REF_NAME};
  json_t *labels = json_object_get(json_object_get(base->config, "config"), "Labels"), *all = json_object(), *value;
  const char *key;
  json_object_foreach (labels, key, value)
    if (json_is_string(value))
      json_object_set(all, key, value);
  for (guint i = 0; i < G_N_ELEMENTS(identity); i++)
    json_object_del(all, identity[i]);
  return all;
}

/* ---- history ---- */

static gboolean
fits_layers(const OciManifest *base, json_t *history)
{
  guint n = 0;
  gsize i;
  json_t *entry;
  json_array_foreach (history, i, entry) {
    if (!json_is_object(entry))
      return FALSE;
    n += !json_is_true(json_object_get(entry, "empty_layer"));
  }
  return n == base->n_layers;
}

void
inherit_history(const OciManifest *base, const char *created, json_t *history)
{
  json_t *before = json_object_get(base->config, "history");
  if (fits_layers(base, before)) {
    json_array_extend(history, before);
    return;
  }
  for (guint i = 0; i < base->n_layers; i++)
    json_array_append_new(history, json_pack("{s:s, s:s}", "created", created, "created_by", "the base"));
}

/* ---- layers ---- */

gboolean
inherit_layer(const OciManifest *base, guint i, Descriptor *out, GError **error)
{
  static const struct {
    const char *docker, *oci;
  } types[] = {
    {DOCKER_MEDIA_LAYER, OCI_MEDIA_LAYER},
    {DOCKER_MEDIA_LAYER ".gzip", OCI_MEDIA_LAYER_GZIP},
    {DOCKER_MEDIA_LAYER ".zstd", OCI_MEDIA_LAYER_ZSTD},
  };
  *out = base->layers[i];
  for (guint type = 0; type < G_N_ELEMENTS(types); type++)
    if (strcmp(out->media_type, types[type].docker) == 0 || strcmp(out->media_type, types[type].oci) == 0) {
      out->media_type = (char *)types[type].oci;
      return TRUE;
    }
  g_autofree char *shown = g_strescape(out->media_type, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
              "its layer %u is of the kind '%.100s', which is no tar, plain, gzip or zstd", i + 1, shown);
  return FALSE;
}
