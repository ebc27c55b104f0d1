/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two halves of the shell's parser share: shell-lex.c reads words, shell-parse.c commands.
 */
#ifndef ASHLAR_DEBIAN_SHELL_LEX_H
#define ASHLAR_DEBIAN_SHELL_LEX_H

#include "builder/sources/debian/shell-private.h"

typedef struct {
  const char *at;
  guint line, depth;
  const char *reason; /* the first one */
  guint reason_line;
  GPtrArray *heredocs; /* ShellRedirect* whose text follows this line */
} ShellParser;

/* Nothing more is read; the first reason stays. */
void shell_lex_fail(ShellParser *parser, const char *reason);
/* The word that begins here, as it is written (transfer full); NULL where none does. */
char *shell_lex_read_word(ShellParser *parser);
/* Whether that very word stands here; it is read only by take. */
gboolean shell_lex_sees_word(ShellParser *parser, const char *word);
gboolean shell_lex_take_word(ShellParser *parser, const char *word);
gboolean shell_lex_take_operator(ShellParser *parser, const char *op);
void shell_lex_skip_blanks(ShellParser *parser);
/* Line breaks, with the here-documents behind them. */
void shell_lex_take_newline(ShellParser *parser);
void shell_lex_skip_newlines(ShellParser *parser);

/* Up to one of @ends where a command would begin, ")" or ";;": those are left. */
ShellNode *shell_parse_list(ShellParser *parser, const char *const *ends);

#endif
