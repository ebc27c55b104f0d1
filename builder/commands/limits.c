/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/help.h"
#include "signing/limits.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define INDENT 2

typedef struct {
  gboolean json;
} LimitsOptions;

static const CommandOption options[] = {
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(LimitsOptions, json), NULL, "as JSON, sizes in bytes"},
  {NULL},
};

static void
print_text(void)
{
  for (guint i = 0; i < LIMIT_N; i++) {
    const Limit *row = limits_row((LimitId)i);
    g_autofree char *value = limits_show(limits_get((LimitId)i), row->unit);
    g_autofree char *standard = limits_show(row->standard, row->unit);
    printf("%s=%s%s%s%s\n", row->name, value, limits_get((LimitId)i) != row->standard ? " (normally " : "",
           limits_get((LimitId)i) != row->standard ? standard : "", limits_get((LimitId)i) != row->standard ? ")" : "");
    help_print_words(row->about, INDENT);
  }
  puts("\nThese cannot be moved:\n");
  guint n;
  for (const FixedLimit *row = limits_fixed(&n); n > 0; row++, n--) {
    g_autofree char *value = limits_show(row->value, row->unit);
    printf("%s: %s\n", row->name, value);
    help_print_words(row->about, INDENT);
  }
}

static void
print_json(void)
{
  json_t *all = json_array();
  for (guint i = 0; i < LIMIT_N; i++) {
    const Limit *row = limits_row((LimitId)i);
    json_array_append_new(all,
                          json_pack("{s:s,s:I,s:I,s:I,s:s,s:s}", "name", row->name, "value", (json_int_t)limits_get((LimitId)i),
                                    "standard", (json_int_t)row->standard, "most", (json_int_t)row->most, "unit",
                                    row->unit == LIMIT_BYTES ? "bytes" : "count", "about", row->about));
  }
  guint n;
  for (const FixedLimit *row = limits_fixed(&n); n > 0; row++, n--)
    json_array_append_new(all, json_pack("{s:s,s:I,s:s,s:s}", "name", row->name, "value", (json_int_t)row->value, "unit",
                                         row->unit == LIMIT_BYTES ? "bytes" : "count", "about", row->about));
  char *text = json_dumps(all, JSON_INDENT(2));
  puts(text);
  free(text);
  json_decref(all);
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const LimitsOptions *values = data;
  if (values->json)
    print_json();
  else
    print_text();
  return EXIT_SUCCESS;
}

const Command command_limits = {
  .name = "limits",
  .summary = "list the limits on what is read, and their values",
  .description = "What is larger, deeper or more than its limit is refused by name. Whoever knows what is read moves a limit, "
                 "for one command or in the environment:\n"
                 "\n"
                 "  ashlar build web.yaml --limit unpacked=128G --limit ratio=5K\n"
                 "  export ASHLAR_LIMITS=unpacked=128G,ratio=5K\n"
                 "\n"
                 "Sizes take K, M, G and T as powers of 1024, counts as powers of 1000. No image, key or lock depends on them.",
  .min_arguments = 0,
  .max_arguments = 0,
  .options = options,
  .options_size = sizeof(LimitsOptions),
  .run = run,
};
