/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/help.h"

#include <stdlib.h>

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  int used = 0;
  const Command *command = command_find(context->commands, arguments, &used);
  if (arguments[0] == NULL)
    help_print_program(context->commands);
  else if (command != NULL)
    help_print_command(command);
  else if (command_is_group(context->commands, arguments[0]))
    help_print_group(context->commands, arguments[0]);
  else
    command_set_unknown(error, context->commands, arguments[0]);
  return EXIT_SUCCESS;
}

const Command command_help = {
  .name = "help",
  .summary = "tell what a command does and its options",
  .arguments = "[COMMAND]",
  .description = "The same as 'ashlar COMMAND --help'.",
  .see_also = "manual",
  .min_arguments = 0,
  .max_arguments = 2,
  .run = run,
};
