/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/completion.h"
#include "signing/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  char *(*script)(const Command *const *commands);
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS(shells); i++)
    if (strcmp(shells[i].name, arguments[0]) == 0) {
      g_autofree char *script = shells[i].script(context->commands);
      fputs(script, stdout);
      return EXIT_SUCCESS;
    }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "no completion for the shell '%s'\nhint: bash, zsh or fish",
              arguments[0]);
  return EXIT_FAILURE;
}

static const CommandExample examples[] = {
  {"In ~/.bashrc:", "source <(ashlar completion bash)"},
  {"In ~/.zshrc, behind compinit:", "source <(ashlar completion zsh)"},
  {"In ~/.config/fish/config.fish:", "ashlar completion fish | source"},
  {NULL},
};

const Command command_completion = {
  .name = "completion",
  .summary = "print a shell's completion script",
  .arguments = "SHELL",
  .choices = "bash|zsh|fish",
  .description = "SHELL is bash, zsh or fish.",
  .details = "'make install' puts the scripts where these shells look for them; this is for where that was not done.",
  .examples = examples,
  .see_also = "help|manual",
  .min_arguments = 1,
  .max_arguments = 1,
  .run = run,
};
