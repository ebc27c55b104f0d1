/* SPDX-License-Identifier: Apache-2.0
 *
 * A subcommand is one const Command in a file of its own under commands/, listed in main.c. Parsing, --help, the man pages
 * and shell completion all come from its tables.
 */
#ifndef ASHLAR_BUILDER_COMMAND_H
#define ASHLAR_BUILDER_COMMAND_H

#include "builder/engine/progress.h"
#include <gio/gio.h>

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
  const char *argument; /* "DIR" in --help */
  const char *help;     /* one line, lower case, no full stop */
} CommandOption;

/* What every command is given: the options all commands have, and what they share. */
typedef struct {
  const char *store_path; /* --store, or NULL for the default */
  Progress *progress;
  GCancellable *cancellable; /* cancelled by SIGINT, SIGTERM and SIGHUP */
  gboolean verbose;
} CommandContext;

typedef struct Command {
  const char *name;                 /* "build", "store gc" */
  const char *summary;              /* one line, for the list of commands */
  const char *arguments;            /* "RECIPE...", or NULL when it takes none */
  const char *description;          /* paragraphs below the options in --help; may be NULL */
  int min_arguments, max_arguments; /* positional; max -1: any number */
  const CommandOption *options;
  gsize options_size; /* sizeof the option struct */
  /* Does it. @options points at the filled option struct, @arguments is NULL-terminated. Returns the exit status; where
   * @error is set, main prints it once and derives the status from its code (see signing/error.h). Results go to stdout. */
  int (*run)(const CommandContext *context, gpointer options, char **arguments, GError **error);
} Command;

/* Runs @argv against the NULL-terminated @commands; returns the exit status. */
int command_main(const Command *const *commands, int argc, char **argv);

#endif
