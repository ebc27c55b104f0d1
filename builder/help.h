/* SPDX-License-Identifier: Apache-2.0
 *
 * --help: the tables of the commands as text for a terminal of 80 columns, on stdout. What fits no screen is for the manual.
 */
#ifndef ASHLAR_BUILDER_HELP_H
#define ASHLAR_BUILDER_HELP_H

#include "builder/command.h"

/* Fills lines with @text's words, @indent columns in. */
void help_print_words(const char *text, guint indent);
/* `ashlar --help`: every command, and the options that all have. */
void help_print_program(const Command *const *commands);
/* `ashlar store --help`: the commands whose names begin with @word. */
void help_print_group(const Command *const *commands, const char *word);
void help_print_command(const Command *command);
/* `usage: ashlar build [options] RECIPE...` without the first word (transfer full). */
char *help_usage(const Command *command);

#endif
