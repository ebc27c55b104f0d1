/* SPDX-License-Identifier: Apache-2.0
 *
 * Services that maintainer scripts enable for systemd: deb-systemd-helper(1p) with its record of what was enabled. Nothing is
 * started: an image that is built runs nothing.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

typedef struct {
  char *link;   /* "/etc/systemd/system/multi-user.target.wants/x.service" */
  char *target; /* "/lib/systemd/system/x.service" */
} Link;

typedef struct {
  Native *native;
  Shell *shell;
  const char *instance; /* "system" or "user" */
  const char *state;    /* folder of the records */
  GPtrArray *visited;   /* names of units, borrowed from @names */
} Helper;

static void
link_free(gpointer data)
{
  Link *link = data;
  g_free(link->link);
  g_free(link->target);
  g_free(link);
}

/* ---- units ---- */

/* Where the unit's file is (transfer full), else its name. */
static char *
find_unit(const Helper *helper, const char *name)
{
  static const char *const folders[] = {"/etc/systemd/", "/lib/systemd/", "/usr/lib/systemd/"};
  for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
    g_autofree char *path = g_strconcat(folders[i], helper->instance, "/", name, NULL);
    const Entry *entry = native_find(helper->native, helper->shell, path, TRUE, NULL);
    if (entry != NULL && entry->type == ENTRY_FILE)
      return g_steal_pointer(&path);
  }
  return g_strdup(name);
}

/* The words of "KEY=..." where the line is that, without quotes; else NULL. */
static char **
key_values(const char *line, const char *key)
{
  gsize length = strlen(key);
  line += strspn(line, " \t");
  if (g_ascii_strncasecmp(line, key, length) != 0 || line[length] != '=' || line[length + 1] == '\0')
    return NULL;
  g_auto(GStrv) words = g_strsplit_set(line + length + 1, " \t", -1);
  GPtrArray *kept = g_ptr_array_new();
  for (guint i = 0; words[i] != NULL; i++) {
    char *word = words[i];
    gsize n = strlen(word);
    if (n >= 2 && (*word == '"' || *word == '\'') && word[n - 1] == *word) {
      word[n - 1] = '\0';
      word++;
    }
    if (*word != '\0')
      g_ptr_array_add(kept, g_strdup(word));
  }
  g_ptr_array_add(kept, NULL);
  return (char **)g_ptr_array_free(kept, FALSE);
}

static void
add_link(GPtrArray *links, char *link, const char *target)
{
  Link *made = g_new(Link, 1);
  *made = (Link){link, g_strdup(target)};
  g_ptr_array_add(links, made);
}

static void find_links(Helper *helper, const char *name, GPtrArray *links);

static void
take_also(Helper *helper, const char *unit, char **also, GPtrArray *links)
{
  for (guint i = 0; also != NULL && also[i] != NULL; i++) {
    if (strcmp(also[i], unit) == 0 || g_ptr_array_find_with_equal_func(helper->visited, also[i], g_str_equal, NULL))
      continue;
    g_ptr_array_add(helper->visited, g_strdup(also[i]));
    find_links(helper, also[i], links);
  }
}

static void
take_wants(const Helper *helper, char **targets, const char *suffix, GPtrArray *folders)
{
  for (guint i = 0; targets != NULL && targets[i] != NULL; i++)
    g_ptr_array_add(folders, g_strconcat("/etc/systemd/", helper->instance, "/", targets[i], suffix, "/", NULL));
}

/* What has to be linked so that the unit is enabled (deb-systemd-helper's get_link_closure). */
static void
find_links(Helper *helper, const char *name, GPtrArray *links)
{
  g_autofree char *path = find_unit(helper, name), *unit = g_path_get_basename(path), *wanted = g_strdup(unit);
  g_autoptr(GBytes) content = path[0] == '/' ? native_read(helper->native, helper->shell, path) : NULL;
  if (content == NULL) {
    shell_give_up(helper->shell, g_strdup_printf("enables '%.100s', which is not there", name));
    return;
  }
  g_autofree char *text = native_text(content);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto(GStrv) wants = key_values(lines[i], "WantedBy"), requires = key_values(lines[i], "RequiredBy"),
                  also = key_values(lines[i], "Also"), alias = key_values(lines[i], "Alias"),
                  instance = key_values(lines[i], "DefaultInstance");
    take_wants(helper, wants, ".wants", folders);
    take_wants(helper, requires, ".requires", folders);
    take_also(helper, unit, also, links);
    if (alias != NULL && alias[0] != NULL && alias[1] != NULL)
      shell_give_up(helper->shell, g_strdup_printf("enables '%s', which has several aliases", unit));
    else if (alias != NULL && alias[0] != NULL && strcmp(alias[0], unit) != 0)
      add_link(links, g_strconcat("/etc/systemd/", helper->instance, "/", alias[0], NULL), path);
    if (instance != NULL && instance[0] != NULL && strstr(unit, "@.") != NULL) {
      g_free(wanted);
      wanted = g_strdup_printf("%.*s%s%s", (int)(strstr(unit, "@.") - unit + 1), unit, instance[0], strstr(unit, "@.") + 1);
    }
  }
  for (guint i = 0; i < folders->len; i++)
    add_link(links, g_strconcat(folders->pdata[i], wanted, NULL), path);
}

static GPtrArray *
links_of(Helper *helper, const char *name)
{
  GPtrArray *links = g_ptr_array_new_with_free_func(link_free);
  g_ptr_array_set_size(helper->visited, 0);
  find_links(helper, name, links);
  return links;
}

/* ---- its records ---- */

static char *
record_path(const Helper *helper, const char *name)
{
  g_autofree char *base = g_path_get_basename(name);
  return g_strconcat(helper->state, "/", base, ".dsh-also", NULL);
}

/* /etc/systemd/system/... -> the record of that link */
static char *
link_record(const Helper *helper, const char *link)
{
  return g_strconcat(helper->state, link + strlen("/etc/systemd/") + strlen(helper->instance), NULL);
}

static char *
read_record(const Helper *helper, const char *path)
{
  g_autoptr(GBytes) content = native_read(helper->native, helper->shell, path);
  return content != NULL ? native_text(content) : NULL;
}

static void
put_file(const Helper *helper, const char *path, const char *text)
{
  g_autofree char *folder = g_path_get_dirname(path);
  native_make_path(helper->native, helper->shell, folder + 1, 0755);
  changes_put_text(helper->native->configuration.changes, path + 1, text);
  native_put(helper->native, path + 1);
}

static void
record_link(const Helper *helper, const char *name, const char *link)
{
  g_autofree char *path = record_path(helper, name), *before = read_record(helper, path);
  g_autofree char *line = g_strconcat(link, "\n", NULL), *whole = g_strconcat(before != NULL ? before : "", line, NULL);
  g_auto(GStrv) lines = g_strsplit(before != NULL ? before : "", "\n", -1);
  put_file(helper, path, g_strv_contains((const char *const *)lines, link) ? before : whole);
}

/* ---- presets (systemd.preset(5)) ---- */

/* The first line that fits decides; none: enabled. */
static gboolean
preset_enables(const Helper *helper, const char *unit)
{
  g_autofree char *folder = g_strconcat("/lib/systemd/", helper->instance, "-preset", NULL);
  g_autofree char *local = g_strconcat("/etc/systemd/", helper->instance, "-preset", NULL);
  g_auto(GStrv) ours = native_list(helper->native, helper->shell, local);
  g_auto(GStrv) names = native_list(helper->native, helper->shell, folder);
  if (ours != NULL && ours[0] != NULL)
    shell_give_up(helper->shell, g_strdup("presets in /etc/systemd"));
  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    g_autofree char *path = g_strconcat(folder, "/", names[i], NULL), *text = read_record(helper, path);
    g_auto(GStrv) lines = g_strsplit(text != NULL && g_str_has_suffix(path, ".preset") ? text : "", "\n", -1);
    for (guint k = 0; lines[k] != NULL; k++) {
      g_auto(GStrv) words = g_strsplit_set(g_strstrip(lines[k]), " \t", 3);
      if (g_strv_length(words) >= 2 && strchr("ed", words[0][0]) != NULL && shell_match(words[1], unit))
        return words[0][0] == 'e';
    }
  }
  return TRUE;
}

/* ---- what it is called for ---- */

static gboolean
is_link(const Helper *helper, const char *path)
{
  const Entry *entry = native_find(helper->native, helper->shell, path, FALSE, NULL);
  return entry != NULL && entry->type == ENTRY_SYMLINK;
}

static gboolean
was_enabled(const Helper *helper, const char *name)
{
  g_autofree char *path = record_path(helper, name), *text = read_record(helper, path);
  g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] != '\0' && !is_link(helper, lines[i]))
      return FALSE;
  return TRUE;
}

static gboolean
is_known(const Helper *helper, const char *name)
{
  g_autofree char *path = record_path(helper, name);
  return native_find(helper->native, helper->shell, path, TRUE, NULL) != NULL;
}

static void
enable(Helper *helper, const char *name)
{
  g_autoptr(GPtrArray) links = links_of(helper, name);
  gboolean systemctl = native_find(helper->native, helper->shell, "/usr/bin/systemctl", TRUE, NULL) != NULL;
  gboolean create = !systemctl;
  if (systemctl && is_known(helper, name))
    for (guint i = 0; i < links->len; i++)
      create = create || is_link(helper, ((const Link *)links->pdata[i])->link);
  else if (systemctl)
    create = preset_enables(helper, name);
  for (guint i = 0; i < links->len && shell_unknown(helper->shell) == NULL; i++) {
    const Link *link = links->pdata[i];
    g_autofree char *record = link_record(helper, link->link);
    record_link(helper, name, link->link);
    if (create)
      native_put_link(helper->native, helper->shell, link->link, link->target);
    if (native_find(helper->native, helper->shell, record, TRUE, NULL) == NULL)
      put_file(helper, record, "");
  }
}

static void
update_state(Helper *helper, const char *name)
{
  g_autoptr(GPtrArray) links = links_of(helper, name);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < links->len; i++)
    g_string_append_printf(text, "%s\n", ((const Link *)links->pdata[i])->link);
  g_autofree char *path = record_path(helper, name);
  put_file(helper, path, text->str);
}

/* A mask that the helper made is one of a package that was removed before: never at a first installation. */
static void
unmask(const Helper *helper, const char *name)
{
  g_autofree char *base = g_path_get_basename(name);
  g_autofree char *mask = g_strconcat("/etc/systemd/", helper->instance, "/", base, NULL);
  const Entry *entry = native_find(helper->native, helper->shell, mask, FALSE, NULL);
  g_autofree char *records = g_strconcat(strcmp(helper->instance, "user") == 0
                                           ? "/var/lib/systemd/deb-systemd-user-helper-masked"
                                           : "/var/lib/systemd/deb-systemd-helper-masked",
                                         NULL);
  if (entry != NULL && native_find(helper->native, helper->shell, records, TRUE, NULL) != NULL)
    shell_give_up(helper->shell, g_strdup_printf("unmasks '%s'", base));
}

gboolean
native_starts_services(Native *native, Shell *shell)
{
  return native_find(native, shell, "/usr/bin/deb-systemd-helper", TRUE, NULL) != NULL;
}

static int
run_helper(Native *native, Shell *shell, char **words)
{
  if (!native_starts_services(native, shell))
    return native->leave_out ? 0 : SHELL_NOT_FOUND;
  Helper helper = {
    .native = native, .shell = shell, .instance = "system", .state = "/var/lib/systemd/deb-systemd-helper-enabled"};
  g_autoptr(GPtrArray) visited = g_ptr_array_new_with_free_func(g_free);
  helper.visited = visited;
  guint i = 1;
  for (; words[i] != NULL && words[i][0] == '-'; i++)
    if (strcmp(words[i], "--user") == 0) {
      helper.instance = "user";
      helper.state = "/var/lib/systemd/deb-systemd-user-helper-enabled";
    } else if (strcmp(words[i], "--quiet") != 0 && strcmp(words[i], "--system") != 0) {
      return native_unknown_call(shell, words);
    }
  const char *action = words[i] != NULL ? words[i++] : "";
  gboolean asks_was = strcmp(action, "was-enabled") == 0, asks_known = strcmp(action, "debian-installed") == 0;
  int status = asks_was || asks_known ? 1 : 0;
  for (; words[i] != NULL && shell_unknown(shell) == NULL; i++) {
    if ((asks_was && was_enabled(&helper, words[i])) || (asks_known && is_known(&helper, words[i])))
      status = 0;
    else if (strcmp(action, "enable") == 0)
      enable(&helper, words[i]);
    else if (strcmp(action, "update-state") == 0)
      update_state(&helper, words[i]);
    else if (strcmp(action, "unmask") == 0)
      unmask(&helper, words[i]);
    else if (!asks_was && !asks_known)
      return native_unknown_call(shell, words);
  }
  return status;
}

const NativeCommand native_service_commands[] = {
  {"deb-systemd-helper", run_helper, NULL},
  {"deb-systemd-invoke", native_do_nothing, NULL},
  {NULL, NULL, NULL},
};
