/* SPDX-License-Identifier: Apache-2.0
 *
 * A subcommand is one const Command in a file of its own under commands/, listed in main.c. Parsing, --help (help.h), the man
 * pages (manual.h) and shell completion (completion.h) all come from its tables.
 *
 * --help is meant to fit a screen and shows the summary, the description and the options' one line each; the manual shows
 * these and all the rest. The fields that are for the manual alone may be left out, those at the end of a row too.
 */
#ifndef ASHLAR_BUILDER_COMMAND_H
#define ASHLAR_BUILDER_COMMAND_H

#include "builder/progress/progress.h"
#include <gio/gio.h>

/* a row of a table says what there is to say, and no more */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

typedef enum {
  OPTION_FLAG,    /* gboolean */
  OPTION_STRING,  /* char * (owned by the option struct) */
  OPTION_STRINGS, /* char ** : the option may be given several times */
  OPTION_INT,     /* int */
} OptionKind;

typedef struct {
  const char *name; /* "output" for --output; NULL ends the table */
  char letter;      /* 'o' for -o, or 0 */
  OptionKind kind;
  gsize offset;         /* of its value in the command's option struct, which starts zeroed */
  const char *argument; /* "DIR" in --help; what such a word stands for is known to words.h */
  const char *help;     /* one line, lower case, no full stop */
  const char *choices;  /* "auto|live|plain": all that the argument may be; NULL: what its word says */
  const char *details;  /* sentences for the manual, behind @help; NULL where that says it all */
  gboolean rare;        /* --help gives its name only */
} CommandOption;

/* One command line and what it is for; a NULL @line ends the table. */
typedef struct {
  const char *purpose; /* "Check what a colleague built:" */
  const char *line;    /* "ashlar verify web-1.0.oci.tar --key release.key.pub" */
} CommandExample;

typedef struct Command Command;

/* What every command is given: the options all commands have, and what they share. */
typedef struct {
  const Command *const *commands; /* all of them, NULL-terminated */
  const char *store_path;         /* --store, or NULL for the default */
  Progress *progress;
  GCancellable *cancellable; /* cancelled by SIGINT, SIGTERM and SIGHUP */
  gboolean verbose;
  gconstpointer common; /* the values of command_common_options, for command_append_options */
} CommandContext;

struct Command {
  const char *name;      /* "build", "store gc" */
  const char *summary;   /* one line, for the list of commands: lower case, no full stop */
  const char *arguments; /* "RECIPE...", "IMAGE [PATH]", or NULL when it takes none */
  const char *choices;   /* of its first argument, as of an option's; may be NULL */
  /* Sentences that go on behind the summary; a line that begins with a space stands as it is; may be NULL. */
  const char *description;
  const char *details;              /* more paragraphs, for the manual; may be NULL */
  const char *refused;              /* when it ends with 3, for the manual: "an image was refused"; NULL: it never does */
  const char *see_also;             /* the commands whose pages to read next: "sign|store gc"; may be NULL */
  const CommandExample *examples;   /* may be NULL */
  int min_arguments, max_arguments; /* positional; max -1: any number */
  const CommandOption *options;
  gsize options_size; /* sizeof the option struct */
  /* Does it. @options points at the filled option struct, @arguments is NULL-terminated. Returns the exit status; where
   * @error is set, main prints it once and derives the status from its code (see signing/error.h). Results go to stdout. */
  int (*run)(const CommandContext *context, gpointer options, char **arguments, GError **error);
};

/* The options that every command has. */
extern const CommandOption command_common_options[];

/* Appends what gives the options of @table the @values they have, "--output=DIR", to the command line @argv (char*); those named
 * in @but (NULL-terminated) are left out. */
void command_append_options(GPtrArray *argv, const CommandOption *table, gconstpointer values, const char *const *but);

/* The command whose name @words (NULL-terminated) begin with, and how many of them it takes; NULL where there is none. */
const Command *command_find(const Command *const *commands, char *const *words, int *used);
/* Whether @word is no command but the first word of some, as "store" is. */
gboolean command_is_group(const Command *const *commands, const char *word);
/* "unknown command 'X'", with a hint of a near one (ASHLAR_ERROR_USAGE). */
void command_set_unknown(GError **error, const Command *const *commands, const char *name);

/* Runs @argv against the NULL-terminated @commands; returns the exit status. */
int command_main(const Command *const *commands, int argc, char **argv);

#endif
