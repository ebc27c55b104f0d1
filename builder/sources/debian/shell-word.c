/* SPDX-License-Identifier: Apache-2.0
 *
 * What words stand for (POSIX.1-2017, Shell Command Language, 2.6): parameters, command substitution, splitting, file names.
 * While a word is put together it is a pattern: characters that were quoted have a backslash before them.
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

typedef struct {
  Shell *shell;
  GPtrArray *fields; /* char* patterns; NULL: the word is one text, never split */
  GString *field;
  gboolean in_field; /* even if nothing is in it: "" */
} Expansion;

static void expand_part(Expansion *expansion, const char **at, const char *end, gboolean quoted);

/* ---- putting together ---- */

static void
add_char(Expansion *expansion, char c, gboolean quoted)
{
  if (quoted || c == '\\')
    g_string_append_c(expansion->field, '\\');
  g_string_append_c(expansion->field, c);
  expansion->in_field = TRUE;
  shell_spend(expansion->shell, 1);
  if (expansion->field->len > SHELL_TEXT)
    shell_give_up(expansion->shell, g_strdup("a text becomes too long"));
}

static void
end_field(Expansion *expansion)
{
  if (expansion->fields != NULL && expansion->in_field) {
    g_ptr_array_add(expansion->fields, g_strdup(expansion->field->str));
    g_string_truncate(expansion->field, 0);
    expansion->in_field = FALSE;
  }
}

static void
add_value(Expansion *expansion, const char *value, gboolean quoted)
{
  const char *separators = shell_get(expansion->shell, "IFS");
  if (separators == NULL)
    separators = " \t\n";
  gboolean split = !quoted && expansion->fields != NULL;
  for (const char *c = value; *c != '\0' && expansion->shell->unknown == NULL; c++) {
    if (!split || strchr(separators, *c) == NULL) {
      add_char(expansion, *c, quoted);
      continue;
    }
    /* a separator that is no blank makes empty fields too */
    if (strchr(" \t\n", *c) == NULL)
      expansion->in_field = TRUE;
    end_field(expansion);
  }
}

/* ---- parameters ---- */

/* $@ and $* */
static void
add_arguments(Expansion *expansion, char which, gboolean quoted)
{
  char **arguments = expansion->shell->arguments;
  const char *separators = shell_get(expansion->shell, "IFS");
  for (guint i = 0; arguments[i] != NULL; i++) {
    if (i > 0 && quoted && (which == '*' || expansion->fields == NULL)) {
      if (separators == NULL || *separators != '\0')
        add_char(expansion, separators == NULL ? ' ' : *separators, TRUE);
    } else if (i > 0) {
      end_field(expansion);
    }
    add_value(expansion, arguments[i], quoted);
    if (quoted)
      expansion->in_field = TRUE;
  }
}

/* The value of a parameter (transfer full), or NULL where it is not set. */
static char *
parameter_value(Shell *shell, const char *name)
{
  guint n = g_strv_length(shell->arguments);
  if (strcmp(name, "#") == 0)
    return g_strdup_printf("%u", n);
  if (strcmp(name, "?") == 0)
    return g_strdup_printf("%d", shell->status);
  if (strcmp(name, "@") == 0 || strcmp(name, "*") == 0)
    return n > 0 ? g_strjoinv(" ", shell->arguments) : NULL;
  if (g_ascii_isdigit(name[0]) && strcmp(name, "0") != 0) {
    guint64 i = g_ascii_strtoull(name, NULL, 10);
    return i <= n ? g_strdup(shell->arguments[i - 1]) : NULL;
  }
  const char *value = shell_get(shell, name);
  if (value == NULL && (g_hash_table_contains(shell->strangers, name) || !(g_ascii_isalpha(name[0]) || name[0] == '_')))
    shell_give_up(shell, g_strdup_printf("the value of $%s", name));
  return g_strdup(value);
}

static gsize
name_length(const char *at, const char *end)
{
  gsize length = 0;
  if (at < end && !g_ascii_isalpha(*at) && *at != '_')
    return g_ascii_isdigit(*at) || strchr("@*#?-$!", *at) != NULL;
  while (at + length < end && (g_ascii_isalnum(at[length]) || at[length] == '_'))
    length++;
  return length;
}

/* A piece of a word as one text; with @pattern in the form of a pattern. */
static char *
expand_piece(Shell *shell, const char *from, const char *end, gboolean pattern)
{
  g_autofree char *piece = g_strndup(from, (gsize)(end - from));
  return shell_expand_text(shell, piece, pattern);
}

/* ${name#pattern} and its like: what is left of @value (transfer full). */
static char *
trim_value(Shell *shell, const char *value, const char *pattern, gboolean suffix, gboolean longest)
{
  gsize length = strlen(value);
  for (gsize i = 0; i <= length && shell->unknown == NULL; i++) {
    gsize n = longest ? length - i : i; /* how much is cut */
    g_autofree char *cut = suffix ? g_strdup(value + length - n) : g_strndup(value, n);
    shell_spend(shell, n);
    if (shell_match(pattern, cut))
      return suffix ? g_strndup(value, length - n) : g_strdup(value + n);
  }
  return g_strdup(value);
}

/* ${name:-word} and its like, from the op on. */
static void
expand_default(Expansion *expansion, const char *name, const char *at, const char *end, gboolean quoted)
{
  Shell *shell = expansion->shell;
  gboolean colon = *at == ':';
  char op = at[colon];
  const char *word = at + colon + 1;
  g_autofree char *value = parameter_value(shell, name);
  gboolean there = value != NULL && (!colon || *value != '\0');
  if (op == '+' ? there : !there) {
    if (op == '+' || op == '-') {
      for (const char *c = word; c < end && shell->unknown == NULL;)
        expand_part(expansion, &c, end, quoted);
    } else if (op == '=') {
      g_autofree char *text = expand_piece(shell, word, end, FALSE);
      shell_set(shell, name, text);
      add_value(expansion, text, quoted);
    } else {
      shell_give_up(shell, g_strdup_printf("${%s%.*s", name, (int)(end - at), at));
    }
  } else if (op != '+') {
    add_value(expansion, value, quoted);
  }
}

static void
expand_braces(Expansion *expansion, const char *at, const char *end, gboolean quoted)
{
  Shell *shell = expansion->shell;
  gboolean length_of = at[0] == '#' && end - at > 1 && name_length(at + 1, end) == (gsize)(end - at - 1);
  at += length_of;
  gsize length = name_length(at, end);
  g_autofree char *name = g_strndup(at, length);
  at += length;
  if (length == 0) {
    shell_give_up(shell, g_strdup("an expansion that is not understood"));
  } else if (at == end && !length_of && (strcmp(name, "@") == 0 || strcmp(name, "*") == 0)) {
    add_arguments(expansion, name[0], quoted);
  } else if (at < end && (strchr("-+=?", *at) != NULL || (*at == ':' && at + 1 < end && strchr("-+=?", at[1]) != NULL))) {
    expand_default(expansion, name, at, end, quoted);
  } else {
    g_autofree char *value = parameter_value(shell, name);
    if (value == NULL && shell->nounset)
      shell_give_up(shell, g_strdup_printf("$%s, which is not set", name));
    if ((length_of || (at < end)) && value != NULL && strchr(value, SHELL_SECRET) != NULL)
      shell_give_up(shell, g_strdup("depends on what only the run can tell"));
    if (at == end && length_of) {
      g_autofree char *count = g_strdup_printf("%" G_GSIZE_FORMAT, value != NULL ? strlen(value) : 0);
      add_value(expansion, count, quoted);
    } else if (at == end) {
      add_value(expansion, value != NULL ? value : "", quoted);
    } else if (*at == '#' || *at == '%') {
      gboolean longest = at + 1 < end && at[1] == *at;
      g_autofree char *pattern = expand_piece(shell, at + 1 + longest, end, TRUE);
      g_autofree char *left = trim_value(shell, value != NULL ? value : "", pattern != NULL ? pattern : "", *at == '%',
                                         longest);
      add_value(expansion, left, quoted);
    } else {
      shell_give_up(shell, g_strdup("an expansion that is not understood"));
    }
  }
}

/* Behind an opening bracket: the place of the one that closes it (the parser has seen that there is one). */
static const char *
find_close(const char *at, const char *end, char open, char close)
{
  if (open == '(' && *at != '(') {
    const char *behind = shell_skip_substitution(at);
    return behind != NULL ? behind - 1 : end;
  }
  for (guint depth = 1; at < end; at++) {
    if (*at == '\\' && at + 1 < end)
      at++;
    else if (*at == '\'' && open == '(') {
      const char *stop = memchr(at + 1, '\'', (gsize)(end - at - 1));
      at = stop != NULL ? stop : at;
    } else if (*at == open)
      depth++;
    else if (*at == close && --depth == 0)
      return at;
  }
  return end;
}

/* A number or variable at *at, which is moved behind it; FALSE: neither. */
static gboolean
take_number(Shell *shell, const char **at, gint64 *number)
{
  *at += strspn(*at, " \t");
  gboolean digits = g_ascii_isdigit(**at);
  gsize length = digits ? strspn(*at, "0123456789") : name_length(*at, *at + strlen(*at));
  g_autofree char *name = g_strndup(*at, length),
                  *value = digits || length == 0 ? g_strdup(name) : parameter_value(shell, name);
  *at += length;
  *at += strspn(*at, " \t");
  return g_ascii_string_to_signed(value != NULL ? value : "", 10, -1000000, 1000000, number, NULL);
}

/* Sums of products of numbers and variables; more is not known. */
static void
expand_arithmetic(Expansion *expansion, const char *from, const char *end, gboolean quoted)
{
  Shell *shell = expansion->shell;
  g_autofree char *whole = expand_piece(shell, from, end, FALSE);
  const char *at = whole;
  gint64 sum = 0, product = 0, number = 0;
  gboolean known = take_number(shell, &at, &product);
  while (known && *at != '\0') {
    char op = *at++;
    known = strchr("+-*", op) != NULL && take_number(shell, &at, &number) && ABS(product) < 1000000;
    if (op != '*')
      sum += product;
    product = op == '*' ? product * number : op == '+' ? number : -number;
  }
  if (!known)
    shell_give_up(shell, g_strdup("arithmetic"));
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, sum + product);
  add_value(expansion, text, quoted);
}

static void
expand_dollar(Expansion *expansion, const char **at, const char *end, gboolean quoted)
{
  Shell *shell = expansion->shell;
  gsize length = name_length(*at, end);
  if (*at < end && (**at == '{' || **at == '(')) {
    char open = **at;
    const char *from = *at + 1, *close = find_close(from, end, open, open == '{' ? '}' : ')');
    *at = MIN(close + 1, end);
    if (open == '{') {
      expand_braces(expansion, from, close, quoted);
    } else if (*from == '(' && close > from && close[-1] == ')') {
      expand_arithmetic(expansion, from + 1, close - 1, quoted);
    } else {
      g_autofree char *text = g_strndup(from, (gsize)(close - from));
      g_autofree char *output = shell_substitute(shell, text);
      add_value(expansion, output, quoted);
    }
    return;
  }
  if (length == 0) {
    add_char(expansion, '$', quoted);
    return;
  }
  if (g_ascii_isdigit(**at)) /* "$12" is "${1}2" */
    length = 1;
  const char *name = *at;
  *at += length;
  if (length == 1 && (*name == '@' || *name == '*'))
    add_arguments(expansion, *name, quoted);
  else
    expand_braces(expansion, name, name + length, quoted);
}

static void
expand_backquotes(Expansion *expansion, const char **at, const char *end, gboolean quoted)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (; *at < end && **at != '`'; (*at)++) {
    if (**at == '\\' && *at + 1 < end && strchr(quoted ? "$`\\\"" : "$`\\", (*at)[1]) != NULL)
      (*at)++;
    g_string_append_c(text, **at);
  }
  *at += *at < end;
  g_autofree char *output = shell_substitute(expansion->shell, text->str);
  add_value(expansion, output, quoted);
}

/* ---- words ---- */

static void
expand_quotes(Expansion *expansion, const char **at, const char *end)
{
  guint fields = expansion->fields != NULL ? expansion->fields->len : 0;
  gsize before = expansion->field->len;
  gboolean only_arguments = g_str_has_prefix(*at, "$@\"") || g_str_has_prefix(*at, "${@}\"");
  while (*at < end && **at != '"' && expansion->shell->unknown == NULL)
    expand_part(expansion, at, end, TRUE);
  *at += *at < end;
  gboolean nothing = expansion->field->len == before && (expansion->fields == NULL || expansion->fields->len == fields);
  if (!(nothing && only_arguments))
    expansion->in_field = TRUE;
}

/* One character, quotation or expansion. */
static void
expand_part(Expansion *expansion, const char **at, const char *end, gboolean quoted)
{
  char c = *(*at)++;
  if (c == '\\' && *at < end) {
    char next = **at;
    if (quoted && strchr("$`\"\\\n", next) == NULL) {
      add_char(expansion, c, TRUE);
      return;
    }
    (*at)++;
    if (next != '\n')
      add_char(expansion, next, TRUE);
  } else if (c == '\'' && !quoted) {
    while (*at < end && **at != '\'')
      add_char(expansion, *(*at)++, TRUE);
    *at += *at < end;
    expansion->in_field = TRUE;
  } else if (c == '"' && !quoted) {
    expand_quotes(expansion, at, end);
  } else if (c == '$') {
    expand_dollar(expansion, at, end, quoted);
  } else if (c == '`') {
    expand_backquotes(expansion, at, end, quoted);
  } else {
    add_char(expansion, c, quoted);
  }
}

static void
expand_whole(Expansion *expansion, const char *word)
{
  const char *at = word, *end = word + strlen(word);
  if (*word == '~')
    shell_give_up(expansion->shell, g_strdup("a home folder ('~')"));
  while (at < end && expansion->shell->unknown == NULL)
    expand_part(expansion, &at, end, FALSE);
  end_field(expansion);
}

char *
shell_expand_text(Shell *shell, const char *word, gboolean pattern)
{
  Expansion expansion = {.shell = shell, .field = g_string_new(NULL)};
  expand_whole(&expansion, word);
  g_autofree char *text = g_string_free(expansion.field, FALSE);
  return pattern ? g_steal_pointer(&text) : shell_plain_text(text);
}

char *
shell_expand_heredoc(Shell *shell, const char *text)
{
  Expansion expansion = {.shell = shell, .field = g_string_new(NULL)};
  const char *at = text, *end = text + strlen(text);
  while (at < end && shell->unknown == NULL) {
    if (*at == '"') /* no quotation here */
      add_char(&expansion, *at++, TRUE);
    else
      expand_part(&expansion, &at, end, TRUE);
  }
  g_autofree char *pattern = g_string_free(expansion.field, FALSE);
  return shell_plain_text(pattern);
}

char **
shell_expand_words(Shell *shell, char *const *words, guint n)
{
  g_autoptr(GPtrArray) patterns = g_ptr_array_new_with_free_func(g_free);
  Expansion expansion = {.shell = shell, .fields = patterns, .field = g_string_new(NULL)};
  for (guint i = 0; i < n && shell->unknown == NULL; i++)
    expand_whole(&expansion, words[i]);
  g_string_free(expansion.field, TRUE);
  GPtrArray *fields = g_ptr_array_new();
  for (guint i = 0; i < patterns->len && shell->unknown == NULL; i++)
    shell_add_file_names(shell, patterns->pdata[i], fields);
  g_ptr_array_add(fields, NULL);
  char **list = (char **)g_ptr_array_free(fields, FALSE);
  if (shell->unknown == NULL)
    return list;
  g_strfreev(list);
  return NULL;
}
