/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirections (POSIX.1-2017, Shell Command Language, 2.7): of standard input and output; messages go nowhere.
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

static void
free_buffer(gpointer data)
{
  g_string_free(data, TRUE);
}

static gboolean
redirect_output(Shell *shell, ShellRedirected *redirected, const char *path, gboolean append)
{
  g_clear_pointer(&redirected->path, g_free);
  if (strcmp(path, "/dev/null") == 0 || strcmp(path, "/dev/stderr") == 0) {
    shell->out = NULL;
    return TRUE;
  }
  g_autoptr(GString) nothing = g_string_new(NULL);
  g_clear_pointer(&redirected->before, g_bytes_unref);
  if (shell->left_out != NULL)
    redirected->before = shell->host->read(shell, path, shell->data);
  if (!shell->host->write(shell, path, nothing, append, shell->data))
    return FALSE;
  redirected->path = g_strdup(path);
  shell->out = g_string_new(NULL);
  g_ptr_array_add(redirected->buffers, shell->out);
  return TRUE;
}

static gboolean
redirect_input(Shell *shell, ShellRedirected *redirected, const char *path)
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
redirect_one(Shell *shell, ShellRedirected *redirected, const ShellRedirect *redirect)
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

/* What was to be written is not known: the file is as it was. */
static void
take_back(Shell *shell, const ShellRedirected *redirected)
{
  g_autoptr(GString) text = NULL;
  gsize size = 0;
  const char *data = redirected->before != NULL ? g_bytes_get_data(redirected->before, &size) : NULL;
  if (redirected->before != NULL)
    text = g_string_new_len(data, (gssize)size);
  shell->host->write(shell, redirected->path, text, FALSE, shell->data);
}

void
shell_end_redirects(Shell *shell, ShellRedirected *redirected)
{
  if (redirected->path != NULL && shell->out != NULL && strchr(shell->out->str, SHELL_SECRET) != NULL)
    shell_give_up(shell, g_strdup("writes what only the run can tell"));
  if (redirected->path != NULL && shell->out != NULL && shell->out->len > 0 && shell->unknown == NULL)
    shell->host->write(shell, redirected->path, shell->out, TRUE, shell->data);
  else if (redirected->path != NULL && shell->unknown != NULL && shell->left_out != NULL)
    take_back(shell, redirected);
  shell->out = redirected->out;
  shell->in = redirected->in;
  g_ptr_array_unref(redirected->buffers);
  g_free(redirected->path);
  g_clear_pointer(&redirected->before, g_bytes_unref);
}

gboolean
shell_begin_redirects(Shell *shell, const ShellNode *node, ShellRedirected *redirected)
{
  *redirected = (ShellRedirected){shell->out, shell->in, g_ptr_array_new_with_free_func(free_buffer), NULL, NULL};
  for (guint i = 0; i < node->redirects->len && shell->unknown == NULL; i++)
    if (!redirect_one(shell, redirected, node->redirects->pdata[i]))
      return FALSE;
  return shell->unknown == NULL;
}
