/* SPDX-License-Identifier: Apache-2.0
 *
 * What maintainer scripts do to files: mkdir, cp, chmod and their like, in the forms that scripts use. An option that is not
 * known ends the run.
 */
#include "builder/sources/debian/native-options.h"

#include <string.h>

/* ---- folders ---- */

static int
make_folder(Native *native, Shell *shell, const char *word, gboolean parents, const char *spec)
{
  guint32 mode = 0777 & ~shell_umask(shell);
  if (native_find(native, shell, word, TRUE, NULL) != NULL)
    return parents ? 0 : 1;
  if (spec != NULL && !native_change_mode(spec, FALSE, &mode))
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
  NativeOptions options = {.flags = "pvZ", .values = "m"};
  int status = native_options_read(shell, words, &options, "p=parents m:mode v=verbose") && options.operands[0] != NULL ? 0 : 1;
  for (guint i = 0; status == 0 && options.operands[i] != NULL; i++)
    status = make_folder(native, shell, options.operands[i], native_given(&options, 'p'), native_option_value(&options, 'm'));
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
  NativeOptions options = {.flags = "ipv", .values = ""};
  int status = native_options_read(shell, words, &options, "i=ignore-fail-on-non-empty p=parents v=verbose") ? 0 : 1;
  for (guint i = 0; status == 0 && options.operands[i] != NULL; i++) {
    int one = remove_folder(native, shell, options.operands[i]);
    if (one == 0 && native_given(&options, 'p'))
      status = shell_give_up(shell, g_strdup("rmdir -p"));
    else
      status = one == 0 || (one == 2 && native_given(&options, 'i')) ? status : 1;
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
  NativeOptions options = {.flags = "frRv", .values = ""};
  int status = native_options_read(shell, words, &options, "f=force r=recursive v=verbose") ? 0 : 1;
  gboolean deep = native_given(&options, 'r') || native_given(&options, 'R');
  for (guint i = 0; options.operands[i] != NULL && shell_unknown(shell) == NULL; i++)
    status |= remove_one(native, shell, options.operands[i], deep, native_given(&options, 'f'));
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
  NativeOptions options = {.flags = "apdfnPLZvT", .values = ""};
  int status =
    native_options_read(shell, words, &options, "p=preserve a=archive f=force n=no-clobber v=verbose d=no-dereference") ? 0 : 1;
  guint n = g_strv_length(options.operands);
  gboolean preserve = native_given(&options, 'p') || native_given(&options, 'a');
  gboolean follow = !(native_given(&options, 'a') || native_given(&options, 'd') || native_given(&options, 'P'));
  if (n < 2)
    status = 1;
  for (guint i = 0; status == 0 && i + 1 < n; i++) {
    g_autofree char *to = destination(native, shell, options.operands[n - 1], options.operands[i], TRUE);
    if (!native_given(&options, 'n') || native_find(native, shell, to, FALSE, NULL) == NULL)
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
  NativeOptions options = {.flags = "fnvZT", .values = ""};
  int status = native_options_read(shell, words, &options, "f=force n=no-clobber v=verbose") ? 0 : 1;
  guint n = g_strv_length(options.operands);
  if (n < 2)
    status = 1;
  for (guint i = 0; status == 0 && i + 1 < n; i++) {
    g_autofree char *to = destination(native, shell, options.operands[n - 1], options.operands[i], TRUE);
    if (!native_given(&options, 'n') || native_find(native, shell, to, FALSE, NULL) == NULL)
      status = move_one(native, shell, options.operands[i], to);
  }
  g_free(options.operands);
  return status;
}

static int
run_ln(Native *native, Shell *shell, char **words)
{
  NativeOptions options = {.flags = "sfnvT", .values = ""};
  int status =
    native_options_read(shell, words, &options, "s=symbolic f=force n=no-dereference v=verbose T=no-target-directory") ? 0 : 1;
  guint n = g_strv_length(options.operands);
  if (status == 0 && (!native_given(&options, 's') || n < 1 || n > 2))
    status = shell_give_up(shell, g_strdup("a hard link"));
  if (status == 0) {
    gboolean follow = !native_given(&options, 'n') && !native_given(&options, 'T');
    g_autofree char *to = destination(native, shell, n == 2 ? options.operands[1] : ".", options.operands[0], follow);
    g_autofree char *place = native_place(native, shell, to);
    const Entry *there = native_find(native, shell, to, FALSE, NULL);
    if (place == NULL || (there != NULL && (!native_given(&options, 'f') || there->type == ENTRY_DIRECTORY))) {
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
install_one(Native *native, Shell *shell, const char *word, const NativeOptions *options, const char *fallback)
{
  g_autofree char *real = NULL;
  const Entry *entry = native_find(native, shell, word, TRUE, &real);
  const char *spec = native_option_value(options, 'm'), *owner = native_option_value(options, 'o'),
             *name = native_option_value(options, 'g');
  g_autofree char *group = name != NULL ? g_strconcat(":", name, NULL) : NULL;
  if (entry == NULL)
    return 1;
  guint32 mode = 0, uid = entry->uid, gid = entry->gid;
  if (!native_change_mode(spec != NULL ? spec : fallback, FALSE, &mode) ||
      (owner != NULL && !native_read_owner(native, shell, owner, &uid, &gid)) ||
      (group != NULL && !native_read_owner(native, shell, group, &uid, &gid)))
    return 1;
  return native_change(native, shell, real, mode, uid, gid) ? 0 : 1;
}

static int
install_file(Native *native, Shell *shell, const char *from, const char *to, const NativeOptions *options)
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
  NativeOptions options = {.flags = "dvDpTc", .values = "mog"};
  int status = native_options_read(shell, words, &options, "d=directory m:mode o:owner g:group v=verbose") ? 0 : 1;
  guint n = g_strv_length(options.operands);
  if (status == 0 && native_given(&options, 'D'))
    status = shell_give_up(shell, g_strdup("install -D"));
  if (native_given(&options, 'd')) {
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
  NativeOptions options = {.flags = "achm", .values = "rdt"};
  int status = native_options_read(shell, words, &options, "h=no-dereference r:reference c=no-create d:date") ? 0 : 1;
  g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
  for (guint i = 0; status == 0 && options.operands[i] != NULL; i++)
    if (native_find(native, shell, options.operands[i], !native_given(&options, 'h'), NULL) == NULL &&
        !native_given(&options, 'c'))
      status = native_write(native, shell, options.operands[i], nothing) ? 0 : 1;
  g_free(options.operands);
  return status;
}

static int
run_mktemp(Native *native, Shell *shell, char **words)
{
  NativeOptions options = {.flags = "dtqu", .values = "p"};
  int status = native_options_read(shell, words, &options, "d=directory") ? 0 : 1;
  if (status == 0 && (options.operands[0] != NULL || native_given(&options, 'u') || native_given(&options, 't')))
    status = shell_give_up(shell, g_strdup("mktemp with a template"));
  g_free(options.operands);
  if (status != 0)
    return status;
  g_autofree char *path = g_strdup_printf("/tmp/tmp.%010u", ++native->temporaries);
  g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
  if (native_find(native, shell, "/tmp", TRUE, NULL) == NULL)
    return 1;
  if (native_given(&options, 'd'))
    changes_put_directory(native->configuration.changes, path + 1, 0700, 0, 0);
  else
    changes_put_file(native->configuration.changes, path + 1, 0600, 0, 0, nothing);
  shell_print(shell, path);
  shell_print(shell, "\n");
  return 0;
}

const NativeCommand native_file_commands[] = {
  {"mkdir", run_mkdir, NULL},   {"rmdir", run_rmdir, NULL}, {"rm", run_rm, NULL},           {"cp", run_cp, NULL},
  {"mv", run_mv, NULL},         {"ln", run_ln, NULL},       {"install", run_install, NULL}, {"touch", run_touch, NULL},
  {"mktemp", run_mktemp, NULL}, {NULL, NULL, NULL},
};
