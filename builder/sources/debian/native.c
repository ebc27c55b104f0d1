/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/install_plan.h"
#include "builder/sources/debian/native-private.h"
#include "signing/error.h"

#include <string.h>

static const char *const first_install[] = {"install", NULL}, *const configure[] = {"configure", "", NULL};

/* ---- one script ---- */

/* The interpreter's options, or NULL where it is no shell that is known here. */
static const char *
shell_options(const char *text)
{
  static const char *const shells[] = {"/bin/sh", "/bin/dash", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash"};
  if (!g_str_has_prefix(text, "#!"))
    return NULL;
  text += 2 + strspn(text + 2, " ");
  for (guint i = 0; i < G_N_ELEMENTS(shells); i++) {
    gsize length = strlen(shells[i]);
    if (strncmp(text, shells[i], length) == 0 && g_ascii_isspace(text[length]))
      return text + length;
  }
  return NULL;
}

Shell *
native_shell(Native *native)
{
  static const char *const strangers[] = {"HOME",   "USER",  "LOGNAME", "HOSTNAME", "PWD",
                                          "OLDPWD", "SHELL", "TERM",    "LANG",     "PPID",
                                          "RANDOM", "UID",   "EUID",    "SHLVL",    "DPKG_RUNNING_VERSION"};
  Shell *shell = shell_new(&native_host, native);
  for (guint i = 0; i < G_N_ELEMENTS(strangers); i++)
    shell_set_unknown(shell, strangers[i]);
  shell_set(shell, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  shell_set(shell, "LC_ALL", "C.UTF-8");
  shell_set(shell, "DEBIAN_FRONTEND", "noninteractive");
  shell_set(shell, "DEBCONF_NONINTERACTIVE_SEEN", "true");
  shell_set(shell, "DPKG_ROOT", "");
  shell_set(shell, "DPKG_ADMINDIR", "/var/lib/dpkg");
  shell_set(shell, "DPKG_MAINTSCRIPT_PACKAGE", native->unit->name);
  shell_set(shell, "DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT", "1");
  shell_set(shell, "DPKG_MAINTSCRIPT_ARCH", native->unit->architecture);
  shell_set(shell, "DPKG_MAINTSCRIPT_NAME", native->kind);
  g_autofree char *zero = g_strdup_printf("/var/lib/dpkg/info/%s.%s", native->unit->info, native->kind);
  shell_set(shell, "0", zero);
  return shell;
}

/* Why the script is not known (transfer full), or NULL: it was done. @under: debconf's frontend runs it. */
static char *
follow(Native *native, const char *text, const char *const *arguments, gboolean under, gboolean *restart)
{
  guint line = 1;
  const char *reason = "no shell's script", *options = shell_options(text), *stands_for = native_known_script(text);
  g_autoptr(ShellNode)
    script = options != NULL || stands_for != NULL ? shell_parse(stands_for != NULL ? stands_for : text, &line, &reason) : NULL;
  if (script == NULL)
    return g_strdup_printf("line %u: %s", line, reason);
  g_autoptr(Shell) shell = native_shell(native);
  shell_set_arguments(shell, arguments);
  native->under_debconf = under;
  native->restart = FALSE;
  if (options != NULL && g_str_has_prefix(options + strspn(options, " "), "-e"))
    shell_evaluate(shell, "set -e");
  int status = shell_run(shell, script);
  *restart = native->restart;
  if (status < 0)
    return g_strdup_printf("line %u: %s", shell_line(shell), shell_unknown(shell));
  if (status > 0)
    return g_strdup_printf("line %u: would end with %d", shell_line(shell), status);
  return NULL;
}

int
native_confmodule(Native *native, Shell *shell)
{
  if (native->under_debconf)
    return 0;
  /* the frontend runs the whole script once more, below itself */
  native->restart = TRUE;
  char *const leave[] = {(char *)"exit", (char *)"0", NULL};
  return shell_call(shell, (char **)leave);
}

/* The package's config script runs before the first script that asks. */
static char *
follow_config(Native *native)
{
  g_autofree char *text = debian_unit_file(native->unit, "config", &native->error);
  const char *kind = native->kind;
  gboolean restart;
  if (text == NULL)
    return NULL;
  native->kind = "config";
  char *why = follow(native, text, configure, TRUE, &restart);
  native->kind = kind;
  if (why == NULL)
    return NULL;
  char *whole = g_strconcat("config, ", why, NULL);
  g_free(why);
  return whole;
}

static char *
follow_script(Native *native, const char *text, const char *const *arguments)
{
  gboolean restart = FALSE;
  char *why = follow(native, text, arguments, FALSE, &restart);
  if (why != NULL || !restart)
    return why;
  why = follow_config(native);
  return why != NULL ? why : follow(native, text, arguments, TRUE, &restart);
}

static void
take_note(DebianScriptReport *report, const char *package, const char *kind, char *why)
{
  for (guint i = 0; i < report->notes->len; i++) {
    DebianScriptNote *note = report->notes->pdata[i];
    if (strcmp(note->package, package) != 0 || strcmp(note->script, kind) != 0)
      continue;
    if (why != NULL && note->native) {
      note->native = FALSE;
      g_free(note->missing);
      note->missing = g_steal_pointer(&why);
      report->n_left_out++;
    }
    g_free(why);
    return;
  }
  DebianScriptNote *note = g_new(DebianScriptNote, 1);
  *note = (DebianScriptNote){g_strdup(package), g_strdup(kind), why == NULL, why != NULL ? why : g_strdup("")};
  report->n_left_out += why != NULL;
  g_ptr_array_add(report->notes, note);
}

static gboolean
run_script(Native *native, const DebianUnit *unit, const char *kind, const char *const *arguments, DebianScriptReport *report,
           GError **error)
{
  g_autofree char *text = debian_unit_file(unit, kind, &native->error);
  if (text != NULL) {
    native->unit = unit;
    native->kind = kind;
    take_note(report, unit->name, kind, follow_script(native, text, arguments));
  }
  if (native->error == NULL)
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&native->error));
  return FALSE;
}

/* ---- triggers ---- */

/* Calls back for each "interest" (or "activate") of the package, whether noawait or not. */
static void
each_trigger(Native *native, const DebianUnit *unit, const char *directive,
             void (*take)(Native *, const DebianUnit *, const char *))
{
  g_autofree char *text = debian_unit_file(unit, "triggers", &native->error);
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

/* Triggers on files: of each path and of all folders above it. */
static void
activate_files(Native *native, const DebianUnit *unit)
{
  for (guint i = 0; i < pack_n_entries(unit->pack); i++) {
    g_autofree char *path = g_strconcat("/", pack_entry(unit->pack, i)->path, NULL);
    for (char *slash = path + strlen(path); slash != NULL && slash > path; slash = strrchr(path, '/')) {
      *slash = '\0';
      const char *plain = g_str_has_prefix(path, "/usr/lib") || g_str_has_prefix(path, "/usr/bin") ||
                              g_str_has_prefix(path, "/usr/sbin")
                            ? path + 4
                            : NULL;
      native_trigger(native, path, unit);
      if (plain != NULL)
        native_trigger(native, plain, unit);
      if (slash == path)
        break;
    }
  }
}

static gboolean
run_triggers(Native *native, DebianScriptReport *report, GError **error)
{
  for (guint i = 0; i < native->order->len; i++) {
    const DebianUnit *unit = native->order->pdata[i];
    const GString *names = g_hash_table_lookup(native->pending, unit);
    if (names == NULL)
      continue;
    g_autofree char *list = g_strdup(names->str);
    g_hash_table_remove(native->pending, unit);
    const char *const arguments[] = {"triggered", list, NULL};
    if (!run_script(native, unit, "postinst", arguments, report, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- all ---- */

/* Unpacks and then configures the packages [from, to) of the order. */
static gboolean
install(Native *native, guint from, guint to, gboolean extracted, DebianScriptReport *report, GError **error)
{
  for (guint i = from; i < to && extracted; i++)
    g_hash_table_add(native->unpacked, native->order->pdata[i]);
  for (guint i = from; i < to; i++) {
    DebianUnit *unit = native->order->pdata[i];
    if (!run_script(native, unit, "preinst", first_install, report, error))
      return FALSE;
    g_hash_table_add(native->unpacked, unit);
    activate_files(native, unit);
    each_trigger(native, unit, "activate", activate);
  }
  for (guint i = from; i < to; i++) {
    DebianUnit *unit = native->order->pdata[i];
    if (!run_script(native, unit, "postinst", configure, report, error))
      return FALSE;
    g_hash_table_add(native->configured, unit);
    each_trigger(native, unit, "activate", activate);
  }
  return run_triggers(native, report, error);
}

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
  native->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  native->alternatives = debian_alternatives_new();
  native->diverted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  native->overrides = g_string_new(NULL);
  native->questions = native_questions_new();
  native->pending = g_hash_table_new_full(NULL, NULL, NULL, free_text);
  native->interests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_units);
  for (guint i = 0; i < system->n_units; i++) {
    g_hash_table_insert(native->by_pack, GUINT_TO_POINTER(system->units[i]->number), system->units[i]);
    each_trigger(native, system->units[i], "interest", take_interest);
  }
}

static void
native_clear(Native *native)
{
  g_hash_table_unref(native->folders);
  g_hash_table_unref(native->unpacked);
  g_hash_table_unref(native->configured);
  g_hash_table_unref(native->by_pack);
  g_hash_table_unref(native->removed);
  g_ptr_array_unref(native->alternatives);
  g_hash_table_unref(native->diverted);
  g_string_free(native->overrides, TRUE);
  g_hash_table_unref(native->questions);
  g_hash_table_unref(native->pending);
  g_hash_table_unref(native->interests);
  g_ptr_array_unref(native->order);
  g_ptr_array_unref(native->configuration.scripts);
  g_clear_error(&native->error);
}

static int
compare_notes(gconstpointer a, gconstpointer b)
{
  const DebianScriptNote *const *x = a, *const *y = b;
  int order = strcmp((*x)->package, (*y)->package);
  return order != 0 ? order : strcmp((*x)->script, (*y)->script);
}

/* A package's file that a script takes away cannot be told in the changes. */
static void
note_removals(const Native *native, DebianScriptReport *report)
{
  GHashTableIter iter;
  gpointer path;
  const char *first = NULL;
  g_hash_table_iter_init(&iter, native->removed);
  while (g_hash_table_iter_next(&iter, &path, NULL))
    if (first == NULL || strcmp(path, first) < 0)
      first = path;
  if (first != NULL && native->remover != NULL)
    take_note(report, native->remover->name, native->remover_kind,
              g_strdup_printf("removes '/%s', which a package brings", first));
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

static gboolean
install_all(Native *native, const GPtrArray *batches, DebianScriptReport *report, GError **error)
{
  guint from = 0;
  for (guint i = 0; i < batches->len; i++) {
    guint to = from + ((const DebianBatch *)batches->pdata[i])->units->len;
    if (!install(native, from, to, i == 0, report, error))
      return FALSE;
    from = to;
  }
  return TRUE;
}

gboolean
debian_native_configure(const DebianSystem *system, const Tree *tree, Changes *changes, Accounts *accounts,
                        const DebianConfigureOptions *options, DebianScriptReport *report, GError **error)
{
  Native native = {.configuration = {system, changes, accounts, options->epoch, g_ptr_array_new()},
                   .tree = tree,
                   .order = order_of(options->batches)};
  native_init(&native);
  gboolean done = native_debconf_load(&native, error) && install_all(&native, options->batches, report, error);
  if (done)
    note_removals(&native, report);
  g_ptr_array_sort(report->notes, compare_notes);
  native_clear(&native);
  return done;
}
