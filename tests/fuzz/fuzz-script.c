/* SPDX-License-Identifier: Apache-2.0
 *
 * Maintainer scripts as the small shell reads and follows them, in a world where every other command is known.
 */
#include "builder/sources/debian/shell.h"
#include "tests/fuzz/fuzz.h"

static int
run(Shell *shell, char **words, gpointer data)
{
  guint *n = data;
  g_assert(words[0] != NULL);
  if (++*n % 2 == 0)
    return shell_give_up(shell, g_strdup("an unknown command"));
  shell_print(shell, words[0]);
  return (int)(*n % 3);
}

static GBytes *
read_file(Shell *shell, const char *path, gpointer data)
{
  (void)shell;
  (void)data;
  return *path != '\0' ? g_bytes_new_static("a b\n", 4) : NULL;
}

static gboolean
write_file(Shell *shell, const char *path, const GString *content, gboolean append, gpointer data)
{
  (void)shell;
  (void)content;
  (void)append;
  (void)data;
  return *path != '\0';
}

static char **
list(Shell *shell, const char *folder, gpointer data)
{
  (void)shell;
  (void)data;
  return *folder != '\0' ? g_strsplit("a b", " ", -1) : NULL;
}

static gboolean
exists(Shell *shell, const char *path, gpointer data)
{
  (void)shell;
  (void)data;
  return *path != '\0';
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  static const ShellHost host = {run, read_file, write_file, list, exists};
  g_autofree char *text = fuzz_text(data, size);
  guint line, n = 0;
  const char *reason = NULL;
  g_autoptr(ShellNode) script = shell_parse(text, &line, &reason);
  g_assert((script == NULL) == (reason != NULL));
  for (guint leave_out = 0; script != NULL && leave_out < 2; leave_out++) {
    g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Shell) shell = shell_new(&host, &n);
    if (leave_out == 1)
      shell_leave_out(shell, left_out);
    int status = shell_run(shell, script);
    g_assert((status < 0) == (shell_unknown(shell) != NULL));
    g_assert(left_out->len <= SHELL_LEFT_OUT);
  }
  g_autoptr(Shell) reader = shell_new(&host, &n);
  if (script != NULL)
    shell_read(reader, script);
  return 0;
}
