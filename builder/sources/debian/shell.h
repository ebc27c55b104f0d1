/* SPDX-License-Identifier: Apache-2.0
 *
 * A small shell (POSIX.1-2017, Shell Command Language) that reads a script and follows it without starting any program: each
 * command but the shell's own is handed to whoever asked for the run, who does it in his own model of the world or says that he
 * does not know it. What cannot be told for certain ends the run with a reason and the line: nothing is guessed.
 *
 *   g_autoptr(ShellNode) script = shell_parse(text, &line, &reason)
 *   ShellHost host = {...}; g_autoptr(Shell) shell = shell_new(&host, me);
 *   shell_set(shell, "PATH", "/usr/bin"); shell_set_arguments(shell, arguments, n);
 *   shell_run(shell, script)   -> the script's status, or -1: shell_unknown(shell) tells why, shell_line(shell) where
 *
 * Or, once shell_leave_out was called, a command that its host does not know is left out and noted, as long as nobody reads
 * what it prints or asks how it ends: it counts as done. All else that is not known ends the run, and a file that was being
 * written then is as it was before.
 *
 * Bounded whatever the script: SHELL_STEPS commands, SHELL_DEPTH levels, SHELL_TEXT bytes of any one text, SHELL_WORK of all,
 * SHELL_LEFT_OUT notes.
 */
#ifndef ASHLAR_DEBIAN_SHELL_H
#define ASHLAR_DEBIAN_SHELL_H

#include <glib.h>

#define SHELL_STEPS 20000
#define SHELL_DEPTH 48
#define SHELL_TEXT (4 << 20)
#define SHELL_WORK (16 << 20) /* characters put together and printed */
#define SHELL_LEFT_OUT 16

/* The status of a command that is not there. */
#define SHELL_NOT_FOUND 127

/* Stands for a text that only the real run can tell (the date): it may be printed where nobody reads it, and no more. */
#define SHELL_SECRET '\001'

/* ---- the script ---- */

typedef enum {
  SHELL_COMMAND, /* words: assignments, then the command and its arguments */
  SHELL_LIST,    /* children, one after the other */
  SHELL_PIPE,    /* children */
  SHELL_AND,     /* two children, as OR */
  SHELL_OR,
  SHELL_NOT,   /* one child */
  SHELL_IF,    /* condition, then, and else where there is one */
  SHELL_WHILE, /* condition, body */
  SHELL_UNTIL,
  SHELL_FOR,      /* name, words, body; no words at all (NULL): "$@" */
  SHELL_CASE,     /* words[0], and in patterns[i] what children[i] is for */
  SHELL_GROUP,    /* one child */
  SHELL_SUBSHELL, /* one child */
  SHELL_FUNCTION, /* name, one child */
} ShellKind;

typedef struct ShellNode ShellNode;
struct ShellNode {
  ShellKind kind;
  guint line; /* 1, 2 ... */
  char *name;
  GPtrArray *words;     /* char*, as they are written */
  GPtrArray *children;  /* ShellNode* */
  GPtrArray *patterns;  /* GPtrArray* of char* */
  GPtrArray *redirects; /* ShellRedirect*, in their order */
};

typedef struct {
  int fd;         /* that is redirected */
  char kind;      /* '<', '>', 'a' (>>), '&' (>& or <&), 'h' (<<), 'q' (<< with a quoted delimiter) */
  char *word;     /* or the text that follows (of 'h' and 'q') */
  gboolean strip; /* <<-: no tabs before the lines */
} ShellRedirect;

/* NULL for what is no script, or has what this shell does not know: *reason (static) and *line tell. */
ShellNode *shell_parse(const char *text, guint *line, const char **reason);
void shell_node_free(ShellNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ShellNode, shell_node_free)

/* ---- following it ---- */

typedef struct Shell Shell;

/* All paths are as the script spells them, absolute or relative to shell_folder. */
typedef struct {
  /* Does a command; its status. What the host does not know, it says by shell_give_up. */
  int (*run)(Shell *shell, char **words, gpointer data);
  /* The content of a file, or NULL where there is none. */
  GBytes *(*read)(Shell *shell, const char *path, gpointer data);
  /* Writes (or adds to) a file; FALSE: that fails. NULL: there shall be no such file. */
  gboolean (*write)(Shell *shell, const char *path, const GString *content, gboolean append, gpointer data);
  /* The names in a folder, sorted by bytes (transfer full), or NULL. */
  char **(*list)(Shell *shell, const char *folder, gpointer data);
  gboolean (*exists)(Shell *shell, const char *path, gpointer data);
} ShellHost;

Shell *shell_new(const ShellHost *host, gpointer data);
void shell_free(Shell *shell);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shell, shell_free)

void shell_set(Shell *shell, const char *name, const char *value);
/* NULL: not set. */
const char *shell_get(const Shell *shell, const char *name);
void shell_unset(Shell *shell, const char *name);
/* A variable whose value only the real run has: using it ends the run. */
void shell_set_unknown(Shell *shell, const char *name);
void shell_set_arguments(Shell *shell, const char *const *arguments);

/* What is not known is left out where that can be; @left_out (char*, borrowed) gets "line N: reason" of each. */
void shell_leave_out(Shell *shell, GPtrArray *left_out);

/* The status, or -1. A script that would fail because of `set -e` has that status too. */
int shell_run(Shell *shell, const ShellNode *script);

/* Instead of shell_run: hands the host each simple command whose words are literal, once quotes are taken off and variables
 * that get one literal value are filled in. Conditions are not judged, and functions are not called: a command counts wherever
 * it stands. Those in a substitution are followed, and count too; a host that does not know what they print says so. */
void shell_read(Shell *shell, const ShellNode *script);

/* Ends the run: @reason is taken. The first reason stays. Returns 1, a status for whoever needs one. */
int shell_give_up(Shell *shell, char *reason);
/* Counts @bytes of work; too much of it ends the run. */
void shell_spend(Shell *shell, gsize bytes);
const char *shell_unknown(const Shell *shell);
guint shell_line(const Shell *shell);

/* ---- for the host's commands ---- */

/* Runs a text in the shell itself, as eval and "." do; its status. */
int shell_evaluate(Shell *shell, const char *text);
/* Runs a command with these words; its status. */
int shell_call(Shell *shell, char **words);

/* Standard output; nothing is kept of what nobody reads. */
void shell_print(Shell *shell, const char *text);
/* All of what is left of standard input (transfer full); the script's own standard input is unknown. */
char *shell_take_input(Shell *shell);
gboolean shell_input_is_empty(const Shell *shell);
const char *shell_folder(const Shell *shell);
void shell_set_folder(Shell *shell, const char *folder);
guint shell_umask(const Shell *shell);

/* Whether @text is what the pattern says: * ? [a-z] [!x] and \ for a character as it is. Bytes, no locale. */
gboolean shell_match(const char *pattern, const char *text);

#endif
