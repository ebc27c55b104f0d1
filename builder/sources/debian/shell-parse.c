/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a shell script into a tree. Words stay as they are written: what they stand for is found when they are used.
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

/* Links of one "a && b || c ...": they nest, so that their number is bounded. */
#define CHAIN_MOST 200

typedef struct {
  const char *at;
  guint line, depth;
  const char *reason; /* the first one */
  guint reason_line;
  GPtrArray *heredocs; /* ShellRedirect* whose text follows this line */
} Parser;

static ShellNode *parse_list(Parser *parser, const char *const *ends);

static void
redirect_free(gpointer data)
{
  ShellRedirect *redirect = data;
  g_free(redirect->word);
  g_free(redirect);
}

static void
free_words(gpointer data)
{
  g_ptr_array_unref(data);
}

static void
free_node(gpointer data)
{
  shell_node_free(data);
}

void
shell_node_free(ShellNode *node)
{
  g_free(node->name);
  g_clear_pointer(&node->words, g_ptr_array_unref);
  g_clear_pointer(&node->patterns, g_ptr_array_unref);
  g_ptr_array_unref(node->children);
  g_ptr_array_unref(node->redirects);
  g_free(node);
}

static ShellNode *
new_node(const Parser *parser, ShellKind kind)
{
  ShellNode *node = g_new0(ShellNode, 1);
  node->kind = kind;
  node->line = parser->line;
  node->children = g_ptr_array_new_with_free_func(free_node);
  node->redirects = g_ptr_array_new_with_free_func(redirect_free);
  return node;
}

static void
fail(Parser *parser, const char *reason)
{
  if (parser->reason == NULL) {
    parser->reason = reason;
    parser->reason_line = parser->line;
  }
  parser->at += strlen(parser->at); /* nothing more is read */
}

/* ---- words ---- */

static void skip_quoted(Parser *parser, char quote);

static void
skip_one(Parser *parser)
{
  if (*parser->at == '\n')
    parser->line++;
  if (*parser->at != '\0')
    parser->at++;
}

/* Behind an opening bracket: to behind the one that closes it. */
static void
skip_brackets(Parser *parser, char open, char close)
{
  if (++parser->depth > SHELL_DEPTH)
    fail(parser, "too deeply nested");
  for (guint depth = 1; depth > 0;) {
    char c = *parser->at;
    if (c == '\0') {
      fail(parser, "a bracket is not closed");
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
skip_program(Parser *parser)
{
  static const char *const none[] = {NULL};
  GPtrArray *heredocs = parser->heredocs;
  if (++parser->depth > SHELL_DEPTH)
    fail(parser, "too deeply nested");
  parser->heredocs = g_ptr_array_new();
  ShellNode *program = parse_list(parser, none);
  if (*parser->at == ')')
    parser->at++;
  else
    fail(parser, "a bracket is not closed");
  g_ptr_array_unref(parser->heredocs);
  shell_node_free(program);
  parser->heredocs = heredocs;
  parser->depth--;
}

static void
skip_dollar(Parser *parser)
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
  Parser parser = {.at = text, .line = 1};
  skip_program(&parser);
  return parser.reason == NULL ? parser.at : NULL;
}

/* Behind the opening quote: to behind the closing one. */
static void
skip_quoted(Parser *parser, char quote)
{
  while (*parser->at != quote) {
    char c = *parser->at;
    if (c == '\0') {
      fail(parser, "a quotation has no end");
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

static void
skip_blanks(Parser *parser)
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
static char *
read_word(Parser *parser)
{
  skip_blanks(parser);
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
static gboolean
sees_word(Parser *parser, const char *word)
{
  skip_blanks(parser);
  gsize length = strlen(word);
  return strncmp(parser->at, word, length) == 0 && strchr(" \t\n;&|<>()", parser->at[length]) != NULL;
}

static gboolean
take_word(Parser *parser, const char *word)
{
  if (!sees_word(parser, word))
    return FALSE;
  parser->at += strlen(word);
  return TRUE;
}

static gboolean
take_operator(Parser *parser, const char *operator)
{
  skip_blanks(parser);
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
read_heredoc(Parser *parser, ShellRedirect *redirect)
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
    fail(parser, "a here-document has no end");
  g_free(redirect->word);
  redirect->word = g_strdup(text->str);
}

static void
take_newline(Parser *parser)
{
  skip_one(parser);
  for (guint i = 0; i < parser->heredocs->len; i++)
    read_heredoc(parser, parser->heredocs->pdata[i]);
  g_ptr_array_set_size(parser->heredocs, 0);
}

static void
skip_newlines(Parser *parser)
{
  for (skip_blanks(parser); *parser->at == '\n'; skip_blanks(parser))
    take_newline(parser);
}

/* ---- redirections ---- */

static gboolean
sees_redirect(Parser *parser)
{
  skip_blanks(parser);
  return strchr("<>", parser->at[strspn(parser->at, "0123456789")]) != NULL &&
         parser->at[strspn(parser->at, "0123456789")] != '\0';
}

static void
read_redirect(Parser *parser, ShellNode *node)
{
  ShellRedirect *redirect = g_new0(ShellRedirect, 1);
  g_ptr_array_add(node->redirects, redirect);
  gboolean numbered = g_ascii_isdigit(*parser->at);
  for (; g_ascii_isdigit(*parser->at); parser->at++)
    redirect->fd = MIN(redirect->fd * 10 + (*parser->at - '0'), 100);
  if (!numbered)
    redirect->fd = *parser->at == '<' ? 0 : 1;
  gboolean heredoc = take_operator(parser, "<<");
  redirect->strip = heredoc && take_operator(parser, "-");
  if (!heredoc)
    redirect->kind = take_operator(parser, ">>")                                  ? 'a'
                     : take_operator(parser, ">&") || take_operator(parser, "<&") ? '&'
                     : take_operator(parser, "<")                                 ? '<'
                     : take_operator(parser, ">|") || take_operator(parser, ">")  ? '>'
                                                                                  : '?';
  redirect->word = read_word(parser);
  if (redirect->word == NULL) {
    redirect->word = g_strdup("");
    fail(parser, "a redirection leads nowhere");
  } else if (heredoc) {
    redirect->kind = strpbrk(redirect->word, "'\"\\") != NULL ? 'q' : 'h';
    g_ptr_array_add(parser->heredocs, redirect);
  }
}

/* ---- commands ---- */

/* Reads up to one of @ends, which is taken; *end (may be NULL) tells which. */
static ShellNode *
parse_until(Parser *parser, const char *const *ends, guint *end)
{
  ShellNode *node = parse_list(parser, ends);
  for (guint i = 0; ends[i] != NULL; i++)
    if (take_word(parser, ends[i])) {
      if (end != NULL)
        *end = i;
      return node;
    }
  fail(parser, "a compound command has no end");
  if (end != NULL)
    *end = 0;
  return node;
}

static ShellNode *
parse_if(Parser *parser)
{
  static const char *const then[] = {"then", NULL}, *const ends[] = {"fi", "else", "elif", NULL}, *const fi[] = {"fi", NULL};
  ShellNode *node = new_node(parser, SHELL_IF);
  guint end;
  g_ptr_array_add(node->children, parse_until(parser, then, NULL));
  g_ptr_array_add(node->children, parse_until(parser, ends, &end));
  if (parser->reason != NULL)
    return node;
  if (end == 1)
    g_ptr_array_add(node->children, parse_until(parser, fi, NULL));
  else if (end == 2 && ++parser->depth <= SHELL_DEPTH) {
    g_ptr_array_add(node->children, parse_if(parser));
    parser->depth--;
  } else if (end == 2) {
    fail(parser, "too deeply nested");
  }
  return node;
}

static ShellNode *
parse_while(Parser *parser, ShellKind kind)
{
  static const char *const to[] = {"do", NULL}, *const done[] = {"done", NULL};
  ShellNode *node = new_node(parser, kind);
  g_ptr_array_add(node->children, parse_until(parser, to, NULL));
  g_ptr_array_add(node->children, parse_until(parser, done, NULL));
  return node;
}

static void
read_words(Parser *parser, GPtrArray *words)
{
  for (char *word; (word = read_word(parser)) != NULL;)
    g_ptr_array_add(words, word);
}

static ShellNode *
parse_for(Parser *parser)
{
  static const char *const done[] = {"done", NULL};
  ShellNode *node = new_node(parser, SHELL_FOR);
  node->name = read_word(parser);
  skip_newlines(parser);
  if (take_word(parser, "in")) {
    node->words = g_ptr_array_new_with_free_func(g_free);
    read_words(parser, node->words);
  }
  take_operator(parser, ";");
  skip_newlines(parser);
  if (node->name == NULL || !take_word(parser, "do"))
    fail(parser, "'for' without 'do'");
  g_ptr_array_add(node->children, parse_until(parser, done, NULL));
  return node;
}

static void
parse_case_item(Parser *parser, ShellNode *node)
{
  static const char *const ends[] = {"esac", NULL};
  GPtrArray *patterns = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(node->patterns, patterns);
  take_operator(parser, "(");
  do {
    char *pattern = read_word(parser);
    if (pattern != NULL)
      g_ptr_array_add(patterns, pattern);
  } while (take_operator(parser, "|"));
  if (patterns->len == 0 || !take_operator(parser, ")"))
    fail(parser, "a pattern of 'case' is not understood");
  g_ptr_array_add(node->children, parse_list(parser, ends));
  take_operator(parser, ";;");
  skip_newlines(parser);
}

static ShellNode *
parse_case(Parser *parser)
{
  ShellNode *node = new_node(parser, SHELL_CASE);
  node->words = g_ptr_array_new_with_free_func(g_free);
  node->patterns = g_ptr_array_new_with_free_func(free_words);
  char *subject = read_word(parser);
  if (subject != NULL)
    g_ptr_array_add(node->words, subject);
  skip_newlines(parser);
  if (subject == NULL || !take_word(parser, "in"))
    fail(parser, "'case' without 'in'");
  skip_newlines(parser);
  while (parser->reason == NULL && !take_word(parser, "esac")) {
    if (*parser->at == '\0')
      fail(parser, "'case' without 'esac'");
    else
      parse_case_item(parser, node);
  }
  return node;
}

/* "{ list }" or "( list )", behind the bracket. */
static ShellNode *
parse_brackets(Parser *parser, ShellKind kind)
{
  static const char *const brace[] = {"}", NULL}, *const none[] = {NULL};
  ShellNode *node = new_node(parser, kind);
  if (kind == SHELL_GROUP) {
    g_ptr_array_add(node->children, parse_until(parser, brace, NULL));
    return node;
  }
  g_ptr_array_add(node->children, parse_list(parser, none));
  if (!take_operator(parser, ")"))
    fail(parser, "'(' is not closed");
  return node;
}

/* NULL: no compound command begins here. */
static ShellNode *
parse_compound(Parser *parser)
{
  if (take_word(parser, "if"))
    return parse_if(parser);
  if (take_word(parser, "while"))
    return parse_while(parser, SHELL_WHILE);
  if (take_word(parser, "until"))
    return parse_while(parser, SHELL_UNTIL);
  if (take_word(parser, "for"))
    return parse_for(parser);
  if (take_word(parser, "case"))
    return parse_case(parser);
  if (take_word(parser, "{"))
    return parse_brackets(parser, SHELL_GROUP);
  if (take_operator(parser, "("))
    return parse_brackets(parser, SHELL_SUBSHELL);
  return NULL;
}

static ShellNode *
parse_function(Parser *parser, char *name)
{
  ShellNode *node = new_node(parser, SHELL_FUNCTION);
  node->name = name;
  skip_newlines(parser);
  ShellNode *body = parse_compound(parser);
  if (body == NULL)
    fail(parser, "a function without a body");
  else
    g_ptr_array_add(node->children, body);
  return node;
}

static ShellNode *
parse_simple(Parser *parser)
{
  ShellNode *node = new_node(parser, SHELL_COMMAND);
  node->words = g_ptr_array_new_with_free_func(g_free);
  while (parser->reason == NULL) {
    if (sees_redirect(parser)) {
      read_redirect(parser, node);
      continue;
    }
    char *word = read_word(parser);
    if (word == NULL)
      break;
    if (node->words->len == 0 && take_operator(parser, "(")) {
      if (!take_operator(parser, ")"))
        fail(parser, "'(' is not understood here");
      shell_node_free(node);
      return parse_function(parser, word);
    }
    g_ptr_array_add(node->words, word);
  }
  if (node->words->len == 0 && node->redirects->len == 0)
    fail(parser, "a command is missing");
  return node;
}

static ShellNode *
parse_command(Parser *parser)
{
  if (++parser->depth > SHELL_DEPTH)
    fail(parser, "too deeply nested");
  ShellNode *node = parse_compound(parser);
  if (node == NULL)
    node = parse_simple(parser);
  else
    while (parser->reason == NULL && sees_redirect(parser))
      read_redirect(parser, node);
  parser->depth--;
  return node;
}

static ShellNode *
parse_pipe(Parser *parser)
{
  if (take_word(parser, "!")) {
    ShellNode *negated = new_node(parser, SHELL_NOT);
    if (sees_word(parser, "!"))
      fail(parser, "a doubled '!'");
    else
      g_ptr_array_add(negated->children, parse_pipe(parser));
    return negated;
  }
  ShellNode *first = parse_command(parser), *pipe = NULL;
  for (skip_blanks(parser); parser->at[0] == '|' && parser->at[1] != '|'; skip_blanks(parser)) {
    parser->at++;
    skip_newlines(parser);
    if (pipe == NULL) {
      pipe = new_node(parser, SHELL_PIPE);
      g_ptr_array_add(pipe->children, first);
    }
    g_ptr_array_add(pipe->children, parse_command(parser));
  }
  return pipe != NULL ? pipe : first;
}

static ShellNode *
parse_and_or(Parser *parser)
{
  ShellNode *left = parse_pipe(parser);
  for (guint links = 0; parser->reason == NULL; links++) {
    gboolean and = take_operator(parser, "&&");
    if (!and&&!take_operator(parser, "||"))
      break;
    skip_newlines(parser);
    if (links > CHAIN_MOST)
      fail(parser, "too long a chain of commands");
    ShellNode *node = new_node(parser, and? SHELL_AND : SHELL_OR);
    g_ptr_array_add(node->children, left);
    g_ptr_array_add(node->children, parse_pipe(parser));
    left = node;
  }
  return left;
}

static gboolean
at_end(Parser *parser, const char *const *ends)
{
  if (*parser->at == '\0' || *parser->at == ')' || g_str_has_prefix(parser->at, ";;"))
    return TRUE;
  for (guint i = 0; ends[i] != NULL; i++)
    if (sees_word(parser, ends[i]))
      return TRUE;
  return FALSE;
}

/* Up to one of @ends where a command would begin, ")" or ";;": those are left. */
static ShellNode *
parse_list(Parser *parser, const char *const *ends)
{
  ShellNode *list = new_node(parser, SHELL_LIST);
  for (skip_newlines(parser); parser->reason == NULL && !at_end(parser, ends); skip_newlines(parser)) {
    g_ptr_array_add(list->children, parse_and_or(parser));
    skip_blanks(parser);
    if (parser->reason != NULL || at_end(parser, ends))
      break;
    if (*parser->at == '&')
      fail(parser, "a command in the background");
    else if (*parser->at != '\n' && !take_operator(parser, ";"))
      fail(parser, "not understood");
  }
  return list;
}

ShellNode *
shell_parse(const char *text, guint *line, const char **reason)
{
  static const char *const none[] = {NULL};
  Parser parser = {.at = text, .line = 1};
  parser.heredocs = g_ptr_array_new();
  if (strchr(text, SHELL_SECRET) != NULL)
    fail(&parser, "a control character");
  ShellNode *script = parse_list(&parser, none);
  if (parser.reason == NULL && *parser.at != '\0')
    fail(&parser, "not understood");
  if (parser.reason == NULL && parser.heredocs->len > 0)
    fail(&parser, "a here-document has no end");
  g_ptr_array_unref(parser.heredocs);
  if (parser.reason == NULL)
    return script;
  *line = parser.reason_line;
  *reason = parser.reason;
  shell_node_free(script);
  return NULL;
}
