/* SPDX-License-Identifier: Apache-2.0
 *
 * What maintainer scripts do to files: mkdir, cp, chmod and their like, in the forms that scripts use. An option that is not
 * known ends the run.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

/* ---- options ---- */

typedef struct {
  const char *flags;  /* letters without a value, those that were given are in @given */
  const char *values; /* letters with one */
  char given[64];
  const char *value[64]; /* by place in @values */
  char **operands;       /* what is no option; NULL-terminated (its container is ours) */
} Options;

/* "--parents" and its like, as the letter that they are: "p=parents m:mode". */
static gboolean
long_option(const char *name, const char *spelled, char *letter, gboolean *valued)
{
  g_auto(GStrv) pairs = g_strsplit(spelled, " ", -1);
  for (guint i = 0; pairs[i] != NULL; i++)
    if (pairs[i][0] != '\0' && strcmp(pairs[i] + 2, name) == 0) {
      *letter = pairs[i][0];
      *valued = pairs[i][1] == ':';
      return TRUE;
    }
  return FALSE;
}

static gboolean
take_letter(Options *options, char letter, const char *value)
{
  const char *valued = strchr(options->values, letter);
  if (valued != NULL && value != NULL) {
    options->value[valued - options->values] = value;
    return TRUE;
  }
  gsize n = strlen(options->given);
  if (valued != NULL || strchr(options->flags, letter) == NULL || n + 1 >= sizeof options->given)
    return FALSE;
  options->given[n] = letter;
  return TRUE;
}

static gboolean
take_option(Options *options, char **words, guint *i, const char *spelled)
{
  const char *word = words[*i];
  if (word[1] == '-') {
    g_autofree char *name = g_strndup(word + 2, strcspn(word + 2, "="));
    const char *value = strchr(word, '=');
    char letter;
    gboolean valued;
    if (!long_option(name, spelled, &letter, &valued))
      return FALSE;
    return take_letter(options, letter, !valued ? NULL : value != NULL ? value + 1 : words[++*i]);
  }
  for (const char *letter = word + 1; *letter != '\0'; letter++) {
    gboolean valued = strchr(options->values, *letter) != NULL;
    const char *value = !valued ? NULL : letter[1] != '\0' ? letter + 1 : words[++*i];
    if (!take_letter(options, *letter, value))
      return FALSE;
    if (valued)
      break;
  }
  return TRUE;
}

/* @spelled: "p=parents m:mode ..." */
static gboolean
read_options(Shell *shell, char **words, Options *options, const char *spelled)
{
  GPtrArray *operands = g_ptr_array_new();
  gboolean known = TRUE, over = FALSE;
  for (guint i = 1; words[i] != NULL && known; i++) {
    if (!over && strcmp(words[i], "--") == 0)
      over = TRUE;
    else if (over || words[i][0] != '-' || words[i][1] == '\0')
      g_ptr_array_add(operands, words[i]);
    else
      known = take_option(options, words, &i, spelled);
    if (words[i] == NULL)
      break;
  }
  g_ptr_array_add(operands, NULL);
  options->operands = (char **)g_ptr_array_free(operands, FALSE);
  if (!known)
    native_unknown_call(shell, words);
  return known;
}

static gboolean
given(const Options *options, char letter)
{
  return strchr(options->given, letter) != NULL;
}

static const char *
option_value(const Options *options, char letter)
{
  return options->value[strchr(options->values, letter) - options->values];
}

/* ---- modes and owners ---- */

static guint32
class_bits(const char *classes, gsize n)
{
  guint32 bits = 0;
  for (gsize i = 0; i < n; i++)
    bits |= classes[i] == 'u' ? 04700 : classes[i] == 'g' ? 02070 : classes[i] == 'o' ? 01007 : 07777;
  return bits;
}

/* chmod(1)'s modes: octal, or clauses with u, g, o, a; rwxXst. */
static gboolean
change_mode(const char *spec, gboolean folder, guint32 *mode)
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

/* "user:group", "user", ":group", numbers too. */
static gboolean
read_owner(Native *native, const char *spec, gboolean group_only, guint32 *uid, guint32 *gid)
{
  const Accounts *accounts = native->configuration.accounts;
  const char *colon = group_only ? spec - 1 : strpbrk(spec, ":.");
  g_autofree char *user = group_only ? g_strdup("") : colon != NULL ? g_strndup(spec, (gsize)(colon - spec)) : g_strdup(spec);
  const char *group = group_only ? spec : colon != NULL ? colon + 1 : "";
  guint64 number;
  if (*user != '\0' && !accounts_find_user(accounts, user, uid, NULL)) {
    if (!g_ascii_string_to_unsigned(user, 10, 0, G_MAXUINT32 - 1, &number, NULL))
      return FALSE;
    *uid = (guint32)number;
  }
  if (*group != '\0' && !accounts_find_group(accounts, group, gid)) {
    if (!g_ascii_string_to_unsigned(group, 10, 0, G_MAXUINT32 - 1, &number, NULL))
      return FALSE;
    *gid = (guint32)number;
  }
  return TRUE;
}

typedef gboolean (*Alter)(Native *native, const char *spec, const Entry *entry, guint32 *mode, guint32 *uid, guint32 *gid);

static gboolean
alter_mode(Native *native, const char *spec, const Entry *entry, guint32 *mode, guint32 *uid, guint32 *gid)
{
  (void)native;
  (void)uid;
  (void)gid;
  return change_mode(spec, entry->type == ENTRY_DIRECTORY, mode);
}

static gboolean
alter_owner(Native *native, const char *spec, const Entry *entry, guint32 *mode, guint32 *uid, guint32 *gid)
{
  guint32 old_uid = *uid, old_gid = *gid;
  if (!read_owner(native, spec, FALSE, uid, gid))
    return FALSE;
  /* what the kernel does when a file gets another owner */
  if (entry->type == ENTRY_FILE && (old_uid != *uid || old_gid != *gid))
    *mode &= ~((*mode & 010) != 0 ? 06000u : 04000u);
  return TRUE;
}

static gboolean
alter_group(Native *native, const char *spec, const Entry *entry, guint32 *mode, guint32 *uid, guint32 *gid)
{
  g_autofree char *owner = g_strconcat(":", spec, NULL);
  return alter_owner(native, owner, entry, mode, uid, gid);
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
  guint32 mode = entry->mode, uid = entry->uid, gid = entry->gid;
  gboolean folder = entry->type == ENTRY_DIRECTORY;
  if (!alter(native, spec, entry, &mode, &uid, &gid))
    return 1;
  g_auto(GStrv) names = deep && folder ? native_list(native, shell, path) : NULL;
  int status = native_change(native, shell, real, mode, uid, gid) ? 0 : 1;
  for (guint i = 0; names != NULL && names[i] != NULL && shell_unknown(shell) == NULL; i++) {
    g_autofree char *below = g_strconcat(path, "/", names[i], NULL);
    status |= alter_tree(native, shell, below, spec, alter, TRUE);
  }
  return status;
}

static int
alter_all(Native *native, Shell *shell, char **words, Alter alter)
{
  Options options = {.flags = "fRcvh", .values = ""};
  int status = 0;
  if (!read_options(shell, words, &options, "R=recursive f=silent f=quiet h=no-dereference"))
    status = 1;
  else if (given(&options, 'h'))
    status = shell_give_up(shell, g_strdup("changes the owner of a link"));
  else if (options.operands[0] == NULL || options.operands[1] == NULL)
    status = 1;
  for (guint i = 1; status == 0 && options.operands[i] != NULL; i++)
    status = alter_tree(native, shell, options.operands[i], options.operands[0], alter, given(&options, 'R'));
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

/* ---- folders ---- */

static int
make_folder(Native *native, Shell *shell, const char *word, gboolean parents, const char *spec)
{
  guint32 mode = 0777 & ~shell_umask(shell);
  if (native_find(native, shell, word, TRUE, NULL) != NULL)
    return parents ? 0 : 1;
  if (spec != NULL && !change_mode(spec, FALSE, &mode))
    return shell_give_up(shell, g_strdup_printf("mkdir -m %s", spec));
  if (parents) {
    g_autofree char *path = native_path(native, shell, word);
    native_make_path(native, shell, path, mode);
    return 0;
  }
  g_autofree char *real = native_place(native, shell, word);
  if (real == NULL)
    return 1;
  changes_put_directory(native->configuration.changes, real, mode, 0, 0);
  native_put(native, real);
  return 0;
}

static int
run_mkdir(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "pv", .values = "m"};
  int status = read_options(shell, words, &options, "p=parents m:mode v=verbose") ? 0 : 1;
  for (guint i = 0; status == 0 && options.operands[i] != NULL; i++)
    status = make_folder(native, shell, options.operands[i], given(&options, 'p'), option_value(&options, 'm'));
  g_free(options.operands);
  return status;
}

/* 0: removed; 1: it is not there, or not empty. */
static int
remove_folder(Native *native, Shell *shell, const char *word)
{
  g_autofree char *real = NULL;
  const Entry *entry = native_find(native, shell, word, FALSE, &real);
  if (entry == NULL || entry->type != ENTRY_DIRECTORY)
    return 1;
  g_auto(GStrv) names = native_list(native, shell, word);
  if (names != NULL && names[0] != NULL)
    return 2;
  native_remove(native, shell, real);
  return 0;
}

static int
run_rmdir(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "ipv", .values = ""};
  int status = read_options(shell, words, &options, "i=ignore-fail-on-non-empty p=parents v=verbose") ? 0 : 1;
  for (guint i = 0; status == 0 && options.operands[i] != NULL; i++) {
    int one = remove_folder(native, shell, options.operands[i]);
    if (one == 0 && given(&options, 'p'))
      status = shell_give_up(shell, g_strdup("rmdir -p"));
    else
      status = one == 0 || (one == 2 && given(&options, 'i')) ? status : 1;
  }
  g_free(options.operands);
  return status;
}

/* ---- removing ---- */

static int
remove_one(Native *native, Shell *shell, const char *word, gboolean deep, gboolean force)
{
  g_autofree char *real = NULL;
  const Entry *entry = native_find(native, shell, word, FALSE, &real);
  if (entry == NULL)
    return force ? 0 : 1;
  if (entry->type == ENTRY_DIRECTORY) {
    if (!deep)
      return 1;
    g_auto(GStrv) names = native_list(native, shell, word);
    for (guint i = 0; names != NULL && names[i] != NULL && shell_unknown(shell) == NULL; i++) {
      g_autofree char *below = g_strconcat(word, "/", names[i], NULL);
      remove_one(native, shell, below, TRUE, TRUE);
    }
  }
  native_remove(native, shell, real);
  return 0;
}

static int
run_rm(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "frRv", .values = ""};
  int status = read_options(shell, words, &options, "f=force r=recursive v=verbose") ? 0 : 1;
  gboolean deep = given(&options, 'r') || given(&options, 'R');
  for (guint i = 0; options.operands[i] != NULL && shell_unknown(shell) == NULL; i++)
    status |= remove_one(native, shell, options.operands[i], deep, given(&options, 'f'));
  g_free(options.operands);
  return status;
}

/* ---- copying ---- */

/* @word, or what it would be called in the folder @word (transfer full). */
static char *
destination(Native *native, Shell *shell, const char *word, const char *source, gboolean follow)
{
  const Entry *entry = native_find(native, shell, word, follow, NULL);
  if (entry == NULL || entry->type != ENTRY_DIRECTORY)
    return g_strdup(word);
  g_autofree char *name = g_path_get_basename(source);
  return g_strconcat(word, "/", name, NULL);
}

/* Copies a file or link; what is there is replaced. */
static int
copy_one(Native *native, Shell *shell, const char *from, const char *to, gboolean follow, gboolean preserve)
{
  g_autofree char *real = NULL, *target = NULL, *old = NULL;
  const Entry *entry = native_find(native, shell, from, follow, &real);
  if (entry == NULL)
    return 1;
  if (entry->type == ENTRY_SYMLINK) {
    target = native_place(native, shell, to);
    if (target == NULL || native_find(native, shell, to, FALSE, NULL) != NULL)
      return shell_give_up(shell, g_strdup_printf("copies a link to '%.100s'", to));
    changes_put_symlink(native->configuration.changes, target, entry->target);
    native_put(native, target);
    return 0;
  }
  if (entry->type != ENTRY_FILE && entry->type != ENTRY_HARDLINK)
    return shell_give_up(shell, g_strdup_printf("copies '%.100s', which is no file", from));
  guint32 mode = entry->mode, uid = entry->uid, gid = entry->gid;
  g_autoptr(GBytes) content = native_read(native, shell, from);
  gboolean there = native_find(native, shell, to, TRUE, &old) != NULL;
  if (content == NULL || !native_write(native, shell, to, content))
    return 1;
  const Entry *made = native_find(native, shell, to, TRUE, &target);
  if (made == NULL || target == NULL || (there && !preserve) || g_str_has_prefix(target, "etc/passwd") ||
      strcmp(target, "etc/group") == 0)
    return 0;
  guint32 plain = mode & 0777 & ~shell_umask(shell);
  return native_change(native, shell, target, preserve ? mode : plain, preserve ? uid : made->uid, preserve ? gid : made->gid)
           ? 0
           : 1;
}

static int
run_cp(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "apdfnPLZvT", .values = ""};
  int status = read_options(shell, words, &options, "p=preserve a=archive f=force n=no-clobber v=verbose d=no-dereference") ? 0
                                                                                                                            : 1;
  guint n = g_strv_length(options.operands);
  gboolean preserve = given(&options, 'p') || given(&options, 'a');
  gboolean follow = !(given(&options, 'a') || given(&options, 'd') || given(&options, 'P'));
  if (given(&options, 'Z') && status == 0)
    status = 1; /* no SELinux: "cp: cannot set default security context" */
  else if (n < 2)
    status = 1;
  for (guint i = 0; status == 0 && i + 1 < n; i++) {
    g_autofree char *to = destination(native, shell, options.operands[n - 1], options.operands[i], TRUE);
    if (!given(&options, 'n') || native_find(native, shell, to, FALSE, NULL) == NULL)
      status = copy_one(native, shell, options.operands[i], to, follow, preserve);
  }
  g_free(options.operands);
  return status;
}

static int
move_one(Native *native, Shell *shell, const char *from, const char *to)
{
  g_autofree char *real = NULL, *old = NULL;
  const Entry *entry = native_find(native, shell, from, FALSE, &real);
  if (entry == NULL)
    return 1;
  if (entry->type == ENTRY_DIRECTORY || entry->type == ENTRY_HARDLINK)
    return shell_give_up(shell, g_strdup_printf("moves '%.100s'", from));
  g_autofree char *place = native_place(native, shell, to);
  const Entry *there = native_find(native, shell, to, FALSE, &old);
  if (place == NULL || (there != NULL && there->type == ENTRY_DIRECTORY))
    return 1;
  Entry copy = *entry;
  g_autofree char *target = g_strdup(entry->target);
  copy.path = place;
  copy.target = target;
  g_autoptr(GBytes) content = entry->type == ENTRY_FILE ? native_read(native, shell, from) : NULL;
  if (entry->type == ENTRY_FILE && content == NULL)
    return 1;
  changes_put_copy(native->configuration.changes, place, &copy, content);
  native_put(native, place);
  native_remove(native, shell, real);
  return 0;
}

static int
run_mv(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "fnvZT", .values = ""};
  int status = read_options(shell, words, &options, "f=force n=no-clobber v=verbose") ? 0 : 1;
  guint n = g_strv_length(options.operands);
  if (n < 2)
    status = 1;
  for (guint i = 0; status == 0 && i + 1 < n; i++) {
    g_autofree char *to = destination(native, shell, options.operands[n - 1], options.operands[i], TRUE);
    if (!given(&options, 'n') || native_find(native, shell, to, FALSE, NULL) == NULL)
      status = move_one(native, shell, options.operands[i], to);
  }
  g_free(options.operands);
  return status;
}

static int
run_ln(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "sfnvT", .values = ""};
  int status = read_options(shell, words, &options, "s=symbolic f=force n=no-dereference v=verbose T=no-target-directory") ? 0
                                                                                                                           : 1;
  guint n = g_strv_length(options.operands);
  if (status == 0 && (!given(&options, 's') || n < 1 || n > 2))
    status = shell_give_up(shell, g_strdup("a hard link"));
  if (status == 0) {
    gboolean follow = !given(&options, 'n') && !given(&options, 'T');
    g_autofree char *to = destination(native, shell, n == 2 ? options.operands[1] : ".", options.operands[0], follow);
    g_autofree char *place = native_place(native, shell, to);
    const Entry *there = native_find(native, shell, to, FALSE, NULL);
    if (place == NULL || (there != NULL && (!given(&options, 'f') || there->type == ENTRY_DIRECTORY))) {
      status = 1;
    } else {
      changes_put_symlink(native->configuration.changes, place, options.operands[0]);
      native_put(native, place);
    }
  }
  g_free(options.operands);
  return status;
}

/* ---- install, touch ---- */

static int
install_one(Native *native, Shell *shell, const char *word, const Options *options, const char *fallback)
{
  g_autofree char *real = NULL;
  const Entry *entry = native_find(native, shell, word, TRUE, &real);
  const char *spec = option_value(options, 'm'), *owner = option_value(options, 'o'), *group = option_value(options, 'g');
  if (entry == NULL)
    return 1;
  guint32 mode = 0, uid = entry->uid, gid = entry->gid;
  if (!change_mode(spec != NULL ? spec : fallback, FALSE, &mode) ||
      (owner != NULL && !read_owner(native, owner, FALSE, &uid, &gid)) ||
      (group != NULL && !read_owner(native, group, TRUE, &uid, &gid)))
    return 1;
  return native_change(native, shell, real, mode, uid, gid) ? 0 : 1;
}

static int
install_file(Native *native, Shell *shell, const char *from, const char *to, const Options *options)
{
  g_autoptr(GBytes) content = native_read(native, shell, from);
  g_autofree char *real = NULL;
  if (content == NULL)
    return 1;
  if (native_find(native, shell, to, FALSE, &real) != NULL && real != NULL)
    native_remove(native, shell, real);
  return native_write(native, shell, to, content) ? install_one(native, shell, to, options, "0755") : 1;
}

static int
run_install(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "dvDpTc", .values = "mog"};
  int status = read_options(shell, words, &options, "d=directory m:mode o:owner g:group v=verbose") ? 0 : 1;
  guint n = g_strv_length(options.operands);
  if (status == 0 && given(&options, 'D'))
    status = shell_give_up(shell, g_strdup("install -D"));
  if (given(&options, 'd')) {
    for (guint i = 0; status == 0 && i < n; i++) {
      g_autofree char *path = native_path(native, shell, options.operands[i]);
      native_make_path(native, shell, path, 0755);
      status = install_one(native, shell, options.operands[i], &options, "0755");
    }
  } else {
    for (guint i = 0; status == 0 && i + 1 < n; i++) {
      g_autofree char *to = destination(native, shell, options.operands[n - 1], options.operands[i], TRUE);
      status = install_file(native, shell, options.operands[i], to, &options);
    }
  }
  g_free(options.operands);
  return status;
}

static int
run_touch(Native *native, Shell *shell, char **words)
{
  /* times are not kept: what is there stays as it is */
  Options options = {.flags = "achm", .values = "rdt"};
  int status = read_options(shell, words, &options, "h=no-dereference r:reference c=no-create d:date") ? 0 : 1;
  g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
  for (guint i = 0; status == 0 && options.operands[i] != NULL; i++)
    if (native_find(native, shell, options.operands[i], !given(&options, 'h'), NULL) == NULL && !given(&options, 'c'))
      status = native_write(native, shell, options.operands[i], nothing) ? 0 : 1;
  g_free(options.operands);
  return status;
}

static int
run_mktemp(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "dtqu", .values = "p"};
  int status = read_options(shell, words, &options, "d=directory") ? 0 : 1;
  if (status == 0 && (options.operands[0] != NULL || given(&options, 'u') || given(&options, 't')))
    status = shell_give_up(shell, g_strdup("mktemp with a template"));
  g_free(options.operands);
  if (status != 0)
    return status;
  g_autofree char *path = g_strdup_printf("/tmp/tmp.%010u", ++native->temporaries);
  g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
  if (native_find(native, shell, "/tmp", TRUE, NULL) == NULL)
    return 1;
  if (given(&options, 'd'))
    changes_put_directory(native->configuration.changes, path + 1, 0700, 0, 0);
  else
    changes_put_file(native->configuration.changes, path + 1, 0600, 0, 0, nothing);
  shell_print(shell, path);
  shell_print(shell, "\n");
  return 0;
}

/* ---- looking ---- */

static int
run_readlink(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "fenqsv", .values = ""};
  int status = read_options(shell, words, &options, "f=canonicalize e=canonicalize-existing n=no-newline") ? 0 : 1;
  const char *word = options.operands[0];
  if (status == 0 && (word == NULL || options.operands[1] != NULL))
    status = 1;
  if (status == 0) {
    gboolean whole = given(&options, 'f') || given(&options, 'e');
    g_autofree char *real = NULL, *place = NULL;
    const Entry *entry = native_find(native, shell, word, whole, &real);
    if (whole && entry == NULL && given(&options, 'f'))
      place = native_place(native, shell, word);
    const char *path = real != NULL ? real : place;
    if (whole ? path == NULL : entry == NULL || entry->type != ENTRY_SYMLINK) {
      status = 1;
    } else {
      shell_print(shell, whole ? "/" : entry->target);
      shell_print(shell, whole ? path : "");
      shell_print(shell, given(&options, 'n') ? "" : "\n");
    }
  }
  g_free(options.operands);
  return status;
}

static int
run_realpath(Native *native, Shell *shell, char **words)
{
  char *const link[] = {(char *)"readlink", (char *)"-f", words[1], NULL};
  if (words[1] == NULL || words[1][0] == '-' || words[2] != NULL)
    return shell_give_up(shell, g_strdup_printf("%s with options", words[0]));
  return run_readlink(native, shell, (char **)link);
}

static const char *
stat_field(Native *native, const Entry *entry, char field, char *buffer, gsize size)
{
  const Accounts *accounts = native->configuration.accounts;
  const char *name = field == 'U'   ? accounts_user_name(accounts, entry->uid)
                     : field == 'G' ? accounts_group_name(accounts, entry->gid)
                                    : NULL;
  if (field == 'U' || field == 'G')
    return name != NULL ? name : "UNKNOWN";
  if (field == 'a')
    g_snprintf(buffer, size, "%o", entry->mode);
  else if (field == 'u' || field == 'g')
    g_snprintf(buffer, size, "%u", field == 'u' ? entry->uid : entry->gid);
  else if (field == 's' && entry->type == ENTRY_FILE)
    g_snprintf(buffer, size, "%" G_GUINT64_FORMAT, entry->size);
  else
    return NULL;
  return buffer;
}

static int
run_stat(Native *native, Shell *shell, char **words)
{
  Options options = {.flags = "L", .values = "c"};
  int status = read_options(shell, words, &options, "c:format L=dereference") ? 0 : 1;
  const char *format = option_value(&options, 'c');
  if (status == 0 && (format == NULL || options.operands[0] == NULL || options.operands[1] != NULL))
    status = shell_give_up(shell, g_strdup("stat without a format"));
  const Entry *entry = status == 0 ? native_find(native, shell, options.operands[0], given(&options, 'L'), NULL) : NULL;
  if (entry == NULL)
    status = 1;
  for (const char *c = format; status == 0 && *c != '\0'; c++) {
    char buffer[32] = {*c, '\0'};
    const char *text = *c != '%' ? buffer : stat_field(native, entry, *++c, buffer, sizeof buffer);
    if (text == NULL)
      status = shell_give_up(shell, g_strdup_printf("stat -c '%s'", format));
    else
      shell_print(shell, text);
    if (*c == '\0')
      break;
  }
  if (status == 0)
    shell_print(shell, "\n");
  g_free(options.operands);
  return status;
}

static gboolean
has_type(const Entry *entry, char op)
{
  switch (op) {
  case 'd':
    return entry->type == ENTRY_DIRECTORY;
  case 'f':
    return entry->type == ENTRY_FILE || entry->type == ENTRY_HARDLINK;
  case 'h':
  case 'L':
    return entry->type == ENTRY_SYMLINK;
  case 'b':
    return entry->type == ENTRY_BLOCK;
  case 'c':
    return entry->type == ENTRY_CHAR;
  case 'p':
    return entry->type == ENTRY_FIFO;
  case 'S':
    return FALSE;
  case 'u':
    return (entry->mode & 04000) != 0;
  case 'g':
    return (entry->mode & 02000) != 0;
  case 'k':
    return (entry->mode & 01000) != 0;
  case 'x':
    return entry->type == ENTRY_DIRECTORY || (entry->mode & 0111) != 0;
  default:
    return TRUE; /* e, r, w: root may */
  }
}

/* From the shell: what test(1) asks of files. */
static int
run_test(Native *native, Shell *shell, char **words)
{
  if (words[1] == NULL || words[2] == NULL)
    return 2;
  if (words[3] != NULL) {
    const Entry *left = native_find(native, shell, words[1], TRUE, NULL),
                *right = native_find(native, shell, words[3], TRUE, NULL);
    if (left != NULL && right != NULL)
      shell_give_up(shell, g_strdup("compares two files' times"));
    return strcmp(words[2], "-nt") == 0 ? left == NULL : strcmp(words[2], "-ot") == 0 ? right == NULL : 1;
  }
  char op = words[1][1];
  const Entry *entry = *words[2] != '\0' ? native_find(native, shell, words[2], strchr("hL", op) == NULL, NULL) : NULL;
  if (strchr("OGN", op) != NULL)
    shell_give_up(shell, g_strdup_printf("test %s", words[1]));
  if (op == 's' && entry != NULL && entry->type == ENTRY_FILE) {
    g_autoptr(GBytes) content = native_read(native, shell, words[2]);
    return content != NULL && g_bytes_get_size(content) > 0 ? 0 : 1;
  }
  return entry != NULL && has_type(entry, op) ? 0 : 1;
}

static int
run_cd(Native *native, Shell *shell, char **words)
{
  g_autofree char *real = NULL;
  const Entry *entry = words[1] != NULL ? native_find(native, shell, words[1], TRUE, &real) : NULL;
  if (entry == NULL || entry->type != ENTRY_DIRECTORY)
    return 1;
  g_autofree char *folder = g_strconcat("/", real, NULL);
  shell_set_folder(shell, folder);
  return 0;
}

/* "which NAME" and "command -v NAME" */
static int
run_which(Native *native, Shell *shell, char **words)
{
  int status = 0;
  gboolean option = words[1] != NULL && words[1][0] == '-';
  for (guint i = 1 + option; words[i] != NULL; i++) {
    g_autofree char *program = native_program(native, shell, words[i]);
    if (program == NULL) {
      status = strcmp(words[0], "command") == 0 ? 127 : 1;
      continue;
    }
    shell_print(shell, program);
    shell_print(shell, "\n");
  }
  return status;
}

const NativeCommand native_file_commands[] = {
  {"chmod", run_chmod, NULL},
  {"chown", run_chown, NULL},
  {"chgrp", run_chgrp, NULL},
  {"mkdir", run_mkdir, NULL},
  {"rmdir", run_rmdir, NULL},
  {"rm", run_rm, NULL},
  {"cp", run_cp, NULL},
  {"mv", run_mv, NULL},
  {"ln", run_ln, NULL},
  {"install", run_install, NULL},
  {"touch", run_touch, NULL},
  {"mktemp", run_mktemp, NULL},
  {"readlink", run_readlink, NULL},
  {"realpath", run_realpath, NULL},
  {"dpkg-realpath", run_realpath, NULL},
  {"stat", run_stat, NULL},
  {"test", run_test, NULL},
  {"cd", run_cd, NULL},
  {"which", run_which, NULL},
  {"command", run_which, NULL},
  {NULL, NULL, NULL},
};
