/* SPDX-License-Identifier: Apache-2.0
 *
 * Following a script's tree (POSIX.1-2017, Shell Command Language, 2.9).
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

/* ---- a shell ---- */

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

int
shell_give_up(Shell *shell, char *reason)
{
  if (shell->unknown == NULL)
    shell->unknown = reason;
  else
    g_free(reason);
  return 1;
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

/* ---- redirections ---- */

typedef struct {
  GString *out, *in;  /* as they were */
  GPtrArray *buffers; /* GString* made here */
  char *path;         /* the file that standard output is written to in the end, or NULL */
} Redirected;

static void
free_buffer(gpointer data)
{
  g_string_free(data, TRUE);
}

static gboolean
redirect_output(Shell *shell, Redirected *redirected, const char *path, gboolean append)
{
  g_clear_pointer(&redirected->path, g_free);
  if (strcmp(path, "/dev/null") == 0 || strcmp(path, "/dev/stderr") == 0) {
    shell->out = NULL;
    return TRUE;
  }
  g_autoptr(GString) nothing = g_string_new(NULL);
  if (!shell->host->write(shell, path, nothing, append, shell->data))
    return FALSE;
  redirected->path = g_strdup(path);
  shell->out = g_string_new(NULL);
  g_ptr_array_add(redirected->buffers, shell->out);
  return TRUE;
}

static gboolean
redirect_input(Shell *shell, Redirected *redirected, const char *path)
{
  g_autoptr(GBytes) content = strcmp(path, "/dev/null") == 0 ? g_bytes_new(NULL, 0)
                                                             : shell->host->read(shell, path, shell->data);
  if (content == NULL)
    return FALSE;
  gsize size;
  const char *text = g_bytes_get_data(content, &size);
  if (size > 0 && (size > SHELL_TEXT || memchr(text, '\0', size) != NULL))
    shell_give_up(shell, g_strdup("reads what is no text"));
  shell->in = g_string_new_len(text, (gssize)size);
  g_ptr_array_add(redirected->buffers, shell->in);
  return TRUE;
}

static gboolean
redirect_one(Shell *shell, Redirected *redirected, const ShellRedirect *redirect)
{
  gboolean heredoc = redirect->kind == 'h' || redirect->kind == 'q';
  g_autofree char *word = redirect->kind == 'q'   ? g_strdup(redirect->word)
                          : redirect->kind == 'h' ? shell_expand_heredoc(shell, redirect->word)
                                                  : shell_expand_text(shell, redirect->word, FALSE);
  if (heredoc && redirect->fd == 0) {
    shell->in = g_string_new(word);
    g_ptr_array_add(redirected->buffers, shell->in);
    return TRUE;
  }
  if (redirect->fd == 0 && redirect->kind == '<')
    return redirect_input(shell, redirected, word);
  if (redirect->fd == 1 && (redirect->kind == '>' || redirect->kind == 'a'))
    return redirect_output(shell, redirected, word, redirect->kind == 'a');
  if (redirect->fd == 1 && redirect->kind == '&' && strcmp(word, "2") == 0) {
    g_clear_pointer(&redirected->path, g_free);
    shell->out = NULL;
    return TRUE;
  }
  /* messages are nobody's input as long as they do not get into the output */
  gboolean away = redirect->fd == 2 && redirect->kind == '&' && strcmp(word, "1") == 0 && shell->out == NULL;
  gboolean dropped = redirect->fd == 2 && (redirect->kind == '>' || redirect->kind == 'a') && strcmp(word, "/dev/null") == 0;
  gboolean itself = redirect->fd == 1 && redirect->kind == '&' && strcmp(word, "1") == 0;
  if (!away && !dropped && !itself)
    shell_give_up(shell, g_strdup_printf("a redirection of %d", redirect->fd));
  return TRUE;
}

static void
end_redirects(Shell *shell, Redirected *redirected)
{
  if (redirected->path != NULL && shell->out != NULL && strchr(shell->out->str, SHELL_SECRET) != NULL)
    shell_give_up(shell, g_strdup("writes what only the run can tell"));
  if (redirected->path != NULL && shell->out != NULL && shell->out->len > 0 && shell->unknown == NULL)
    shell->host->write(shell, redirected->path, shell->out, TRUE, shell->data);
  shell->out = redirected->out;
  shell->in = redirected->in;
  g_ptr_array_unref(redirected->buffers);
  g_free(redirected->path);
}

static gboolean
begin_redirects(Shell *shell, const ShellNode *node, Redirected *redirected)
{
  *redirected = (Redirected){shell->out, shell->in, g_ptr_array_new_with_free_func(free_buffer), NULL};
  for (guint i = 0; i < node->redirects->len && shell->unknown == NULL; i++)
    if (!redirect_one(shell, redirected, node->redirects->pdata[i]))
      return FALSE;
  return shell->unknown == NULL;
}

/* ---- simple commands ---- */

/* "NAME=" at the beginning of a word: its length with the sign, or 0. */
static gsize
assignment_length(const char *word)
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
  return shell->host->run(shell, words, shell->data);
}

/* Sets the variables of the first @n words; what they were goes into @before where that is wanted. */
static void
assign(Shell *shell, char **words, guint n, GPtrArray *before)
{
  for (guint i = 0; i < n && shell->unknown == NULL; i++) {
    gsize length = assignment_length(words[i]);
    g_autofree char *name = g_strndup(words[i], length - 1);
    g_autofree char *value = shell_expand_text(shell, words[i] + length, FALSE);
    if (before != NULL)
      keep_local(shell, before, name);
    shell_set(shell, name, value);
  }
}

static int
follow_simple(Shell *shell, const ShellNode *node)
{
  char **raw = (char **)node->words->pdata;
  guint n = 0;
  while (n < node->words->len && assignment_length(raw[n]) > 0)
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

/* ---- compound commands ---- */

static int
follow_excused(Shell *shell, const ShellNode *node)
{
  shell->excused++;
  int status = shell_follow(shell, node);
  shell->excused--;
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
    int condition = follow_excused(shell, node->children->pdata[0]);
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
  int condition = follow_excused(shell, node->children->pdata[0]);
  if (shell->flow != FLOW_ON || shell->unknown != NULL)
    return condition;
  if (condition == 0)
    return shell_follow(shell, node->children->pdata[1]);
  return node->children->len > 2 ? shell_follow(shell, node->children->pdata[2]) : 0;
}

static int
follow_and_or(Shell *shell, const ShellNode *node)
{
  int status = follow_excused(shell, node->children->pdata[0]);
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
    return follow_simple(shell, node);
  case SHELL_LIST:
    return follow_list(shell, node);
  case SHELL_PIPE:
    return follow_pipe(shell, node);
  case SHELL_AND:
  case SHELL_OR:
    return follow_and_or(shell, node);
  case SHELL_NOT:
    return follow_excused(shell, node->children->pdata[0]) == 0;
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
  Redirected redirected;
  int status = begin_redirects(shell, node, &redirected) ? follow_kind(shell, node) : 1;
  end_redirects(shell, &redirected);
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
