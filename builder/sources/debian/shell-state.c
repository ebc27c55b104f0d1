/* SPDX-License-Identifier: Apache-2.0
 *
 * A shell: its variables, and what its host may ask of it.
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

static void
free_node(gpointer data)
{
  shell_node_free(data);
}

Shell *
shell_new(const ShellHost *host, gpointer data)
{
  Shell *shell = g_new0(Shell, 1);
  shell->host = host;
  shell->data = data;
  shell->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  shell->strangers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  shell->functions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  shell->parsed = g_ptr_array_new_with_free_func(free_node);
  shell->arguments = g_new0(char *, 1);
  shell->folder = g_strdup("/");
  shell->mask = 022;
  shell->line = 1;
  return shell;
}

void
shell_free(Shell *shell)
{
  g_hash_table_unref(shell->variables);
  g_hash_table_unref(shell->strangers);
  g_hash_table_unref(shell->functions);
  g_ptr_array_unref(shell->parsed);
  g_strfreev(shell->arguments);
  g_free(shell->farewell);
  g_free(shell->folder);
  g_free(shell->unknown);
  g_free(shell);
}

void
shell_set(Shell *shell, const char *name, const char *value)
{
  g_hash_table_replace(shell->variables, g_strdup(name), g_strdup(value));
}

const char *
shell_get(const Shell *shell, const char *name)
{
  return g_hash_table_lookup(shell->variables, name);
}

void
shell_unset(Shell *shell, const char *name)
{
  g_hash_table_remove(shell->variables, name);
  g_hash_table_remove(shell->strangers, name);
}

void
shell_set_unknown(Shell *shell, const char *name)
{
  g_hash_table_add(shell->strangers, g_strdup(name));
}

void
shell_set_arguments(Shell *shell, const char *const *arguments)
{
  char **copy = g_strdupv((char **)arguments);
  g_strfreev(shell->arguments);
  shell->arguments = copy;
}

void
shell_leave_out(Shell *shell, GPtrArray *left_out)
{
  shell->left_out = left_out;
}

int
shell_give_up(Shell *shell, char *reason)
{
  if (shell->unknown == NULL)
    shell->unknown = reason;
  else
    g_free(reason);
  return 1;
}

void
shell_spend(Shell *shell, gsize bytes)
{
  if (bytes > SHELL_WORK - shell->work)
    shell_give_up(shell, g_strdup("does not come to an end"));
  else
    shell->work += bytes;
}

const char *
shell_unknown(const Shell *shell)
{
  return shell->unknown;
}

guint
shell_line(const Shell *shell)
{
  return shell->line;
}

const char *
shell_folder(const Shell *shell)
{
  return shell->folder;
}

void
shell_set_folder(Shell *shell, const char *folder)
{
  char *copy = g_strdup(folder);
  g_free(shell->folder);
  shell->folder = copy;
}

guint
shell_umask(const Shell *shell)
{
  return shell->mask;
}

void
shell_print(Shell *shell, const char *text)
{
  if (shell->out == NULL)
    return;
  shell_spend(shell, strlen(text));
  g_string_append(shell->out, text);
  if (shell->out->len > SHELL_TEXT)
    shell_give_up(shell, g_strdup("a text becomes too long"));
}

char *
shell_take_input(Shell *shell)
{
  if (shell->in == NULL) {
    shell_give_up(shell, g_strdup("reads the script's standard input"));
    return g_strdup("");
  }
  if (strchr(shell->in->str, SHELL_SECRET) != NULL)
    shell_give_up(shell, g_strdup("depends on what only the run can tell"));
  char *text = g_strdup(shell->in->str);
  g_string_truncate(shell->in, 0);
  return text;
}

gboolean
shell_input_is_empty(const Shell *shell)
{
  return shell->in != NULL && shell->in->len == 0;
}
