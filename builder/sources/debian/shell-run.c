/* SPDX-License-Identifier: Apache-2.0
 *
 * Following a script's tree (POSIX.1-2017, Shell Command Language, 2.9).
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

/* ---- a part that has its own variables ---- */

typedef struct {
  GHashTable *variables, *functions;
  char **arguments;
  char *folder, *farewell;
  gboolean errexit, nounset;
  guint mask, loops;
  GPtrArray *locals;
} Kept;

static void
copy_string(gpointer key, gpointer value, gpointer data)
{
  g_hash_table_replace(data, g_strdup(key), g_strdup(value));
}

static void
copy_pointer(gpointer key, gpointer value, gpointer data)
{
  g_hash_table_replace(data, g_strdup(key), value);
}

static Kept
enter_subshell(Shell *shell)
{
  Kept kept = {shell->variables, shell->functions, shell->arguments, shell->folder, shell->farewell,
               shell->errexit,   shell->nounset,   shell->mask,      shell->loops,  shell->locals};
  shell->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  shell->functions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_foreach(kept.variables, copy_string, shell->variables);
  g_hash_table_foreach(kept.functions, copy_pointer, shell->functions);
  shell->arguments = g_strdupv(kept.arguments);
  shell->folder = g_strdup(kept.folder);
  shell->farewell = NULL;
  shell->locals = NULL;
  return kept;
}

static void
leave_subshell(Shell *shell, Kept *kept)
{
  g_hash_table_unref(shell->variables);
  g_hash_table_unref(shell->functions);
  g_strfreev(shell->arguments);
  g_free(shell->folder);
  if (shell->farewell != NULL)
    shell_give_up(shell, g_strdup("a trap in a subshell"));
  g_free(shell->farewell);
  if (shell->locals != NULL)
    shell_give_up(shell, g_strdup("'local' outside of a function"));
  shell->variables = kept->variables;
  shell->functions = kept->functions;
  shell->arguments = kept->arguments;
  shell->folder = kept->folder;
  shell->farewell = kept->farewell;
  shell->errexit = kept->errexit;
  shell->nounset = kept->nounset;
  shell->mask = kept->mask;
  shell->loops = kept->loops;
  shell->locals = kept->locals;
  shell->flow = FLOW_ON;
}

static int
follow_subshell(Shell *shell, const ShellNode *node)
{
  Kept kept = enter_subshell(shell);
  int status = shell_follow(shell, node);
  leave_subshell(shell, &kept);
  return status;
}

/* ---- texts ---- */

static const ShellNode *
parse_text(Shell *shell, const char *text)
{
  guint line;
  const char *reason;
  ShellNode *node = shell_parse(text, &line, &reason);
  if (node == NULL)
    shell_give_up(shell, g_strdup(reason));
  else
    g_ptr_array_add(shell->parsed, node);
  return node;
}

/* The lines of a text within the script are those of the command that it belongs to. */
static int
follow_text(Shell *shell, const char *text, gboolean subshell)
{
  const ShellNode *node = parse_text(shell, text);
  if (node == NULL)
    return 1;
  guint line = shell->line;
  int status = subshell ? follow_subshell(shell, node) : shell_follow(shell, node);
  shell->line = line;
  return status;
}

int
shell_evaluate(Shell *shell, const char *text)
{
  return follow_text(shell, text, FALSE);
}

char *
shell_substitute(Shell *shell, const char *text)
{
  GString *before = shell->out;
  shell->out = g_string_new(NULL);
  /* a failure within is one of the command that uses it */
  shell->substituted = follow_text(shell, text, TRUE);
  while (shell->out->len > 0 && shell->out->str[shell->out->len - 1] == '\n')
    g_string_truncate(shell->out, shell->out->len - 1);
  char *output = g_string_free(shell->out, FALSE);
  shell->out = before;
  return output;
}

/* ---- compound commands ---- */

static int
follow_excused(Shell *shell, const ShellNode *node)
{
  shell->excused++;
  int status = shell_follow(shell, node);
  shell->excused--;
  return status;
}

/* As a condition. */
static int
follow_asked(Shell *shell, const ShellNode *node)
{
  shell->asked++;
  int status = follow_excused(shell, node);
  shell->asked--;
  return status;
}

static int
follow_list(Shell *shell, const ShellNode *node)
{
  int status = 0;
  for (guint i = 0; i < node->children->len && shell->flow == FLOW_ON && shell->unknown == NULL; i++)
    status = shell_follow(shell, node->children->pdata[i]);
  return status;
}

static int
follow_pipe(Shell *shell, const ShellNode *node)
{
  GString *out = shell->out, *in = shell->in, *between = NULL;
  int status = 0;
  for (guint i = 0; i < node->children->len && shell->unknown == NULL; i++) {
    gboolean last = i + 1 == node->children->len;
    shell->out = last ? out : g_string_new(NULL);
    status = follow_subshell(shell, node->children->pdata[i]);
    if (between != NULL)
      g_string_free(between, TRUE);
    between = last ? NULL : shell->out;
    shell->in = between;
  }
  if (between != NULL)
    g_string_free(between, TRUE);
  shell->out = out;
  shell->in = in;
  return status;
}

/* After a loop's body: whether the loop is left. */
static gboolean
leaves_loop(Shell *shell)
{
  if (shell->flow != FLOW_BREAK && shell->flow != FLOW_CONTINUE)
    return shell->flow != FLOW_ON;
  gboolean leaves = shell->flow == FLOW_BREAK || shell->flow_levels > 1;
  if (--shell->flow_levels == 0)
    shell->flow = FLOW_ON;
  return leaves;
}

static int
follow_while(Shell *shell, const ShellNode *node)
{
  int status = 0;
  shell->loops++;
  while (shell->unknown == NULL) {
    int condition = follow_asked(shell, node->children->pdata[0]);
    if (shell->flow != FLOW_ON ? leaves_loop(shell) : (condition == 0) != (node->kind == SHELL_WHILE))
      break;
    status = shell_follow(shell, node->children->pdata[1]);
    if (leaves_loop(shell))
      break;
  }
  shell->loops--;
  return status;
}

static int
follow_for(Shell *shell, const ShellNode *node)
{
  g_auto(GStrv) values = node->words != NULL ? shell_expand_words(shell, (char **)node->words->pdata, node->words->len)
                                             : g_strdupv(shell->arguments);
  int status = 0;
  shell->loops++;
  for (guint i = 0; values != NULL && values[i] != NULL && shell->unknown == NULL; i++) {
    shell_set(shell, node->name, values[i]);
    status = shell_follow(shell, node->children->pdata[0]);
    if (leaves_loop(shell))
      break;
  }
  shell->loops--;
  return status;
}

static int
follow_case(Shell *shell, const ShellNode *node)
{
  g_autofree char *subject = shell_expand_text(shell, node->words->pdata[0], FALSE);
  if (strchr(subject, SHELL_SECRET) != NULL)
    return shell_give_up(shell, g_strdup("depends on what only the run can tell"));
  for (guint i = 0; i < node->children->len; i++) {
    const GPtrArray *patterns = node->patterns->pdata[i];
    for (guint k = 0; k < patterns->len && shell->unknown == NULL; k++) {
      g_autofree char *pattern = shell_expand_text(shell, patterns->pdata[k], TRUE);
      if (shell_match(pattern, subject))
        return shell_follow(shell, node->children->pdata[i]);
    }
  }
  return 0;
}

static int
follow_if(Shell *shell, const ShellNode *node)
{
  int condition = follow_asked(shell, node->children->pdata[0]);
  if (shell->flow != FLOW_ON || shell->unknown != NULL)
    return condition;
  if (condition == 0)
    return shell_follow(shell, node->children->pdata[1]);
  return node->children->len > 2 ? shell_follow(shell, node->children->pdata[2]) : 0;
}

static int
follow_and_or(Shell *shell, const ShellNode *node)
{
  /* what "|| true" and its like follow is meant to be done */
  int status = node->kind == SHELL_AND ? follow_asked(shell, node->children->pdata[0])
                                       : follow_excused(shell, node->children->pdata[0]);
  if (shell->flow != FLOW_ON || shell->unknown != NULL || (status == 0) != (node->kind == SHELL_AND))
    return status;
  shell->status = status;
  return shell_follow(shell, node->children->pdata[1]);
}

static int
follow_kind(Shell *shell, const ShellNode *node)
{
  switch (node->kind) {
  case SHELL_COMMAND:
    return shell_follow_simple(shell, node);
  case SHELL_LIST:
    return follow_list(shell, node);
  case SHELL_PIPE:
    return follow_pipe(shell, node);
  case SHELL_AND:
  case SHELL_OR:
    return follow_and_or(shell, node);
  case SHELL_NOT:
    return follow_asked(shell, node->children->pdata[0]) == 0;
  case SHELL_IF:
    return follow_if(shell, node);
  case SHELL_WHILE:
  case SHELL_UNTIL:
    return follow_while(shell, node);
  case SHELL_FOR:
    return follow_for(shell, node);
  case SHELL_CASE:
    return follow_case(shell, node);
  case SHELL_GROUP:
    return shell_follow(shell, node->children->pdata[0]);
  case SHELL_SUBSHELL:
    return follow_subshell(shell, node->children->pdata[0]);
  case SHELL_FUNCTION:
    g_hash_table_replace(shell->functions, g_strdup(node->name), (gpointer)node);
    return 0;
  }
  return 0;
}

/* `set -e` looks at these; what the others end with came from one of these. */
static gboolean
is_judged(const ShellNode *node)
{
  return node->kind == SHELL_COMMAND || node->kind == SHELL_PIPE || node->kind == SHELL_SUBSHELL;
}

int
shell_follow(Shell *shell, const ShellNode *node)
{
  if (shell->unknown != NULL)
    return 1;
  if (++shell->steps > SHELL_STEPS)
    return shell_give_up(shell, g_strdup("does not come to an end"));
  if (++shell->depth > 4 * SHELL_DEPTH)
    shell_give_up(shell, g_strdup("too deeply nested"));
  if (node->kind == SHELL_COMMAND)
    shell->line = node->line;
  ShellRedirected redirected;
  int status = shell_begin_redirects(shell, node, &redirected) ? follow_kind(shell, node) : 1;
  shell_end_redirects(shell, &redirected);
  shell->depth--;
  shell->status = status;
  if (status != 0 && shell->errexit && shell->excused == 0 && shell->flow == FLOW_ON && is_judged(node))
    shell->flow = FLOW_EXIT;
  return status;
}

int
shell_run(Shell *shell, const ShellNode *script)
{
  int status = shell_follow(shell, script);
  if (shell->farewell != NULL && shell->unknown == NULL) {
    shell->flow = FLOW_ON;
    g_autofree char *farewell = g_steal_pointer(&shell->farewell);
    shell_evaluate(shell, farewell);
  }
  return shell->unknown == NULL ? status : -1;
}
