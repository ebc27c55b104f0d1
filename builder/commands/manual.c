/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/manual.h"
#include "builder/recipe/schema.h"
#include "rootfs/outfile.h"
#include "signing/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *output;
} ManualOptions;

static const CommandOption options[] = {
  {"output", 'o', OPTION_STRING, G_STRUCT_OFFSET(ManualOptions, output), "DIR", "write all the pages here, as files", NULL,
   "Each file is called as man(1) wants it: ashlar-build.1."},
  {NULL},
};

static gboolean
write_page(const char *folder, const char *name, int section, const char *text, GError **error)
{
  g_autofree char *file = g_strdup_printf("%s.%d", name, section);
  g_autofree char *path = g_build_filename(folder, file, NULL);
  return outfile_put(path, text, strlen(text), 0644, 0, error);
}

static gboolean
write_all(const Command *const *commands, const char *folder, GError **error)
{
  if (g_mkdir_with_parents(folder, 0755) != 0)
    return error_set_errno(error, errno, "cannot make the folder '%s'", folder);
  g_autofree char *program = manual_program(commands), *recipe = schema_manual();
  if (!write_page(folder, "ashlar", 1, program, error) || !write_page(folder, "ashlar-recipe", 5, recipe, error))
    return FALSE;
  for (; *commands != NULL; commands++) {
    g_autofree char *name = manual_name((*commands)->name), *text = manual_command(*commands);
    if (!write_page(folder, name, 1, text, error))
      return FALSE;
  }
  return TRUE;
}

/* The page that @words name (transfer full). */
static char *
page_of(const Command *const *commands, char *const *words, GError **error)
{
  if (words[0] == NULL)
    return manual_program(commands);
  if (strcmp(words[0], "recipe") == 0)
    return schema_manual();
  int used = 0;
  const Command *command = command_find(commands, words, &used);
  if (command != NULL)
    return manual_command(command);
  command_set_unknown(error, commands, words[0]);
  return NULL;
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const ManualOptions *values = data;
  if (values->output != NULL)
    return write_all(context->commands, values->output, error) ? EXIT_SUCCESS : EXIT_FAILURE;
  g_autofree char *page = page_of(context->commands, arguments, error);
  if (page == NULL)
    return EXIT_FAILURE;
  fputs(page, stdout);
  return EXIT_SUCCESS;
}

static const CommandExample examples[] = {
  {"Read a page without installing it:", "ashlar manual build | man -l -"},
  {NULL},
};

const Command command_manual = {
  .name = "manual",
  .summary = "print a page of the manual, in roff",
  .arguments = "[COMMAND]",
  .description = "Prints ashlar(1), the page of COMMAND, or for 'recipe' ashlar-recipe(5).",
  .examples = examples,
  .see_also = "help|completion|recipe",
  .min_arguments = 0,
  .max_arguments = 2,
  .options = options,
  .options_size = sizeof(ManualOptions),
  .run = run,
};
