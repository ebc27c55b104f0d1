/* SPDX-License-Identifier: Apache-2.0
 *
 * systemd-sysusers(8): users and groups of the files of sysusers.d(5) that a script names, else of all. Numbers that are not
 * given are the highest system's number that neither a user nor a group has.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

typedef struct {
  const char *type, *name, *id, *gecos, *home, *shell; /* NULL for "-" */
} Line;

static int
fail(Shell *shell, GError *failure)
{
  int status = shell_give_up(shell, g_strdup(failure->message));
  g_error_free(failure);
  return status;
}

/* ---- shadow ---- */

/* systemd's own sign for "no password". */
static int
lock_group(Native *native, Shell *shell, const char *name)
{
  GError *failure = NULL;
  g_autofree char *line = g_strdup_printf("%s:!*::", name);
  return accounts_parse_gshadow(native->configuration.accounts, "gshadow", line, &failure) ? 0 : fail(shell, failure);
}

static int
lock_user(Native *native, Shell *shell, const char *name)
{
  GError *failure = NULL;
  gint64 day = native->configuration.epoch / (24 * 60 * 60);
  g_autofree char *line = g_strdup_printf("%s:!*:%" G_GINT64_FORMAT "::::::", name, day);
  return accounts_parse_shadow(native->configuration.accounts, "shadow", line, &failure) ? 0 : fail(shell, failure);
}

/* ---- lines ---- */

static int
add_group(Native *native, Shell *shell, const Line *line)
{
  Accounts *accounts = native->configuration.accounts;
  GError *failure = NULL;
  guint32 gid;
  if (accounts_find_group(accounts, line->name, NULL))
    return 0;
  if (line->id == NULL || !accounts_parse_id(line->id, &gid) || accounts_group_name(accounts, gid) != NULL)
    gid = native_number_from_top(accounts, TRUE, TRUE);
  if (!accounts_add_group(accounts, line->name, gid, NULL, &failure))
    return fail(shell, failure);
  return lock_group(native, shell, line->name);
}

/* "12:34" and "12:group" name a group that is there. */
static int
add_user(Native *native, Shell *shell, const Line *line)
{
  Accounts *accounts = native->configuration.accounts;
  GError *failure = NULL;
  guint32 uid, gid;
  if (accounts_find_user(accounts, line->name, NULL, NULL))
    return 0;
  const char *colon = line->id != NULL ? strchr(line->id, ':') : NULL;
  g_autofree char *number = colon != NULL ? g_strndup(line->id, (gsize)(colon - line->id)) : g_strdup(line->id);
  if (colon == NULL && add_group(native, shell, line) != 0)
    return 1;
  if (!accounts_find_group(accounts, colon != NULL ? colon + 1 : line->name, &gid) &&
      !accounts_parse_id(colon != NULL ? colon + 1 : "", &gid))
    return shell_give_up(shell, g_strdup_printf("the group of user '%s', which is not there", line->name));
  if (number == NULL || !accounts_parse_id(number, &uid) || accounts_user_name(accounts, uid) != NULL)
    uid = accounts_user_name(accounts, gid) == NULL ? gid : native_number_from_top(accounts, TRUE, TRUE);
  AccountsUser user = {.name = line->name,
                       .uid = uid,
                       .gid = gid,
                       .gecos = line->gecos,
                       .home = line->home != NULL ? line->home : "/",
                       .shell = line->shell};
  if (!accounts_add_user(accounts, &user, NULL, &failure))
    return fail(shell, failure);
  return lock_user(native, shell, line->name);
}

/* "m user group" */
static int
add_member(Native *native, Shell *shell, const Line *line)
{
  Line group = {.name = line->id};
  GError *failure = NULL;
  if (line->id == NULL || !accounts_find_user(native->configuration.accounts, line->name, NULL, NULL))
    return shell_give_up(shell, g_strdup_printf("the member '%s' of a group", line->name));
  if (add_group(native, shell, &group) != 0)
    return 1;
  return accounts_add_member(native->configuration.accounts, line->id, line->name, &failure) ? 0 : fail(shell, failure);
}

static const char *
field(char **words, guint n, guint i)
{
  return i < n && strcmp(words[i], "-") != 0 && *words[i] != '\0' ? words[i] : NULL;
}

static int
take_line(Native *native, Shell *shell, char *text)
{
  g_auto(GStrv) words = NULL;
  int n = 0;
  g_strstrip(text);
  if (*text == '#' || *text == '\0')
    return 0;
  if (!g_shell_parse_argv(text, &n, &words, NULL) || n < 2 || strchr(text, '%') != NULL)
    return shell_give_up(shell, g_strdup_printf("the line '%.100s' of sysusers.d", text));
  guint count = (guint)n;
  const Line line = {
    words[0], words[1], field(words, count, 2), field(words, count, 3), field(words, count, 4), field(words, count, 5)};
  switch (words[0][1] == '\0' ? words[0][0] : '\0') {
  case 'g':
    return add_group(native, shell, &line);
  case 'u':
    return add_user(native, shell, &line);
  case 'm':
    return add_member(native, shell, &line);
  default:
    return shell_give_up(shell, g_strdup_printf("the line '%.100s' of sysusers.d", text));
  }
}

/* ---- files ---- */

static int
take_file(Native *native, Shell *shell, const char *name)
{
  static const char *const folders[] = {"/etc/sysusers.d", "/usr/lib/sysusers.d"};
  g_autoptr(GBytes) content = NULL;
  for (guint i = 0; content == NULL && i < G_N_ELEMENTS(folders); i++) {
    g_autofree char *path = name[0] == '/' ? g_strdup(name) : g_strconcat(folders[i], "/", name, NULL);
    content = native_read(native, shell, path);
  }
  if (content == NULL)
    return 1;
  g_autofree char *text = native_text(content);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  int status = 0;
  for (guint i = 0; lines[i] != NULL && status == 0; i++)
    status = take_line(native, shell, lines[i]);
  return status;
}

int
native_sysusers(Native *native, Shell *shell, char **words)
{
  int status = 0;
  for (guint i = 1; words[i] != NULL; i++)
    if (words[i][0] == '-')
      return native_unknown_call(shell, words);
  /* /etc/sysusers.d is for administrators */
  g_auto(GStrv) own = native_list(native, shell, "/etc/sysusers.d");
  g_auto(GStrv) names = words[1] != NULL ? g_strdupv(words + 1) : native_list(native, shell, "/usr/lib/sysusers.d");
  if (words[1] == NULL && own != NULL && own[0] != NULL)
    return native_unknown_call(shell, words);
  for (guint i = 0; names != NULL && names[i] != NULL && status == 0; i++)
    if (g_str_has_suffix(names[i], ".conf"))
      status = take_file(native, shell, names[i]);
  return status;
}
