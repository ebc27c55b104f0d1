/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/image/registry.h"
#include "builder/oci/descriptor.h"
#include "builder/sources/image/registry_session.h"
#include "signing/error.h"

#include <string.h>

/* ---- documents ---- */

static gboolean
check_digest(GBytes *body, const Digest *expected, GError **error)
{
  Digest is;
  char text[DIGEST_STRING_SIZE], wanted[DIGEST_STRING_SIZE];
  digest_of(g_bytes_get_data(body, NULL), g_bytes_get_size(body), &is);
  if (digest_equal(&is, expected))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "the registry gives %s for %s", digest_to_string(&is, text),
              digest_to_string(expected, wanted));
  return FALSE;
}

/* The manifest or index that @reference names; *digest is that of its bytes, checked where the reference is one. */
static json_t *
get_document(RegistrySession *session, const char *reference, const FetchOptions *options, GBytes **body, Digest *digest,
             GError **error)
{
  g_autofree char *what = g_strconcat("manifests/", reference, NULL);
  g_autoptr(GBytes) bytes = registry_session_get(session, what, options, error);
  Digest expected;
  if (bytes == NULL)
    return NULL;
  if (g_str_has_prefix(reference, "sha256:") &&
      (!digest_from_string(reference, &expected, error) || !check_digest(bytes, &expected, error)))
    return NULL;
  digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), digest);
  json_t *json = oci_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), reference, error);
  if (json != NULL)
    *body = g_steal_pointer(&bytes);
  return json;
}

/* ---- which manifest ---- */

static gboolean
is_platform(const Descriptor *descriptor, const char *arch)
{
  const char *architecture, *variant;
  oci_platform(arch, &architecture, &variant);
  return g_strcmp0(descriptor->architecture, architecture) == 0 && g_strcmp0(descriptor->os, "linux") == 0 &&
         (variant == NULL || descriptor->variant == NULL || strcmp(descriptor->variant, variant) == 0);
}

static gboolean
lacks(const char *arch, const char *known, GError **error)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "it has nothing for the architecture %s, only for: %s", arch, known);
  return FALSE;
}

static gboolean
choose(json_t *manifests, const char *arch, Digest *out, GError **error)
{
  g_autoptr(GString) known = g_string_new(NULL);
  gsize i;
  json_t *item;
  if (json_array_size(manifests) > limits_get(LIMIT_MANIFESTS))
    return limits_exceed(LIMIT_MANIFESTS, error);
  json_array_foreach (manifests, i, item) {
    g_auto(Descriptor) descriptor = {0};
    if (!descriptor_parse(item, &descriptor, error))
      return FALSE;
    if (is_platform(&descriptor, arch)) {
      *out = descriptor.digest;
      return TRUE;
    }
    if (descriptor.architecture == NULL || g_strcmp0(descriptor.os, "linux") != 0)
      continue;
    g_autofree char *shown = g_strescape(descriptor.architecture, NULL);
    g_string_append_printf(known, "%s%.20s", known->len > 0 ? ", " : "", shown);
  }
  return lacks(arch, known->len > 0 ? known->str : "none", error);
}

/* ---- blobs ---- */

typedef struct {
  GArray *items; /* FetchItem */
  GPtrArray *texts;
} Wanted;

static void
want(const RegistrySession *session, const Descriptor *descriptor, char *label, Wanted *wanted)
{
  char text[DIGEST_STRING_SIZE];
  char **urls = g_new0(char *, 2);
  urls[0] = g_strdup_printf("%sblobs/%s", session->base, digest_to_string(&descriptor->digest, text));
  const FetchItem item = {
    .urls = (const char *const *)urls, .label = label, .digest = descriptor->digest, .size = descriptor->size};
  g_ptr_array_add(wanted->texts, label);
  g_ptr_array_add(wanted->texts, urls[0]);
  g_ptr_array_add(wanted->texts, urls);
  g_array_append_val(wanted->items, item);
}

static gboolean
collect(const RegistrySession *session, json_t *manifest, const char *name, Wanted *wanted, GError **error)
{
  json_t *layers = json_object_get(manifest, "layers"), *item;
  gsize i;
  g_auto(Descriptor) config = {0};
  if (!descriptor_parse(json_object_get(manifest, "config"), &config, error))
    return FALSE;
  if (config.size > limits_get(LIMIT_DOCUMENT))
    return limits_refuse(LIMIT_DOCUMENT, error, "the configuration");
  want(session, &config, g_strdup_printf("configuration of %s", name), wanted);
  if (json_array_size(layers) > limits_get(LIMIT_LAYERS))
    return limits_exceed(LIMIT_LAYERS, error);
  json_array_foreach (layers, i, item) {
    g_auto(Descriptor) layer = {0};
    if (!descriptor_parse(item, &layer, error))
      return FALSE;
    want(session, &layer, g_strdup_printf("layer %" G_GSIZE_FORMAT " of %s", i + 1, name), wanted);
  }
  return TRUE;
}

/* Only the configuration where @all is FALSE. */
static gboolean
fetch_wanted(Store *store, RegistrySession *session, json_t *manifest, const char *name, gboolean all,
             const FetchOptions *options, GError **error)
{
  g_autoptr(GArray) items = g_array_new(FALSE, TRUE, sizeof(FetchItem));
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  Wanted wanted = {items, texts};
  if (!collect(session, manifest, name, &wanted, error))
    return FALSE;
  FetchOptions own = registry_session_options(session, options);
  return fetch_blobs(store, (const FetchItem *)(gconstpointer)items->data, all ? items->len : 1, &own, NULL, NULL, error);
}

/* ---- the whole ---- */

static gboolean
check_architecture(Store *store, json_t *manifest, const char *arch, GError **error)
{
  const char *architecture, *variant;
  Digest digest;
  oci_platform(arch, &architecture, &variant);
  if (!digest_from_string(json_string_value(json_object_get(json_object_get(manifest, "config"), "digest")), &digest, error))
    return FALSE;
  g_autoptr(GBytes) bytes = store_read_blob(store, &digest, error);
  json_auto_t *config = bytes != NULL
                          ? oci_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "configuration", error)
                          : NULL;
  if (config == NULL)
    return FALSE;
  const char *is = json_string_value(json_object_get(config, "architecture"));
  g_autofree char *shown = g_strescape(is != NULL ? is : "none", NULL);
  return g_strcmp0(is, architecture) == 0 || lacks(arch, shown, error);
}

gboolean
registry_image_resolve(Store *store, const ImageSource *source, const char *arch, const FetchOptions *options, Digest *out,
                       GError **error)
{
  g_auto(RegistrySession) session = {0};
  g_autoptr(GBytes) body = NULL;
  registry_session_init(&session, source->rest);
  json_auto_t *document = get_document(&session, session.reference, options, &body, out, error);
  if (document == NULL)
    return FALSE;
  json_t *manifests = json_object_get(document, "manifests");
  if (manifests != NULL)
    return choose(manifests, arch, out, error);
  return fetch_wanted(store, &session, document, source->text, FALSE, options, error) &&
         check_architecture(store, document, arch, error);
}

gboolean
registry_image_obtain(Store *store, const ImageSource *source, const Digest *manifest, const FetchOptions *options,
                      GError **error)
{
  g_auto(RegistrySession) session = {0};
  g_autoptr(GBytes) body = NULL;
  char text[DIGEST_STRING_SIZE];
  Digest digest;
  registry_session_init(&session, source->rest);
  json_auto_t *document = get_document(&session, digest_to_string(manifest, text), options, &body, &digest, error);
  return document != NULL && fetch_wanted(store, &session, document, source->text, TRUE, options, error) &&
         store_put(store, g_bytes_get_data(body, NULL), g_bytes_get_size(body), &digest, error) &&
         image_remember(store, manifest, error);
}
