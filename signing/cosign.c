/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/cosign.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

#define TYPE "cosign container image signature"
#define OLD_TYPE "atomic container signature"

/* ---- making ---- */

/* A JSON string as Go's encoding/json writes it: <, > and & escaped too, and the two line separators of Unicode. */
static void
append_string(GString *out, const char *text)
{
  g_string_append_c(out, '"');
  for (const char *p = text; *p != '\0'; p++) {
    guchar c = (guchar)*p;
    if (c == '"' || c == '\\')
      g_string_append_printf(out, "\\%c", c);
    else if (c == '\n')
      g_string_append(out, "\\n");
    else if (c == '\r')
      g_string_append(out, "\\r");
    else if (c == '\t')
      g_string_append(out, "\\t");
    else if (c < 0x20 || c == '<' || c == '>' || c == '&')
      g_string_append_printf(out, "\\u%04x", c);
    else if (strncmp(p, "\xe2\x80\xa8", 3) == 0 || strncmp(p, "\xe2\x80\xa9", 3) == 0) {
      g_string_append_printf(out, "\\u202%c", p[2] == '\xa8' ? '8' : '9');
      p += 2;
    } else
      g_string_append_c(out, (char)c);
  }
  g_string_append_c(out, '"');
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
append_optional(GString *out, const char *const *optional)
{
  if (optional == NULL || optional[0] == NULL) {
    g_string_append(out, "null");
    return;
  }
  g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (; *optional != NULL; optional++) {
    const char *equals = strchrnul(*optional, '=');
    char *name = g_strndup(*optional, (gsize)(equals - *optional));
    if (!g_hash_table_contains(values, name))
      g_ptr_array_add(names, name);
    /* the table keeps the key it has and frees this one when there is one */
    g_hash_table_insert(values, name, (gpointer)(*equals == '=' ? equals + 1 : equals));
  }
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    g_string_append_c(out, i == 0 ? '{' : ',');
    append_string(out, names->pdata[i]);
    g_string_append_c(out, ':');
    append_string(out, g_hash_table_lookup(values, names->pdata[i]));
  }
  g_string_append_c(out, '}');
}

GBytes *
cosign_payload_make(const char *reference, const Digest *digest, const char *const *optional)
{
  char text[DIGEST_STRING_SIZE];
  GString *out = g_string_new("{\"critical\":{\"identity\":{\"docker-reference\":");
  append_string(out, reference);
  g_string_append_printf(out, "},\"image\":{\"docker-manifest-digest\":\"%s\"},\"type\":\"" TYPE "\"},\"optional\":",
                         digest_to_string(digest, text));
  append_optional(out, optional);
  g_string_append_c(out, '}');
  return g_string_free_to_bytes(out);
}

/* ---- reading ---- */

static gboolean
malformed(GError **error, const char *what)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "signature payload: %s", what);
  return FALSE;
}

static gboolean
parse_critical(json_t *root, CosignPayload *out, GError **error)
{
  const char *reference, *digest, *type;
  json_t *optional = NULL;
  /* '!' refuses members that are not listed: what nobody looks at must not be signed along */
  if (json_unpack(root, "{s:{s:{s:s!},s:{s:s!},s:s!},s?:o!}", "critical", "identity", "docker-reference", &reference, "image",
                  "docker-manifest-digest", &digest, "type", &type, "optional", &optional) != 0)
    return malformed(error, "not of the form that cosign signs");
  if (strcmp(type, TYPE) != 0 && strcmp(type, OLD_TYPE) != 0)
    return malformed(error, "its type is not that of a container image signature");
  if (optional != NULL && !json_is_null(optional) && !json_is_object(optional))
    return malformed(error, "'optional' is neither an object nor null");
  if (!digest_from_string(digest, &out->digest, error)) {
    g_prefix_error(error, "signature payload: ");
    return FALSE;
  }
  out->reference = g_strdup(reference);
  out->optional = json_is_object(optional) ? json_incref(optional) : NULL;
  return TRUE;
}

gboolean
cosign_payload_parse(const void *data, gsize size, CosignPayload *out, GError **error)
{
  *out = (CosignPayload){0};
  if (size > limits_get(LIMIT_PAYLOAD))
    return limits_refuse(LIMIT_PAYLOAD, error, "signature payload");
  json_error_t problem;
  json_auto_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &problem);
  if (root == NULL) {
    g_autofree char *shown = g_strescape(problem.text, NULL);
    return malformed(error, shown);
  }
  return parse_critical(root, out, error);
}

void
cosign_payload_clear(CosignPayload *payload)
{
  g_clear_pointer(&payload->reference, g_free);
  g_clear_pointer(&payload->optional, json_decref);
}

gboolean
cosign_payload_check(const CosignPayload *payload, const Digest *digest, const char *reference, GError **error)
{
  char signed_text[DIGEST_STRING_SIZE], text[DIGEST_STRING_SIZE];
  if (!digest_equal(&payload->digest, digest)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "the signature is for another image, %s, and not for %s",
                digest_to_string(&payload->digest, signed_text), digest_to_string(digest, text));
    return FALSE;
  }
  if (reference != NULL && strcmp(payload->reference, reference) != 0) {
    g_autofree char *shown = g_strescape(payload->reference, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "the signature is for '%s' and not for '%s'", shown, reference);
    return FALSE;
  }
  return TRUE;
}
