/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/dpkgdb.h"
#include "signing/error.h"

#include <string.h>

/* ---- by name, as dpkg writes ---- */

static int
compare_names(gconstpointer a, gconstpointer b)
{
  const DebianUnit *x = *(DebianUnit *const *)a, *y = *(DebianUnit *const *)b;
  int order = strcmp(x->name, y->name);
  return order != 0 ? order : strcmp(x->architecture, y->architecture);
}

static GPtrArray *
by_name(const DebianSystem *system)
{
  GPtrArray *units = g_ptr_array_sized_new(system->n_units);
  for (guint i = 0; i < system->n_units; i++)
    g_ptr_array_add(units, system->units[i]);
  g_ptr_array_sort(units, compare_names);
  return units;
}

static void
write_status(const GPtrArray *units, Changes *changes)
{
  g_autoptr(GString) status = g_string_new(NULL);
  for (guint i = 0; i < units->len; i++) {
    g_autofree char *stanza = debian_status_stanza(units->pdata[i]);
    g_string_append_printf(status, "%s\n", stanza);
  }
  changes_put_text(changes, "var/lib/dpkg/status", status->str);
}

/* ---- lists of files ---- */

static gboolean
write_shortened_list(const DebianUnit *unit, Changes *changes, GError **error)
{
  if (unit->lost == NULL)
    return TRUE;
  GError *failure = NULL;
  g_autofree char *list = debian_unit_file(unit, "list", &failure);
  if (list == NULL) {
    if (failure != NULL)
      g_propagate_error(error, failure);
    return failure == NULL;
  }
  g_autoptr(GString) kept = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(g_strchomp(list), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_autofree char *path = debian_merged_path(lines[i]);
    if (!g_hash_table_contains(unit->lost, path))
      g_string_append_printf(kept, "%s\n", lines[i]);
  }
  g_autofree char *name = g_strdup_printf("var/lib/dpkg/info/%s.list", unit->info);
  changes_put_text(changes, name, kept->str);
  return TRUE;
}

/* ---- triggers (deb-triggers(5)) ---- */

/* "interest X", "interest-await X": the package waits for X; "-noawait" is remembered behind a slash. */
static gboolean
read_interest(const char *line, char **trigger, const char **suffix)
{
  static const struct {
    const char *directive, *suffix;
  } directives[] = {{"interest", ""}, {"interest-await", ""}, {"interest-noawait", "/noawait"}};
  g_auto(GStrv) words = g_strsplit_set(line, " \t", 2);
  for (guint i = 0; words[0] != NULL && words[1] != NULL && i < G_N_ELEMENTS(directives); i++)
    if (strcmp(words[0], directives[i].directive) == 0) {
      *trigger = g_strdup(g_strstrip(words[1]));
      *suffix = directives[i].suffix;
      return TRUE;
    }
  return FALSE;
}

/* The name of an explicit trigger is the name of its file. */
static gboolean
is_trigger_name(const char *name)
{
  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_isgraph(*c) || *c == '/')
      return FALSE;
  return name[0] != '\0' && name[0] != '.' && strcmp(name, "File") != 0 && strcmp(name, "Unincorp") != 0 &&
         strcmp(name, "Lock") != 0;
}

static gboolean
take_trigger(const DebianUnit *unit, const char *trigger, const char *suffix, GString *files, Changes *changes, GError **error)
{
  g_autofree char *line = NULL;
  if (trigger[0] == '/') {
    g_string_append_printf(files, "%s %s%s\n", trigger, unit->info, suffix);
    return TRUE;
  }
  if (!is_trigger_name(trigger)) {
    g_autofree char *shown = g_strescape(trigger, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "package '%s': '%s' is no name of a trigger", unit->name, shown);
    return FALSE;
  }
  g_autofree char *path = g_strconcat("var/lib/dpkg/triggers/", trigger, NULL);
  line = g_strdup_printf("%s%s\n", unit->info, suffix);
  return changes_append_text(changes, path, line, error);
}

static gboolean
take_triggers(const DebianUnit *unit, GString *files, Changes *changes, GError **error)
{
  GError *failure = NULL;
  g_autofree char *text = debian_unit_file(unit, "triggers", &failure);
  if (failure != NULL) {
    g_propagate_error(error, failure);
    return FALSE;
  }
  g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_autofree char *trigger = NULL;
    const char *suffix;
    if (read_interest(g_strstrip(lines[i]), &trigger, &suffix) && !take_trigger(unit, trigger, suffix, files, changes, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_triggers(const GPtrArray *units, Changes *changes, GError **error)
{
  g_autoptr(GString) files = g_string_new(NULL);
  changes_put_directory(changes, "var/lib/dpkg/triggers", 0755, 0, 0);
  for (guint i = 0; i < units->len; i++)
    if (!take_triggers(units->pdata[i], files, changes, error))
      return FALSE;
  changes_put_text(changes, "var/lib/dpkg/triggers/File", files->str);
  changes_put_text(changes, "var/lib/dpkg/triggers/Unincorp", "");
  return TRUE;
}

/* ---- the small files ---- */

static void
write_diversions(const DebianSystem *system, Changes *changes)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < system->diversions->len; i++) {
    const DebianDiversion *diversion = system->diversions->pdata[i];
    g_string_append_printf(text, "%s\n%s\n%s\n", diversion->path, diversion->to, diversion->by->name);
  }
  changes_put_text(changes, "var/lib/dpkg/diversions", text->str);
}

static void
write_architectures(const DebianSystem *system, const GPtrArray *units, Changes *changes)
{
  g_autoptr(GPtrArray) foreign = g_ptr_array_new();
  for (guint i = 0; i < units->len; i++) {
    const char *arch = ((const DebianUnit *)units->pdata[i])->architecture;
    if (strcmp(arch, "all") != 0 && strcmp(arch, system->architecture) != 0 &&
        !g_ptr_array_find_with_equal_func(foreign, arch, g_str_equal, NULL))
      g_ptr_array_add(foreign, (gpointer)arch);
  }
  if (foreign->len == 0)
    return;
  g_autoptr(GString) text = g_string_new(system->architecture);
  g_string_append_c(text, '\n');
  for (guint i = 0; i < foreign->len; i++)
    g_string_append_printf(text, "%s\n", (const char *)foreign->pdata[i]);
  changes_put_text(changes, "var/lib/dpkg/arch", text->str);
}

/* The folders that packages do not ship and that dpkg, or update-alternatives, want to be there. */
static void
write_folders(Changes *changes)
{
  static const char *const folders[] = {"var/lib/dpkg/alternatives", "var/lib/dpkg/info", "var/lib/dpkg/parts",
                                        "var/lib/dpkg/updates"};
  for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
    if (changes_lookup(changes, folders[i]) == NULL)
      changes_put_directory(changes, folders[i], 0755, 0, 0);
}

static void
write_extended_states(const DebianSystem *system, const GPtrArray *units, const char *const *asked, Changes *changes)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; asked != NULL && i < units->len; i++) {
    const DebianUnit *unit = units->pdata[i];
    if (unit->essential || g_strv_contains(asked, unit->name))
      continue;
    gboolean all = strcmp(unit->architecture, "all") == 0;
    g_string_append_printf(text, "Package: %s\nArchitecture: %s\nAuto-Installed: 1\n\n", unit->name,
                           all ? system->architecture : unit->architecture);
  }
  if (text->len > 0)
    changes_put_text(changes, "var/lib/apt/extended_states", text->str);
}

void
debian_write_states(const DebianSystem *system, Changes *changes, const DebianDatabaseOptions *options)
{
  g_autoptr(GPtrArray) units = by_name(system);
  write_extended_states(system, units, options->asked, changes);
}

gboolean
debian_write_database(const DebianSystem *system, Changes *changes, const DebianDatabaseOptions *options, GError **error)
{
  g_autoptr(GPtrArray) units = by_name(system);
  write_folders(changes);
  write_status(units, changes);
  for (guint i = 0; i < units->len; i++)
    if (!write_shortened_list(units->pdata[i], changes, error))
      return FALSE;
  if (!write_triggers(units, changes, error))
    return FALSE;
  write_diversions(system, changes);
  write_architectures(system, units, changes);
  write_extended_states(system, units, options->asked, changes);
  changes_put_text(changes, "var/lib/dpkg/info/format", "1\n");
  changes_put_text(changes, "var/lib/dpkg/statoverride", "");
  changes_put_text(changes, "var/lib/dpkg/available", "");
  return TRUE;
}
