/* SPDX-License-Identifier: Apache-2.0
 *
 * The words, operators and line breaks of a script.
 */
#include "builder/sources/debian/shell-lex.h"

#include <string.h>

void
shell_lex_fail(ShellParser *parser, const char *reason)
{
  if (parser->reason == NULL) {
    parser->reason = reason;
    parser->reason_line = parser->line;
  }
  parser->at += strlen(parser->at); /* nothing more is read */
}

/* ---- words ---- */

static void skip_quoted(ShellParser *parser, char quote);

static void
skip_one(ShellParser *parser)
{
  if (*parser->at == '\n')
    parser->line++;
  if (*parser->at != '\0')
    parser->at++;
}

/* Behind an opening bracket: to behind the one that closes it. */
static void
skip_brackets(ShellParser *parser, char open, char close)
{
  if (++parser->depth > SHELL_DEPTH)
    shell_lex_fail(parser, "too deeply nested");
  for (guint depth = 1; depth > 0;) {
    char c = *parser->at;
    if (c == '\0') {
      shell_lex_fail(parser, "a bracket is not closed");
      break;
    }
    skip_one(parser);
    if (c == '\\')
      skip_one(parser);
    else if (c == '\'' || c == '"' || c == '`')
      skip_quoted(parser, c);
    else if (c == '#' && open == '(' && strchr(" \t\n", parser->at[-2]) != NULL)
      while (*parser->at != '\n' && *parser->at != '\0')
        parser->at++;
    else if (c == open)
      depth++;
    else if (c == close)
      depth--;
  }
  parser->depth--;
}

/* Behind the "$(" of a command substitution: to behind its ")", which only reading it finds (a pattern of case has one too). */
static void
skip_program(ShellParser *parser)
{
  static const char *const none[] = {NULL};
  GPtrArray *heredocs = parser->heredocs;
  if (++parser->depth > SHELL_DEPTH)
    shell_lex_fail(parser, "too deeply nested");
  parser->heredocs = g_ptr_array_new();
  ShellNode *program = shell_parse_list(parser, none);
  if (*parser->at == ')')
    parser->at++;
  else
    shell_lex_fail(parser, "a bracket is not closed");
  g_ptr_array_unref(parser->heredocs);
  shell_node_free(program);
  parser->heredocs = heredocs;
  parser->depth--;
}

static void
skip_dollar(ShellParser *parser)
{
  char c = *parser->at;
  if (c != '(' && c != '{')
    return;
  parser->at++;
  if (c == '(' && *parser->at != '(')
    skip_program(parser);
  else
    skip_brackets(parser, c, c == '(' ? ')' : '}');
}

const char *
shell_skip_substitution(const char *text)
{
  ShellParser parser = {.at = text, .line = 1};
  skip_program(&parser);
  return parser.reason == NULL ? parser.at : NULL;
}

/* Behind the opening quote: to behind the closing one. */
static void
skip_quoted(ShellParser *parser, char quote)
{
  while (*parser->at != quote) {
    char c = *parser->at;
    if (c == '\0') {
      shell_lex_fail(parser, "a quotation has no end");
      return;
    }
    skip_one(parser);
    if (c == '\\' && quote != '\'')
      skip_one(parser);
    else if (c == '$' && quote == '"')
      skip_dollar(parser);
    else if (c == '`' && quote == '"')
      skip_quoted(parser, '`');
  }
  skip_one(parser);
}

void
shell_lex_skip_blanks(ShellParser *parser)
{
  for (;;) {
    parser->at += strspn(parser->at, " \t");
    if (parser->at[0] == '\\' && parser->at[1] == '\n') {
      parser->at += 2;
      parser->line++;
    } else if (*parser->at == '#') {
      parser->at += strcspn(parser->at, "\n");
    } else {
      return;
    }
  }
}

/* The word that begins here, as it is written (transfer full); NULL where none does. */
char *
shell_lex_read_word(ShellParser *parser)
{
  shell_lex_skip_blanks(parser);
  const char *start = parser->at;
  while (*parser->at != '\0' && strchr(" \t\n;&|<>()", *parser->at) == NULL) {
    char c = *parser->at;
    skip_one(parser);
    if (c == '\\')
      skip_one(parser);
    else if (c == '\'' || c == '"' || c == '`')
      skip_quoted(parser, c);
    else if (c == '$')
      skip_dollar(parser);
  }
  return parser->at > start && parser->reason == NULL ? g_strndup(start, (gsize)(parser->at - start)) : NULL;
}

/* Whether that very word stands here; it is not read. */
gboolean
shell_lex_sees_word(ShellParser *parser, const char *word)
{
  shell_lex_skip_blanks(parser);
  gsize length = strlen(word);
  return strncmp(parser->at, word, length) == 0 && strchr(" \t\n;&|<>()", parser->at[length]) != NULL;
}

gboolean
shell_lex_take_word(ShellParser *parser, const char *word)
{
  if (!shell_lex_sees_word(parser, word))
    return FALSE;
  parser->at += strlen(word);
  return TRUE;
}

gboolean
shell_lex_take_operator(ShellParser *parser, const char *operator)
{
  shell_lex_skip_blanks(parser);
  if (!g_str_has_prefix(parser->at, operator))
    return FALSE;
  parser->at += strlen(operator);
  return TRUE;
}

/* ---- line breaks and the texts behind them ---- */

static char *
plain_delimiter(const char *word)
{
  GString *plain = g_string_new(NULL);
  for (const char *c = word; *c != '\0'; c++)
    if (strchr("'\"\\", *c) == NULL)
      g_string_append_c(plain, *c);
  return g_string_free(plain, FALSE);
}

static void
read_heredoc(ShellParser *parser, ShellRedirect *redirect)
{
  g_autofree char *delimiter = plain_delimiter(redirect->word);
  g_autoptr(GString) text = g_string_new(NULL);
  gboolean found = FALSE;
  while (!found && *parser->at != '\0') {
    const char *line = parser->at + (redirect->strip ? strspn(parser->at, "\t") : 0);
    gsize length = strcspn(line, "\n");
    found = strlen(delimiter) == length && memcmp(line, delimiter, length) == 0;
    if (!found) {
      g_string_append_len(text, line, (gssize)length);
      g_string_append_c(text, '\n');
    }
    parser->at = line + length;
    skip_one(parser);
  }
  if (!found)
    shell_lex_fail(parser, "a here-document has no end");
  g_free(redirect->word);
  redirect->word = g_strdup(text->str);
}

void
shell_lex_take_newline(ShellParser *parser)
{
  skip_one(parser);
  for (guint i = 0; i < parser->heredocs->len; i++)
    read_heredoc(parser, parser->heredocs->pdata[i]);
  g_ptr_array_set_size(parser->heredocs, 0);
}

void
shell_lex_skip_newlines(ShellParser *parser)
{
  for (shell_lex_skip_blanks(parser); *parser->at == '\n'; shell_lex_skip_blanks(parser))
    shell_lex_take_newline(parser);
}
