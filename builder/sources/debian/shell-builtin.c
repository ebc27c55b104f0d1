/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands that a shell does itself.
 */
#include "builder/sources/debian/shell-private.h"

#include <stdlib.h>
#include <string.h>

static int
do_nothing(Shell *shell, char **words)
{
  (void)shell;
  (void)words;
  return 0;
}

static int
do_false(Shell *shell, char **words)
{
  (void)shell;
  (void)words;
  return 1;
}

/* ---- variables ---- */

static int
do_set(Shell *shell, char **words)
{
  guint i = 1;
  for (; words[i] != NULL && (words[i][0] == '-' || words[i][0] == '+') && words[i][1] != '\0'; i++) {
    if (strcmp(words[i], "--") == 0) {
      shell_set_arguments(shell, (const char *const *)words + i + 1);
      return 0;
    }
    for (const char *option = words[i] + 1; *option != '\0'; option++) {
      if (*option == 'e')
        shell->errexit = words[i][0] == '-';
      else if (*option == 'u')
        shell->nounset = words[i][0] == '-';
      else if (*option != 'x' && *option != 'v')
        return shell_give_up(shell, g_strdup_printf("set %s", words[i]));
    }
  }
  if (words[i] != NULL)
    shell_set_arguments(shell, (const char *const *)words + i);
  return 0;
}

static int
do_shift(Shell *shell, char **words)
{
  guint n = g_strv_length(shell->arguments), by = words[1] != NULL ? (guint)atoi(words[1]) : 1;
  if (by > n)
    return shell_give_up(shell, g_strdup("shift by more than there is"));
  g_auto(GStrv) rest = g_strdupv(shell->arguments + by);
  shell_set_arguments(shell, (const char *const *)rest);
  return 0;
}

static int
do_unset(Shell *shell, char **words)
{
  for (guint i = 1; words[i] != NULL; i++) {
    if (strcmp(words[i], "-f") == 0)
      return shell_give_up(shell, g_strdup("unset -f"));
    if (words[i][0] != '-')
      shell_unset(shell, words[i]);
  }
  return 0;
}

static void
assign_word(Shell *shell, const char *word)
{
  const char *sign = strchr(word, '=');
  if (sign != NULL) {
    g_autofree char *name = g_strndup(word, (gsize)(sign - word));
    shell_set(shell, name, sign + 1);
  }
}

static int
do_export(Shell *shell, char **words)
{
  for (guint i = 1; words[i] != NULL; i++)
    if (words[i][0] != '-')
      assign_word(shell, words[i]);
  return 0;
}

static int
do_local(Shell *shell, char **words)
{
  if (shell->locals == NULL)
    return shell_give_up(shell, g_strdup("'local' outside of a function"));
  for (guint i = 1; words[i] != NULL; i++) {
    ShellLocal *local = g_new(ShellLocal, 1);
    local->name = g_strndup(words[i], strcspn(words[i], "="));
    local->value = g_strdup(shell_get(shell, local->name));
    g_ptr_array_add(shell->locals, local);
    assign_word(shell, words[i]); /* dash: without a value it keeps the one it has */
  }
  return 0;
}

/* ---- flow ---- */

static int
leave(Shell *shell, ShellFlow flow, const char *status)
{
  shell->flow = flow;
  return status != NULL ? atoi(status) & 255 : shell->status;
}

static int
do_exit(Shell *shell, char **words)
{
  return leave(shell, FLOW_EXIT, words[1]);
}

static int
do_return(Shell *shell, char **words)
{
  return leave(shell, FLOW_RETURN, words[1]);
}

static int
leave_loop(Shell *shell, ShellFlow flow, char **words)
{
  guint levels = words[1] != NULL ? (guint)MAX(atoi(words[1]), 1) : 1;
  if (shell->loops == 0)
    return shell_give_up(shell, g_strdup_printf("%s outside of a loop", words[0]));
  shell->flow = flow;
  shell->flow_levels = MIN(levels, shell->loops);
  return 0;
}

static int
do_break(Shell *shell, char **words)
{
  return leave_loop(shell, FLOW_BREAK, words);
}

static int
do_continue(Shell *shell, char **words)
{
  return leave_loop(shell, FLOW_CONTINUE, words);
}

static int
do_eval(Shell *shell, char **words)
{
  g_autofree char *text = g_strjoinv(" ", words + 1);
  return shell_evaluate(shell, text);
}

/* No signal ever comes. */
static int
do_trap(Shell *shell, char **words)
{
  for (guint i = 2; words[1] != NULL && words[i] != NULL; i++)
    if (strcmp(words[i], "EXIT") == 0 || strcmp(words[i], "0") == 0) {
      g_free(shell->farewell);
      shell->farewell = *words[1] != '\0' && strcmp(words[1], "-") != 0 ? g_strdup(words[1]) : NULL;
    }
  return 0;
}

/* ---- texts ---- */

static int
do_echo(Shell *shell, char **words)
{
  gboolean newline = words[1] == NULL || strcmp(words[1], "-n") != 0;
  g_autofree char *text = g_strjoinv(" ", words + 1 + !newline);
  if (shell->out != NULL && (strchr(text, '\\') != NULL || g_str_has_prefix(text, "-e")))
    return shell_give_up(shell, g_strdup("echo of a backslash"));
  shell_print(shell, text);
  if (newline)
    shell_print(shell, "\n");
  return 0;
}

/* One time through the format; *words is moved behind the words that it took. */
static gboolean
print_format(Shell *shell, const char *format, char ***words)
{
  for (const char *c = format; *c != '\0'; c++) {
    char one[2] = {*c, '\0'};
    if (*c == '\\') {
      c++;
      if (strchr("n\\t", *c) == NULL || *c == '\0')
        return FALSE;
      one[0] = *c == 'n' ? '\n' : *c == 't' ? '\t' : '\\';
      shell_print(shell, one);
    } else if (*c == '%' && (c[1] == 's' || c[1] == 'd')) {
      shell_print(shell, **words != NULL ? **words : c[1] == 'd' ? "0" : "");
      *words += **words != NULL;
      c++;
    } else if (*c == '%' && *++c != '%') {
      return FALSE;
    } else {
      shell_print(shell, one);
    }
  }
  return TRUE;
}

static int
do_printf(Shell *shell, char **words)
{
  if (shell->out == NULL)
    return 0;
  if (words[1] == NULL)
    return 2;
  char **rest = words + 2;
  do {
    char **before = rest;
    if (!print_format(shell, words[1], &rest))
      return shell_give_up(shell, g_strdup_printf("printf '%s'", words[1]));
    if (rest == before)
      break;
  } while (*rest != NULL);
  return 0;
}

/* The line's fields into the variables, the rest into the last one. */
static void
read_fields(Shell *shell, char *line, char **names)
{
  const char *separators = shell_get(shell, "IFS");
  if (separators == NULL)
    separators = " \t\n";
  char *at = line;
  for (guint i = 0; names[i] != NULL; i++) {
    at += strspn(at, " \t") * (strchr(separators, ' ') != NULL);
    if (names[i + 1] == NULL) {
      if (strchr(separators, ' ') != NULL)
        g_strchomp(at);
      shell_set(shell, names[i], at);
      return;
    }
    gsize length = strcspn(at, separators);
    g_autofree char *value = g_strndup(at, length);
    shell_set(shell, names[i], value);
    at += length + (at[length] != '\0');
  }
}

static int
do_read(Shell *shell, char **words)
{
  gboolean raw = words[1] != NULL && strcmp(words[1], "-r") == 0;
  char **names = words + 1 + raw;
  if (shell->in == NULL || names[0] == NULL || names[0][0] == '-')
    return shell_give_up(shell, g_strdup("reads the script's standard input"));
  gsize length = strcspn(shell->in->str, "\n");
  gboolean whole = shell->in->str[length] == '\n';
  g_autofree char *line = g_strndup(shell->in->str, length);
  if (strchr(line, SHELL_SECRET) != NULL || (!raw && strchr(line, '\\') != NULL))
    return shell_give_up(shell, g_strdup("read of a line that is not known"));
  g_string_erase(shell->in, 0, (gssize)(length + whole));
  read_fields(shell, line, names);
  return whole ? 0 : 1;
}

/* ---- the surroundings ---- */

static int
do_umask(Shell *shell, char **words)
{
  guint64 mask;
  if (words[1] == NULL || !g_ascii_string_to_unsigned(words[1], 8, 0, 0777, &mask, NULL))
    return shell_give_up(shell, g_strdup("umask"));
  shell->mask = (guint)mask;
  return 0;
}

static int
do_test(Shell *shell, char **words)
{
  guint n = g_strv_length(words);
  gboolean bracket = words[0][0] == '[';
  if (bracket && strcmp(words[n - 1], "]") != 0)
    return 2;
  return shell_test(shell, words + 1, n - 1 - bracket);
}

static int do_command(Shell *shell, char **words);

static const struct {
  const char *name;
  int (*run)(Shell *shell, char **words);
} builtins[] = {
  {":", do_nothing},     {"true", do_nothing},    {"false", do_false},       {"set", do_set},     {"shift", do_shift},
  {"unset", do_unset},   {"export", do_export},   {"readonly", do_export},   {"local", do_local}, {"exit", do_exit},
  {"return", do_return}, {"break", do_break},     {"continue", do_continue}, {"eval", do_eval},   {"trap", do_trap},
  {"echo", do_echo},     {"printf", do_printf},   {"read", do_read},         {"umask", do_umask}, {"test", do_test},
  {"[", do_test},        {"command", do_command},
};

static gboolean
find_builtin(const char *name, guint *at)
{
  for (*at = 0; *at < G_N_ELEMENTS(builtins); (*at)++)
    if (strcmp(builtins[*at].name, name) == 0)
      return TRUE;
  return FALSE;
}

/* "command -v NAME" and "command NAME ...": the host looks for programs. */
static int
do_command(Shell *shell, char **words)
{
  guint at;
  if (words[1] == NULL)
    return 0;
  if (words[1][0] != '-')
    return find_builtin(words[1], &at) ? builtins[at].run(shell, words + 1) : shell_call_host(shell, words + 1);
  if (strcmp(words[1], "-v") != 0 || words[2] == NULL)
    return shell_give_up(shell, g_strdup_printf("command %s", words[1]));
  if (!find_builtin(words[2], &at) && !g_hash_table_contains(shell->functions, words[2]))
    return shell->host->run(shell, words, shell->data);
  shell_print(shell, words[2]);
  shell_print(shell, "\n");
  return 0;
}

gboolean
shell_builtin(Shell *shell, char **words, int *status)
{
  guint at;
  if (!find_builtin(words[0], &at))
    return FALSE;
  *status = builtins[at].run(shell, words);
  return TRUE;
}
