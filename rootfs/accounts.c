/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/accounts.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

#define SECONDS_A_DAY 86400

typedef struct {
  char *name, *password, *gecos, *home, *shell;
  guint32 uid, gid;
  gboolean person;
  char *shadow; /* the fields behind the name, or NULL: made when it is written */
} User;

typedef struct {
  char *name, *password;
  guint32 gid;
  GPtrArray *members;
  char *shadow_password, *administrators; /* of gshadow, or NULL */
} Group;

struct Accounts {
  GPtrArray *users, *groups; /* in the order of the files */
  GHashTable *user_names, *group_names;
  GHashTable *uids, *gids; /* number -> the first that has it */
  gboolean shadow;
};

static void
user_free(gpointer data)
{
  User *user = data;
  g_free(user->name);
  g_free(user->password);
  g_free(user->gecos);
  g_free(user->home);
  g_free(user->shell);
  g_free(user->shadow);
  g_free(user);
}

static void
group_free(gpointer data)
{
  Group *group = data;
  g_free(group->name);
  g_free(group->password);
  g_ptr_array_unref(group->members);
  g_free(group->shadow_password);
  g_free(group->administrators);
  g_free(group);
}

Accounts *
accounts_new(void)
{
  Accounts *accounts = g_new0(Accounts, 1);
  accounts->users = g_ptr_array_new_with_free_func(user_free);
  accounts->groups = g_ptr_array_new_with_free_func(group_free);
  accounts->user_names = g_hash_table_new(g_str_hash, g_str_equal);
  accounts->group_names = g_hash_table_new(g_str_hash, g_str_equal);
  accounts->uids = g_hash_table_new(NULL, NULL);
  accounts->gids = g_hash_table_new(NULL, NULL);
  return accounts;
}

void
accounts_free(Accounts *accounts)
{
  g_hash_table_unref(accounts->user_names);
  g_hash_table_unref(accounts->group_names);
  g_hash_table_unref(accounts->uids);
  g_hash_table_unref(accounts->gids);
  g_ptr_array_unref(accounts->users);
  g_ptr_array_unref(accounts->groups);
  g_free(accounts);
}

void
accounts_use_shadow(Accounts *accounts, gboolean use)
{
  accounts->shadow = use;
}

static void
keep_user(Accounts *accounts, User *user)
{
  g_ptr_array_add(accounts->users, user);
  g_hash_table_insert(accounts->user_names, user->name, user);
  if (!g_hash_table_contains(accounts->uids, GUINT_TO_POINTER(user->uid)))
    g_hash_table_insert(accounts->uids, GUINT_TO_POINTER(user->uid), user);
}

static void
keep_group(Accounts *accounts, Group *group)
{
  g_ptr_array_add(accounts->groups, group);
  g_hash_table_insert(accounts->group_names, group->name, group);
  if (!g_hash_table_contains(accounts->gids, GUINT_TO_POINTER(group->gid)))
    g_hash_table_insert(accounts->gids, GUINT_TO_POINTER(group->gid), group);
}

/* ---- reading ---- */

/* Takes the fields of one line; FALSE when they are no entry. */
typedef gboolean (*TakeFields)(Accounts *accounts, char **fields);

static gboolean
parse_lines(Accounts *accounts, const char *name, const char *text, guint n_fields, TakeFields take, GError **error)
{
  g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (lines[i][0] == '\0')
      continue;
    g_auto(GStrv) fields = g_strsplit(lines[i], ":", -1);
    if (g_strv_length(fields) == n_fields && fields[0][0] != '\0' && take(accounts, fields))
      continue;
    g_autofree char *shown = g_strescape(lines[i], NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s:%u: '%.200s' is not an entry that can be taken", name, i + 1,
                shown);
    return FALSE;
  }
  return TRUE;
}

gboolean
accounts_parse_id(const char *text, guint32 *out)
{
  guint64 value;
  if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &value, NULL))
    return FALSE;
  *out = (guint32)value;
  return TRUE;
}

static gboolean
take_user(Accounts *accounts, char **fields)
{
  guint32 uid, gid;
  if (g_hash_table_contains(accounts->user_names, fields[0]) || !accounts_parse_id(fields[2], &uid) ||
      !accounts_parse_id(fields[3], &gid))
    return FALSE;
  User *user = g_new0(User, 1);
  *user = (User){.name = g_strdup(fields[0]),
                 .password = g_strdup(fields[1]),
                 .uid = uid,
                 .gid = gid,
                 .gecos = g_strdup(fields[4]),
                 .home = g_strdup(fields[5]),
                 .shell = g_strdup(fields[6]),
                 .person = TRUE};
  keep_user(accounts, user);
  return TRUE;
}

static GPtrArray *
split_members(const char *text)
{
  GPtrArray *members = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) names = g_strsplit(text, ",", -1);
  for (guint i = 0; names[i] != NULL; i++)
    if (names[i][0] != '\0')
      g_ptr_array_add(members, g_strdup(names[i]));
  return members;
}

static gboolean
take_group(Accounts *accounts, char **fields)
{
  guint32 gid;
  if (g_hash_table_contains(accounts->group_names, fields[0]) || !accounts_parse_id(fields[2], &gid))
    return FALSE;
  Group *group = g_new0(Group, 1);
  *group =
    (Group){.name = g_strdup(fields[0]), .password = g_strdup(fields[1]), .gid = gid, .members = split_members(fields[3])};
  keep_group(accounts, group);
  return TRUE;
}

static gboolean
take_shadow(Accounts *accounts, char **fields)
{
  User *user = g_hash_table_lookup(accounts->user_names, fields[0]);
  if (user != NULL) {
    g_free(user->shadow);
    user->shadow = g_strjoinv(":", fields + 1);
  }
  return TRUE;
}

static gboolean
take_gshadow(Accounts *accounts, char **fields)
{
  Group *group = g_hash_table_lookup(accounts->group_names, fields[0]);
  if (group != NULL) {
    g_free(group->shadow_password);
    g_free(group->administrators);
    group->shadow_password = g_strdup(fields[1]);
    group->administrators = g_strdup(fields[2]);
  }
  return TRUE;
}

gboolean
accounts_parse_passwd(Accounts *accounts, const char *name, const char *text, GError **error)
{
  return parse_lines(accounts, name, text, 7, take_user, error);
}

gboolean
accounts_parse_group(Accounts *accounts, const char *name, const char *text, GError **error)
{
  return parse_lines(accounts, name, text, 4, take_group, error);
}

gboolean
accounts_parse_shadow(Accounts *accounts, const char *name, const char *text, GError **error)
{
  return parse_lines(accounts, name, text, 9, take_shadow, error);
}

gboolean
accounts_parse_gshadow(Accounts *accounts, const char *name, const char *text, GError **error)
{
  return parse_lines(accounts, name, text, 4, take_gshadow, error);
}

gboolean
accounts_load(Accounts *accounts, const Changes *changes, GError **error)
{
  static const struct {
    const char *path;
    gboolean (*parse)(Accounts *, const char *, const char *, GError **);
  } files[] = {{"etc/passwd", accounts_parse_passwd},
               {"etc/group", accounts_parse_group},
               {"etc/shadow", accounts_parse_shadow},
               {"etc/gshadow", accounts_parse_gshadow}};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *there = changes_resolve(changes, files[i].path);
    if (there == NULL)
      continue;
    g_autoptr(GBytes) content = changes_read(changes, there, limits_get(LIMIT_TEXT_FILE), error);
    if (content == NULL)
      return FALSE;
    g_autofree char *text = g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
    g_autofree char *name = g_strconcat("/", files[i].path, NULL);
    if (!files[i].parse(accounts, name, text, error))
      return FALSE;
    if (files[i].parse == accounts_parse_shadow)
      accounts->shadow = TRUE;
  }
  return TRUE;
}

/* ---- asking ---- */

gboolean
accounts_find_user(const Accounts *accounts, const char *name, guint32 *uid, guint32 *gid)
{
  const User *user = g_hash_table_lookup(accounts->user_names, name);
  if (user != NULL && uid != NULL)
    *uid = user->uid;
  if (user != NULL && gid != NULL)
    *gid = user->gid;
  return user != NULL;
}

gboolean
accounts_find_group(const Accounts *accounts, const char *name, guint32 *gid)
{
  const Group *group = g_hash_table_lookup(accounts->group_names, name);
  if (group != NULL && gid != NULL)
    *gid = group->gid;
  return group != NULL;
}

const char *
accounts_user_name(const Accounts *accounts, guint32 uid)
{
  const User *user = g_hash_table_lookup(accounts->uids, GUINT_TO_POINTER(uid));
  return user != NULL ? user->name : NULL;
}

const char *
accounts_group_name(const Accounts *accounts, guint32 gid)
{
  const Group *group = g_hash_table_lookup(accounts->gids, GUINT_TO_POINTER(gid));
  return group != NULL ? group->name : NULL;
}

guint
accounts_n_users(const Accounts *accounts)
{
  return accounts->users->len;
}

gboolean
accounts_is_member(const Accounts *accounts, const char *group, const char *user)
{
  const Group *in = g_hash_table_lookup(accounts->group_names, group);
  const User *who = g_hash_table_lookup(accounts->user_names, user);
  if (in == NULL)
    return FALSE;
  return (who != NULL && who->gid == in->gid) || g_ptr_array_find_with_equal_func(in->members, user, g_str_equal, NULL);
}

gboolean
accounts_describe_user(const Accounts *accounts, const char *name, AccountsUser *out)
{
  const User *user = g_hash_table_lookup(accounts->user_names, name);
  if (user == NULL)
    return FALSE;
  *out = (AccountsUser){.name = user->name,
                        .uid = user->uid,
                        .gid = user->gid,
                        .gecos = user->gecos,
                        .home = user->home,
                        .shell = user->shell,
                        .person = user->person};
  return TRUE;
}

/* ---- adding ---- */

static gboolean
check_name(const char *kind, const char *name, GError **error)
{
  gboolean good = name[0] != '\0' && name[0] != '-' && strlen(name) <= 32;
  for (const char *c = name; good && *c != '\0'; c++)
    good = g_ascii_isalnum(*c) || strchr("_.-", *c) != NULL || (*c == '$' && c[1] == '\0' && c != name);
  if (good)
    return TRUE;
  g_autofree char *shown = g_strescape(name, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
              "'%.100s' cannot be the name of a %s\nhint: up to 32 letters, digits, '_', '-' and '.'", shown, kind);
  return FALSE;
}

static gboolean
check_field(const char *user, const char *field, GError **error)
{
  if (field == NULL || strpbrk(field, ":\n") == NULL)
    return TRUE;
  g_autofree char *shown = g_strescape(field, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
              "'%.200s' cannot stand in the entry of user '%s': it has a ':' or a line break", shown, user);
  return FALSE;
}

static gboolean
choose_id(GHashTable *taken, const char *kind, const char *name, gint64 wanted, guint32 *out, GError **error)
{
  if (wanted >= 0 && wanted < G_MAXUINT32) {
    *out = (guint32)wanted;
    return TRUE;
  }
  for (guint32 id = ACCOUNTS_FIRST_SYSTEM; wanted == ACCOUNTS_ANY && id <= ACCOUNTS_LAST_SYSTEM; id++)
    if (!g_hash_table_contains(taken, GUINT_TO_POINTER(id))) {
      *out = id;
      return TRUE;
    }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s '%s' can get no number: %s", kind, name,
              wanted == ACCOUNTS_ANY ? "all from 100 to 999 are taken" : "it is out of range");
  return FALSE;
}

static gboolean
refuse_taken(const char *kind, const char *name, guint32 id, const char *holder, GError **error)
{
  if (holder == NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS, "%s '%s' is there already", kind, name);
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS, "%s '%s' cannot have number %u: '%s' has it", kind, name, id, holder);
  return FALSE;
}

gboolean
accounts_add_group(Accounts *accounts, const char *name, gint64 gid, guint32 *out, GError **error)
{
  guint32 number;
  if (!check_name("group", name, error))
    return FALSE;
  if (g_hash_table_contains(accounts->group_names, name))
    return refuse_taken("group", name, 0, NULL, error);
  if (!choose_id(accounts->gids, "group", name, gid, &number, error))
    return FALSE;
  const char *holder = accounts_group_name(accounts, number);
  if (holder != NULL)
    return refuse_taken("group", name, number, holder, error);
  Group *group = g_new0(Group, 1);
  *group = (Group){.name = g_strdup(name),
                   .password = g_strdup("x"),
                   .gid = number,
                   .members = split_members(""),
                   .shadow_password = g_strdup("!"),
                   .administrators = g_strdup("")};
  keep_group(accounts, group);
  if (out != NULL)
    *out = number;
  return TRUE;
}

gboolean
accounts_add_user(Accounts *accounts, const AccountsUser *user, guint32 *out, GError **error)
{
  guint32 number;
  if (!check_name("user", user->name, error) || !check_field(user->name, user->gecos, error) ||
      !check_field(user->name, user->home, error) || !check_field(user->name, user->shell, error))
    return FALSE;
  if (g_hash_table_contains(accounts->user_names, user->name))
    return refuse_taken("user", user->name, 0, NULL, error);
  if (!choose_id(accounts->uids, "user", user->name, user->uid, &number, error))
    return FALSE;
  const char *holder = accounts_user_name(accounts, number);
  if (holder != NULL)
    return refuse_taken("user", user->name, number, holder, error);
  User *added = g_new0(User, 1);
  *added = (User){.name = g_strdup(user->name),
                  .password = g_strdup("!"),
                  .uid = number,
                  .gid = user->gid,
                  .gecos = g_strdup(user->gecos != NULL ? user->gecos : ""),
                  .home = g_strdup(user->home != NULL ? user->home : "/nonexistent"),
                  .shell = g_strdup(user->shell != NULL ? user->shell : "/usr/sbin/nologin"),
                  .person = user->person};
  keep_user(accounts, added);
  if (out != NULL)
    *out = number;
  return TRUE;
}

gboolean
accounts_add_member(Accounts *accounts, const char *group, const char *user, GError **error)
{
  Group *to = g_hash_table_lookup(accounts->group_names, group);
  if (to == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "group '%s' is not there", group);
    return FALSE;
  }
  if (!check_name("user", user, error))
    return FALSE;
  if (!g_ptr_array_find_with_equal_func(to->members, user, g_str_equal, NULL))
    g_ptr_array_add(to->members, g_strdup(user));
  return TRUE;
}

/* ---- writing ---- */

static void
append_members(GString *text, const GPtrArray *members)
{
  for (guint i = 0; i < members->len; i++)
    g_string_append_printf(text, "%s%s", i > 0 ? "," : "", (const char *)members->pdata[i]);
  g_string_append_c(text, '\n');
}

static void
append_shadow(GString *text, const User *user, gint64 day)
{
  if (user->shadow != NULL)
    g_string_append_printf(text, "%s:%s\n", user->name, user->shadow);
  else
    g_string_append_printf(text, "%s:%s:%" G_GINT64_FORMAT ":%s\n", user->name, user->password, day,
                           user->person ? "0:99999:7:::" : ":::::");
}

static void
put_secret(Changes *changes, const char *path, guint32 gid, const GString *text)
{
  g_autoptr(GBytes) content = g_bytes_new(text->str, text->len);
  changes_put_file(changes, path, 0640, 0, gid, content);
}

static void
write_users(const Accounts *accounts, Changes *changes, guint32 shadow_gid, gint64 day)
{
  g_autoptr(GString) passwd = g_string_new(NULL), shadow = g_string_new(NULL);
  for (guint i = 0; i < accounts->users->len; i++) {
    const User *user = accounts->users->pdata[i];
    const char *plain = user->password[0] == '!' ? "*" : user->password;
    g_string_append_printf(passwd, "%s:%s:%u:%u:%s:%s:%s\n", user->name, accounts->shadow ? "x" : plain, user->uid, user->gid,
                           user->gecos, user->home, user->shell);
    append_shadow(shadow, user, day);
  }
  changes_put_text(changes, "etc/passwd", passwd->str);
  if (accounts->shadow)
    put_secret(changes, "etc/shadow", shadow_gid, shadow);
}

static void
write_groups(const Accounts *accounts, Changes *changes, guint32 shadow_gid)
{
  g_autoptr(GString) groups = g_string_new(NULL), gshadow = g_string_new(NULL);
  for (guint i = 0; i < accounts->groups->len; i++) {
    const Group *group = accounts->groups->pdata[i];
    g_string_append_printf(groups, "%s:%s:%u:", group->name, accounts->shadow ? "x" : group->password, group->gid);
    append_members(groups, group->members);
    g_string_append_printf(gshadow, "%s:%s:%s:", group->name,
                           group->shadow_password != NULL ? group->shadow_password : group->password,
                           group->administrators != NULL ? group->administrators : "");
    append_members(gshadow, group->members);
  }
  changes_put_text(changes, "etc/group", groups->str);
  if (accounts->shadow)
    put_secret(changes, "etc/gshadow", shadow_gid, gshadow);
}

void
accounts_write(const Accounts *accounts, Changes *changes, gint64 epoch)
{
  guint32 shadow_gid = 0;
  accounts_find_group(accounts, "shadow", &shadow_gid);
  write_users(accounts, changes, shadow_gid, MAX(epoch, 0) / SECONDS_A_DAY);
  write_groups(accounts, changes, shadow_gid);
}
