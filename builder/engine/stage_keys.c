/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/stage_keys.h"
#include "signing/error.h"

#include <string.h>

static guint
number_of(const StageKeys *keys, const char *name)
{
  guint i = 0;
  while (strcmp(((const Recipe *)keys->recipe->stages->pdata[i])->name, name) != 0)
    i++;
  return i;
}

json_t *
stage_keys_json(const StageKeys *keys, const char *name)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&g_array_index(keys->keys, Digest, number_of(keys, name)), hex);
  return json_string(hex);
}

static void
taken_key(const StageKeys *keys, const RecipeFile *file, Digest *key)
{
  json_t *description = json_pack("{s:s, s:o, s:s}", "action", "taken", "stage", stage_keys_json(keys, file->stage), "path",
                                  file->from);
  store_action_key(description, key);
  json_decref(description);
}

gboolean
stage_keys_find_taken(const StageKeys *keys, const RecipeFile *file, Taken *out)
{
  Digest key;
  const char *pack, *base;
  taken_key(keys, file, &key);
  json_t *record = store_action_get(keys->store, &key);
  gboolean found = record != NULL && json_unpack(record, "{s:s, s:s}", "pack", &pack, "base", &base) == 0 &&
                   digest_from_string(pack, &out->pack, NULL);
  if (found)
    out->base = g_strcompress(base);
  json_decref(record);
  return found;
}

gboolean
stage_keys_keep_taken(const StageKeys *keys, const RecipeFile *file, const Taken *taken, GError **error)
{
  Digest key;
  char pack[DIGEST_STRING_SIZE];
  g_autofree char *base = g_strescape(taken->base, NULL); /* JSON must be UTF-8 */
  taken_key(keys, file, &key);
  json_t *record = json_pack("{s:s, s:s}", "pack", digest_to_string(&taken->pack, pack), "base", base);
  gboolean kept = store_action_put(keys->store, &key, record, error);
  json_decref(record);
  return kept;
}

Pack *
stage_keys_open_taken(const StageKeys *keys, const RecipeFile *file, char **base, GError **error)
{
  g_auto(Taken) taken = {0};
  if (!stage_keys_find_taken(keys, file, &taken)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "what was taken out of the stage '%s' is gone from the store",
                file->stage);
    return NULL;
  }
  *base = g_steal_pointer(&taken.base);
  return pack_open(keys->store, &taken.pack, error);
}
