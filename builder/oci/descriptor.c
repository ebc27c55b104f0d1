/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/descriptor.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

#define TAG_MAX 128

void
descriptor_clear(Descriptor *descriptor)
{
  g_clear_pointer(&descriptor->media_type, g_free);
  g_clear_pointer(&descriptor->artifact_type, g_free);
  g_clear_pointer(&descriptor->architecture, g_free);
  g_clear_pointer(&descriptor->os, g_free);
  g_clear_pointer(&descriptor->variant, g_free);
  g_clear_pointer(&descriptor->annotations, json_decref);
}

void
descriptor_copy(const Descriptor *from, Descriptor *to)
{
  *to = (Descriptor){
    .media_type = g_strdup(from->media_type),
    .digest = from->digest,
    .size = from->size,
    .artifact_type = g_strdup(from->artifact_type),
    .architecture = g_strdup(from->architecture),
    .os = g_strdup(from->os),
    .variant = g_strdup(from->variant),
    .annotations = json_deep_copy(from->annotations),
  };
}

gboolean
descriptor_is_manifest(const Descriptor *descriptor)
{
  return strcmp(descriptor->media_type, OCI_MEDIA_MANIFEST) == 0 || strcmp(descriptor->media_type, DOCKER_MEDIA_MANIFEST) == 0;
}

gboolean
descriptor_is_index(const Descriptor *descriptor)
{
  return strcmp(descriptor->media_type, OCI_MEDIA_INDEX) == 0 || strcmp(descriptor->media_type, DOCKER_MEDIA_INDEX) == 0;
}

/* ---- JSON of descriptors ---- */

static json_t *
platform_to_json(const Descriptor *descriptor)
{
  json_t *platform = json_object();
  json_object_set_new(platform, "architecture", json_string(descriptor->architecture));
  json_object_set_new(platform, "os", json_string(descriptor->os));
  if (descriptor->variant != NULL)
    json_object_set_new(platform, "variant", json_string(descriptor->variant));
  return platform;
}

json_t *
descriptor_to_json(const Descriptor *descriptor)
{
  char text[DIGEST_STRING_SIZE];
  json_t *json = json_object();
  json_object_set_new(json, "mediaType", json_string(descriptor->media_type));
  json_object_set_new(json, "digest", json_string(digest_to_string(&descriptor->digest, text)));
  json_object_set_new(json, "size", json_integer((json_int_t)descriptor->size));
  if (descriptor->annotations != NULL && json_object_size(descriptor->annotations) > 0)
    json_object_set_new(json, "annotations", oci_json_sorted(descriptor->annotations));
  if (descriptor->architecture != NULL)
    json_object_set_new(json, "platform", platform_to_json(descriptor));
  if (descriptor->artifact_type != NULL)
    json_object_set_new(json, "artifactType", json_string(descriptor->artifact_type));
  return json;
}

static gboolean
malformed(GError **error, const char *what)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "descriptor: %s", what);
  return FALSE;
}

/* Annotations must be an object of strings. */
static gboolean
annotations_are_strings(json_t *annotations)
{
  const char *key;
  json_t *value;
  if (!json_is_object(annotations))
    return FALSE;
  json_object_foreach (annotations, key, value)
    if (!json_is_string(value))
      return FALSE;
  return TRUE;
}

static gboolean
parse_platform(json_t *platform, Descriptor *out, GError **error)
{
  const char *architecture, *os, *variant = NULL;
  if (json_unpack(platform, "{s:s,s:s,s?:s}", "architecture", &architecture, "os", &os, "variant", &variant) != 0)
    return malformed(error, "its platform lacks 'architecture' or 'os', or they are no strings");
  out->architecture = g_strdup(architecture);
  out->os = g_strdup(os);
  out->variant = g_strdup(variant);
  return TRUE;
}

gboolean
descriptor_parse(json_t *json, Descriptor *out, GError **error)
{
  const char *media_type, *digest, *artifact_type = NULL;
  json_int_t size;
  *out = (Descriptor){0};
  if (json_unpack(json, "{s:s,s:s,s:I}", "mediaType", &media_type, "digest", &digest, "size", &size) != 0)
    return malformed(error, "'mediaType', 'digest' or 'size' is missing or of a wrong type");
  if (size < 0)
    return malformed(error, "its size is negative");
  if (!digest_from_string(digest, &out->digest, error))
    return FALSE;
  json_t *annotations = json_object_get(json, "annotations");
  json_t *platform = json_object_get(json, "platform");
  json_t *type = json_object_get(json, "artifactType");
  if (annotations != NULL && !json_is_null(annotations) && !annotations_are_strings(annotations))
    return malformed(error, "its annotations are no object of strings");
  if (type != NULL && !json_is_null(type) && (artifact_type = json_string_value(type)) == NULL)
    return malformed(error, "its artifactType is no string");
  if (platform != NULL && !json_is_null(platform) && !parse_platform(platform, out, error))
    return FALSE;
  out->media_type = g_strdup(media_type);
  out->size = (guint64)size;
  out->artifact_type = g_strdup(artifact_type);
  out->annotations = json_is_object(annotations) ? json_incref(annotations) : NULL;
  return TRUE;
}

/* ---- JSON in general ---- */

char *
oci_json_dump(json_t *json)
{
  char *dumped = json_dumps(json, JSON_COMPACT);
  char *text = g_strdup(dumped);
  free(dumped);
  return text;
}

json_t *
oci_json_parse(const void *data, gsize size, const char *what, GError **error)
{
  json_error_t problem;
  if (size > limits_get(LIMIT_DOCUMENT)) {
    limits_refuse(LIMIT_DOCUMENT, error, "%s", what);
    return NULL;
  }
  json_t *json = json_loadb(data, size, JSON_REJECT_DUPLICATES, &problem);
  if (json != NULL && json_is_object(json))
    return json;
  g_autofree char *reason = json == NULL ? g_strescape(problem.text, NULL) : g_strdup("not a JSON object");
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s: %s", what, reason);
  g_clear_pointer(&json, json_decref);
  return NULL;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *
oci_json_sorted(json_t *object)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const char *key;
  json_t *value;
  json_object_foreach (object, key, value) {
    g_ptr_array_add(names, (gpointer)key);
  }
  g_ptr_array_sort(names, compare_names);
  json_t *sorted = json_object();
  for (guint i = 0; i < names->len; i++)
    json_object_set(sorted, names->pdata[i], json_object_get(object, names->pdata[i]));
  return sorted;
}

void
oci_json_set_pairs(json_t *object, const char *const *pairs)
{
  for (; pairs != NULL && *pairs != NULL; pairs++) {
    const char *equals = strchrnul(*pairs, '=');
    g_autofree char *key = g_strndup(*pairs, (gsize)(equals - *pairs));
    json_object_set_new(object, key, json_string(*equals == '=' ? equals + 1 : ""));
  }
}

/* ---- names ---- */

char *
oci_time(gint64 epoch)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(epoch);
  /* a year beyond 9999 has no spelling in RFC 3339 */
  if (time == NULL)
    return g_strdup("9999-12-31T23:59:59Z");
  return g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}

void
oci_platform(const char *debian, const char **architecture, const char **variant)
{
  static const struct {
    const char *debian, *architecture, *variant;
  } table[] = {
    {"arm64", "arm64", "v8"},     {"armhf", "arm", "v7"},         {"armel", "arm", "v5"},     {"i386", "386", NULL},
    {"ppc64el", "ppc64le", NULL}, {"mips64el", "mips64le", NULL}, {"mipsel", "mipsle", NULL}, {"ppc64", "ppc64", NULL},
  };
  *architecture = debian;
  *variant = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(table); i++)
    if (strcmp(debian, table[i].debian) == 0) {
      *architecture = table[i].architecture;
      *variant = table[i].variant;
    }
}

char *
oci_tag(const char *version)
{
  char *tag = g_strndup(version, TAG_MAX);
  for (char *p = tag; *p != '\0'; p++)
    if (!g_ascii_isalnum(*p) && *p != '_' && (p == tag || (*p != '.' && *p != '-')))
      *p = p == tag ? '_' : '-';
  return tag;
}

char *
oci_repository(const char *name)
{
  g_autofree char *lower = g_ascii_strdown(name, -1);
  const char *slash = strchr(lower, '/');
  if (slash == NULL)
    return g_strconcat("docker.io/library/", lower, NULL);
  gboolean has_host = memchr(lower, '.', (gsize)(slash - lower)) != NULL ||
                      memchr(lower, ':', (gsize)(slash - lower)) != NULL || g_str_has_prefix(lower, "localhost/");
  return has_host ? g_strdup(lower) : g_strconcat("docker.io/", lower, NULL);
}
