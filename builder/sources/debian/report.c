/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/report.h"

#include <string.h>

/* Scripts that were read, and whose whole effect at a first installation is known: done by a step, or none (what they do is for
 * upgrades). Known are the commands they call besides the harmless ones; "$" stands for what only a shell could tell. A version
 * of the script that calls any other is not known. */
static const struct {
  const char *package, *script, *commands;
} known[] = {
  {"adduser", "preinst", "$ mv"},
  {"base-files", "postinst", "$ chmod chown cp ln mkdir rm rmdir"},
  {"base-files", "preinst", "$ dpkg-divert ln rm"},
  {"base-passwd", "postinst", "$ chmod chown cp nscd rm touch update-passwd"},
  {"bash", "postinst", "ln update-menus"},
  {"ca-certificates", "postinst", "$ chgrp chmod chown dpkg-statoverride mkdir mv rm sed sort tr uniq update-ca-certificates"},
  {"coreutils", "postinst", "ln"},
  {"dash", "postinst", "$ cp dpkg-divert ln mv rm touch update-menus"},
  {"dash", "preinst", "$"},
  {"debconf", "postinst", ""},
  {"debian-archive-keyring", "postinst", "apt-key"},
  {"debianutils", "postinst", "cp update-shells"},
  {"dpkg", "postinst",
   "$ arch auto available available-old cd cmethopt diversions diversions-old error ln lock lock-frontend methlock mv "
   "setup_colors statoverride statoverride-old status status-old warning"},
  {"init-system-helpers", "postinst", "ln rm"},
  {"libc6", "postinst", "$ N* ischroot rm sleep systemd telinit"},
  {"libc6", "preinst", "$ N* Y* busctl dpkg-divert ischroot ln mkdir perl rm touch"},
  {"libgcrypt20", "postinst", "/usr/share/libgcrypt20/clean-up-unmanaged-libraries"},
  {"libpam-modules", "postinst", "touch"},
  {"libpam-modules", "preinst", "$ pam-auth-update pidof"},
  {"libpam-runtime", "postinst", "$ awk md5sum pam-auth-update rm sed"},
  {"libpam0g", "postinst", "#* $ sleep"},
  {"login", "postinst", "chmod chown touch"},
  {"netbase", "postinst", "mkdir"},
  {"openssl", "postinst", "ln"},
  {"passwd", "postinst", "shadowconfig systemd-tmpfiles"},
  {"tzdata", "postinst", "$ ln mv restorecon"},
  {"usrmerge", "postinst", "$ /usr/lib/usrmerge/convert-etc-shells /usr/lib/usrmerge/convert-usrmerge rm rmdir update-shells"},
  {"usrmerge", "preinst", "mountpoint"},
};

/* Commands that only look, decide or talk, that act on running services, or that do something at upgrades only. */
static const char *const harmless[] = {
  ":",
  "[",
  "[[",
  "abort-deconfigure",
  "abort-remove",
  "abort-upgrade",
  "add-shell",
  "basename",
  "break",
  "case",
  "cat",
  "cmp",
  "command",
  "configure",
  "continue",
  "deb-systemd-invoke",
  "dirname",
  "dpkg",
  "dpkg-divert",
  "dpkg-maintscript-helper",
  "dpkg-trigger",
  "echo",
  "egrep",
  "esac",
  "eval",
  "exit",
  "export",
  "false",
  "fgrep",
  "for",
  "getent",
  "grep",
  "id",
  "install",
  "invoke-rc.d",
  "local",
  "printf",
  "read",
  "readlink",
  "return",
  "set",
  "shift",
  "systemctl",
  "test",
  "trap",
  "triggered",
  "true",
  "umask",
  "uname",
  "unset",
  "upgrade",
  "which",
  "*",
  "dpkg-query",
  "deb-systemd-helper",
};

DebianScriptReport *
debian_script_report_new(void)
{
  DebianScriptReport *report = g_new0(DebianScriptReport, 1);
  report->notes = g_ptr_array_new();
  return report;
}

void
debian_script_report_free(DebianScriptReport *report)
{
  for (guint i = 0; i < report->notes->len; i++) {
    DebianScriptNote *note = report->notes->pdata[i];
    g_free(note->package);
    g_free(note->script);
    g_free(note->missing);
    g_free(note);
  }
  g_ptr_array_unref(report->notes);
  g_free(report);
}

char *
debian_script_report_unknown(const DebianScriptReport *report)
{
  GString *list = g_string_new(NULL);
  for (guint i = 0; i < report->notes->len; i++) {
    const DebianScriptNote *note = report->notes->pdata[i];
    g_autofree char *why = g_strescape(note->missing, NULL);
    if (!note->native)
      g_string_append_printf(list, "\n  %s %s: %s", note->package, note->script, why);
  }
  return g_string_free(list, FALSE);
}

/* Whether @name is among the commands that are known of @script; questions of debconf(7) count for all that are known. */
static gboolean
is_known(const DebianUnitScript *script, const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
    if (strcmp(known[i].package, script->unit->name) != 0 || strcmp(known[i].script, script->kind) != 0)
      continue;
    g_auto(GStrv) commands = g_strsplit(known[i].commands, " ", -1);
    return strcmp(name, ".") == 0 || g_str_has_prefix(name, "db_") || g_strv_contains((const char *const *)commands, name);
  }
  return FALSE;
}

static gboolean
is_harmless(const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS(harmless); i++)
    if (strcmp(harmless[i], name) == 0)
      return TRUE;
  return FALSE;
}

/* What deb-systemd-helper is called for: links of units that are enabled are not made. */
static gboolean
enables_unit(const DebianCommand *command)
{
  return debian_command_is(command, "deb-systemd-helper") &&
         (!command->readable || g_strv_contains((const char *const *)command->words, "enable"));
}

static gboolean
is_done(const DebianCommand *command)
{
  if (enables_unit(command))
    return FALSE;
  if (is_harmless(command->words[0]))
    return command->readable || !debian_command_is(command, "dpkg-divert");
  if (debian_command_is(command, "update-alternatives"))
    return command->readable;
  return debian_users_knows(command) && command->readable;
}

static int
compare_strings(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the commands that were not done, each once. */
static GPtrArray *
find_missing(const DebianUnitScript *script)
{
  GPtrArray *missing = g_ptr_array_new();
  g_autoptr(GHashTable) functions = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < script->commands->len; i++) {
    const DebianCommand *command = script->commands->pdata[i];
    if (command->defines)
      g_hash_table_add(functions, command->words[0]);
  }
  for (guint i = 0; i < script->commands->len; i++) {
    const DebianCommand *command = script->commands->pdata[i];
    char *name = command->words[0];
    if (!command->defines && !g_hash_table_contains(functions, name) && !is_done(command) && !is_known(script, name) &&
        !g_ptr_array_find_with_equal_func(missing, name, g_str_equal, NULL))
      g_ptr_array_add(missing, name);
  }
  g_ptr_array_sort(missing, compare_strings);
  return missing;
}

static char *
join_escaped(const GPtrArray *names)
{
  GString *joined = g_string_new(NULL);
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    g_autofree char *shown = g_strescape(strcmp(name, "$") == 0 ? "(a computed command)" : name, NULL);
    g_string_append_printf(joined, "%s%.60s", i > 0 ? ", " : "", shown);
  }
  return g_string_free(joined, FALSE);
}

static int
compare_notes(gconstpointer a, gconstpointer b)
{
  const DebianScriptNote *const *x = a, *const *y = b;
  int order = strcmp((*x)->package, (*y)->package);
  return order != 0 ? order : strcmp((*x)->script, (*y)->script);
}

void
debian_report_scripts(const DebianConfiguration *configuration, DebianScriptReport *report)
{
  for (guint i = 0; i < configuration->scripts->len; i++) {
    const DebianUnitScript *script = configuration->scripts->pdata[i];
    g_autoptr(GPtrArray) missing = find_missing(script);
    /* Not a shell's script: nothing can be said about what it does. */
    gboolean shell = g_str_has_prefix(script->text, "#!") && strstr(script->text, "sh") != NULL &&
                     strstr(script->text, "sh") < script->text + strcspn(script->text, "\n");
    DebianScriptNote *note = g_new(DebianScriptNote, 1);
    *note = (DebianScriptNote){.package = g_strdup(script->unit->name),
                               .script = g_strdup(script->kind),
                               .native = shell && missing->len == 0,
                               .missing = shell ? join_escaped(missing) : g_strdup("")};
    report->n_left_out += !note->native;
    g_ptr_array_add(report->notes, note);
  }
  g_ptr_array_sort(report->notes, compare_notes);
}
