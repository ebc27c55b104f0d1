/* SPDX-License-Identifier: Apache-2.0
 *
 * Services that maintainer scripts enable for an init of the old kind: update-rc.d(8) without insserv, invoke-rc.d(8).
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

static void
put_levels(Native *native, Shell *shell, const char *levels, char letter, const char *name)
{
  g_auto(GStrv) each = g_strsplit_set(levels, " \t", -1);
  for (guint i = 0; each[i] != NULL; i++) {
    if (each[i][0] == '\0' || each[i][1] != '\0')
      continue;
    g_autofree char *path = g_strdup_printf("/etc/rc%s.d/%c01%s", each[i], letter, name);
    g_autofree char *target = g_strconcat("../init.d/", name, NULL);
    native_put_link(native, shell, path, target);
  }
}

static gboolean
has_levels(Native *native, Shell *shell, const char *name)
{
  for (const char *level = "0123456S"; *level != '\0'; level++) {
    g_autofree char *folder = g_strdup_printf("/etc/rc%c.d", *level);
    g_auto(GStrv) names = native_list(native, shell, folder);
    for (guint i = 0; names != NULL && names[i] != NULL; i++)
      if (strlen(names[i]) > 3 && strcmp(names[i] + 3, name) == 0)
        return TRUE;
  }
  return FALSE;
}

static int
run_update_rcd(Native *native, Shell *shell, char **words)
{
  if (!native_starts_services(native, shell))
    return native->leave_out ? 0 : SHELL_NOT_FOUND;
  gboolean disabled = g_strcmp0(words[1] != NULL ? words[2] : NULL, "defaults-disabled") == 0;
  if (words[1] == NULL || words[1][0] == '-' || (!disabled && g_strcmp0(words[2], "defaults") != 0))
    return native_unknown_call(shell, words);
  if (native_find(native, shell, "/sbin/insserv", TRUE, NULL) != NULL ||
      native_find(native, shell, "/sbin/openrc", TRUE, NULL) != NULL ||
      native_find(native, shell, "/usr/lib/insserv/insserv", TRUE, NULL) != NULL)
    return shell_give_up(shell, g_strdup("update-rc.d with insserv or openrc"));
  g_autofree char *path = g_strconcat("/etc/init.d/", words[1], NULL);
  g_autoptr(GBytes) content = native_read(native, shell, path);
  if (content == NULL)
    return 1;
  if (has_levels(native, shell, words[1]))
    return 0;
  g_autofree char *text = native_text(content);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  gboolean within = FALSE;
  const char *start = "", *stop = "";
  for (guint i = 0; lines[i] != NULL && !(within && g_str_has_prefix(lines[i], "### END INIT INFO")); i++) {
    within = within || g_str_has_prefix(lines[i], "### BEGIN INIT INFO");
    if (within && g_str_has_prefix(lines[i], "# Default-Start:"))
      start = lines[i] + strlen("# Default-Start:");
    if (within && g_str_has_prefix(lines[i], "# Default-Stop:"))
      stop = lines[i] + strlen("# Default-Stop:");
  }
  put_levels(native, shell, start, disabled ? 'K' : 'S', words[1]);
  put_levels(native, shell, stop, 'K', words[1]);
  return 0;
}

/* Whoever builds an image forbids services to be started (policy-rc.d): that counts as done. */
static int
run_invoke_rcd(Native *native, Shell *shell, char **words)
{
  guint i = 1;
  while (words[i] != NULL && words[i][0] == '-')
    i++;
  g_autofree char *path = words[i] != NULL ? g_strconcat("/etc/init.d/", words[i], NULL) : g_strdup("/");
  return words[i] != NULL && native_find(native, shell, path, TRUE, NULL) != NULL ? 0 : 100;
}

const NativeCommand native_sysv_commands[] = {
  {"update-rc.d", run_update_rcd, NULL},
  {"invoke-rc.d", run_invoke_rcd, NULL},
  {NULL, NULL, NULL},
};
