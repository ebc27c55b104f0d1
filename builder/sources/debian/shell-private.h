/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the shell share: its state, and the expansion of words.
 */
#ifndef ASHLAR_DEBIAN_SHELL_PRIVATE_H
#define ASHLAR_DEBIAN_SHELL_PRIVATE_H

#include "builder/sources/debian/shell.h"

typedef enum { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE, FLOW_RETURN, FLOW_EXIT } ShellFlow;

struct Shell {
  const ShellHost *host;
  gpointer data;
  GHashTable *variables; /* name -> value */
  GHashTable *strangers; /* names whose value is not known */
  GHashTable *functions; /* name -> const ShellNode* */
  GPtrArray *parsed;     /* ShellNode*: of substitutions and eval, kept for the functions they define */
  char **arguments;      /* $1 ... */
  int status;            /* $? */
  int substituted;       /* status of the last command substitution */
  GPtrArray *locals;     /* ShellLocal*: what the function that runs has to restore; NULL outside of any */
  char *farewell;        /* trap ... EXIT */
  ShellFlow flow;
  guint flow_levels; /* loops that break and continue still have to leave */
  gboolean errexit, nounset;
  guint excused;   /* > 0: a failure here does not end the script */
  guint asked;     /* > 0: how a command ends decides what comes next */
  gboolean failed; /* the last command failed where that ends the script (set -e) */
  guint steps, depth, loops;
  gsize work;
  GString *out; /* NULL: nobody reads it */
  GString *in;  /* what is left of it; NULL: the script's own */
  char *folder;
  guint mask;
  guint line;
  char *unknown;
  GPtrArray *left_out; /* notes of what was left out; NULL: nothing may be */
};

typedef struct {
  char *name, *value; /* NULL: was not set */
} ShellLocal;

typedef struct {
  GString *out, *in;  /* as they were */
  GPtrArray *buffers; /* GString* made here */
  char *path;         /* the file that standard output is written to in the end, or NULL */
  GBytes *before;     /* what it held, where that may be wanted back; NULL: it was not there */
} ShellRedirected;

/* Redirects as the node says, FALSE where that fails; both ends must be called. */
gboolean shell_begin_redirects(Shell *shell, const ShellNode *node, ShellRedirected *redirected);
void shell_end_redirects(Shell *shell, ShellRedirected *redirected);

/* The fields that the words stand for, after expansion, splitting and globbing; NULL when the run has ended. */
char **shell_expand_words(Shell *shell, char *const *words, guint n);
/* One text, not split; with @pattern as shell_match wants it: what is quoted stands for itself. */
char *shell_expand_text(Shell *shell, const char *word, gboolean pattern);
/* A pattern's characters without their backslashes. */
char *shell_plain_text(const char *pattern);
/* Adds the names of files that the pattern stands for, or, where there are none, itself as a text. */
void shell_add_file_names(Shell *shell, const char *pattern, GPtrArray *fields);
/* The text of a here-document. */
char *shell_expand_heredoc(Shell *shell, const char *text);

/* Behind "$(": what follows the ")" of that command substitution, or NULL. */
const char *shell_skip_substitution(const char *text);
/* The standard output of a text that is a script (transfer full), its last line breaks taken away; $? is its status. */
char *shell_substitute(Shell *shell, const char *text);
int shell_follow(Shell *shell, const ShellNode *node);
/* A SHELL_COMMAND, its redirects done. */
int shell_follow_simple(Shell *shell, const ShellNode *node);

/* "NAME=" at the beginning of a word: its length with the sign, or 0. */
gsize shell_assignment_length(const char *word);
/* Has the host do a command; its status, or 0 where it is left out. */
int shell_call_host(Shell *shell, char **words);
/* Does one of the shell's own commands; FALSE: it is none. */
gboolean shell_builtin(Shell *shell, char **words, int *status);
/* test(1): the words between the brackets; 0, 1, or 2 for what is no test. */
int shell_test(Shell *shell, char **words, guint n);

#endif
