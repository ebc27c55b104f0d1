/* SPDX-License-Identifier: Apache-2.0
 *
 * Following one maintainer script, under debconf's frontend where it asks questions.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

/* The interpreter's options, or NULL where it is no shell that is known here. */
static const char *
shell_options(const char *text)
{
  static const char *const shells[] = {"/bin/sh", "/bin/dash", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash"};
  if (!g_str_has_prefix(text, "#!"))
    return NULL;
  text += 2 + strspn(text + 2, " ");
  for (guint i = 0; i < G_N_ELEMENTS(shells); i++) {
    gsize length = strlen(shells[i]);
    if (strncmp(text, shells[i], length) == 0 && g_ascii_isspace(text[length]))
      return text + length;
  }
  return NULL;
}

static Shell *
make_shell(Native *native)
{
  static const char *const strangers[] = {"HOME",   "USER",  "LOGNAME", "HOSTNAME", "PWD",
                                          "OLDPWD", "SHELL", "TERM",    "LANG",     "PPID",
                                          "RANDOM", "UID",   "EUID",    "SHLVL",    "DPKG_RUNNING_VERSION"};
  Shell *shell = shell_new(&native_host, native);
  for (guint i = 0; i < G_N_ELEMENTS(strangers); i++)
    shell_set_unknown(shell, strangers[i]);
  shell_set(shell, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  shell_set(shell, "LC_ALL", "C.UTF-8");
  shell_set(shell, "DEBIAN_FRONTEND", "noninteractive");
  shell_set(shell, "DEBCONF_NONINTERACTIVE_SEEN", "true");
  shell_set(shell, "DPKG_ROOT", "");
  shell_set(shell, "DPKG_ADMINDIR", "/var/lib/dpkg");
  shell_set(shell, "DPKG_MAINTSCRIPT_PACKAGE", native->unit->name);
  shell_set(shell, "DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT", "1");
  shell_set(shell, "DPKG_MAINTSCRIPT_ARCH", native->unit->architecture);
  shell_set(shell, "DPKG_MAINTSCRIPT_NAME", native->kind);
  g_autofree char *zero = g_strdup_printf("/var/lib/dpkg/info/%s.%s", native->unit->info, native->kind);
  shell_set(shell, "0", zero);
  return shell;
}

/* A note of what is not known (taken), where the shell is. */
static void
note(GPtrArray *missing, guint line, char *reason)
{
  g_ptr_array_add(missing, g_strdup_printf("line %u: %s", line, reason));
  g_free(reason);
}

/* Adds what is not known of the script to @missing. @under: debconf's frontend runs it. */
static void
follow(Native *native, const char *text, const char *const *arguments, gboolean under, GPtrArray *missing)
{
  guint line = 1;
  const char *reason = "no shell's script", *options = shell_options(text), *stands_for = native_known_script(text);
  g_autoptr(ShellNode)
    script = options != NULL || stands_for != NULL ? shell_parse(stands_for != NULL ? stands_for : text, &line, &reason) : NULL;
  native->restart = FALSE;
  if (script == NULL) {
    note(missing, line, g_strdup(reason));
    return;
  }
  g_autoptr(Shell) shell = make_shell(native);
  shell_set_arguments(shell, arguments);
  if (native->leave_out)
    shell_leave_out(shell, missing);
  native->under_debconf = under;
  if (options != NULL && g_str_has_prefix(options + strspn(options, " "), "-e"))
    shell_evaluate(shell, "set -e");
  int status = shell_run(shell, script);
  if (status < 0)
    note(missing, shell_line(shell), g_strdup(shell_unknown(shell)));
  else if (status > 0)
    note(missing, shell_line(shell), g_strdup_printf("would end with %d", status));
}

int
native_confmodule(Native *native, Shell *shell)
{
  if (native->under_debconf)
    return 0;
  /* the frontend runs the whole script once more, below itself */
  native->restart = TRUE;
  char *const leave[] = {(char *)"exit", (char *)"0", NULL};
  return shell_call(shell, (char **)leave);
}

/* The package's config script runs before the first script that asks. */
static void
follow_config(Native *native, GPtrArray *missing)
{
  g_autofree char *text = native_unit_file(native, native->unit, "config");
  const char *kind = native->kind;
  g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func(g_free);
  if (text == NULL)
    return;
  const char *const arguments[] = {"configure", native->old_version, NULL};
  native->kind = "config";
  follow(native, text, arguments, TRUE, own);
  native->kind = kind;
  for (guint i = 0; i < own->len; i++)
    g_ptr_array_add(missing, g_strconcat("config, ", own->pdata[i], NULL));
}

static char *
join(GPtrArray *missing)
{
  if (missing->len == 0)
    return NULL;
  g_ptr_array_add(missing, NULL);
  return g_strjoinv("; ", (char **)missing->pdata);
}

gboolean
native_run_script(Native *native, const DebianUnit *unit, const char *kind, const char *const *arguments, GError **error)
{
  g_autofree char *text = native_unit_file(native, unit, kind);
  g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
  if (text != NULL) {
    native->unit = unit;
    native->kind = kind;
    follow(native, text, arguments, FALSE, missing);
    if (native->restart) {
      g_ptr_array_set_size(missing, 0);
      follow_config(native, missing);
      if (native->leave_out || missing->len == 0)
        follow(native, text, arguments, TRUE, missing);
    }
    debian_script_report_take(native->report, unit->name, kind, join(missing));
  }
  if (native->error == NULL)
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&native->error));
  return FALSE;
}
