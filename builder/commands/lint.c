/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/annotate.h"
#include "builder/commands/commands.h"
#include "builder/recipe/check.h"
#include "builder/recipe/schema.h"
#include "builder/recipe/source.h"
#include "signing/error.h"

#include <stdio.h>
#include <stdlib.h>

#define EXIT_RECIPE_ERROR 2

typedef struct {
  char **set;
  gboolean json, schema, manual;
} LintOptions;

static const CommandOption options[] = {
  {"set", 0, OPTION_STRINGS, G_STRUCT_OFFSET(LintOptions, set), "NAME=VALUE", "a parameter's value", NULL,
   "Given for every recipe of the command line; see 'params' in ashlar-recipe(5)."},
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(LintOptions, json), NULL, "what was found, as JSON", NULL,
   "A list with an object for each recipe: 'recipe', 'ok', and 'found', a list of objects with 'file', 'line', 'column', "
   "'severity', 'message' and 'hints'."},
  {"schema", 0, OPTION_FLAG, G_STRUCT_OFFSET(LintOptions, schema), NULL, "print the language's JSON Schema"},
  {"manual", 0, OPTION_FLAG, G_STRUCT_OFFSET(LintOptions, manual), NULL, "print ashlar-recipe(5) in roff"},
  {NULL, 0, 0, 0, NULL, NULL},
};

static void
print_json(json_t *json)
{
  char *text = json_dumps(json, JSON_INDENT(2));
  puts(text);
  free(text);
  json_decref(json);
}

/* One recipe: {"recipe", "ok", "found"} for --json, else a line on stdout or a report on stderr. */
static gboolean
lint(const char *path, const LintOptions *values, json_t *results)
{
  g_autoptr(Diagnostics) diagnostics = diagnostics_new();
  g_autoptr(GPtrArray) recipes = recipe_check(path, (const char *const *)values->set, NULL, diagnostics);
  if (values->json) {
    json_t *result = json_object();
    g_autofree char *name = source_escape(path);
    json_object_set_new(result, "recipe", json_string(name));
    json_object_set_new(result, "ok", json_boolean(recipes != NULL));
    json_object_set_new(result, "found", diagnostics_to_json(diagnostics));
    json_array_append_new(results, result);
    return recipes != NULL;
  }
  g_autofree char *report = diagnostics_report(diagnostics);
  if (*report != '\0')
    (void)fprintf(stderr, "%s\n", report);
  annotate(report);
  if (recipes != NULL)
    (void)printf(recipes->len == 1 ? "%s: ok\n" : "%s: ok, %u images\n", path, recipes->len);
  return recipes != NULL;
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const LintOptions *values = data;
  if (values->schema || values->manual) {
    if (arguments[0] != NULL || (values->schema && values->manual)) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'--schema' and '--manual' stand alone");
      return EXIT_RECIPE_ERROR;
    }
    g_autofree char *manual = values->manual ? schema_manual() : NULL;
    if (manual != NULL)
      fputs(manual, stdout);
    else
      print_json(schema_to_json());
    return EXIT_SUCCESS;
  }
  if (arguments[0] == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "no RECIPE is given\nhint: 'ashlar init' writes one to start from");
    return EXIT_RECIPE_ERROR;
  }
  json_t *results = json_array();
  guint wrong = 0;
  for (; *arguments != NULL; arguments++)
    wrong += !lint(*arguments, values, results);
  if (values->json)
    print_json(results);
  else
    json_decref(results);
  return wrong == 0 ? EXIT_SUCCESS : EXIT_RECIPE_ERROR;
}

static const CommandExample examples[] = {
  {"Check all the recipes of a folder:", "ashlar lint *.yaml"},
  {"Let an editor with a YAML language server check while one types; this is a recipe's first line then:",
   "# yaml-language-server: $schema=ashlar-recipe.schema.json"},
  {NULL},
};

const Command command_lint = {
  .name = "lint",
  .summary = "check recipes without building them",
  .arguments = "[RECIPE...]",
  .description = "Every error of every recipe is reported, with its place; of a matrix, what is\n"
                 "wrong in any combination. Nothing is fetched and nothing written. Editors take the JSON Schema:\n\n"
                 "  ashlar lint --schema > ashlar-recipe.schema.json",
  .examples = examples,
  .details =
    "The exit status is 2 where a recipe has an error. Warnings change nothing about it. With $GITHUB_ACTIONS what was found "
    "is told as annotations too.",
  .see_also = "build|init|recipe",
  .min_arguments = 0,
  .max_arguments = -1,
  .options = options,
  .options_size = sizeof(LintOptions),
  .run = run,
};
