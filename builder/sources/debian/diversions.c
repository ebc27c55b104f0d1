/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/diversions.h"
#include "builder/sources/debian/shell.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

/* What dash's postinst does by way of a function with arguments. */
static const struct {
  const char *package, *path, *to;
} known[] = {
  {"dash", "/bin/sh", "/bin/sh.distrib"},
  {"dash", "/usr/share/man/man1/sh.1.gz", "/usr/share/man/man1/sh.distrib.1.gz"},
};

static gboolean
add_diversion(DebianSystem *system, const DebianUnit *by, const char *name, const char *path, const char *to, GError **error)
{
  for (guint i = 0; i < system->diversions->len; i++) {
    const DebianDiversion *other = system->diversions->pdata[i];
    if (strcmp(other->path, path) != 0)
      continue;
    if (strcmp(other->name, name) == 0)
      return TRUE;
    g_autofree char *shown = g_strescape(path, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
                "'%s' is diverted by package '%s' and by package '%s'\nhint: leave one of them out", shown, other->name, name);
    return FALSE;
  }
  DebianDiversion *diversion = g_new(DebianDiversion, 1);
  *diversion = (DebianDiversion){by, g_strdup(name), g_strdup(path),
                                 to != NULL ? g_strdup(to) : g_strconcat(path, ".distrib", NULL)};
  g_ptr_array_add(system->diversions, diversion);
  return TRUE;
}

static gboolean
is_path(const char *word)
{
  return word[0] == '/' && strchr(word, '\n') == NULL && entry_path_is_canonical(word + 1);
}

/* ---- scripts ---- */

typedef struct {
  DebianSystem *system;
  const DebianUnit *unit;
  GError *error; /* the first */
} Reading;

/* Only what adds a diversion: not --remove, --list and their like. */
static gboolean
take_call(DebianSystem *system, const DebianUnit *unit, char **words, GError **error)
{
  const char *path = NULL, *to = NULL;
  for (guint i = 1; words[i] != NULL; i++) {
    const char *word = words[i];
    if (g_str_has_prefix(word, "--divert="))
      to = word + strlen("--divert=");
    else if (strcmp(word, "--divert") == 0 && words[i + 1] != NULL)
      to = words[++i];
    else if (strcmp(word, "--package") == 0 && words[i + 1] != NULL)
      i++;
    else if (word[0] == '/')
      path = word;
    else if (g_str_has_prefix(word, "--remove") || g_str_has_prefix(word, "--list") || g_str_has_prefix(word, "--truename"))
      return TRUE;
  }
  if (path == NULL || !is_path(path) || (to != NULL && !is_path(to)))
    return TRUE;
  return add_diversion(system, unit, unit->name, path, to, error);
}

static int
take_command(Shell *shell, char **words, gpointer data)
{
  Reading *reading = data;
  const char *slash = strrchr(words[0], '/');
  if (strcmp(slash != NULL ? slash + 1 : words[0], "dpkg-divert") != 0)
    return shell_give_up(shell, g_strdup("another command"));
  if (reading->error == NULL && !take_call(reading->system, reading->unit, words, &reading->error))
    return 1;
  return shell_give_up(shell, g_strdup("what it prints"));
}

static GBytes *
no_file(Shell *shell, const char *path, gpointer data)
{
  (void)path;
  (void)data;
  shell_give_up(shell, g_strdup("a file"));
  return NULL;
}

static gboolean
not_written(Shell *shell, const char *path, const GString *content, gboolean append, gpointer data)
{
  (void)content;
  (void)append;
  return no_file(shell, path, data) != NULL;
}

static char **
no_names(Shell *shell, const char *folder, gpointer data)
{
  (void)shell;
  (void)folder;
  (void)data;
  return NULL;
}

static gboolean
is_nothing(Shell *shell, const char *path, gpointer data)
{
  return no_file(shell, path, data) != NULL;
}

/* Nothing is there yet: the packages are about to be merged. */
static const ShellHost host = {take_command, no_file, not_written, no_names, is_nothing};

static gboolean
read_script(DebianSystem *system, const DebianUnit *unit, const char *kind, GError **error)
{
  Reading reading = {.system = system, .unit = unit};
  g_autofree char *text = debian_unit_file(unit, kind, &reading.error);
  if (text != NULL && strstr(text, "dpkg-divert") != NULL) {
    guint line;
    const char *reason;
    g_autoptr(ShellNode) script = shell_parse(text, &line, &reason);
    g_autoptr(Shell) shell = shell_new(&host, &reading);
    shell_set(shell, "DPKG_ROOT", "");
    if (script != NULL)
      shell_read(shell, script);
  }
  if (reading.error == NULL)
    return TRUE;
  g_propagate_error(error, reading.error);
  return FALSE;
}

/* ---- a system that was there before ---- */

/* Three lines each, what, whereto, by whom (":" for the administrator). */
static gboolean
read_database(DebianSystem *system, const Changes *changes, GError **error)
{
  static const char path[] = "var/lib/dpkg/diversions";
  if (system->installed == NULL || changes_lookup(changes, path) == NULL)
    return TRUE;
  g_autoptr(GBytes) content = changes_read(changes, path, limits_get(LIMIT_TEXT_FILE), error);
  if (content == NULL)
    return FALSE;
  g_autofree char *text = debian_text(content);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **at = lines; at[0] != NULL && at[1] != NULL && at[2] != NULL; at += 3)
    if (is_path(at[0]) && is_path(at[1]) && !add_diversion(system, NULL, at[2], at[0], at[1], error))
      return FALSE;
  return TRUE;
}

gboolean
debian_diversions_find(DebianSystem *system, const Changes *changes, GError **error)
{
  if (!read_database(system, changes, error))
    return FALSE;
  for (guint i = 0; i < system->n_units; i++) {
    const DebianUnit *unit = system->units[i];
    for (guint k = 0; k < G_N_ELEMENTS(known); k++)
      if (strcmp(known[k].package, unit->name) == 0 &&
          !add_diversion(system, unit, unit->name, known[k].path, known[k].to, error))
        return FALSE;
    if (!read_script(system, unit, "preinst", error) || !read_script(system, unit, "postinst", error))
      return FALSE;
  }
  return TRUE;
}
