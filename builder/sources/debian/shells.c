/* SPDX-License-Identifier: Apache-2.0
 *
 * /etc/shells as debianutils' update-shells(8) makes it of shells.d.
 */
#include "builder/sources/debian/configuration.h"

#include <string.h>

#define TEMPLATE "usr/share/debianutils/shells"

static gboolean
has_line(const GString *text, const char *line)
{
  g_autofree char *padded = g_strconcat("\n", text->str, NULL);
  g_autofree char *wanted = g_strconcat("\n", line, "\n", NULL);
  return strstr(padded, wanted) != NULL;
}

static void
add_line(GString *text, const char *line)
{
  if (!has_line(text, line))
    g_string_append_printf(text, "%s\n", line);
}

/* @shell goes to @shells; what it is called once the folders' symlinks are followed goes to @merged_shells, since a first run
 * sees the plain names alone. */
static void
add_shell(const DebianConfiguration *configuration, const char *shell, GString *shells, GString *merged_shells, GString *state)
{
  g_autofree char *folder = g_path_get_dirname(shell);
  g_autofree char *name = g_path_get_basename(shell);
  g_autofree char *real = changes_resolve(configuration->changes, folder);
  g_autofree char *merged = real != NULL ? g_strconcat("/", real, "/", name, NULL) : g_strdup(shell);
  add_line(shells, shell);
  g_string_append_printf(state, "%s\n", shell);
  if (strcmp(shell, merged) == 0)
    return;
  g_string_append_printf(merged_shells, "%s\n", merged);
  g_string_append_printf(state, "%s\n", merged);
}

static gboolean
take_list(const DebianConfiguration *configuration, const char *path, GString *shells, GString *merged, GString *state,
          GError **error)
{
  GError *failure = NULL;
  g_autofree char *text = debian_configuration_read(configuration, path, &failure);
  if (failure != NULL) {
    g_propagate_error(error, failure);
    return FALSE;
  }
  g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    lines[i][strcspn(lines[i], "#")] = '\0';
    if (lines[i][0] == '/')
      add_shell(configuration, lines[i], shells, merged, state);
  }
  return TRUE;
}

gboolean
debian_shells_apply(const DebianConfiguration *configuration, GError **error)
{
  GError *failure = NULL;
  g_autofree char *base = debian_configuration_read(configuration, TEMPLATE, &failure);
  if (base == NULL) {
    if (failure != NULL)
      g_propagate_error(error, failure);
    return failure == NULL;
  }
  /* what is there already is continued */
  g_autofree char *before = debian_configuration_read(configuration, "etc/shells", NULL);
  g_autoptr(GString) shells = g_string_new(before != NULL ? before : base), merged = g_string_new(NULL),
                     state = g_string_new(NULL);
  if (!take_list(configuration, TEMPLATE, shells, merged, state, error))
    return FALSE;
  g_auto(GStrv) names = changes_list(configuration->changes, TEMPLATE ".d");
  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *path = g_strconcat(TEMPLATE ".d/", names[i], NULL);
    if (!take_list(configuration, path, shells, merged, state, error))
      return FALSE;
  }
  g_auto(GStrv) spelled = g_strsplit(merged->str, "\n", -1);
  for (guint i = 0; spelled[i] != NULL; i++)
    if (spelled[i][0] != '\0')
      add_line(shells, spelled[i]);
  changes_put_text(configuration->changes, "etc/shells", shells->str);
  changes_put_text(configuration->changes, "var/lib/shells.state", state->str);
  return TRUE;
}
