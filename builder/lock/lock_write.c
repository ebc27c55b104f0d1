/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/lock/lock_private.h"
#include "rootfs/outfile.h"
#include "signing/document.h"

#include <string.h>

static void
append_json(GString *text, json_t *value)
{
  g_autofree char *dumped = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
  g_string_append(text, dumped);
}

static void
append_package(GString *text, const LockPackage *package)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&package->sha256, hex);
  json_t *value = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b}", "arch", package->architecture, "name", package->name,
                            "path", package->path, "sha256", hex, "suite", package->suite, "version", package->version, "size",
                            (json_int_t)package->size, "requested", package->requested);
  append_json(text, value);
  json_decref(value);
}

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One digest a line. */
static void
append_base(GString *text, json_t *base)
{
  g_string_append(text, ",\n\"base\":{\"from\":");
  append_json(text, json_object_get(base, "from"));
  const char *member = lock_base_member(json_string_value(json_object_get(base, "from")));
  g_string_append_printf(text, ",\"%s\":{", member);
  g_autoptr(GPtrArray) archs = g_ptr_array_new();
  json_t *digests = json_object_get(base, member), *digest;
  const char *arch;
  json_object_foreach (digests, arch, digest)
    g_ptr_array_add(archs, (gpointer)arch);
  g_ptr_array_sort(archs, compare_keys);
  for (guint i = 0; i < archs->len; i++)
    g_string_append_printf(text, "%s\n\"%s\":\"%s\"", i > 0 ? "," : "", (const char *)archs->pdata[i],
                           json_string_value(json_object_get(digests, archs->pdata[i])));
  g_string_append(text, "\n}}");
}

static void append_document(GString *text, const Lock *lock, gboolean is_stage);

static void
append_stages(GString *text, const GPtrArray *stages)
{
  g_string_append(text, ",\n\"stages\":{");
  for (guint i = 0; i < stages->len; i++) {
    const LockStage *stage = stages->pdata[i];
    g_string_append_printf(text, "%s\n\"%s\":", i > 0 ? "," : "", stage->name);
    append_document(text, stage->lock, TRUE);
  }
  g_string_append_c(text, '}');
}

static void
append_document(GString *text, const Lock *lock, gboolean is_stage)
{
  g_string_append(text, "{\n\"asked\":");
  append_json(text, lock->asked);
  if (lock->base != NULL)
    append_base(text, lock->base);
  if (lock->date >= 0) {
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(lock->date);
    g_autofree char *shown = g_date_time_format(date, "%Y-%m-%dT%H:%M:%SZ");
    g_string_append_printf(text, ",\n\"date\":\"%s\"", shown);
  }
  g_string_append(text, ",\n\"files\":[");
  for (gsize i = 0; i < json_array_size(lock->files); i++) {
    g_string_append(text, i > 0 ? ",\n" : "\n");
    append_json(text, json_array_get(lock->files, i));
  }
  g_string_append_c(text, ']');
  if (!is_stage) {
    g_string_append(text, ",\n\"format\":");
    append_json(text, lock->format);
    g_string_append_printf(text, ",\n\"lock\":%d", LOCK_VERSION);
  }
  g_string_append(text, ",\n\"packages\":{");
  for (guint i = 0; i < lock->archs->len; i++) {
    const LockArch *arch = lock->archs->pdata[i];
    g_string_append_printf(text, "%s\n\"%s\":[", i > 0 ? "," : "", arch->arch);
    for (guint j = 0; j < arch->packages->len; j++) {
      g_string_append(text, j > 0 ? ",\n" : "\n");
      append_package(text, arch->packages->pdata[j]);
    }
    g_string_append(text, "\n]");
  }
  g_string_append_c(text, '}');
  if (lock->stages->len > 0)
    append_stages(text, lock->stages);
  g_string_append(text, "\n}");
}

char *
lock_to_text(const Lock *lock)
{
  GString *text = g_string_new(NULL);
  append_document(text, lock, FALSE);
  g_string_append_c(text, '\n');
  return g_string_free(text, FALSE);
}

gboolean
lock_save(const Lock *lock, const char *path, GError **error)
{
  g_autofree char *text = lock_to_text(lock);
  g_autoptr(GBytes) before = document_read(path, LIMIT_LOCK, NULL);
  if (before != NULL && g_bytes_get_size(before) == strlen(text) && strcmp(g_bytes_get_data(before, NULL), text) == 0)
    return TRUE;
  return outfile_put(path, text, strlen(text), 0644, OUTFILE_REPLACE, error);
}
