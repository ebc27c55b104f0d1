/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/outcome.h"

#include <jansson.h>

void
outcome_clear(Outcome *outcome)
{
  g_clear_pointer(&outcome->removed, g_ptr_array_unref);
}

/* ---- memory ---- */

gboolean
outcome_find(Store *store, const Digest *key, Outcome *outcome)
{
  json_t *record = store_action_get(store, key), *removed = NULL;
  const char *pack = NULL;
  gboolean found = record != NULL && json_unpack(record, "{s?s, s:o}", "pack", &pack, "removed", &removed) == 0 &&
                   (pack == NULL || digest_from_string(pack, &outcome->pack, NULL));
  if (found) {
    outcome->has_pack = pack != NULL;
    outcome->removed = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < json_array_size(removed); i++)
      g_ptr_array_add(outcome->removed, g_strcompress(json_string_value(json_array_get(removed, i))));
  }
  json_decref(record);
  return found;
}

/* Paths need not be UTF-8, and JSON must be. */
gboolean
outcome_keep(Store *store, const Digest *key, const Outcome *outcome, GError **error)
{
  char pack[DIGEST_STRING_SIZE];
  json_t *removed = json_array();
  for (guint i = 0; i < outcome->removed->len; i++) {
    g_autofree char *path = g_strescape(outcome->removed->pdata[i], NULL);
    json_array_append_new(removed, json_string(path));
  }
  json_t *record = json_pack("{s:s*, s:o}", "pack", outcome->has_pack ? digest_to_string(&outcome->pack, pack) : NULL,
                             "removed", removed);
  gboolean kept = store_action_put(store, key, record, error);
  json_decref(record);
  return kept;
}

/* ---- from the sandbox ---- */

static void
set_times(const Delta *delta, const OutcomeOptions *options)
{
  for (guint i = 0; i < delta->changed->len; i++) {
    Entry *entry = (Entry *)delta->changed->pdata[i];
    entry->mtime = entry->mtime >= options->began ? options->epoch : MIN(entry->mtime, options->epoch);
  }
}

gboolean
outcome_write(Store *store, Sandbox *sandbox, Delta *delta, const OutcomeOptions *options, Outcome *outcome, GError **error)
{
  outcome->removed = g_ptr_array_ref(delta->removed);
  outcome->has_pack = delta->changed->len > 0;
  if (!outcome->has_pack)
    return TRUE;
  set_times(delta, options);
  g_autoptr(PackWriter) writer = pack_writer_new(store, options->encoding, error);
  return writer != NULL && sandbox_write(sandbox, delta, writer, error) && pack_writer_finish(writer, &outcome->pack, error);
}

/* ---- into the tree ---- */

gboolean
outcome_insert(Store *store, Tree *tree, PackEncoding encoding, const Outcome *outcome, guint *number, GError **error)
{
  *number = TREE_NO_PACK;
  for (guint i = 0; i < outcome->removed->len; i++)
    tree_remove(tree, outcome->removed->pdata[i]);
  if (!outcome->has_pack)
    return TRUE;
  g_autoptr(Pack) made = pack_open(store, &outcome->pack, error);
  Digest digest;
  if (made == NULL || !pack_encode(store, made, encoding, &digest, error))
    return FALSE;
  g_autoptr(Pack) pack = pack_open(store, &digest, error);
  if (pack == NULL)
    return FALSE;
  *number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    if (!tree_insert(tree, *number, i, error))
      return FALSE;
  return TRUE;
}
