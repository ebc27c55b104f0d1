/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a shell script into a tree. Words stay as they are written: what they stand for is found when they are used.
 */
#include "builder/sources/debian/shell-lex.h"

#include <string.h>

/* Links of one "a && b || c ...": they nest, so that their number is bounded. */
#define CHAIN_MOST 200

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
new_node(const ShellParser *parser, ShellKind kind)
{
  ShellNode *node = g_new0(ShellNode, 1);
  node->kind = kind;
  node->line = parser->line;
  node->children = g_ptr_array_new_with_free_func(free_node);
  node->redirects = g_ptr_array_new_with_free_func(redirect_free);
  return node;
}

/* ---- redirections ---- */

static gboolean
sees_redirect(ShellParser *parser)
{
  shell_lex_skip_blanks(parser);
  return strchr("<>", parser->at[strspn(parser->at, "0123456789")]) != NULL &&
         parser->at[strspn(parser->at, "0123456789")] != '\0';
}

static void
read_redirect(ShellParser *parser, ShellNode *node)
{
  ShellRedirect *redirect = g_new0(ShellRedirect, 1);
  g_ptr_array_add(node->redirects, redirect);
  gboolean numbered = g_ascii_isdigit(*parser->at);
  for (; g_ascii_isdigit(*parser->at); parser->at++)
    redirect->fd = MIN(redirect->fd * 10 + (*parser->at - '0'), 100);
  if (!numbered)
    redirect->fd = *parser->at == '<' ? 0 : 1;
  gboolean heredoc = shell_lex_take_operator(parser, "<<");
  redirect->strip = heredoc && shell_lex_take_operator(parser, "-");
  if (!heredoc)
    redirect->kind = shell_lex_take_operator(parser, ">>")                                            ? 'a'
                     : shell_lex_take_operator(parser, ">&") || shell_lex_take_operator(parser, "<&") ? '&'
                     : shell_lex_take_operator(parser, "<")                                           ? '<'
                     : shell_lex_take_operator(parser, ">|") || shell_lex_take_operator(parser, ">")  ? '>'
                                                                                                      : '?';
  redirect->word = shell_lex_read_word(parser);
  if (redirect->word == NULL) {
    redirect->word = g_strdup("");
    shell_lex_fail(parser, "a redirection leads nowhere");
  } else if (heredoc) {
    redirect->kind = strpbrk(redirect->word, "'\"\\") != NULL ? 'q' : 'h';
    g_ptr_array_add(parser->heredocs, redirect);
  }
}

/* ---- commands ---- */

/* Reads up to one of @ends, which is taken; *end (may be NULL) tells which. */
static ShellNode *
parse_until(ShellParser *parser, const char *const *ends, guint *end)
{
  ShellNode *node = shell_parse_list(parser, ends);
  for (guint i = 0; ends[i] != NULL; i++)
    if (shell_lex_take_word(parser, ends[i])) {
      if (end != NULL)
        *end = i;
      return node;
    }
  shell_lex_fail(parser, "a compound command has no end");
  if (end != NULL)
    *end = 0;
  return node;
}

static ShellNode *
parse_if(ShellParser *parser)
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
    shell_lex_fail(parser, "too deeply nested");
  }
  return node;
}

static ShellNode *
parse_while(ShellParser *parser, ShellKind kind)
{
  static const char *const to[] = {"do", NULL}, *const done[] = {"done", NULL};
  ShellNode *node = new_node(parser, kind);
  g_ptr_array_add(node->children, parse_until(parser, to, NULL));
  g_ptr_array_add(node->children, parse_until(parser, done, NULL));
  return node;
}

static void
read_words(ShellParser *parser, GPtrArray *words)
{
  for (char *word; (word = shell_lex_read_word(parser)) != NULL;)
    g_ptr_array_add(words, word);
}

static ShellNode *
parse_for(ShellParser *parser)
{
  static const char *const done[] = {"done", NULL};
  ShellNode *node = new_node(parser, SHELL_FOR);
  node->name = shell_lex_read_word(parser);
  shell_lex_skip_newlines(parser);
  if (shell_lex_take_word(parser, "in")) {
    node->words = g_ptr_array_new_with_free_func(g_free);
    read_words(parser, node->words);
  }
  shell_lex_take_operator(parser, ";");
  shell_lex_skip_newlines(parser);
  if (node->name == NULL || !shell_lex_take_word(parser, "do"))
    shell_lex_fail(parser, "'for' without 'do'");
  g_ptr_array_add(node->children, parse_until(parser, done, NULL));
  return node;
}

static void
parse_case_item(ShellParser *parser, ShellNode *node)
{
  static const char *const ends[] = {"esac", NULL};
  GPtrArray *patterns = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(node->patterns, patterns);
  shell_lex_take_operator(parser, "(");
  do {
    char *pattern = shell_lex_read_word(parser);
    if (pattern != NULL)
      g_ptr_array_add(patterns, pattern);
  } while (shell_lex_take_operator(parser, "|"));
  if (patterns->len == 0 || !shell_lex_take_operator(parser, ")"))
    shell_lex_fail(parser, "a pattern of 'case' is not understood");
  g_ptr_array_add(node->children, shell_parse_list(parser, ends));
  shell_lex_take_operator(parser, ";;");
  shell_lex_skip_newlines(parser);
}

static ShellNode *
parse_case(ShellParser *parser)
{
  ShellNode *node = new_node(parser, SHELL_CASE);
  node->words = g_ptr_array_new_with_free_func(g_free);
  node->patterns = g_ptr_array_new_with_free_func(free_words);
  char *subject = shell_lex_read_word(parser);
  if (subject != NULL)
    g_ptr_array_add(node->words, subject);
  shell_lex_skip_newlines(parser);
  if (subject == NULL || !shell_lex_take_word(parser, "in"))
    shell_lex_fail(parser, "'case' without 'in'");
  shell_lex_skip_newlines(parser);
  while (parser->reason == NULL && !shell_lex_take_word(parser, "esac")) {
    if (*parser->at == '\0')
      shell_lex_fail(parser, "'case' without 'esac'");
    else
      parse_case_item(parser, node);
  }
  return node;
}

/* "{ list }" or "( list )", behind the bracket. */
static ShellNode *
parse_brackets(ShellParser *parser, ShellKind kind)
{
  static const char *const brace[] = {"}", NULL}, *const none[] = {NULL};
  ShellNode *node = new_node(parser, kind);
  if (kind == SHELL_GROUP) {
    g_ptr_array_add(node->children, parse_until(parser, brace, NULL));
    return node;
  }
  g_ptr_array_add(node->children, shell_parse_list(parser, none));
  if (!shell_lex_take_operator(parser, ")"))
    shell_lex_fail(parser, "'(' is not closed");
  return node;
}

/* NULL: no compound command begins here. */
static ShellNode *
parse_compound(ShellParser *parser)
{
  if (shell_lex_take_word(parser, "if"))
    return parse_if(parser);
  if (shell_lex_take_word(parser, "while"))
    return parse_while(parser, SHELL_WHILE);
  if (shell_lex_take_word(parser, "until"))
    return parse_while(parser, SHELL_UNTIL);
  if (shell_lex_take_word(parser, "for"))
    return parse_for(parser);
  if (shell_lex_take_word(parser, "case"))
    return parse_case(parser);
  if (shell_lex_take_word(parser, "{"))
    return parse_brackets(parser, SHELL_GROUP);
  if (shell_lex_take_operator(parser, "("))
    return parse_brackets(parser, SHELL_SUBSHELL);
  return NULL;
}

static ShellNode *
parse_function(ShellParser *parser, char *name)
{
  ShellNode *node = new_node(parser, SHELL_FUNCTION);
  node->name = name;
  shell_lex_skip_newlines(parser);
  ShellNode *body = parse_compound(parser);
  if (body == NULL)
    shell_lex_fail(parser, "a function without a body");
  else
    g_ptr_array_add(node->children, body);
  return node;
}

static ShellNode *
parse_simple(ShellParser *parser)
{
  ShellNode *node = new_node(parser, SHELL_COMMAND);
  node->words = g_ptr_array_new_with_free_func(g_free);
  while (parser->reason == NULL) {
    if (sees_redirect(parser)) {
      read_redirect(parser, node);
      continue;
    }
    char *word = shell_lex_read_word(parser);
    if (word == NULL)
      break;
    if (node->words->len == 0 && shell_lex_take_operator(parser, "(")) {
      if (!shell_lex_take_operator(parser, ")"))
        shell_lex_fail(parser, "'(' is not understood here");
      shell_node_free(node);
      return parse_function(parser, word);
    }
    g_ptr_array_add(node->words, word);
  }
  if (node->words->len == 0 && node->redirects->len == 0)
    shell_lex_fail(parser, "a command is missing");
  return node;
}

static ShellNode *
parse_command(ShellParser *parser)
{
  if (++parser->depth > SHELL_DEPTH)
    shell_lex_fail(parser, "too deeply nested");
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
parse_pipe(ShellParser *parser)
{
  if (shell_lex_take_word(parser, "!")) {
    ShellNode *negated = new_node(parser, SHELL_NOT);
    if (shell_lex_sees_word(parser, "!"))
      shell_lex_fail(parser, "a doubled '!'");
    else
      g_ptr_array_add(negated->children, parse_pipe(parser));
    return negated;
  }
  ShellNode *first = parse_command(parser), *pipe = NULL;
  for (shell_lex_skip_blanks(parser); parser->at[0] == '|' && parser->at[1] != '|'; shell_lex_skip_blanks(parser)) {
    parser->at++;
    shell_lex_skip_newlines(parser);
    if (pipe == NULL) {
      pipe = new_node(parser, SHELL_PIPE);
      g_ptr_array_add(pipe->children, first);
    }
    g_ptr_array_add(pipe->children, parse_command(parser));
  }
  return pipe != NULL ? pipe : first;
}

static ShellNode *
parse_and_or(ShellParser *parser)
{
  ShellNode *left = parse_pipe(parser);
  for (guint links = 0; parser->reason == NULL; links++) {
    gboolean and = shell_lex_take_operator(parser, "&&");
    if (!and&&!shell_lex_take_operator(parser, "||"))
      break;
    shell_lex_skip_newlines(parser);
    if (links > CHAIN_MOST)
      shell_lex_fail(parser, "too long a chain of commands");
    ShellNode *node = new_node(parser, and? SHELL_AND : SHELL_OR);
    g_ptr_array_add(node->children, left);
    g_ptr_array_add(node->children, parse_pipe(parser));
    left = node;
  }
  return left;
}

static gboolean
at_end(ShellParser *parser, const char *const *ends)
{
  if (*parser->at == '\0' || *parser->at == ')' || g_str_has_prefix(parser->at, ";;"))
    return TRUE;
  for (guint i = 0; ends[i] != NULL; i++)
    if (shell_lex_sees_word(parser, ends[i]))
      return TRUE;
  return FALSE;
}

/* Up to one of @ends where a command would begin, ")" or ";;": those are left. */
ShellNode *
shell_parse_list(ShellParser *parser, const char *const *ends)
{
  ShellNode *list = new_node(parser, SHELL_LIST);
  for (shell_lex_skip_newlines(parser); parser->reason == NULL && !at_end(parser, ends); shell_lex_skip_newlines(parser)) {
    g_ptr_array_add(list->children, parse_and_or(parser));
    shell_lex_skip_blanks(parser);
    if (parser->reason != NULL || at_end(parser, ends))
      break;
    if (*parser->at == '&')
      shell_lex_fail(parser, "a command in the background");
    else if (*parser->at != '\n' && !shell_lex_take_operator(parser, ";"))
      shell_lex_fail(parser, "not understood");
  }
  return list;
}

ShellNode *
shell_parse(const char *text, guint *line, const char **reason)
{
  static const char *const none[] = {NULL};
  ShellParser parser = {.at = text, .line = 1};
  parser.heredocs = g_ptr_array_new();
  if (strchr(text, SHELL_SECRET) != NULL)
    shell_lex_fail(&parser, "a control character");
  ShellNode *script = shell_parse_list(&parser, none);
  if (parser.reason == NULL && *parser.at != '\0')
    shell_lex_fail(&parser, "not understood");
  if (parser.reason == NULL && parser.heredocs->len > 0)
    shell_lex_fail(&parser, "a here-document has no end");
  g_ptr_array_unref(parser.heredocs);
  if (parser.reason == NULL)
    return script;
  *line = parser.reason_line;
  *reason = parser.reason;
  shell_node_free(script);
  return NULL;
}
