/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/build_print.h"
#include "builder/engine/why.h"
#include "builder/recipe/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- as JSON ---- */

static json_t *
outputs_json(const BuildResult *result)
{
  json_t *outputs = json_array();
  for (guint i = 0; i < result->outputs->len; i++) {
    const BuildOutput *output = result->outputs->pdata[i];
    char digest[DIGEST_STRING_SIZE];
    g_autofree char *path = source_escape(output->path);
    json_array_append_new(outputs, json_pack("{s:s, s:s, s:s, s:I}", "kind", output->kind, "path", path, "digest",
                                             digest_to_string(&output->digest, digest), "size", (json_int_t)output->size));
  }
  return outputs;
}

static json_t *
layers_json(const BuildResult *result)
{
  json_t *layers = json_array();
  for (guint i = 0; i < result->layers->len; i++) {
    const BuildLayer *layer = result->layers->pdata[i];
    char digest[DIGEST_STRING_SIZE];
    json_array_append_new(layers,
                          json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:s}", "output", layer->kind, "arch", layer->arch, "digest",
                                    digest_to_string(&layer->digest, digest), "size", (json_int_t)layer->size, "tarSize",
                                    (json_int_t)layer->tar_size, "reused", layer->reused, "contents", layer->contents));
  }
  return layers;
}

static json_t *
tests_json(const CheckReport *report)
{
  json_t *tests = json_array();
  for (guint i = 0; i < report->suites->len; i++) {
    const CheckSuite *suite = report->suites->pdata[i];
    for (guint j = 0; j < suite->results->len; j++) {
      const CheckResult *test = suite->results->pdata[j];
      json_array_append_new(tests,
                            json_pack("{s:s, s:s, s:s, s:b, s:b, s:f}", "arch", suite->arch, "kind",
                                      recipe_test_kind_name(test->kind), "name", test->title, "passed", test->n_failures == 0,
                                      "reused", test->reused, "seconds", (gdouble)test->microseconds / G_TIME_SPAN_SECOND));
    }
  }
  return tests;
}

static json_t *
scripts_json(const BuildResult *result)
{
  json_t *scripts = json_array();
  for (guint i = 0; i < result->scripts->len; i++) {
    const BuildScript *script = result->scripts->pdata[i];
    json_array_append_new(scripts, json_pack("{s:s, s:s, s:s, s:s, s:s}", "arch", script->arch, "package",
                                             script->note->package, "script", script->note->script, "how",
                                             script_how_name(script->note->how), "why", script->note->why));
  }
  return scripts;
}

/* {"flavour": "debug"} */
static json_t *
combination_json(const Recipe *recipe)
{
  json_t *object = json_object();
  for (char **setting = recipe->combination; *setting != NULL; setting++) {
    g_auto(GStrv) parts = g_strsplit(*setting, "=", 2);
    json_object_set_new(object, parts[0], json_string(parts[1]));
  }
  return object;
}

static void
print_json(const Recipe *recipe, const BuildResult *result, const CheckReport *tests, const BuildPrint *print)
{
  json_t *skipped = json_array();
  for (guint i = 0; i < result->skipped->len; i++)
    json_array_append_new(skipped, json_string(result->skipped->pdata[i]));
  json_t *root = json_pack("{s:s, s:s, s:I, s:o, s:o}", "name", recipe->name, "version", recipe->version, "epoch",
                           (json_int_t)result->epoch, "outputs", outputs_json(result), "skippedScripts", skipped);
  if (recipe->combination[0] != NULL)
    json_object_set_new(root, "combination", combination_json(recipe));
  if (recipe->debian != NULL)
    json_object_set_new(root, "scripts", scripts_json(result));
  if (recipe->tests->len > 0)
    json_object_set_new(root, "tests", tests_json(tests));
  if (print->check)
    json_object_set_new(root, "reproducible", json_true());
  if (print->explain) {
    json_object_set_new(root, "layers", layers_json(result));
    json_object_set_new(root, "actions", why_to_json(result->actions));
  }
  char *text = json_dumps(root, JSON_COMPACT);
  puts(text);
  free(text);
  json_decref(root);
}

/* ---- as text ---- */

/* Columns that @text is short of @width: sizes hold a space that is more than one byte. */
static int
padding(const char *text, glong width)
{
  return (int)MAX(width - g_utf8_strlen(text, -1), 0);
}

/* One line a layer, from the lowest up, counted anew for each image. */
static void
print_layers(const BuildResult *result)
{
  guint number = 0, width = 0;
  for (guint i = 0; i < result->layers->len; i++)
    width = MAX(width, (guint)strlen(((const BuildLayer *)result->layers->pdata[i])->arch));
  for (guint i = 0; i < result->layers->len; i++) {
    const BuildLayer *layer = result->layers->pdata[i], *below = i > 0 ? result->layers->pdata[i - 1] : NULL;
    gboolean same_image = below != NULL && strcmp(below->arch, layer->arch) == 0 && strcmp(below->kind, layer->kind) == 0;
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&layer->digest, hex);
    g_autofree char *size = g_format_size(layer->size);
    number = same_image ? number + 1 : 1;
    printf("layer %3u  %-*s  %.12s  %*s%s  %-6s  %s\n", number, (int)width, layer->arch, hex, padding(size, 9), "", size,
           layer->reused ? "reused" : "new", layer->contents);
  }
}

/* What became of the packages' scripts, one line each. */
static void
print_scripts(const BuildResult *result)
{
  for (guint i = 0; i < result->scripts->len; i++) {
    const BuildScript *script = result->scripts->pdata[i];
    g_autofree char *why = source_escape(script->note->why);
    printf("script  %s  %-7s  %s %s%s%s\n", script->arch, script_how_name(script->note->how), script->note->package,
           script->note->script, *why != '\0' ? ": " : "", why);
  }
}

static void
print_outputs(const BuildResult *result)
{
  for (guint i = 0; i < result->outputs->len; i++) {
    const BuildOutput *output = result->outputs->pdata[i];
    char digest[DIGEST_STRING_SIZE];
    printf("%s  %s  %s\n", output->kind, output->path, digest_to_string(&output->digest, digest));
  }
}

/* ---- the summary ---- */

static void
tell_skipped(Progress *progress, const BuildResult *result)
{
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i < result->skipped->len; i++)
    g_string_append_printf(list, "\n  %s", (const char *)result->skipped->pdata[i]);
  if (list->len > 0)
    progress_note(progress, "maintainer scripts left out (scripts: skip):%s", list->str);
}

/* What came of it, summed up. Strings are @result's but for title, path and image. */
static void
summarize(const BuildResult *result, ProgressSummary *summary)
{
  summary->success = summary->unchanged = TRUE;
  summary->outputs = result->outputs->len;
  summary->packages = result->n_packages;
  for (guint i = 0; i < result->layers->len; i++) {
    const BuildLayer *layer = result->layers->pdata[i];
    *(layer->reused ? &summary->reused_layers : &summary->new_layers) += 1;
    *(layer->reused ? &summary->reused_bytes : &summary->new_bytes) += layer->size;
  }
  for (guint i = 0; i < result->outputs->len; i++) {
    const BuildOutput *output = result->outputs->pdata[i];
    summary->unchanged = summary->unchanged && output->reused;
    summary->written_bytes += output->reused ? 0 : output->size;
  }
}

void
build_tell_summary(Progress *progress, const Recipe *recipe, const BuildResult *result, const CheckReport *tests)
{
  guint failed;
  const BuildOutput *first = result->outputs->pdata[0];
  char image[DIGEST_STRING_SIZE];
  g_autofree char *title = g_strdup_printf("%s %s", recipe->name, recipe->version), *path = source_escape(first->path);
  ProgressSummary summary = {.title = title, .path = path, .image = digest_to_string(&first->digest, image)};
  summary.tests = check_report_count(tests, &failed);
  summarize(result, &summary);
  if (!summary.unchanged)
    tell_skipped(progress, result);
  progress_end(progress, &summary);
}

void
build_print(const Recipe *recipe, const BuildResult *result, const CheckReport *tests, const BuildPrint *print)
{
  if (print->json) {
    print_json(recipe, result, tests, print);
    return;
  }
  if (print->explain) {
    why_print(stdout, result->actions, print->verbose);
    print_layers(result);
    print_scripts(result);
  }
  print_outputs(result);
  if (print->check)
    puts("reproducible: 2 builds, same bytes");
}
