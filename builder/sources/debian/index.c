/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/index.h"
#include "builder/sources/debian/table.h"
#include "signing/error.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct DebianIndex {
  char *architecture;
  void *map;
  gsize size;
  Table table;
};

/* ---- the cache ---- */

static void
action_key(const char *architecture, const DebianIndexSource *sources, guint n, Digest *key)
{
  char text[DIGEST_STRING_SIZE];
  json_t *list = json_array();
  for (guint i = 0; i < n; i++)
    json_array_append_new(
      list, json_pack("{s:s, s:i}", "packages", digest_to_string(&sources[i].blob, text), "suite", (int)sources[i].suite));
  json_t *description = json_pack("{s:s, s:i, s:s, s:o}", "action", "debian-index", "format", TABLE_FORMAT, "architecture",
                                  architecture, "sources", list);
  store_action_key(description, key);
  json_decref(description);
}

/* Maps the table of @blob; NULL without an error set when it is no sound table. */
static DebianIndex *
index_map(Store *store, const Digest *blob, const char *architecture, guint suite_max, GError **error)
{
  guint64 size;
  int fd = store_open_blob(store, blob, &size, error);
  if (fd < 0)
    return NULL;
  void *map = size > 0 && size <= G_MAXSIZE ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  int problem = errno;
  close(fd);
  if (map == MAP_FAILED) {
    if (size > 0)
      error_set_errno(error, problem, "map the table of packages in the store '%s'", store_path(store));
    return NULL;
  }
  DebianIndex *index = g_new0(DebianIndex, 1);
  index->architecture = g_strdup(architecture);
  index->map = map;
  index->size = size;
  if (!table_check(map, size, suite_max, &index->table))
    g_clear_pointer(&index, debian_index_free);
  return index;
}

static gboolean
is_whole(const DebianIndex *index, const Digest *blob)
{
  Digest found;
  digest_of(index->map, index->size, &found);
  return digest_equal(&found, blob);
}

/* The table as it was made before; NULL where it is not known or damaged, which is as good. */
static DebianIndex *
index_recall(Store *store, const Digest *key, const char *architecture, guint suite_max)
{
  json_t *outputs = store_action_get(store, key);
  const char *text = json_string_value(json_object_get(outputs, "table"));
  Digest blob;
  DebianIndex *index = NULL;
  if (text != NULL && digest_from_string(text, &blob, NULL)) {
    index = index_map(store, &blob, architecture, suite_max, NULL);
    /* what is sound may still be wrong: one bit in a dependency is another solution */
    if (index != NULL && !is_whole(index, &blob))
      g_clear_pointer(&index, debian_index_free);
    /* made again at once: a blob that stays would not be written over */
    if (index == NULL && !store_remove_blob(store, &blob, NULL))
      g_debug("a damaged table of packages cannot be removed");
  }
  json_decref(outputs);
  return index;
}

static gboolean
remember(Store *store, const Digest *key, const Digest *blob, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  json_t *outputs = json_pack("{s:s}", "table", digest_to_string(blob, text));
  gboolean done = store_action_put(store, key, outputs, error);
  json_decref(outputs);
  return done;
}

static DebianIndex *
build_index(Store *store, const char *architecture, const DebianIndexSource *sources, guint n, const Digest *key,
            guint suite_max, GCancellable *cancellable, GError **error)
{
  Digest blob;
  g_autoptr(GError) failure = NULL;
  if (!table_build(store, architecture, sources, n, cancellable, &blob, error) || !remember(store, key, &blob, error))
    return NULL;
  DebianIndex *index = index_map(store, &blob, architecture, suite_max, &failure);
  if (index == NULL && failure != NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  else if (index == NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "cannot map the table of packages just made in store '%s'",
                store_path(store));
  return index;
}

DebianIndex *
debian_index_open(Store *store, const char *architecture, const DebianIndexSource *sources, guint n, GCancellable *cancellable,
                  GError **error)
{
  Digest key;
  guint suite_max = 0;
  for (guint i = 0; i < n; i++)
    suite_max = MAX(suite_max, sources[i].suite);
  action_key(architecture, sources, n, &key);
  if (!store_claim_waiting(store, &key, cancellable, error))
    return NULL;
  DebianIndex *index = index_recall(store, &key, architecture, suite_max);
  if (index == NULL)
    index = build_index(store, architecture, sources, n, &key, suite_max, cancellable, error);
  store_release(store, &key);
  return index;
}

void
debian_index_free(DebianIndex *index)
{
  if (index == NULL)
    return;
  munmap(index->map, index->size);
  g_free(index->architecture);
  g_free(index);
}

/* ---- looking up ---- */

guint
debian_index_size(const DebianIndex *index)
{
  return index->table.header->n_records;
}

const char *
debian_index_architecture(const DebianIndex *index)
{
  return index->architecture;
}

void
debian_index_get(const DebianIndex *index, guint id, DebianPackage *out)
{
  g_return_if_fail(id < debian_index_size(index));
  const char *strings = index->table.strings;
  const TableRecord *record = &index->table.records[id];
  *out = (DebianPackage){
    .name = strings + record->strings[TABLE_NAME],
    .version = strings + record->strings[TABLE_VERSION],
    .architecture = strings + record->strings[TABLE_ARCHITECTURE],
    .source = strings + record->strings[TABLE_SOURCE],
    .filename = strings + record->strings[TABLE_FILENAME],
    .section = strings + record->strings[TABLE_SECTION],
    .depends = strings + record->strings[TABLE_DEPENDS],
    .pre_depends = strings + record->strings[TABLE_PRE_DEPENDS],
    .recommends = strings + record->strings[TABLE_RECOMMENDS],
    .suggests = strings + record->strings[TABLE_SUGGESTS],
    .provides = strings + record->strings[TABLE_PROVIDES],
    .conflicts = strings + record->strings[TABLE_CONFLICTS],
    .breaks = strings + record->strings[TABLE_BREAKS],
    .replaces = strings + record->strings[TABLE_REPLACES],
    .sha256 = record->sha256,
    .size = record->size,
    .installed_size = record->installed_size,
    .priority = (DebianPriority)record->priority,
    .multi_arch = (DebianMultiArch)record->multi_arch,
    .essential = (record->flags & TABLE_ESSENTIAL) != 0,
    .is_protected = (record->flags & TABLE_PROTECTED) != 0,
    .important = (record->flags & TABLE_IMPORTANT) != 0,
    .suite = record->suite,
  };
}

static const char *
name_at(const DebianIndex *index, guint id)
{
  return index->table.strings + index->table.records[id].strings[TABLE_NAME];
}

guint
debian_index_find(const DebianIndex *index, const char *name, guint *first)
{
  guint low = 0, high = debian_index_size(index);
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (strcmp(name_at(index, middle), name) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *first = low;
  while (high < debian_index_size(index) && strcmp(name_at(index, high), name) == 0)
    high++;
  return high - low;
}

static int
compare_provided(const DebianIndex *index, const TableProvided *provided, const char *name, gsize length)
{
  int order = memcmp(index->table.strings + provided->name, name, MIN(provided->length, length));
  if (order != 0 || provided->length == length)
    return order;
  return provided->length < length ? -1 : 1;
}

const guint32 *
debian_index_providers(const DebianIndex *index, const char *name, guint *n)
{
  gsize length = strlen(name);
  guint low = 0, high = index->table.header->n_provided;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const TableProvided *provided = &index->table.provided[middle];
    int order = compare_provided(index, provided, name, length);
    if (order == 0) {
      *n = provided->n;
      return index->table.providers + provided->first;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *n = 0;
  return index->table.providers;
}
