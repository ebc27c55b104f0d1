/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/native.h"
#include "builder/sources/debian/install_plan.h"
#include "builder/sources/debian/native-private.h"

#include <string.h>

/* ---- in dpkg's order ---- */

/* Which version was there before, "" for none. */
static const char *
version_before(const Native *native, const DebianUnit *unit)
{
  const DebianInstalled *before = debian_installed_find(native->configuration.system->installed, unit->name);
  return before != NULL ? before->version : "";
}

static gboolean
unpack(Native *native, DebianUnit *unit, GError **error)
{
  const char *const install[] = {"install", NULL};
  native->old_version = version_before(native, unit);
  const char *const upgrade[] = {"upgrade", native->old_version, unit->version, NULL};
  if (!native_run_script(native, unit, "preinst", *native->old_version != '\0' ? upgrade : install, error))
    return FALSE;
  g_hash_table_add(native->unpacked, unit);
  native_triggers_unpacked(native, unit);
  return TRUE;
}

static gboolean
configure(Native *native, DebianUnit *unit, GError **error)
{
  native->old_version = version_before(native, unit);
  const char *const arguments[] = {"configure", native->old_version, NULL};
  if (!native_run_script(native, unit, "postinst", arguments, error))
    return FALSE;
  g_hash_table_add(native->configured, unit);
  native_triggers_configured(native, unit);
  return TRUE;
}

/* Unpacks and then configures the packages [from, to) of the order. */
static gboolean
install(Native *native, guint from, guint to, gboolean extracted, GError **error)
{
  for (guint i = from; i < to && extracted; i++)
    g_hash_table_add(native->unpacked, native->order->pdata[i]);
  for (guint i = from; i < to; i++)
    if (!unpack(native, native->order->pdata[i], error))
      return FALSE;
  for (guint i = from; i < to; i++)
    if (!configure(native, native->order->pdata[i], error))
      return FALSE;
  return native_triggers_run(native, error);
}

/* The essential packages of a system that begins are all unpacked before the first script. */
static gboolean
install_all(Native *native, const GPtrArray *batches, GError **error)
{
  guint from = 0;
  for (guint i = 0; i < batches->len; i++) {
    guint to = from + ((const DebianBatch *)batches->pdata[i])->units->len;
    if (!install(native, from, to, i == 0 && native->configuration.system->installed == NULL, error))
      return FALSE;
    from = to;
  }
  return TRUE;
}

/* All packages, one batch behind the other. */
static GPtrArray *
order_of(const GPtrArray *batches)
{
  GPtrArray *order = g_ptr_array_new();
  for (guint i = 0; i < batches->len; i++)
    g_ptr_array_extend(order, ((const DebianBatch *)batches->pdata[i])->units, NULL, NULL);
  return order;
}

/* ---- the system in its present state ---- */

static void
free_text(gpointer data)
{
  g_string_free(data, TRUE);
}

static void
free_units(gpointer data)
{
  g_ptr_array_unref(data);
}

static void
free_content(gpointer data)
{
  g_bytes_unref(data);
}

static void
free_table(gpointer data)
{
  g_hash_table_unref(data);
}

static void
find_folders(Native *native)
{
  native->folders = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < native->order->len; i++) {
    DebianUnit *unit = native->order->pdata[i];
    for (guint k = 0; k < pack_n_entries(unit->pack); k++) {
      const Entry *entry = pack_entry(unit->pack, k);
      if (entry->type == ENTRY_DIRECTORY && !g_hash_table_contains(native->folders, entry->path))
        g_hash_table_insert(native->folders, (gpointer)entry->path, unit);
    }
  }
}

static void
native_init(Native *native)
{
  find_folders(native);
  const DebianSystem *system = native->configuration.system;
  native->unpacked = g_hash_table_new(NULL, NULL);
  native->configured = g_hash_table_new(NULL, NULL);
  native->by_pack = g_hash_table_new(NULL, NULL);
  native->contents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_content);
  native->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  native->libraries = g_hash_table_new_full(NULL, NULL, NULL, free_table);
  native->alternatives = debian_alternatives_new();
  native->before = native_before_new();
  native->diverted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  native->overrides = g_string_new(NULL);
  native->pending = g_hash_table_new_full(NULL, NULL, NULL, free_text);
  native->questions = native_questions_new();
  native->asked = g_hash_table_new(NULL, NULL);
  native->watched = g_ptr_array_new_with_free_func(g_free);
  native->interests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_units);
  for (guint i = 0; i < system->n_units; i++) {
    g_hash_table_insert(native->by_pack, GUINT_TO_POINTER(system->units[i]->number), system->units[i]);
    native_triggers_interest(native, system->units[i]);
  }
  native_before_load(native);
}

static void
native_clear(Native *native)
{
  g_hash_table_unref(native->folders);
  g_hash_table_unref(native->unpacked);
  g_hash_table_unref(native->configured);
  g_hash_table_unref(native->by_pack);
  g_hash_table_unref(native->contents);
  g_hash_table_unref(native->removed);
  g_hash_table_unref(native->libraries);
  g_ptr_array_unref(native->alternatives);
  g_hash_table_unref(native->diverted);
  g_string_free(native->overrides, TRUE);
  g_hash_table_unref(native->questions);
  g_hash_table_unref(native->asked);
  g_hash_table_unref(native->pending);
  g_hash_table_unref(native->interests);
  g_ptr_array_unref(native->watched);
  g_ptr_array_unref(native->order);
  g_ptr_array_unref(native->before);
  g_clear_error(&native->error);
}

/* A package's file that a script takes away cannot be told in the changes. */
static void
note_removals(const Native *native)
{
  GHashTableIter iter;
  gpointer path;
  const char *first = NULL;
  g_hash_table_iter_init(&iter, native->removed);
  while (g_hash_table_iter_next(&iter, &path, NULL))
    if (first == NULL || strcmp(path, first) < 0)
      first = path;
  if (first != NULL && native->remover != NULL)
    debian_script_report_take(native->report, native->remover->name, native->remover_kind,
                              g_strdup_printf("removes '/%s', which a package brings", first));
}

gboolean
debian_native_configure(const DebianSystem *system, const Tree *tree, Changes *changes, Accounts *accounts,
                        const DebianConfigureOptions *options, DebianScriptReport *report, GError **error)
{
  Native native = {.configuration = {system, changes, accounts, options->epoch},
                   .tree = tree,
                   .store = options->store,
                   .report = report,
                   .leave_out = options->leave_out,
                   .order = order_of(options->batches)};
  native_init(&native);
  gboolean done = install_all(&native, options->batches, error);
  if (done)
    note_removals(&native);
  debian_script_report_sort(report);
  native_clear(&native);
  return done;
}
