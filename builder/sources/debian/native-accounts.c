/* SPDX-License-Identifier: Apache-2.0
 *
 * Users and groups that maintainer scripts make: adduser(8), addgroup(8), groupadd(8), useradd(8), usermod(8), getent(1).
 * Numbers are those that the programs would give: adduser's from 100 up, useradd's and groupadd's own from 999 down.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

typedef struct {
  const char *home, *shell, *gecos, *group, *uid, *gid, *groups;
  gboolean system, own_group, no_home, make_home, append, no_group;
  const char *names[2];
  guint n_names;
} Call;

static const struct {
  const char *option;
  gsize offset;
} values[] = {
  {"--home", G_STRUCT_OFFSET(Call, home)},     {"--home-dir", G_STRUCT_OFFSET(Call, home)},
  {"-d", G_STRUCT_OFFSET(Call, home)},         {"--shell", G_STRUCT_OFFSET(Call, shell)},
  {"-s", G_STRUCT_OFFSET(Call, shell)},        {"--gecos", G_STRUCT_OFFSET(Call, gecos)},
  {"--comment", G_STRUCT_OFFSET(Call, gecos)}, {"-c", G_STRUCT_OFFSET(Call, gecos)},
  {"--ingroup", G_STRUCT_OFFSET(Call, group)}, {"--uid", G_STRUCT_OFFSET(Call, uid)},
  {"-u", G_STRUCT_OFFSET(Call, uid)},          {"--gid", G_STRUCT_OFFSET(Call, gid)},
  {"-g", G_STRUCT_OFFSET(Call, gid)},          {"--groups", G_STRUCT_OFFSET(Call, groups)},
  {"-G", G_STRUCT_OFFSET(Call, groups)},
};

static const struct {
  const char *option;
  gsize offset; /* 0: nothing comes of it */
} flags[] = {
  {"--system", G_STRUCT_OFFSET(Call, system)},   {"-r", G_STRUCT_OFFSET(Call, system)},
  {"--group", G_STRUCT_OFFSET(Call, own_group)}, {"--user-group", G_STRUCT_OFFSET(Call, own_group)},
  {"-U", G_STRUCT_OFFSET(Call, own_group)},      {"--no-user-group", G_STRUCT_OFFSET(Call, no_group)},
  {"-N", G_STRUCT_OFFSET(Call, no_group)},       {"--no-create-home", G_STRUCT_OFFSET(Call, no_home)},
  {"-M", G_STRUCT_OFFSET(Call, no_home)},        {"--create-home", G_STRUCT_OFFSET(Call, make_home)},
  {"-m", G_STRUCT_OFFSET(Call, make_home)},      {"--append", G_STRUCT_OFFSET(Call, append)},
  {"-a", G_STRUCT_OFFSET(Call, append)},
};

static const char *const idle[] = {"--quiet",          "--force-badname", "--allow-badname",   "--disabled-password",
                                   "--disabled-login", "--force",         "--allow-bad-names", NULL};

static gboolean
take_value(Call *call, char **words, guint *i)
{
  for (guint k = 0; k < G_N_ELEMENTS(values); k++) {
    const char **place = (const char **)((char *)call + values[k].offset);
    gsize length = strlen(values[k].option);
    if (strcmp(words[*i], values[k].option) == 0 && words[*i + 1] != NULL) {
      *place = words[++*i];
      return TRUE;
    }
    if (length > 2 && strncmp(words[*i], values[k].option, length) == 0 && words[*i][length] == '=') {
      *place = words[*i] + length + 1;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
read_call(char **words, Call *call)
{
  *call = (Call){0};
  for (guint i = 1; words[i] != NULL; i++) {
    gboolean known = take_value(call, words, &i) || g_strv_contains(idle, words[i]);
    for (guint k = 0; k < G_N_ELEMENTS(flags) && !known; k++)
      if (strcmp(words[i], flags[k].option) == 0) {
        *(gboolean *)((char *)call + flags[k].offset) = TRUE;
        known = TRUE;
      }
    if (!known && words[i][0] != '-' && call->n_names < G_N_ELEMENTS(call->names)) {
      call->names[call->n_names++] = words[i];
      known = TRUE;
    }
    if (!known)
      return FALSE;
  }
  return call->n_names > 0;
}

/* ---- numbers ---- */

static gboolean
is_free(const Accounts *accounts, guint32 id, gboolean user, gboolean group)
{
  return (!user || accounts_user_name(accounts, id) == NULL) && (!group || accounts_group_name(accounts, id) == NULL);
}

guint32
native_number_from_top(const Accounts *accounts, gboolean user, gboolean group)
{
  for (guint32 id = ACCOUNTS_LAST_SYSTEM; id >= ACCOUNTS_FIRST_SYSTEM; id--)
    if (is_free(accounts, id, user, group))
      return id;
  return G_MAXUINT32;
}

static gboolean
read_number(const char *text, gint64 *number)
{
  guint32 value;
  if (text == NULL)
    return TRUE;
  if (!accounts_parse_id(text, &value))
    return FALSE;
  *number = value;
  return TRUE;
}

/* ---- making them ---- */

static int
fail(Shell *shell, GError *failure)
{
  int status = shell_give_up(shell, g_strdup(failure->message));
  g_error_free(failure);
  return status;
}

static int
add_group(Native *native, Shell *shell, const char *name, gint64 gid)
{
  GError *failure = NULL;
  if (!accounts_add_group(native->configuration.accounts, name, gid, NULL, &failure))
    return fail(shell, failure);
  return 0;
}

static void
make_home(Native *native, Shell *shell, const char *home, guint32 uid, guint32 gid)
{
  if (native_find(native, shell, home, TRUE, NULL) != NULL)
    return;
  g_autofree char *path = native_path(native, shell, home), *real = NULL;
  native_make_path(native, shell, path, 0755);
  if (native_find(native, shell, home, TRUE, &real) != NULL)
    native_change(native, shell, real, 0755, uid, gid);
}

/* A group by its name or number; its number, or G_MAXUINT32. */
static guint32
group_number(const Accounts *accounts, const char *group)
{
  guint32 gid;
  if (accounts_find_group(accounts, group, &gid) ||
      (accounts_parse_id(group, &gid) && accounts_group_name(accounts, gid) != NULL))
    return gid;
  return G_MAXUINT32;
}

/* adduser --system */
static int
add_system_user(Native *native, Shell *shell, const Call *call)
{
  Accounts *accounts = native->configuration.accounts;
  guint32 uid = 0, gid = 65534;
  gint64 wanted = ACCOUNTS_ANY;
  if (accounts_find_user(accounts, call->names[0], &uid, NULL))
    return uid >= ACCOUNTS_FIRST_SYSTEM && uid <= ACCOUNTS_LAST_SYSTEM ? 0 : 13;
  if (!read_number(call->uid, &wanted) || call->groups != NULL)
    return shell_give_up(shell, g_strdup("adduser with other options"));
  const char *group = call->group != NULL ? call->group : call->gid;
  if (call->own_group && !accounts_find_group(accounts, call->names[0], NULL) &&
      add_group(native, shell, call->names[0], call->uid != NULL ? wanted : ACCOUNTS_ANY) != 0)
    return 1;
  if (call->own_group)
    group = call->names[0];
  if (group != NULL && (gid = group_number(accounts, group)) == G_MAXUINT32)
    return 1;
  const char *home = call->home != NULL ? call->home : "/nonexistent";
  AccountsUser user = {
    .name = call->names[0], .uid = wanted, .gid = gid, .gecos = call->gecos, .home = home, .shell = call->shell};
  GError *failure = NULL;
  if (!accounts_add_user(accounts, &user, &uid, &failure))
    return fail(shell, failure);
  if (!call->no_home && !g_str_has_prefix(home, "/nonexistent"))
    make_home(native, shell, home, uid, gid);
  return 0;
}

static int
join_group(Native *native, Shell *shell, const char *user, const char *group)
{
  Accounts *accounts = native->configuration.accounts;
  GError *failure = NULL;
  if (!accounts_find_user(accounts, user, NULL, NULL) || !accounts_find_group(accounts, group, NULL))
    return 1;
  if (!accounts_add_member(accounts, group, user, &failure))
    return fail(shell, failure);
  return 0;
}

static int
add_system_group(Native *native, Shell *shell, const Call *call)
{
  guint32 gid;
  gint64 wanted = ACCOUNTS_ANY;
  if (accounts_find_group(native->configuration.accounts, call->names[0], &gid))
    return gid >= ACCOUNTS_FIRST_SYSTEM && gid <= ACCOUNTS_LAST_SYSTEM ? 0 : 13;
  if (!read_number(call->gid, &wanted))
    return 1;
  return add_group(native, shell, call->names[0], wanted);
}

static int
run_adduser(Native *native, Shell *shell, char **words)
{
  Call call;
  if (!read_call(words, &call))
    return native_unknown_call(shell, words);
  gboolean group = g_str_has_suffix(words[0], "addgroup");
  if (call.n_names == 2)
    return call.system ? native_unknown_call(shell, words) : join_group(native, shell, call.names[0], call.names[1]);
  if (!call.system)
    return native_unknown_call(shell, words);
  return group ? add_system_group(native, shell, &call) : add_system_user(native, shell, &call);
}

static int
run_groupadd(Native *native, Shell *shell, char **words)
{
  Accounts *accounts = native->configuration.accounts;
  Call call;
  gint64 gid = -1;
  gboolean forced = words[1] != NULL && strcmp(words[1], "-f") == 0;
  if (!read_call(words + forced, &call) || call.n_names != 1 || (!call.system && call.gid == NULL))
    return native_unknown_call(shell, words);
  if (accounts_find_group(accounts, call.names[0], NULL))
    return forced ? 0 : 9;
  if (!read_number(call.gid, &gid) || (gid >= 0 && accounts_group_name(accounts, (guint32)gid) != NULL))
    return 4;
  return add_group(native, shell, call.names[0], gid >= 0 ? gid : native_number_from_top(accounts, FALSE, TRUE));
}

static int
run_useradd(Native *native, Shell *shell, char **words)
{
  Accounts *accounts = native->configuration.accounts;
  Call call;
  gint64 uid = -1;
  if (!read_call(words, &call) || call.n_names != 1 || !call.system || call.groups != NULL)
    return native_unknown_call(shell, words);
  if (accounts_find_user(accounts, call.names[0], NULL, NULL))
    return 9;
  gboolean own = call.gid == NULL && !call.no_group;
  if (!read_number(call.uid, &uid) || call.no_group || (own && accounts_find_group(accounts, call.names[0], NULL)))
    return native_unknown_call(shell, words);
  if (uid < 0)
    uid = native_number_from_top(accounts, TRUE, own);
  guint32 gid = own ? (guint32)uid : group_number(accounts, call.gid);
  if (gid == G_MAXUINT32 || (own && add_group(native, shell, call.names[0], uid) != 0))
    return 6;
  /* useradd's own defaults, of /etc/default/useradd and its source */
  g_autofree char *home = call.home != NULL ? g_strdup(call.home) : g_strconcat("/home/", call.names[0], NULL);
  const char *login = call.shell != NULL ? call.shell : "/bin/sh";
  AccountsUser user = {.name = call.names[0], .uid = uid, .gid = gid, .gecos = call.gecos, .home = home, .shell = login};
  GError *failure = NULL;
  if (!accounts_add_user(accounts, &user, NULL, &failure))
    return fail(shell, failure);
  return call.make_home ? shell_give_up(shell, g_strdup("useradd with a home folder")) : 0;
}

static int
run_usermod(Native *native, Shell *shell, char **words)
{
  Call call;
  /* "-aG" is one word for two options */
  if (words[1] != NULL && strcmp(words[1], "-aG") == 0 && g_strv_length(words) == 4)
    return join_group(native, shell, words[3], words[2]);
  if (!read_call(words, &call) || !call.append || call.groups == NULL || call.n_names != 1 || strchr(call.groups, ',') != NULL)
    return native_unknown_call(shell, words);
  return join_group(native, shell, call.names[0], call.groups);
}

/* ---- asking ---- */

/* getent passwd|group|shadow NAME */
static int
run_getent(Native *native, Shell *shell, char **words)
{
  if (words[1] == NULL || words[2] == NULL || words[3] != NULL ||
      (strcmp(words[1], "passwd") != 0 && strcmp(words[1], "group") != 0))
    return native_unknown_call(shell, words);
  g_autofree char *path = g_strconcat("/etc/", words[1], NULL);
  g_autoptr(GBytes) content = native_read(native, shell, path);
  g_autofree char *text = content != NULL ? native_text(content) : g_strdup("");
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto(GStrv) fields = g_strsplit(lines[i], ":", -1);
    if (g_strv_length(fields) < 3 || (strcmp(fields[0], words[2]) != 0 && strcmp(fields[2], words[2]) != 0))
      continue;
    shell_print(shell, lines[i]);
    shell_print(shell, "\n");
    return 0;
  }
  return 2;
}

/* id [-u] [-g] [NAME]: whether there is such a user, and his number. */
static int
run_id(Native *native, Shell *shell, char **words)
{
  guint32 uid = 0, gid = 0;
  guint i = 1;
  char which = '\0';
  for (; words[i] != NULL && words[i][0] == '-'; i++) {
    if (strcmp(words[i], "-u") != 0 && strcmp(words[i], "-g") != 0)
      return native_unknown_call(shell, words);
    which = words[i][1];
  }
  if (words[i] != NULL && !accounts_find_user(native->configuration.accounts, words[i], &uid, &gid))
    return 1;
  g_autofree char *text = g_strdup_printf("%u\n", which == 'g' ? gid : uid);
  shell_print(shell, which != '\0' ? text : "(who it is)\n");
  return 0;
}

const NativeCommand native_account_commands[] = {
  {"adduser", run_adduser, "adduser"},
  {"addgroup", run_adduser, "addgroup"},
  {"groupadd", run_groupadd, "groupadd"},
  {"useradd", run_useradd, "useradd"},
  {"usermod", run_usermod, "usermod"},
  {"systemd-sysusers", native_sysusers, "systemd-sysusers"},
  {"getent", run_getent, NULL},
  {"id", run_id, NULL},
  {NULL, NULL, NULL},
};
