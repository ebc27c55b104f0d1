/* SPDX-License-Identifier: Apache-2.0
 *
 * Simple commands (POSIX.1-2017, Shell Command Language, 2.9.1): assignments, functions, the shell's own commands, the host's.
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

gsize
shell_assignment_length(const char *word)
{
  gsize length = 0;
  if (!g_ascii_isalpha(word[0]) && word[0] != '_')
    return 0;
  while (g_ascii_isalnum(word[length]) || word[length] == '_')
    length++;
  return word[length] == '=' ? length + 1 : 0;
}

static void
local_free(gpointer data)
{
  ShellLocal *local = data;
  g_free(local->name);
  g_free(local->value);
  g_free(local);
}

static void
restore_locals(Shell *shell, GPtrArray *locals)
{
  for (guint i = locals->len; i-- > 0;) {
    const ShellLocal *local = locals->pdata[i];
    if (local->value != NULL)
      shell_set(shell, local->name, local->value);
    else
      g_hash_table_remove(shell->variables, local->name);
  }
  g_ptr_array_unref(locals);
}

static void
keep_local(Shell *shell, GPtrArray *locals, const char *name)
{
  ShellLocal *local = g_new(ShellLocal, 1);
  *local = (ShellLocal){g_strdup(name), g_strdup(shell_get(shell, name))};
  g_ptr_array_add(locals, local);
}

static int
call_function(Shell *shell, const ShellNode *function, char **words)
{
  char **arguments = shell->arguments;
  GPtrArray *locals = shell->locals;
  guint loops = shell->loops;
  shell->arguments = g_strdupv(words + 1);
  shell->locals = g_ptr_array_new_with_free_func(local_free);
  shell->loops = 0;
  guint line = shell->line;
  int status = shell_follow(shell, function->children->pdata[0]);
  if (shell->flow == FLOW_RETURN)
    shell->flow = FLOW_ON;
  if (shell->unknown == NULL)
    shell->line = line;
  restore_locals(shell, shell->locals);
  g_strfreev(shell->arguments);
  shell->arguments = arguments;
  shell->locals = locals;
  shell->loops = loops;
  return status;
}

/* Whether what only the real run can tell gets into a command that does more than print it to nobody. */
static gboolean
spills_secret(const Shell *shell, char **words)
{
  static const char *const harmless[] = {"echo", "printf", "date", "local", "export", NULL};
  gboolean any = FALSE;
  for (guint i = 0; words[i] != NULL; i++)
    any = any || strchr(words[i], SHELL_SECRET) != NULL;
  return any && !g_strv_contains(harmless, words[0]) && !g_hash_table_contains(shell->functions, words[0]);
}

/* Nobody reads what it prints, nobody asks how it ends, and what comes next has neither its variables nor its folder from it.
 * */
static gboolean
can_be_left_out(const Shell *shell, const char *name)
{
  return shell->left_out != NULL && shell->left_out->len < SHELL_LEFT_OUT && shell->asked == 0 && shell->out == NULL &&
         shell->steps <= SHELL_STEPS && strcmp(name, ".") != 0 && strcmp(name, "cd") != 0;
}

int
shell_call_host(Shell *shell, char **words)
{
  int status = shell->host->run(shell, words, shell->data);
  /* a script takes for granted what it does not ask for, and an image may be without it */
  if (status == SHELL_NOT_FOUND && shell->excused == 0 && shell->unknown == NULL && can_be_left_out(shell, words[0]))
    shell_give_up(shell, g_strdup_printf("runs '%.100s', which is not there", words[0]));
  if (shell->unknown == NULL || !can_be_left_out(shell, words[0]))
    return status;
  g_autofree char *note = g_strdup_printf("line %u: %s", shell->line, shell->unknown);
  if (!g_ptr_array_find_with_equal_func(shell->left_out, note, g_str_equal, NULL))
    g_ptr_array_add(shell->left_out, g_steal_pointer(&note));
  g_clear_pointer(&shell->unknown, g_free);
  return 0;
}

int
shell_call(Shell *shell, char **words)
{
  if (++shell->steps > SHELL_STEPS)
    return shell_give_up(shell, g_strdup("does not come to an end"));
  if (spills_secret(shell, words))
    return shell_give_up(shell, g_strdup("depends on what only the run can tell"));
  const ShellNode *function = g_hash_table_lookup(shell->functions, words[0]);
  int status;
  if (function != NULL)
    return call_function(shell, function, words);
  if (shell_builtin(shell, words, &status))
    return status;
  return shell_call_host(shell, words);
}

/* Sets the variables of the first @n words; what they were goes into @before where that is wanted. */
static void
assign(Shell *shell, char **words, guint n, GPtrArray *before)
{
  for (guint i = 0; i < n && shell->unknown == NULL; i++) {
    gsize length = shell_assignment_length(words[i]);
    g_autofree char *name = g_strndup(words[i], length - 1);
    g_autofree char *value = shell_expand_text(shell, words[i] + length, FALSE);
    if (before != NULL)
      keep_local(shell, before, name);
    shell_set(shell, name, value);
  }
}

int
shell_follow_simple(Shell *shell, const ShellNode *node)
{
  char *none[] = {NULL}, **raw = node->words->len > 0 ? (char **)node->words->pdata : none;
  guint n = 0;
  while (n < node->words->len && shell_assignment_length(raw[n]) > 0)
    n++;
  shell->substituted = 0;
  g_auto(GStrv) words = shell_expand_words(shell, raw + n, node->words->len - n);
  if (words == NULL)
    return 1;
  if (words[0] == NULL) {
    assign(shell, raw, n, NULL);
    return shell->substituted;
  }
  GPtrArray *before = g_ptr_array_new_with_free_func(local_free);
  assign(shell, raw, n, before);
  int status = shell->unknown == NULL ? shell_call(shell, words) : 1;
  if (n > 0 && (strcmp(words[0], "export") == 0 || strcmp(words[0], "set") == 0))
    shell_give_up(shell, g_strdup("an assignment before a special command"));
  restore_locals(shell, before);
  return status;
}
