/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/files_bind.h"
#include "builder/sources/files_source.h"
#include "signing/error.h"

#include <string.h>
#include <unistd.h>

typedef struct {
  Hasher *all, *one;  /* everything; one content */
  PackWriter *writer; /* or NULL */
  const char *source; /* as it is seen from the recipe's folder */
  GArray *list;       /* or NULL */
  GCancellable *cancellable;
} Reading;

static gboolean
take_piece(const void *data, gsize size, gpointer user, GError **error)
{
  const Reading *reading = user;
  hasher_update(reading->one, data, size);
  return reading->writer == NULL || pack_writer_data(reading->writer, data, size, error);
}

static void
list_entry(const Reading *reading, const Entry *entry, const Digest *digest)
{
  if (reading->list == NULL || reading->list->len >= FILES_INPUTS_LISTED)
    return;
  const char *below = entry->path + strlen(FILES_BIND_NAME);
  const FilesInput input = {
    .path = strcmp(reading->source, ".") != 0 ? g_strconcat(reading->source, below, NULL) : g_strdup(below + (*below == '/')),
    .type = entry->type,
    .mode = entry->mode,
    .size = entry->size,
    .digest = *digest,
  };
  g_array_append_val(reading->list, input);
}

static gboolean
take_entry(const Entry *entry, const FilesContent *content, gpointer data, GError **error)
{
  Reading *reading = data;
  if (reading->writer != NULL && !pack_writer_add(reading->writer, entry, error))
    return FALSE;
  if (entry->type == ENTRY_FILE && !files_content_stream(content, entry, take_piece, reading, reading->cancellable, error))
    return FALSE;
  if (entry->target != NULL)
    hasher_update(reading->one, entry->target, strlen(entry->target));
  Digest digest;
  char hex[DIGEST_HEX_LENGTH + 1];
  hasher_finish(reading->one, &digest);
  digest_to_hex(&digest, hex);
  g_autofree char *path = g_strescape(entry->path, NULL);
  g_autofree char *line = g_strdup_printf("%d %o %" G_GUINT64_FORMAT " %s %s\n", (int)entry->type, (guint)entry->mode,
                                          entry->size, hex, path);
  hasher_update(reading->all, line, strlen(line));
  list_entry(reading, entry, &digest);
  return TRUE;
}

static gboolean
read_bind(const Recipe *recipe, const RecipeMount *bind, gint64 epoch, Reading *reading, Digest *out, GError **error)
{
  int folder = files_open_folder(recipe, error);
  if (folder < 0)
    return FALSE;
  g_autoptr(Hasher) all = hasher_new();
  g_autoptr(Hasher) one = hasher_new();
  reading->all = all;
  reading->one = one;
  reading->source = files_source_name(recipe, bind->from);
  const FilesContext context = {.recipe = recipe, .epoch = epoch, .folder = folder, .cancellable = reading->cancellable};
  const RecipeFile file = {
    .path = (char *)"/" FILES_BIND_NAME, .from = bind->from, .mode = -1, .folder_mode = -1, .place = bind->place};
  gboolean done = files_source_visit(&context, &file, take_entry, reading, error);
  close(folder);
  hasher_finish(all, out);
  return done;
}

gboolean
files_bind_digest(const Recipe *recipe, const RecipeMount *bind, GArray *list, Digest *out, GCancellable *cancellable,
                  GError **error)
{
  Reading reading = {.list = list, .cancellable = cancellable};
  return read_bind(recipe, bind, 0, &reading, out, error);
}

/* ---- packs ---- */

static void
pack_key(const Digest *inputs, gint64 epoch, Digest *key)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(inputs, hex);
  json_t *description = json_pack("{s:s, s:i, s:s, s:I}", "action", "bind", "format", PACK_FORMAT, "inputs", hex, "epoch",
                                  (json_int_t)epoch);
  store_action_key(description, key);
  json_decref(description);
}

static gboolean
find_pack(Store *store, const Digest *key, Digest *pack)
{
  json_t *record = store_action_get(store, key);
  const char *text = json_string_value(json_object_get(record, "pack"));
  gboolean found = text != NULL && digest_from_string(text, pack, NULL);
  json_decref(record);
  return found;
}

static gboolean
keep_pack(Store *store, const Digest *key, const Digest *pack, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  json_t *record = json_pack("{s:s}", "pack", digest_to_string(pack, text));
  gboolean kept = store_action_put(store, key, record, error);
  json_decref(record);
  return kept;
}

gboolean
files_bind_pack(Store *store, const Recipe *recipe, const RecipeMount *bind, gint64 epoch, const Digest *expected, Digest *pack,
                GCancellable *cancellable, GError **error)
{
  Digest key, read;
  pack_key(expected, epoch, &key);
  if (find_pack(store, &key, pack))
    return TRUE;
  g_autoptr(PackWriter) writer = pack_writer_new(store, PACK_ZSTD, error);
  Reading reading = {.writer = writer, .cancellable = cancellable};
  if (writer == NULL || !read_bind(recipe, bind, epoch, &reading, &read, error))
    return FALSE;
  if (!digest_equal(&read, expected))
    return recipe_failure_at(error, &bind->place, "'%s' changed while the image was built",
                             files_source_name(recipe, bind->from));
  return pack_writer_finish(writer, pack, error) && keep_pack(store, &key, pack, error);
}
