/* SPDX-License-Identifier: Apache-2.0
 *
 * The users and groups that packages bring: base-passwd's master files, sysusers.d(5), and calls of adduser(8), addgroup(8),
 * useradd(8) and groupadd(8) in postinst scripts. Numbers are given from 100 upwards in the order of the packages.
 */
#include "builder/sources/debian/configuration.h"
#include "signing/error.h"

#include <string.h>

typedef struct {
  gboolean system, own_group, no_home;
  const char *home, *shell, *gecos, *group;
  gint64 id;
  const char *names[2]; /* what stands without an option */
  guint n_names;
} Call;

/* ---- base-passwd ---- */

gboolean
debian_users_apply_base(const DebianConfiguration *configuration, GError **error)
{
  GError *failure = NULL;
  if (debian_system_find(configuration->system, "passwd") != NULL)
    accounts_use_shadow(configuration->accounts, TRUE);
  if (accounts_n_users(configuration->accounts) > 0) /* an image that is built upon has them */
    return TRUE;
  g_autofree char *passwd = debian_configuration_read(configuration, "usr/share/base-passwd/passwd.master", &failure);
  g_autofree char *group = failure == NULL
                             ? debian_configuration_read(configuration, "usr/share/base-passwd/group.master", &failure)
                             : NULL;
  if (failure != NULL) {
    g_propagate_error(error, failure);
    return FALSE;
  }
  return accounts_parse_passwd(configuration->accounts, "/usr/share/base-passwd/passwd.master", passwd, error) &&
         accounts_parse_group(configuration->accounts, "/usr/share/base-passwd/group.master", group, error);
}

/* ---- making one ---- */

static gboolean
ensure_group(const DebianConfiguration *configuration, const char *name, gint64 gid, guint32 *out, GError **error)
{
  if (accounts_find_group(configuration->accounts, name, out))
    return TRUE;
  if (gid >= 0 && accounts_group_name(configuration->accounts, (guint32)gid) != NULL)
    gid = ACCOUNTS_ANY;
  return accounts_add_group(configuration->accounts, name, gid, out, error);
}

static void
make_home(const DebianConfiguration *configuration, const char *home, guint32 uid, guint32 gid)
{
  const char *path = home + strspn(home, "/");
  g_autofree char *real = changes_resolve(configuration->changes, path);
  g_autofree char *canonical = entry_canonical_path(home, NULL);
  if (real == NULL && canonical != NULL && canonical[0] != '\0' && !g_str_has_prefix(home, "/nonexistent"))
    changes_put_directory(configuration->changes, canonical, 0755, uid, gid);
}

static gboolean
ensure_user(const DebianConfiguration *configuration, const Call *call, GError **error)
{
  const char *name = call->names[0];
  if (accounts_find_user(configuration->accounts, name, NULL, NULL))
    return TRUE;
  guint32 gid = 65534, uid;
  const char *group = call->own_group ? name : call->group != NULL ? call->group : "nogroup";
  if (!accounts_parse_id(group, &gid) && !ensure_group(configuration, group, ACCOUNTS_ANY, &gid, error))
    return FALSE;
  gint64 wanted = call->id;
  if (wanted >= 0 && accounts_user_name(configuration->accounts, (guint32)wanted) != NULL)
    wanted = ACCOUNTS_ANY;
  AccountsUser user = {.name = name, .uid = wanted, .gid = gid, .gecos = call->gecos, .home = call->home, .shell = call->shell};
  if (!accounts_add_user(configuration->accounts, &user, &uid, error))
    return FALSE;
  if (call->home != NULL && !call->no_home)
    make_home(configuration, call->home, uid, gid);
  return TRUE;
}

/* ---- calls ---- */

static const char *
option_value(char **words, guint *i, const char *name)
{
  gsize length = strlen(name);
  if (strcmp(words[*i], name) == 0 && words[*i + 1] != NULL)
    return words[++*i];
  if (length > 2 && strncmp(words[*i], name, length) == 0 && words[*i][length] == '=')
    return words[*i] + length + 1;
  return NULL;
}

static gboolean
take_value(Call *call, char **words, guint *i)
{
  static const struct {
    const char *option;
    gsize offset;
  } values[] = {
    {"--home", G_STRUCT_OFFSET(Call, home)},     {"--home-dir", G_STRUCT_OFFSET(Call, home)},
    {"-d", G_STRUCT_OFFSET(Call, home)},         {"--shell", G_STRUCT_OFFSET(Call, shell)},
    {"-s", G_STRUCT_OFFSET(Call, shell)},        {"--gecos", G_STRUCT_OFFSET(Call, gecos)},
    {"--comment", G_STRUCT_OFFSET(Call, gecos)}, {"-c", G_STRUCT_OFFSET(Call, gecos)},
    {"--ingroup", G_STRUCT_OFFSET(Call, group)},
  };
  for (guint k = 0; k < G_N_ELEMENTS(values); k++) {
    const char *value = option_value(words, i, values[k].option);
    if (value != NULL) {
      *(const char **)((char *)call + values[k].offset) = value;
      return TRUE;
    }
  }
  return FALSE;
}

static void
take_number(Call *call, const char *value)
{
  guint32 number;
  if (accounts_parse_id(value, &number))
    call->id = number;
}

/* @group: the call makes a group, and --gid is its number; else --gid is a user's group. FALSE: a form that is not known. */
static gboolean
read_call(char **words, gboolean group, Call *call)
{
  *call = (Call){.id = ACCOUNTS_ANY};
  for (guint i = 1; words[i] != NULL; i++) {
    const char *value;
    if (take_value(call, words, &i))
      continue;
    if ((value = option_value(words, &i, "--uid")) != NULL || (value = option_value(words, &i, "-u")) != NULL)
      take_number(call, value);
    else if ((value = option_value(words, &i, "--gid")) != NULL || (value = option_value(words, &i, "-g")) != NULL) {
      if (group)
        take_number(call, value);
      else
        call->group = value;
    } else if (strcmp(words[i], "--system") == 0 || strcmp(words[i], "-r") == 0)
      call->system = TRUE;
    else if (strcmp(words[i], "--group") == 0 || strcmp(words[i], "--user-group") == 0 || strcmp(words[i], "-U") == 0)
      call->own_group = TRUE;
    else if (strcmp(words[i], "--no-create-home") == 0 || strcmp(words[i], "-M") == 0)
      call->no_home = TRUE;
    else if (words[i][0] != '-' && call->n_names < G_N_ELEMENTS(call->names))
      call->names[call->n_names++] = words[i];
    else if (words[i][0] != '-')
      return FALSE;
  }
  return call->n_names > 0;
}

static gboolean
join_group(const DebianConfiguration *configuration, const Call *call, GError **error)
{
  return !accounts_find_user(configuration->accounts, call->names[0], NULL, NULL) ||
         !accounts_find_group(configuration->accounts, call->names[1], NULL) ||
         accounts_add_member(configuration->accounts, call->names[1], call->names[0], error);
}

static gboolean
take_call(const DebianConfiguration *configuration, const DebianCommand *command, GError **error)
{
  gboolean adds_group = debian_command_is(command, "addgroup") || debian_command_is(command, "groupadd");
  gboolean plain = debian_command_is(command, "useradd") || debian_command_is(command, "groupadd");
  Call call;
  if (!read_call(command->words, adds_group, &call))
    return TRUE;
  if (call.n_names == 2)
    return plain || join_group(configuration, &call, error);
  if (adds_group || (call.own_group && !call.system && !plain))
    return ensure_group(configuration, call.names[0], call.id, NULL, error);
  if (!call.system)
    return TRUE;
  if (plain) { /* useradd makes no home for a system user, and a group of its own unless told one */
    call.no_home = TRUE;
    call.own_group = call.group == NULL;
  }
  return ensure_user(configuration, &call, error);
}

gboolean
debian_users_knows(const DebianCommand *command)
{
  static const char *const programs[] = {"adduser", "addgroup", "useradd", "groupadd", "systemd-sysusers"};
  for (guint i = 0; i < G_N_ELEMENTS(programs); i++)
    if (debian_command_is(command, programs[i]))
      return TRUE;
  return FALSE;
}

/* ---- sysusers.d ---- */

/* "u name id "gecos" home shell", "g name id", "m user group". */
static gboolean
take_line(const DebianConfiguration *configuration, char **words, guint n, GError **error)
{
  const char *id = n > 2 && strcmp(words[2], "-") != 0 ? words[2] : NULL;
  Call call = {.id = ACCOUNTS_ANY, .system = TRUE, .own_group = TRUE, .no_home = TRUE, .names = {words[1]}, .n_names = 1};
  if (id != NULL)
    take_number(&call, id);
  if (strcmp(words[0], "g") == 0)
    return ensure_group(configuration, words[1], call.id, NULL, error);
  if (strcmp(words[0], "m") == 0 && n > 2) {
    call.names[1] = words[2];
    return ensure_group(configuration, words[2], ACCOUNTS_ANY, NULL, error) && join_group(configuration, &call, error);
  }
  if (words[0][0] != 'u')
    return TRUE;
  const char *colon = id != NULL ? strchr(id, ':') : NULL;
  if (colon != NULL) {
    call.own_group = FALSE;
    call.group = colon + 1;
  }
  call.gecos = n > 3 && strcmp(words[3], "-") != 0 ? words[3] : NULL;
  call.home = n > 4 && strcmp(words[4], "-") != 0 ? words[4] : "/";
  call.shell = n > 5 && strcmp(words[5], "-") != 0 ? words[5] : NULL;
  if (call.own_group && !ensure_group(configuration, words[1], call.id, NULL, error))
    return FALSE;
  return ensure_user(configuration, &call, error);
}

static gboolean
read_sysusers(const DebianConfiguration *configuration, const char *path, GError **error)
{
  GError *failure = NULL;
  g_autofree char *text = debian_configuration_read(configuration, path, &failure);
  if (failure != NULL) {
    g_propagate_error(error, failure);
    return FALSE;
  }
  g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto(GStrv) words = NULL;
    int n = 0;
    char *line = g_strstrip(lines[i]);
    if (line[0] == '#' || line[0] == '\0' || !g_shell_parse_argv(line, &n, &words, NULL) || n < 2)
      continue;
    if (!take_line(configuration, words, (guint)n, error)) {
      g_prefix_error(error, "/%s:%u: ", path, i + 1);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
apply_sysusers(const DebianConfiguration *configuration, GError **error)
{
  g_auto(GStrv) names = changes_list(configuration->changes, "usr/lib/sysusers.d");
  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *path = g_strconcat("usr/lib/sysusers.d/", names[i], NULL);
    if (g_str_has_suffix(path, ".conf") && !read_sysusers(configuration, path, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
debian_users_apply(const DebianConfiguration *configuration, GError **error)
{
  for (guint i = 0; i < configuration->scripts->len; i++) {
    const DebianUnitScript *script = configuration->scripts->pdata[i];
    for (guint k = 0; k < script->commands->len; k++) {
      const DebianCommand *command = script->commands->pdata[k];
      if (!command->readable || !debian_users_knows(command) || take_call(configuration, command, error))
        continue;
      g_prefix_error(error, "%s of package '%s': ", script->kind, script->unit->name);
      return FALSE;
    }
  }
  return apply_sysusers(configuration, error);
}
