/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a script's tree without following it.
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

static void read_node(Shell *shell, const ShellNode *node);

static void
forget(Shell *shell, const char *name)
{
  shell_unset(shell, name);
  shell_set_unknown(shell, name);
}

/* Whether the run has come to what is not known, which is no matter here. */
static gboolean
was_unknown(Shell *shell)
{
  gboolean unknown = shell->unknown != NULL;
  g_clear_pointer(&shell->unknown, g_free);
  return unknown;
}

/* A variable that gets two different values is as good as unknown. */
static void
read_assignment(Shell *shell, const char *word, gsize length)
{
  g_autofree char *name = g_strndup(word, length - 1), *value = shell_expand_text(shell, word + length, FALSE);
  const char *before = shell_get(shell, name);
  if (was_unknown(shell) || g_hash_table_contains(shell->strangers, name) ||
      (before != NULL && *before != '\0' && strcmp(before, value) != 0))
    forget(shell, name);
  else
    shell_set(shell, name, value);
}

static void
read_command(Shell *shell, const ShellNode *node)
{
  char **raw = (char **)node->words->pdata;
  guint n = 0;
  for (gsize length; n < node->words->len && (length = shell_assignment_length(raw[n])) > 0; n++)
    read_assignment(shell, raw[n], length);
  g_auto(GStrv) words = n < node->words->len ? shell_expand_words(shell, raw + n, node->words->len - n) : NULL;
  if (!was_unknown(shell) && words != NULL && words[0] != NULL)
    shell->host->run(shell, words, shell->data);
  was_unknown(shell);
}

static void
read_children(Shell *shell, const ShellNode *node)
{
  for (guint i = 0; node->children != NULL && i < node->children->len; i++)
    read_node(shell, node->children->pdata[i]);
}

static void
read_node(Shell *shell, const ShellNode *node)
{
  if (++shell->steps > SHELL_STEPS)
    return;
  if (node->kind == SHELL_FOR)
    forget(shell, node->name);
  if (node->kind == SHELL_COMMAND)
    read_command(shell, node);
  else
    read_children(shell, node);
}

void
shell_read(Shell *shell, const ShellNode *script)
{
  shell->nounset = TRUE;
  read_node(shell, script);
}
