/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/look/difference_print.h"
#include "signing/error.h"

#include <stdio.h>

typedef struct {
  char *arch;
  gboolean json, markdown, times, exit_code;
} Options;

static const CommandOption options_table[] = {
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, json), NULL, "one JSON object, with every file"},
  {"markdown", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, markdown), NULL, "tables for a pull request"},
  {"times", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, times), NULL, "the times of files count too"},
  {"exit-code", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, exit_code), NULL, "end with 1 where there is a difference"},
  {"arch", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, arch), "ARCH", "of images for several: which (default: this machine's)"},
  {NULL, 0, 0, 0, NULL, NULL},
};

static void
print(const Options *options, const Difference *difference, gboolean verbose)
{
  if (options->markdown) {
    difference_print_markdown(stdout, difference);
  } else if (options->json) {
    json_auto_t *json = difference_to_json(difference);
    g_autofree char *text = oci_json_dump(json);
    puts(text);
  } else {
    difference_print_text(stdout, difference, verbose);
  }
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const Options *options = data;
  const SubjectOptions looking = {
    .arch = options->arch,
    .hash = TRUE,
    .store_path = context->store_path,
    .cancellable = context->cancellable,
  };
  if (options->json && options->markdown) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--json and --markdown are two forms: give one");
    return 2;
  }
  g_autoptr(Subject) before = subject_open(arguments[0], &looking, error);
  g_autoptr(Subject) after = before != NULL ? subject_open(arguments[1], &looking, error) : NULL;
  if (after == NULL)
    return 1;
  g_autoptr(Difference) difference = difference_new(before, after, options->times);
  print(options, difference, context->verbose);
  return options->exit_code && difference_is_any(difference) ? 1 : 0;
}

const Command command_diff = {
  .name = "diff",
  .summary = "compare two images, layers, packages, tars or folders",
  .arguments = "OLD NEW",
  .description = "Tells what is added, removed and changed from OLD to NEW: packages with their versions, files with "
                 "their contents, modes, owners, sizes, links and extended attributes, the configuration, the "
                 "layers, and how many bytes a client that has OLD must pull for NEW. Files of a package that changed are "
                 "one line with it; --verbose lists them.\n"
                 "\n"
                 "OLD and NEW are spelled as for 'ashlar ls', and may be of different kinds. A hardlink counts as the file it "
                 "leads to.\n"
                 "\n"
                 "Status: 0, or with --exit-code 1 where there is a difference (an error has 1 too, and a message on "
                 "stderr).",
  .min_arguments = 2,
  .max_arguments = 2,
  .options = options_table,
  .options_size = sizeof(Options),
  .run = run,
};
