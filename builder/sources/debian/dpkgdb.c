/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/dpkgdb.h"
#include "signing/error.h"
#include "signing/limits.h"

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

/* A stanza, with the line break at its end, and what it is sorted by. */
typedef struct {
  const char *name, *architecture;
  char *text;
} Stanza;

static void
clear_stanza(gpointer data)
{
  g_free(((Stanza *)data)->text);
}

static gint
compare_stanzas(gconstpointer a, gconstpointer b)
{
  const Stanza *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  return order != 0 ? order : strcmp(x->architecture, y->architecture);
}

/* Those of the database that was there before, as they stand, but of packages that are replaced. */
static void
add_stanzas_before(const DebianInstalledSet *set, GArray *stanzas)
{
  for (guint i = 0; set != NULL && i < set->packages->len; i++) {
    const DebianInstalled *package = set->packages->pdata[i];
    if (package->replaced || package->file != NULL)
      continue;
    Stanza stanza = {package->name, package->architecture != NULL ? package->architecture : "",
                     g_strconcat(package->text, "\n", NULL)};
    g_array_append_val(stanzas, stanza);
  }
}

static void
write_status(const DebianSystem *system, const GPtrArray *units, Changes *changes)
{
  g_autoptr(GString) status = g_string_new(NULL);
  g_autoptr(GArray) stanzas = g_array_new(FALSE, FALSE, sizeof(Stanza));
  g_array_set_clear_func(stanzas, clear_stanza);
  add_stanzas_before(system->installed, stanzas);
  for (guint i = 0; i < units->len; i++) {
    const DebianUnit *unit = units->pdata[i];
    Stanza stanza = {unit->name, unit->architecture, debian_status_stanza(unit)};
    g_array_append_val(stanzas, stanza);
  }
  g_array_sort(stanzas, compare_stanzas);
  for (guint i = 0; i < stanzas->len; i++)
    g_string_append_printf(status, "%s\n", g_array_index(stanzas, Stanza, i).text);
  changes_put_text(changes, "var/lib/dpkg/status", status->str);
}

/* ---- lists of files ---- */

/* The list of files of the package called @info, without what it @lost. */
static void
put_shortened(char *list, GHashTable *lost, const char *info, Changes *changes)
{
  g_autoptr(GString) kept = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(g_strchomp(list), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_autofree char *path = debian_merged_path(lines[i]);
    if (!g_hash_table_contains(lost, path))
      g_string_append_printf(kept, "%s\n", lines[i]);
  }
  g_autofree char *name = g_strdup_printf("var/lib/dpkg/info/%s.list", info);
  changes_put_text(changes, name, kept->str);
}

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
  put_shortened(list, unit->lost, unit->info, changes);
  return TRUE;
}

/* Of packages that were there before, and lost files to new ones. */
static gboolean
write_lists_before(const DebianSystem *system, Changes *changes, GError **error)
{
  for (guint i = 0; system->installed != NULL && i < system->installed->packages->len; i++) {
    const DebianInstalled *package = system->installed->packages->pdata[i];
    if (package->lost == NULL || package->file != NULL)
      continue;
    g_autofree char *own = g_strdup_printf("%s:%s", package->name, package->architecture);
    g_autofree char *name = g_strdup_printf("var/lib/dpkg/info/%s.list", own);
    const char *info = changes_lookup(changes, name) != NULL ? own : package->name;
    g_autofree char *path = g_strdup_printf("var/lib/dpkg/info/%s.list", info);
    g_autoptr(GBytes) content = changes_read(changes, path, limits_get(LIMIT_DATABASE), error);
    if (content == NULL)
      return FALSE;
    g_autofree char *list = debian_text(content);
    put_shortened(list, package->lost, info, changes);
  }
  return TRUE;
}

/* ---- files that are continued ---- */

/* The text at @path as it was before; NULL: there is none. */
static char *
text_before(const DebianSystem *system, const Changes *changes, const char *path)
{
  g_autoptr(GBytes) content = system->installed != NULL && changes_lookup(changes, path) != NULL
                                ? changes_read(changes, path, limits_get(LIMIT_TEXT_FILE), NULL)
                                : NULL;
  return content != NULL ? debian_text(content) : NULL;
}

/* Writes it where there was none. */
static void
put_new_text(const DebianSystem *system, Changes *changes, const char *path, const char *text)
{
  if (system->installed == NULL || changes_lookup(changes, path) == NULL)
    changes_put_text(changes, path, text);
}

/* Whether the package whose files in the database are called @info ("libc6:amd64") is replaced. */
static gboolean
is_replaced(const DebianSystem *system, const char *info)
{
  g_autofree char *name = g_strndup(info, strcspn(info, ":"));
  const DebianInstalled *package = debian_installed_find(system->installed, name);
  return package != NULL && package->replaced;
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

/* The lines of one of the files of triggers that are not a replaced package's: whose a line is says its word number @word. */
static char *
lines_left(const DebianSystem *system, const char *text, guint word)
{
  GString *left = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto(GStrv) words = g_strsplit(lines[i], " ", 2);
    if (lines[i][0] == '\0' || g_strv_length(words) <= word)
      continue;
    g_autofree char *info = g_strndup(words[word], strcspn(words[word], "/"));
    if (!is_replaced(system, info))
      g_string_append_printf(left, "%s\n", lines[i]);
  }
  return g_string_free(left, FALSE);
}

/* Triggers of a system that was there before, but those of replaced packages, which say them again. */
static char *
continue_triggers(const DebianSystem *system, Changes *changes)
{
  g_auto(GStrv) names = changes_list(changes, "var/lib/dpkg/triggers");
  char *files = NULL;
  for (guint i = 0; system->installed != NULL && names[i] != NULL; i++) {
    g_autofree char *path = g_strconcat("var/lib/dpkg/triggers/", names[i], NULL), *text = NULL;
    gboolean is_files = strcmp(names[i], "File") == 0;
    if (strcmp(names[i], "Unincorp") == 0 || strcmp(names[i], "Lock") == 0 ||
        (text = text_before(system, changes, path)) == NULL)
      continue;
    char *left = lines_left(system, text, is_files ? 1 : 0);
    if (is_files) {
      files = left;
      continue;
    }
    changes_put_text(changes, path, left);
    g_free(left);
  }
  return files;
}

static gboolean
write_triggers(const DebianSystem *system, const GPtrArray *units, Changes *changes, GError **error)
{
  g_autofree char *before = continue_triggers(system, changes);
  g_autoptr(GString) files = g_string_new(before);
  changes_put_directory(changes, "var/lib/dpkg/triggers", 0755, 0, 0);
  for (guint i = 0; i < units->len; i++)
    if (!take_triggers(units->pdata[i], files, changes, error))
      return FALSE;
  changes_put_text(changes, "var/lib/dpkg/triggers/File", files->str);
  put_new_text(system, changes, "var/lib/dpkg/triggers/Unincorp", "");
  return TRUE;
}

/* ---- the small files ---- */

static void
write_diversions(const DebianSystem *system, Changes *changes)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < system->diversions->len; i++) {
    const DebianDiversion *diversion = system->diversions->pdata[i];
    g_string_append_printf(text, "%s\n%s\n%s\n", diversion->path, diversion->to, diversion->name);
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
  if (foreign->len == 0 || (system->installed != NULL && changes_lookup(changes, "var/lib/dpkg/arch") != NULL))
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

/* Those of @text (NULL: none), each with the empty line behind it. */
static void
add_paragraphs(const char *text, GPtrArray *paragraphs)
{
  g_auto(GStrv) parts = g_strsplit(text != NULL ? text : "", "\n\n", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    if (*g_strstrip(parts[i]) != '\0')
      g_ptr_array_add(paragraphs, g_strconcat(parts[i], "\n\n", NULL));
}

static gint
compare_texts(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
write_extended_states(const DebianSystem *system, const GPtrArray *units, const char *const *asked, Changes *changes)
{
  g_autofree char *before = text_before(system, changes, "var/lib/apt/extended_states");
  g_autoptr(GPtrArray) stanzas = g_ptr_array_new_with_free_func(g_free);
  add_paragraphs(before, stanzas);
  for (guint i = 0; asked != NULL && i < units->len; i++) {
    const DebianUnit *unit = units->pdata[i];
    /* what was there before is marked, or not, as it was */
    if (unit->essential || g_strv_contains(asked, unit->name) || debian_installed_find(system->installed, unit->name) != NULL)
      continue;
    gboolean all = strcmp(unit->architecture, "all") == 0;
    g_ptr_array_add(stanzas, g_strdup_printf("Package: %s\nArchitecture: %s\nAuto-Installed: 1\n\n", unit->name,
                                             all ? system->architecture : unit->architecture));
  }
  if (before != NULL)
    g_ptr_array_sort(stanzas, compare_texts);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < stanzas->len; i++)
    g_string_append(text, stanzas->pdata[i]);
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
  write_status(system, units, changes);
  for (guint i = 0; i < units->len; i++)
    if (!write_shortened_list(units->pdata[i], changes, error))
      return FALSE;
  if (!write_lists_before(system, changes, error) || !write_triggers(system, units, changes, error))
    return FALSE;
  write_diversions(system, changes);
  write_architectures(system, units, changes);
  write_extended_states(system, units, options->asked, changes);
  put_new_text(system, changes, "var/lib/dpkg/info/format", "1\n");
  if (changes_lookup(changes, "var/lib/dpkg/statoverride") == NULL) /* scripts may have made one */
    put_new_text(system, changes, "var/lib/dpkg/statoverride", "");
  put_new_text(system, changes, "var/lib/dpkg/available", "");
  return TRUE;
}
