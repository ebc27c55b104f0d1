/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/look/report.h"
#include "builder/oci/printable.h"
#include "rootfs/outfile.h"

#include <stdio.h>

typedef struct {
  char *output, *trace, *arch;
} Options;

static const CommandOption options_table[] = {
  {"output", 'o', OPTION_STRING, G_STRUCT_OFFSET(Options, output), "FILE",
   "the page (default: NAME-VERSION.report.html in the current folder)"},
  {"trace", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, trace), "FILE",
   "what 'ashlar build --trace' wrote: tell how the build went"},
  {"arch", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, arch), "ARCH",
   "of an image for several: which (default: this machine's)"},
  {NULL, 0, 0, 0, NULL, NULL},
};

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const Options *options = data;
  g_autoptr(Timeline) timeline = options->trace != NULL ? timeline_read(options->trace, error) : NULL;
  if (options->trace != NULL && timeline == NULL)
    return 1;
  const SubjectOptions wanted = {
    .arch = options->arch,
    .hash = TRUE,
    .store_path = context->store_path,
    .cancellable = context->cancellable,
  };
  g_autoptr(Subject) subject = subject_open(arguments[0], &wanted, error);
  if (subject == NULL)
    return 1;
  gsize length;
  const ReportSpec spec = {subject, timeline};
  g_autofree char *page = report_page(&spec, &length, error);
  g_autofree char *path = options->output != NULL ? g_strdup(options->output) : report_file_name(subject);
  if (page == NULL || !outfile_put(path, page, length, 0644, OUTFILE_REPLACE, error))
    return 1;
  g_autofree char *shown = printable(path);
  puts(shown);
  return 0;
}

const Command command_report = {
  .name = "report",
  .summary = "write a page that shows what is in an image",
  .arguments = "IMAGE",
  .description = "The page is one HTML file that loads nothing from elsewhere, and is readable without its script: what takes "
                 "the space by package and by folder, layers, packages, remarkable files, configuration and signatures (told, "
                 "not verified); with --trace, how the build went. Its path is printed.\n\n"
                 "Equal images give equal pages. IMAGE may be all that 'ashlar ls' takes.",
  .min_arguments = 1,
  .max_arguments = 1,
  .options = options_table,
  .options_size = sizeof(Options),
  .run = run,
};
