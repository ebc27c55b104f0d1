/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs of Debian's base that maintainer scripts call, as far as there is a step that does what they do.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

static int
give_up_on(Shell *shell, char **words)
{
  g_autofree char *line = g_strjoinv(" ", words);
  return shell_give_up(shell, g_strdup_printf("runs '%.100s'", line));
}

/* A step of debian_configure, from now on. */
static int
do_step(Native *native, Shell *shell, gboolean (*apply)(const DebianConfiguration *configuration, GError **error))
{
  g_autoptr(GError) failure = NULL;
  if (!apply(&native->configuration, &failure))
    return shell_give_up(shell, g_strdup(failure->message));
  return 0;
}

static int
run_shadowconfig(Native *native, Shell *shell, char **words)
{
  if (g_strcmp0(words[1], "on") != 0)
    return give_up_on(shell, words);
  accounts_use_shadow(native->configuration.accounts, TRUE);
  return 0;
}

static int
run_pam_auth_update(Native *native, Shell *shell, char **words)
{
  for (guint i = 1; words[i] != NULL; i++)
    if (strcmp(words[i], "--package") != 0 && strcmp(words[i], "--force") != 0 && strcmp(words[i], "--root") != 0 &&
        *words[i] != '\0')
      return give_up_on(shell, words);
  return do_step(native, shell, debian_pam_apply);
}

static int
run_update_shells(Native *native, Shell *shell, char **words)
{
  return words[1] != NULL ? give_up_on(shell, words) : do_step(native, shell, debian_shells_apply);
}

static int
run_update_ca_certificates(Native *native, Shell *shell, char **words)
{
  (void)words;
  return do_step(native, shell, debian_cabundle_apply);
}

/* What the linker finds; one folder is given, as root. */
static int
run_ldconfig(Native *native, Shell *shell, char **words)
{
  for (guint i = 1; words[i] != NULL; i++)
    if (strcmp(words[i], "-r") != 0 && strcmp(words[i], "/") != 0 && strcmp(words[i], "-X") != 0)
      return give_up_on(shell, words);
  return native_ldconfig(native, shell);
}

static int
run_uname(Native *native, Shell *shell, char **words)
{
  (void)native;
  gboolean release = g_strcmp0(words[1], "-r") == 0;
  if (words[1] != NULL && !release && strcmp(words[1], "-s") != 0)
    return give_up_on(shell, words);
  /* scripts ask whether the kernel is too old for their release: the ones that run images are not */
  shell_print(shell, release ? "6.1.0\n" : "Linux\n");
  return 0;
}

static int
run_date(Native *native, Shell *shell, char **words)
{
  static const char secret[] = {SHELL_SECRET, '\n', '\0'};
  (void)native;
  (void)words;
  shell_print(shell, secret);
  return 0;
}

static int
run_nothing(Native *native, Shell *shell, char **words)
{
  (void)native;
  (void)shell;
  (void)words;
  return 0;
}

/* No process but the installation's own is there. */
static int
run_pidof(Native *native, Shell *shell, char **words)
{
  (void)native;
  (void)shell;
  (void)words;
  return 1;
}

/* Nothing is mounted over a folder that packages bring. */
static int
run_mountpoint(Native *native, Shell *shell, char **words)
{
  (void)native;
  gboolean quiet = g_strcmp0(words[1], "-q") == 0;
  return g_strcmp0(words[1 + quiet], "/usr") == 0 ? 1 : give_up_on(shell, words);
}

/* `perl -e ""`: whether it works. */
static int
run_perl(Native *native, Shell *shell, char **words)
{
  (void)native;
  gboolean nothing = g_strv_length(words) == 3 && strcmp(words[1], "-e") == 0 && *words[2] == '\0';
  return nothing ? 0 : give_up_on(shell, words);
}

const NativeCommand native_system_commands[] = {
  {"shadowconfig", run_shadowconfig, "shadowconfig"},
  {"pam-auth-update", run_pam_auth_update, "pam-auth-update"},
  {"update-shells", run_update_shells, NULL},
  {"update-ca-certificates", run_update_ca_certificates, "update-ca-certificates"},
  {"ldconfig", run_ldconfig, NULL},
  {"uname", run_uname, NULL},
  {"date", run_date, NULL},
  {"sleep", run_nothing, NULL},
  {"sync", run_nothing, NULL},
  {"ischroot", run_nothing, NULL},
  {"pidof", run_pidof, NULL},
  {"mountpoint", run_mountpoint, NULL},
  {"perl", run_perl, "perl"},
  {NULL, NULL, NULL},
};
