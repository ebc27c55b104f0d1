/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/configured.h"
#include "builder/sources/debian/install_plan.h"

/* ---- the key ---- */

static json_t *
texts_of(char **texts)
{
  json_t *array = json_array();
  for (; texts != NULL && *texts != NULL; texts++)
    json_array_append_new(array, json_string(*texts));
  return array;
}

static void
append_digest(json_t *array, const Digest *digest)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(digest, hex);
  json_array_append_new(array, json_string(hex));
}

/* The packages in the order in which they are installed, a list a batch. */
static json_t *
batches_of(const GPtrArray *batches)
{
  json_t *all = json_array();
  for (guint i = 0; i < batches->len; i++) {
    const DebianBatch *batch = batches->pdata[i];
    json_t *packs = json_array();
    for (guint k = 0; k < batch->units->len; k++)
      append_digest(packs, pack_digest(((const DebianUnit *)batch->units->pdata[k])->pack));
    json_array_append_new(all, packs);
  }
  return all;
}

/* All that decides what comes of it. */
static void
make_key(const ConfiguredOptions *options, Digest *key)
{
  const DebianConfigureOptions *follow = &options->follow;
  json_t *base = json_array();
  if (options->base != NULL)
    append_digest(base, options->base);
  json_t *description =
    json_pack("{s:s, s:s, s:[i, i], s:s, s:I, s:b, s:o, s:o, s:o, s:o}", "action", "configuration", "ashlar", ASHLAR_VERSION,
              "rules", NATIVE_RULES, PACK_FORMAT, "arch", options->system->architecture, "epoch", (json_int_t)follow->epoch,
              "leave out", follow->leave_out, "packages", batches_of(follow->batches), "exclude",
              texts_of(options->debian->exclude), "include", texts_of(options->debian->include), "base", base);
  store_action_key(description, key);
  json_decref(description);
}

/* ---- the record ---- */

/* [PACKAGE, SCRIPT, what is missing or nothing] */
static json_t *
note_to_json(const DebianScriptNote *note)
{
  return note->native ? json_pack("[s, s]", note->package, note->script)
                      : json_pack("[s, s, s]", note->package, note->script, note->missing);
}

static gboolean
read_notes(json_t *notes, DebianScriptReport *report)
{
  for (gsize i = 0; i < json_array_size(notes); i++) {
    json_t *note = json_array_get(notes, i), *missing = json_array_get(note, 2);
    const char *package = json_string_value(json_array_get(note, 0)), *script = json_string_value(json_array_get(note, 1));
    if (package == NULL || script == NULL)
      return FALSE;
    debian_script_report_take(report, package, script, g_strdup(json_string_value(missing)));
  }
  debian_script_report_sort(report);
  return TRUE;
}

static gboolean
put_all(Pack *pack, Changes *changes, GError **error)
{
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const Entry *entry = pack_entry(pack, i);
    g_autoptr(GBytes) content = NULL;
    if (entry->type == ENTRY_FILE && (content = pack_read(pack, i, entry->size, error)) == NULL)
      return FALSE;
    changes_put_copy(changes, entry->path, entry, content);
  }
  return TRUE;
}

/* Puts all that was made for the key into @changes (what they hold of merging is among it) and @report, and *found to TRUE;
 * FALSE only for an error, as where a blob is damaged. */
static gboolean
recall(Store *store, const Digest *key, Changes *changes, DebianScriptReport *report, gboolean *found, GError **error)
{
  Digest digest;
  *found = FALSE;
  json_t *record = store_action_get(store, key);
  const char *pack_name = json_string_value(json_object_get(record, "changes"));
  gboolean known = pack_name != NULL && digest_from_string(pack_name, &digest, NULL) &&
                   read_notes(json_object_get(record, "notes"), report);
  json_decref(record);
  if (!known)
    return TRUE;
  g_autoptr(Pack) pack = pack_open(store, &digest, error);
  *found = pack != NULL && put_all(pack, changes, error);
  return *found;
}

static gboolean
remember(Store *store, const Digest *key, const Changes *changes, const DebianScriptReport *report, GError **error)
{
  Digest digest;
  char name[DIGEST_STRING_SIZE];
  if (!changes_to_pack(changes, store, PACK_ZSTD, 0, &digest, error))
    return FALSE;
  json_t *notes = json_array();
  for (guint i = 0; i < report->notes->len; i++)
    json_array_append_new(notes, note_to_json(report->notes->pdata[i]));
  json_t *record = json_pack("{s:s, s:o}", "changes", digest_to_string(&digest, name), "notes", notes);
  gboolean kept = store_action_put(store, key, record, error);
  json_decref(record);
  return kept;
}

/* ---- both ---- */

static gboolean
follow(const ConfiguredOptions *options, const Digest *key, Changes *changes, Accounts *accounts, DebianScriptReport *report,
       GError **error)
{
  DebianConfigureOptions own = options->follow;
  own.store = options->store;
  if (!debian_native_configure(options->system, options->tree, changes, accounts, &own, report, error))
    return FALSE;
  accounts_write(accounts, changes, own.epoch);
  return (report->n_left_out > 0 && !own.leave_out) || remember(options->store, key, changes, report, error);
}

gboolean
configured_follow(const ConfiguredOptions *options, Changes **changes, Accounts **accounts, DebianScriptReport *report,
                  GError **error)
{
  gboolean found;
  Digest key;
  g_autoptr(Changes) recalled = changes_new(options->tree);
  make_key(options, &key);
  if (!recall(options->store, &key, recalled, report, &found, error))
    return FALSE;
  if (found) {
    changes_free(*changes);
    *changes = g_steal_pointer(&recalled);
  } else if (!follow(options, &key, *changes, *accounts, report, error)) {
    return FALSE;
  }
  /* either way, what the files say is what is known of accounts from now on */
  accounts_free(*accounts);
  *accounts = accounts_new();
  return accounts_load(*accounts, *changes, error);
}
