/* SPDX-License-Identifier: Apache-2.0
 *
 * dpkg's own programs as maintainer scripts call them: dpkg, dpkg-divert, dpkg-statoverride, dpkg-trigger, update-alternatives.
 */
#include "builder/sources/debian/native-options.h"
#include "builder/sources/debian/version.h"

#include <string.h>

/* ---- dpkg ---- */

/* dpkg --compare-versions A RELATION B: 0 true, 1 false, 2 no such relation. An empty version is earlier than any, but later
 * with "-nl". */
static int
compare_versions(const char *a, const char *relation, const char *b)
{
  static const struct {
    const char *name;
    gboolean less, equal, more;
  } relations[] = {
    {"lt", 1, 0, 0}, {"le", 1, 1, 0}, {"eq", 0, 1, 0}, {"ne", 1, 0, 1}, {"ge", 0, 1, 1}, {"gt", 0, 0, 1}, {"<<", 1, 0, 0},
    {"<=", 1, 1, 0}, {"=", 0, 1, 0},  {">=", 0, 1, 1}, {">>", 0, 0, 1}, {"<", 1, 1, 0},  {">", 0, 1, 1},
  };
  gboolean later = g_str_has_suffix(relation, "-nl");
  g_autofree char *plain = later ? g_strndup(relation, strlen(relation) - 3) : g_strdup(relation);
  int order = *a != '\0' && *b != '\0'       ? debian_version_compare(a, b)
              : (*a == '\0') == (*b == '\0') ? 0
              : (*a == '\0') != later        ? -1
                                             : 1;
  for (guint i = 0; i < G_N_ELEMENTS(relations); i++)
    if (strcmp(relations[i].name, plain) == 0)
      return (order < 0 ? relations[i].less : order == 0 ? relations[i].equal : relations[i].more) ? 0 : 1;
  return 2;
}

static int
run_dpkg(Native *native, Shell *shell, char **words)
{
  if (g_strcmp0(words[1], "--compare-versions") == 0) {
    char **rest = words + 2 + (g_strcmp0(words[2], "--") == 0);
    return g_strv_length(rest) == 3 ? compare_versions(rest[0], rest[1], rest[2]) : native_unknown_call(shell, words);
  }
  if (g_strcmp0(words[1], "--print-architecture") != 0)
    return native_unknown_call(shell, words);
  shell_print(shell, native->configuration.system->architecture);
  shell_print(shell, "\n");
  return 0;
}

/* Whether the package, which is unpacked, lists the path as it is spelled. */
static gboolean
lists(Native *native, const DebianUnit *unit, const char *path)
{
  g_autofree char *merged = debian_merged_path(path);
  gboolean brings = FALSE;
  for (guint i = 0; !brings && i < pack_n_entries(unit->pack); i++)
    brings = strcmp(pack_entry(unit->pack, i)->path, merged) == 0;
  if (!brings || !g_hash_table_contains(native->unpacked, unit))
    return FALSE;
  g_autofree char *list = native_unit_file(native, unit, "list"), *wanted = g_strconcat("\n", path, "\n", NULL);
  return list != NULL && strstr(list, wanted) != NULL;
}

/* dpkg-query -S PATH: whose it is. */
static int
search_owner(Native *native, Shell *shell, const char *path)
{
  gboolean found = FALSE;
  for (guint i = 0; i < native->order->len; i++) {
    const DebianUnit *unit = native->order->pdata[i];
    if (!lists(native, unit, path))
      continue;
    found = TRUE;
    g_autofree char *line = g_strdup_printf("%s: %s\n", unit->info, path);
    shell_print(shell, line);
  }
  if (!found && debian_installed_owner(native->configuration.system->installed, path + 1) != NULL)
    return shell_give_up(shell, g_strdup_printf("asks whose '%.100s' is", path));
  return found ? 0 : 1;
}

/* dpkg-query -W of a package that is not there fails; what it says of one that is there is not known. */
static int
run_dpkg_query(Native *native, Shell *shell, char **words)
{
  guint n = g_strv_length(words);
  const char *name = words[n - 1];
  if (n == 3 && strcmp(words[1], "-S") == 0 && name[0] == '/' && strpbrk(name, "*?[") == NULL)
    return search_owner(native, shell, name);
  if (n < 3 || name[0] == '-' || strpbrk(name, "*?[:") != NULL)
    return native_unknown_call(shell, words);
  const DebianUnit *unit = debian_system_find(native->configuration.system, name);
  if (unit != NULL && !g_hash_table_contains(native->unpacked, unit) && strstr(words[n - 2], "${Conffiles}") != NULL) {
    shell_print(shell, "\n"); /* none yet */
    return 0;
  }
  gboolean there = unit != NULL || debian_system_has(native->configuration.system, name);
  return there ? native_unknown_call(shell, words) : 1;
}

static int
run_trigger(Native *native, Shell *shell, char **words)
{
  for (guint i = 1; words[i] != NULL; i++) {
    if (strcmp(words[i], "--no-await") == 0 || strcmp(words[i], "--await") == 0)
      continue;
    if (words[i][0] == '-')
      return strcmp(words[i], "--check-supported") == 0 ? 0 : native_unknown_call(shell, words);
    native_trigger(native, words[i], native->unit);
  }
  return 0;
}

/* Each of what it does is for upgrades (dpkg-maintscript-helper(1)). */
static int
run_maintscript_helper(Native *native, Shell *shell, char **words)
{
  static const char *const known[] = {"rm_conffile", "mv_conffile", "symlink_to_dir", "dir_to_symlink", "supports", NULL};
  (void)native;
  return words[1] != NULL && g_strv_contains(known, words[1]) ? 0 : native_unknown_call(shell, words);
}

/* ---- diversions ---- */

static const DebianDiversion *
find_diversion(const Native *native, const char *path)
{
  const GPtrArray *all = native->configuration.system->diversions;
  for (guint i = 0; i < all->len; i++) {
    const DebianDiversion *diversion = all->pdata[i];
    if (strcmp(diversion->path, path) == 0)
      return diversion;
  }
  return NULL;
}

/* A diversion that is made must be one that the packages were merged by. */
static int
add_diversion(Native *native, Shell *shell, const char *path, const char *package, const char *to)
{
  const DebianDiversion *diversion = find_diversion(native, path);
  g_autofree char *place = to != NULL ? g_strdup(to) : g_strconcat(path, ".distrib", NULL);
  if (diversion == NULL || strcmp(diversion->to, place) != 0 ||
      strcmp(diversion->name, package != NULL ? package : native->unit->name) != 0)
    return shell_give_up(shell, g_strdup_printf("diverts '%.100s'", path));
  g_hash_table_add(native->diverted, g_strdup(path));
  return 0;
}

static int
run_divert(Native *native, Shell *shell, char **words)
{
  const char *package = NULL, *to = NULL, *action = "--add", *path = NULL;
  for (guint i = 1; words[i] != NULL; i++) {
    const char *word = words[i];
    if (strcmp(word, "--package") == 0 && words[i + 1] != NULL)
      package = words[++i];
    else if (strcmp(word, "--divert") == 0 && words[i + 1] != NULL)
      to = words[++i];
    else if (g_str_has_prefix(word, "--divert="))
      to = strchr(word, '=') + 1;
    else if (g_str_has_prefix(word, "--package="))
      package = strchr(word, '=') + 1;
    else if (strcmp(word, "--add") == 0 || strcmp(word, "--remove") == 0 || strcmp(word, "--listpackage") == 0 ||
             strcmp(word, "--truename") == 0 || strcmp(word, "--list") == 0)
      action = word;
    else if (word[0] == '/' && path == NULL)
      path = word;
    else if (strcmp(word, "--rename") != 0 && strcmp(word, "--no-rename") != 0 && strcmp(word, "--quiet") != 0)
      return native_unknown_call(shell, words);
  }
  if (path == NULL)
    return native_unknown_call(shell, words);
  const DebianDiversion *diversion = g_hash_table_contains(native->diverted, path) ? find_diversion(native, path) : NULL;
  if (strcmp(action, "--add") == 0)
    return diversion != NULL ? 0 : add_diversion(native, shell, path, package, to);
  if (strcmp(action, "--remove") == 0 || strcmp(action, "--list") == 0)
    return diversion == NULL ? 0 : native_unknown_call(shell, words);
  const char *answer = strcmp(action, "--truename") == 0 ? (diversion != NULL ? diversion->to : path)
                       : diversion != NULL               ? diversion->name
                                                         : NULL;
  if (answer != NULL) {
    shell_print(shell, answer);
    shell_print(shell, "\n");
  }
  return 0;
}

/* ---- overrides of modes ---- */

static gboolean
is_overridden(const Native *native, const char *path)
{
  g_auto(GStrv) lines = g_strsplit(native->overrides->str, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *last = strrchr(lines[i], ' ');
    if (last != NULL && strcmp(last + 1, path) == 0)
      return TRUE;
  }
  return FALSE;
}

static int
add_override(Native *native, Shell *shell, char **spec)
{
  guint32 uid = 0, gid = 0;
  guint64 mode;
  g_autofree char *real = NULL;
  if (is_overridden(native, spec[3]))
    return 3;
  g_autofree char *owner = g_strconcat(spec[0], ":", spec[1], NULL);
  if (!native_read_owner(native, shell, owner, &uid, &gid) || !g_ascii_string_to_unsigned(spec[2], 8, 0, 07777, &mode, NULL) ||
      strchr(spec[3], '\n') != NULL)
    return 2;
  g_string_append_printf(native->overrides, "%s %s %" G_GINT64_MODIFIER "o %s\n", spec[0], spec[1], mode, spec[3]);
  changes_put_text(native->configuration.changes, "var/lib/dpkg/statoverride", native->overrides->str);
  if (native_find(native, shell, spec[3], TRUE, &real) == NULL)
    return 0;
  return native_change(native, shell, real, (guint32)mode, uid, gid) ? 0 : 2;
}

static int
run_statoverride(Native *native, Shell *shell, char **words)
{
  gboolean update = FALSE;
  guint i = 1;
  for (; words[i] != NULL && strcmp(words[i], "--list") != 0 && strcmp(words[i], "--add") != 0; i++) {
    update = update || strcmp(words[i], "--update") == 0;
    if (strcmp(words[i], "--update") != 0 && strcmp(words[i], "--quiet") != 0 && strcmp(words[i], "--force") != 0)
      return native_unknown_call(shell, words);
  }
  if (words[i] == NULL)
    return native_unknown_call(shell, words);
  char **rest = words + i + 1;
  if (rest[0] != NULL && (strcmp(rest[0], "--update") == 0 || strcmp(rest[0], "--quiet") == 0)) {
    update = update || strcmp(rest[0], "--update") == 0;
    rest++;
  }
  if (strcmp(words[i], "--list") == 0 && rest[0] != NULL && rest[1] == NULL)
    return is_overridden(native, rest[0]) ? native_unknown_call(shell, words) : 1;
  if (strcmp(words[i], "--add") == 0 && update && g_strv_length(rest) == 4)
    return add_override(native, shell, rest);
  return native_unknown_call(shell, words);
}

/* ---- alternatives ---- */

static int
run_alternatives(Native *native, Shell *shell, char **words)
{
  guint i = 1;
  while (words[i] != NULL && (strcmp(words[i], "--quiet") == 0 || strcmp(words[i], "--force") == 0))
    i++;
  const char *action = words[i];
  if (g_strcmp0(action, "--install") == 0) {
    /* its path must be there */
    const char *path = g_strv_length(words) > i + 4 ? words[i + 3] : "/";
    if (native_find(native, shell, path, TRUE, NULL) == NULL)
      return 2;
    return debian_alternatives_install(&native->configuration, native->alternatives, words) ? 0
                                                                                            : native_unknown_call(shell, words);
  }
  gboolean removes = g_strcmp0(action, "--remove") == 0 || g_strcmp0(action, "--remove-all") == 0;
  if (removes && words[i + 1] != NULL && !debian_alternatives_has(&native->configuration, native->alternatives, words[i + 1]))
    return g_strcmp0(action, "--remove") == 0 ? 0 : 2;
  return native_unknown_call(shell, words);
}

const NativeCommand native_dpkg_commands[] = {
  {"dpkg", run_dpkg, NULL},
  {"dpkg-query", run_dpkg_query, NULL},
  {"dpkg-trigger", run_trigger, NULL},
  {"dpkg-maintscript-helper", run_maintscript_helper, NULL},
  {"dpkg-divert", run_divert, NULL},
  {"dpkg-statoverride", run_statoverride, NULL},
  {"update-alternatives", run_alternatives, NULL},
  {NULL, NULL, NULL},
};
