/* SPDX-License-Identifier: Apache-2.0
 *
 * chmod(1), chown(1), chgrp(1).
 */
#include "builder/sources/debian/native-options.h"

#include <string.h>

static guint32
class_bits(const char *classes, gsize n)
{
  guint32 bits = 0;
  for (gsize i = 0; i < n; i++)
    bits |= classes[i] == 'u' ? 04700 : classes[i] == 'g' ? 02070 : classes[i] == 'o' ? 01007 : 07777;
  return bits;
}

/* chmod(1)'s modes: octal, or clauses with u, g, o, a; rwxXst. */
gboolean
native_change_mode(const char *spec, gboolean folder, guint32 *mode)
{
  guint64 number;
  if (g_ascii_string_to_unsigned(spec, 8, 0, 07777, &number, NULL)) {
    /* a folder keeps setuid and setgid, unless the number has five digits */
    *mode = (guint32)number | (folder && strlen(spec) < 5 ? *mode & 06000 : 0);
    return TRUE;
  }
  g_auto(GStrv) clauses = g_strsplit(spec, ",", -1);
  for (guint i = 0; clauses[i] != NULL; i++) {
    gsize n = strspn(clauses[i], "ugoa");
    char op = clauses[i][n];
    const char *letters = clauses[i] + n + (op != '\0');
    guint32 bits = 0, classes = class_bits(clauses[i], n);
    if (n == 0 || op == '\0' || strchr("+-=", op) == NULL || letters[strspn(letters, "rwxXst")] != '\0')
      return FALSE;
    for (const char *c = letters; *c != '\0'; c++)
      bits |= *c == 'r'                                    ? 0444
              : *c == 'w'                                  ? 0222
              : *c == 's'                                  ? 06000
              : *c == 't'                                  ? 01000
              : *c == 'x' || folder || (*mode & 0111) != 0 ? 0111
                                                           : 0;
    bits &= classes;
    *mode = op == '+' ? *mode | bits : op == '-' ? *mode & ~bits : (*mode & ~(classes & 0777)) | bits;
  }
  return TRUE;
}

static gboolean
find_user(const Accounts *accounts, const char *name, guint32 *uid)
{
  return accounts_find_user(accounts, name, uid, NULL) || accounts_parse_id(name, uid);
}

static gboolean
find_group(const Accounts *accounts, const char *name, guint32 *gid)
{
  return accounts_find_group(accounts, name, gid) || accounts_parse_id(name, gid);
}

/* root is there even in an image without base-passwd; whether the others would be cannot be told. */
static gboolean
read_without_base(Shell *shell, const char *user, const char *group, guint32 *uid, guint32 *gid)
{
  gboolean root = (*user == '\0' || strcmp(user, "root") == 0) && (*group == '\0' || strcmp(group, "root") == 0);
  if (!root)
    shell_give_up(shell, g_strdup_printf("an owner '%s:%s' of base-passwd, which is not there", user, group));
  *uid = *user != '\0' ? 0 : *uid;
  *gid = *group != '\0' ? 0 : *gid;
  return root;
}

gboolean
native_read_owner(Native *native, Shell *shell, const char *spec, guint32 *uid, guint32 *gid)
{
  const Accounts *accounts = native->configuration.accounts;
  gsize length = strcspn(spec, ":.");
  g_autofree char *user = g_strndup(spec, length);
  const char *group = spec[length] != '\0' ? spec + length + 1 : "";
  if ((*user == '\0' || find_user(accounts, user, uid)) && (*group == '\0' || find_group(accounts, group, gid)))
    return TRUE;
  return accounts_user_name(accounts, 0) == NULL && read_without_base(shell, user, group, uid, gid);
}

/* chmod, chown and chgrp: what becomes of an entry's attributes; FALSE: that fails. */
typedef gboolean (*Alter)(Native *native, Shell *shell, const char *spec, const Entry *entry, Entry *changed);

static gboolean
alter_mode(Native *native, Shell *shell, const char *spec, const Entry *entry, Entry *changed)
{
  (void)native;
  (void)shell;
  return native_change_mode(spec, entry->type == ENTRY_DIRECTORY, &changed->mode);
}

static gboolean
alter_owner(Native *native, Shell *shell, const char *spec, const Entry *entry, Entry *changed)
{
  if (!native_read_owner(native, shell, spec, &changed->uid, &changed->gid))
    return FALSE;
  /* what the kernel does when a file gets another owner */
  if (entry->type == ENTRY_FILE && (entry->uid != changed->uid || entry->gid != changed->gid))
    changed->mode &= ~((changed->mode & 010) != 0 ? 06000u : 04000u);
  return TRUE;
}

static gboolean
alter_group(Native *native, Shell *shell, const char *spec, const Entry *entry, Entry *changed)
{
  g_autofree char *owner = g_strconcat(":", spec, NULL);
  return alter_owner(native, shell, owner, entry, changed);
}

static int
alter_tree(Native *native, Shell *shell, const char *path, const char *spec, Alter alter, gboolean deep)
{
  g_autofree char *real = NULL;
  const Entry *entry = native_find(native, shell, path, !deep, &real);
  if (entry == NULL)
    return 1;
  if (entry->type == ENTRY_SYMLINK)
    return 0;
  Entry changed = *entry;
  gboolean folder = entry->type == ENTRY_DIRECTORY;
  if (!alter(native, shell, spec, entry, &changed))
    return 1;
  g_auto(GStrv) names = deep && folder ? native_list(native, shell, path) : NULL;
  int status = native_change(native, shell, real, changed.mode, changed.uid, changed.gid) ? 0 : 1;
  for (guint i = 0; names != NULL && names[i] != NULL && shell_unknown(shell) == NULL; i++) {
    g_autofree char *below = g_strconcat(path, "/", names[i], NULL);
    status |= alter_tree(native, shell, below, spec, alter, TRUE);
  }
  return status;
}

static int
alter_all(Native *native, Shell *shell, char **words, Alter alter)
{
  NativeOptions options = {.flags = "fRcvh", .values = ""};
  int status = 0;
  gboolean understood = native_options_read(shell, words, &options, "R=recursive f=silent f=quiet h=no-dereference");
  if (understood && native_given(&options, 'h'))
    status = shell_give_up(shell, g_strdup("changes the owner of a link"));
  else if (!understood || options.operands[0] == NULL || options.operands[1] == NULL)
    status = 1;
  for (guint i = 1; status == 0 && options.operands[i] != NULL; i++)
    status = alter_tree(native, shell, options.operands[i], options.operands[0], alter, native_given(&options, 'R'));
  g_free(options.operands);
  return status;
}

static int
run_chmod(Native *native, Shell *shell, char **words)
{
  /* "-x" and its like are modes, not options */
  if (words[1] != NULL && words[1][0] == '-' && strspn(words[1] + 1, "rwxXst") > 0)
    return shell_give_up(shell, g_strdup_printf("chmod %s", words[1]));
  return alter_all(native, shell, words, alter_mode);
}

static int
run_chown(Native *native, Shell *shell, char **words)
{
  return alter_all(native, shell, words, alter_owner);
}

static int
run_chgrp(Native *native, Shell *shell, char **words)
{
  return alter_all(native, shell, words, alter_group);
}

const NativeCommand native_mode_commands[] = {
  {"chmod", run_chmod, NULL},
  {"chown", run_chown, NULL},
  {"chgrp", run_chgrp, NULL},
  {NULL, NULL, NULL},
};
