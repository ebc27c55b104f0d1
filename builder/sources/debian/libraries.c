/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/libraries.h"
#include "builder/elf/binaries.h"

#include <jansson.h>
#include <string.h>

/* Raised by whatever changes what is remembered. */
#define LIBRARIES_VERSION 1

void
debian_library_free(DebianLibrary *library)
{
  g_free(library->name);
  g_free(library);
}

/* ---- one file ---- */

static gboolean
is_ldconfig(const char *name)
{
  return strcmp(name, "ldconfig") == 0;
}

gboolean
debian_library_has_name(const char *name)
{
  return ((g_str_has_prefix(name, "lib") || g_str_has_prefix(name, "ld-")) && strstr(name, ".so") != NULL) || is_ldconfig(name);
}

/* The name and release that ldconfig is built with (transfer full), or NULL. */
static char *
find_generator(const char *data, gsize size)
{
  static const char begin[] = "ldconfig (";
  for (const char *at = data, *found; (found = memmem(at, size - (gsize)(at - data), begin, sizeof begin - 1)) != NULL;) {
    g_autofree char *text = g_strndup(found, MIN(size - (gsize)(found - data), 200));
    if (strstr(text, " release version ") != NULL)
      return g_steal_pointer(&text);
    at = found + 1;
  }
  return NULL;
}

DebianLibrary *
debian_library_of(const char *name, GBytes *content)
{
  gsize size;
  const char *data = g_bytes_get_data(content, &size);
  if (size < strlen(BINARY_MAGIC) || memcmp(data, BINARY_MAGIC, strlen(BINARY_MAGIC)) != 0)
    return NULL;
  DebianLibrary *library = g_new0(DebianLibrary, 1);
  g_autoptr(Binary) binary = binary_read(content, NULL);
  if (binary != NULL)
    *library = (DebianLibrary){g_strdup(binary->name), binary->class, binary->machine};
  if (is_ldconfig(name)) {
    g_free(library->name);
    library->name = find_generator(data, size);
  }
  return library;
}

/* ---- a pack's ---- */

static const char *
name_of(const Entry *entry)
{
  const char *slash = strrchr(entry->path, '/');
  return slash != NULL ? slash + 1 : entry->path;
}

static void
free_library(gpointer data)
{
  debian_library_free(data);
}

static GHashTable *
table_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_library);
}

static gboolean
look_through(Pack *pack, GHashTable *libraries, GError **error)
{
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const Entry *entry = pack_entry(pack, i);
    if ((entry->type != ENTRY_FILE && entry->type != ENTRY_HARDLINK) || !debian_library_has_name(name_of(entry)))
      continue;
    g_autoptr(GBytes) content = pack_read(pack, i, BINARIES_SIZE_MAX, error);
    if (content == NULL)
      return FALSE;
    DebianLibrary *library = debian_library_of(name_of(entry), content);
    if (library != NULL)
      g_hash_table_insert(libraries, g_strdup(entry->path), library);
  }
  return TRUE;
}

static gboolean
has_any(const Pack *pack)
{
  gboolean any = FALSE;
  for (guint i = 0; !any && i < pack_n_entries(pack); i++)
    any = debian_library_has_name(name_of(pack_entry(pack, i)));
  return any;
}

/* ---- what is remembered ---- */

static void
key_of(const Pack *pack, Digest *key)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(pack_digest(pack), hex);
  json_t *description = json_pack("{s:s, s:i, s:s}", "action", "libraries", "version", LIBRARIES_VERSION, "pack", hex);
  store_action_key(description, key);
  json_decref(description);
}

/* {"libraries": {PATH: [NAME or "", CLASS, MACHINE]}}; FALSE: it is nothing of the kind. */
static gboolean
recall(json_t *record, GHashTable *libraries)
{
  const char *path, *name;
  json_t *value;
  int class, machine;
  json_object_foreach (json_object_get(record, "libraries"), path, value) {
    if (json_unpack(value, "[s, i, i]", &name, &class, &machine) != 0)
      return FALSE;
    DebianLibrary *library = g_new(DebianLibrary, 1);
    *library = (DebianLibrary){*name != '\0' ? g_strdup(name) : NULL, (guint) class, (guint)machine};
    g_hash_table_insert(libraries, g_strdup(path), library);
  }
  return TRUE;
}

static gboolean
remember(Store *store, const Digest *key, GHashTable *libraries, GError **error)
{
  json_t *list = json_object();
  GHashTableIter iter;
  gpointer path, value;
  g_hash_table_iter_init(&iter, libraries);
  while (g_hash_table_iter_next(&iter, &path, &value)) {
    const DebianLibrary *library = value;
    const char *name = library->name != NULL ? library->name : "";
    json_object_set_new(list, path, json_pack("[s, i, i]", name, (int)library->class, (int)library->machine));
  }
  json_t *record = json_pack("{s:o}", "libraries", list);
  gboolean put = store_action_put(store, key, record, error);
  json_decref(record);
  return put;
}

GHashTable *
debian_libraries_read(Store *store, Pack *pack, GError **error)
{
  g_autoptr(GHashTable) libraries = table_new();
  Digest key;
  if (!has_any(pack))
    return g_steal_pointer(&libraries);
  key_of(pack, &key);
  json_t *record = store != NULL ? store_action_get(store, &key) : NULL;
  gboolean known = record != NULL && recall(record, libraries);
  json_decref(record);
  if (known)
    return g_steal_pointer(&libraries);
  g_hash_table_remove_all(libraries);
  if (!look_through(pack, libraries, error) || (store != NULL && !remember(store, &key, libraries, error)))
    return NULL;
  return g_steal_pointer(&libraries);
}
