/* SPDX-License-Identifier: Apache-2.0
 *
 * Triggers (deb-triggers(5)): who is interested, which were set off, and the scripts that are run for them.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

/* Calls back for each "interest" (or "activate") of the package, whether noawait or not. */
static void
each_trigger(Native *native, const DebianUnit *unit, const char *directive,
             void (*take)(Native *, const DebianUnit *, const char *))
{
  g_autofree char *text = native_unit_file(native, unit, "triggers");
  g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto(GStrv) words = g_strsplit_set(g_strstrip(lines[i]), " \t", 2);
    if (g_strv_length(words) == 2 && g_str_has_prefix(words[0], directive))
      take(native, unit, g_strstrip(words[1]));
  }
}

static void
note_pending(Native *native, const DebianUnit *unit, const char *name)
{
  GString *names = g_hash_table_lookup(native->pending, unit);
  if (names == NULL) {
    names = g_string_new(NULL);
    g_hash_table_insert(native->pending, (gpointer)unit, names);
  }
  g_auto(GStrv) already = g_strsplit(names->str, " ", -1);
  if (!g_strv_contains((const char *const *)already, name))
    g_string_append_printf(names, "%s%s", names->len > 0 ? " " : "", name);
}

static void
take_interest(Native *native, const DebianUnit *unit, const char *name)
{
  GPtrArray *units = g_hash_table_lookup(native->interests, name);
  if (units == NULL) {
    units = g_ptr_array_new();
    g_hash_table_insert(native->interests, g_strdup(name), units);
    if (name[0] == '/')
      g_ptr_array_add(native->watched, g_strdup(name));
  }
  g_ptr_array_add(units, (gpointer)unit);
}

/* Whoever is interested and not configured yet is going to be anyway. */
void
native_trigger(Native *native, const char *name, const DebianUnit *by)
{
  const GPtrArray *units = g_hash_table_lookup(native->interests, name);
  for (guint i = 0; units != NULL && i < units->len; i++)
    if (units->pdata[i] != by && g_hash_table_contains(native->configured, units->pdata[i]))
      note_pending(native, units->pdata[i], name);
}

static void
activate(Native *native, const DebianUnit *unit, const char *name)
{
  native_trigger(native, name, unit);
}

/* Whether the pack has something at or below the merged path. */
static gboolean
brings(const Pack *pack, const char *path)
{
  gsize length = strlen(path);
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const char *own = pack_entry(pack, i)->path;
    if (strncmp(own, path, length) == 0 && (own[length] == '/' || own[length] == '\0'))
      return TRUE;
  }
  return FALSE;
}

/* Triggers on files: of each path, and of all folders above it. */
static void
activate_files(Native *native, const DebianUnit *unit)
{
  for (guint i = 0; i < native->watched->len; i++) {
    const char *name = native->watched->pdata[i];
    g_autofree char *path = debian_merged_path(name);
    if (brings(unit->pack, path))
      native_trigger(native, name, unit);
  }
}

static gboolean
run_pending(Native *native, const DebianUnit *unit, GError **error)
{
  const GString *names = g_hash_table_lookup(native->pending, unit);
  if (names == NULL)
    return TRUE;
  g_autofree char *list = g_strdup(names->str);
  g_hash_table_remove(native->pending, unit);
  const char *const arguments[] = {"triggered", list, NULL};
  return native_run_script(native, unit, "postinst", arguments, error);
}

gboolean
native_triggers_run(Native *native, GError **error)
{
  for (guint i = 0; i < native->before->len; i++)
    if (!run_pending(native, native->before->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < native->order->len; i++)
    if (!run_pending(native, native->order->pdata[i], error))
      return FALSE;
  return TRUE;
}

void
native_triggers_interest(Native *native, const DebianUnit *unit)
{
  each_trigger(native, unit, "interest", take_interest);
}

void
native_triggers_unpacked(Native *native, const DebianUnit *unit)
{
  activate_files(native, unit);
  each_trigger(native, unit, "activate", activate);
}

void
native_triggers_configured(Native *native, const DebianUnit *unit)
{
  each_trigger(native, unit, "activate", activate);
}
