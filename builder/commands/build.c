/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/check/junit.h"
#include "builder/engine/build.h"
#include "builder/engine/metrics.h"
#include "builder/engine/trace.h"
#include "builder/engine/why.h"
#include "builder/recipe/source.h"
#include "builder/twice/twice.h"
#include "signing/error.h"
#include "signing/passphrase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *output;
  char **archs;
  char **settings;
  char **labels;
  gboolean vcs;
  gboolean locked;
  gboolean offline;
  char **mirrors;
  char *sign;
  char *passphrase_fd;
  char *reference;
  char *runtime;
  gboolean keep;
  gboolean check;
  gboolean explain;
  gboolean json;
  char *trace;
  char *metrics;
  char *junit;
} BuildCommandOptions;

/* What all recipes of one command share. */
typedef struct {
  const CommandContext *context;
  const BuildCommandOptions *values;
  Store *store;
  BuildOptions options; /* but for the tests, which each recipe has its own of */
  GPtrArray *reports;   /* CheckReport*, in the order of the recipes */
} Building;

#define OFFSET(member) G_STRUCT_OFFSET(BuildCommandOptions, member)

static const CommandOption options[] = {
  {"output", 'o', OPTION_STRING, OFFSET(output), "DIR", "write outputs here (default: the current folder)"},
  {"arch", 0, OPTION_STRINGS, OFFSET(archs), "ARCH[,ARCH]", "build for these only (may be repeated)", NULL,
   "Of the recipe's; without it, for all of them. An image for several has an index, from which a client takes its own."},
  {"set", 's', OPTION_STRINGS, OFFSET(settings), "K=V", "set a parameter of the recipe (may be repeated)", NULL,
   "See 'params' in ashlar-recipe(5)."},
  {"label", 'l', OPTION_STRINGS, OFFSET(labels), "K=V", "add a label and annotation (may be repeated)"},
  {"vcs", 0, OPTION_FLAG, OFFSET(vcs), NULL, "annotate with git's revision, origin and dirtiness", NULL,
   "These are org.opencontainers.image.revision and .source, and dev.ashlar.vcs.dirty. Every commit makes another image then."},
  {"locked", 0, OPTION_FLAG, OFFSET(locked), NULL, "fail where the lock does not hold (default with $CI)", NULL,
   "Without it, a lock is made where there is none, and moves as little as it must where the recipe asks for more."},
  {"offline", 0, OPTION_FLAG, OFFSET(offline), NULL, "use no network; tell what is missing"},
  {"mirror", 0, OPTION_STRINGS, OFFSET(mirrors), "URL", "take packages from here", NULL,
   "Instead of the recipe's mirror, or the machine's; given again, another mirror to turn to where one fails. What comes from "
   "there is checked against the lock all the same."},
  {"sign", 0, OPTION_STRING, OFFSET(sign), "KEY", "sign with this private key file", NULL,
   "As 'ashlar sign' would afterwards, to the same bytes."},
  {"passphrase-fd", 0, OPTION_STRING, OFFSET(passphrase_fd), "N", "read the key's passphrase from descriptor N", .rare = TRUE},
  {"reference", 0, OPTION_STRING, OFFSET(reference), "NAME", "the repository the signature is meant for", .rare = TRUE},
  {"runtime", 0, OPTION_STRING, OFFSET(runtime), "NAME", "run steps by this OCI runtime (default: crun, else runc)",
   .rare = TRUE},
  {"keep-on-error", 0, OPTION_FLAG, OFFSET(keep), NULL, "keep what a failed step left, to be looked at", .rare = TRUE},
  {"check", 0, OPTION_FLAG, OFFSET(check), NULL, "build twice from nothing, and compare the bytes", NULL,
   "Each build has an empty store of its own, and the second other surroundings: paths, working folder, home, user, time zone, "
   "locale, umask, order of the environment, one processor, and, where that may be had, another host name. Only what was "
   "fetched is shared. "
   "Where the outputs are the same byte for byte, they are made as ever, and it is an error should the store remember other "
   "ones; else "
   "the status is 1, and the first difference is told: output, image, layer, member, byte, what it looks like, and where it "
   "came from."},
  {"explain", 0, OPTION_FLAG, OFFSET(explain), NULL, "tell why each action ran, and show the layers", NULL,
   "Each package that was packed, the system configuration, the recipe's files, layer, image and output is told as made or "
   "reused; of what was made, which input is another than at the last build of this recipe (known by its path) that made an "
   "output: key and "
   "line of the recipe, package, local file, epoch, compressor or version of ashlar. Then a line for each layer."},
  {"json", 0, OPTION_FLAG, OFFSET(json), NULL, "print the result as JSON"},
  {"trace", 0, OPTION_STRING, OFFSET(trace), "FILE", "write a timeline in Chrome's trace format", NULL,
   "For Perfetto, about:tracing and 'ashlar report': one track a worker, all phases from resolving to writing. Of a build that "
   "failed it holds what there was."},
  {"metrics", 0, OPTION_STRING, OFFSET(metrics), "FILE", "write figures in Prometheus' text format", NULL,
   "For the textfile collector of node_exporter: success, durations, bytes fetched, reused and written, cache hits. Of a build "
   "that failed, too."},
  {"junit", 0, OPTION_STRING, OFFSET(junit), "FILE", "write the recipes' tests as a JUnit report", NULL,
   "A testsuite for each recipe and architecture, a testcase for each of the recipe's 'tests', for CI systems to show. Written "
   "of a build that failed, too, with the tests that were run."},
  {NULL, 0, 0, 0, NULL, NULL},
};

static gboolean
in_ci(void)
{
  const char *ci = g_getenv("CI");
  return ci != NULL && *ci != '\0' && strcmp(ci, "false") != 0 && strcmp(ci, "0") != 0;
}

static gboolean
check_labels(char **labels, GError **error)
{
  for (char **label = labels; label != NULL && *label != NULL; label++)
    if (strchr(*label, '=') == NULL || **label == '=') {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--label: '%s' is not KEY=VALUE", *label);
      return FALSE;
    }
  return TRUE;
}

/* ---- printing ---- */

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

static void
print_json(const Recipe *recipe, const BuildResult *result, const CheckReport *tests, const BuildCommandOptions *values)
{
  json_t *skipped = json_array();
  for (guint i = 0; i < result->skipped->len; i++)
    json_array_append_new(skipped, json_string(result->skipped->pdata[i]));
  json_t *root = json_pack("{s:s, s:s, s:I, s:o, s:o}", "name", recipe->name, "version", recipe->version, "epoch",
                           (json_int_t)result->epoch, "outputs", outputs_json(result), "skippedScripts", skipped);
  if (recipe->debian != NULL)
    json_object_set_new(root, "scripts", scripts_json(result));
  if (recipe->tests->len > 0)
    json_object_set_new(root, "tests", tests_json(tests));
  if (values->check)
    json_object_set_new(root, "reproducible", json_true());
  if (values->explain) {
    json_object_set_new(root, "layers", layers_json(result));
    json_object_set_new(root, "actions", why_to_json(result->actions));
  }
  char *text = json_dumps(root, JSON_COMPACT);
  puts(text);
  free(text);
  json_decref(root);
}

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

static void
tell_skipped(const CommandContext *context, const BuildResult *result)
{
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i < result->skipped->len; i++)
    g_string_append_printf(list, "\n  %s", (const char *)result->skipped->pdata[i]);
  if (list->len > 0)
    progress_note(context->progress, "maintainer scripts left out (scripts: skip):%s", list->str);
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

static void
tell_summary(const CommandContext *context, const Recipe *recipe, const BuildResult *result, const CheckReport *tests)
{
  guint failed;
  const BuildOutput *first = result->outputs->pdata[0];
  char image[DIGEST_STRING_SIZE];
  g_autofree char *title = g_strdup_printf("%s %s", recipe->name, recipe->version), *path = source_escape(first->path);
  ProgressSummary summary = {.title = title, .path = path, .image = digest_to_string(&first->digest, image)};
  summary.tests = check_report_count(tests, &failed);
  summarize(result, &summary);
  if (!summary.unchanged)
    tell_skipped(context, result);
  progress_end(context->progress, &summary);
}

/* ---- running ---- */

static gboolean
build_recipe_file(const Building *building, const char *path, GError **error)
{
  const CommandContext *context = building->context;
  const BuildCommandOptions *values = building->values;
  g_autoptr(Recipe) recipe = recipe_load(path, (const char *const *)values->settings, error);
  if (recipe == NULL)
    return FALSE;
  if (recipe->warnings != NULL)
    progress_report(context->progress, recipe->warnings);
  BuildOptions build_options = building->options;
  build_options.tests = check_report_new(recipe->name);
  g_ptr_array_add(building->reports, build_options.tests);
  g_autoptr(BuildResult) result = build_recipe(building->store, recipe, &build_options, error);
  if (result == NULL)
    return FALSE;
  tell_summary(context, recipe, result, build_options.tests);
  if (values->json) {
    print_json(recipe, result, build_options.tests, values);
    return TRUE;
  }
  if (values->explain) {
    why_print(stdout, result->actions, context->verbose);
    print_layers(result);
    print_scripts(result);
  }
  print_outputs(result);
  if (values->check)
    puts("reproducible: 2 builds, same bytes");
  return TRUE;
}

/* Appends to @images what the outputs must be. What is for the user's own build alone is not passed on: where outputs go, and who
 * signs them. */
static gboolean
build_twice(const CommandContext *context, Store *store, const char *path, const BuildCommandOptions *values, GArray *images,
            GError **error)
{
  static const char *const own[] = {"output", "sign",    "passphrase-fd", "reference",     "check", "explain", "json",
                                    "trace",  "metrics", "junit",         "keep-on-error", "store", NULL};
  g_autoptr(Recipe) recipe = recipe_load(path, (const char *const *)values->settings, error);
  if (recipe == NULL)
    return FALSE;
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  command_append_options(argv, options, values, own);
  command_append_options(argv, command_common_options, context->common, own);
  g_ptr_array_add(argv, NULL);
  const TwiceOptions twice = {
    .store = store,
    .options = (const char *const *)argv->pdata,
    .progress = context->progress,
    .cancellable = context->cancellable,
  };
  return twice_build(recipe, &twice, images, error);
}

static gboolean
build_one(const Building *building, const char *path, GError **error)
{
  static const ProgressSummary failed = {0};
  const CommandContext *context = building->context;
  const BuildCommandOptions *values = building->values;
  g_autoptr(GArray) images = g_array_new(FALSE, FALSE, sizeof(Digest));
  if (values->check && !build_twice(context, building->store, path, values, images, error))
    return FALSE;
  Building own = *building;
  own.options.expected = values->check ? images : NULL;
  progress_begin(context->progress, path);
  if (build_recipe_file(&own, path, error))
    return TRUE;
  progress_end(building->context->progress, &failed);
  return FALSE;
}

static Key *
load_key(const CommandContext *context, const BuildCommandOptions *values, GError **error)
{
  PassphraseSource source = {.fd = -1, .cancellable = context->cancellable};
  if (values->passphrase_fd != NULL) {
    guint64 fd;
    if (!g_ascii_string_to_unsigned(values->passphrase_fd, 10, 0, G_MAXINT, &fd, NULL)) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--passphrase-fd: '%s' is no descriptor's number",
                  values->passphrase_fd);
      return NULL;
    }
    source.fd = (int)fd;
  }
  return key_load_private(values->sign, passphrase_ask, &source, error);
}

static gboolean
build_all(const CommandContext *context, const BuildCommandOptions *values, char **arguments, GPtrArray *reports,
          GError **error)
{
  if (!check_labels(values->labels, error))
    return FALSE;
  g_autoptr(Key) key = values->sign != NULL ? load_key(context, values, error) : NULL;
  if (values->sign != NULL && key == NULL)
    return FALSE;
  g_autoptr(Store) store = store_open_waiting(context->store_path, context->cancellable, error);
  if (store == NULL)
    return FALSE;
  Building building = {.context = context, .values = values, .store = store, .reports = reports};
  building.options = (BuildOptions){
    .folder = values->output,
    .archs = (const char *const *)values->archs,
    .mirrors = (const char *const *)values->mirrors,
    .annotations = (const char *const *)values->labels,
    .vcs = values->vcs,
    .locked = values->locked || in_ci(),
    .key = key,
    .reference = values->reference,
    .runtime = values->runtime,
    .keep = values->keep,
    .explain = values->explain,
    .fetch = {.offline = values->offline, .progress = context->progress, .cancellable = context->cancellable},
  };
  for (char **argument = arguments; *argument != NULL; argument++)
    if (!build_one(&building, *argument, error))
      return FALSE;
  return TRUE;
}

/* Trace, metrics and tests are written of a build that failed, too; why it failed matters more than that they could not be. */
static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const BuildCommandOptions *values = data;
  g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func((GDestroyNotify)check_report_free);
  g_autoptr(Trace) trace = values->trace != NULL ? trace_new(context->progress, values->trace, error) : NULL;
  if (values->trace != NULL && trace == NULL)
    return EXIT_FAILURE;
  g_autoptr(Metrics) metrics = values->metrics != NULL ? metrics_new(context->progress, values->metrics, error) : NULL;
  if (values->metrics != NULL && metrics == NULL)
    return EXIT_FAILURE;
  g_autoptr(Outfile) junit = values->junit != NULL ? outfile_new(values->junit, 0644, OUTFILE_REPLACE, error) : NULL;
  if (values->junit != NULL && junit == NULL)
    return EXIT_FAILURE;
  gboolean done = build_all(context, values, arguments, reports, error);
  if (trace != NULL)
    done = trace_save(trace, done ? error : NULL) && done;
  if (metrics != NULL)
    done = metrics_save(metrics, done ? error : NULL) && done;
  if (junit != NULL)
    done = junit_save(reports, junit, done ? error : NULL) && done;
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const CommandExample examples[] = {
  {"Build, and sign with a key of 'ashlar keygen':", "ashlar build web.yaml -o out --sign release.key"},
  {"For two architectures in one image, with a parameter of the recipe:",
   "ashlar build web.yaml --arch amd64,arm64 --set title=Hi"},
  {"What a script takes from it:", "ashlar build web.yaml --json | jq -r '.outputs[0].digest'"},
  {NULL},
};

static const char details[] =
  "Prints kind, path and image digest of each output. Where the recipe's tests fail, nothing is written, and all that failed "
  "is "
  "told.\n\n"
  "The recipe, its lock file and the version of ashlar decide every byte of the image. All that was made once lies in the "
  "store: "
  "packages are unpacked and compressed the first time that any recipe uses them, and an image of which nothing changed is not "
  "written again.\n\n"
  "With --json the result is one object a line for each recipe: 'name', 'version', 'epoch', 'outputs' (a list of objects with "
  "'kind', 'path', 'digest' and 'size'), 'skippedScripts', where the recipe has packages 'scripts' (objects with 'arch', "
  "'package', 'script', "
  "'how', which is native, run or skipped, and 'why'), where the recipe has tests 'tests' (a list of objects with 'arch', "
  "'kind', 'name', 'passed', 'reused' and 'seconds'), and with --explain 'layers' and 'actions' (objects with 'action', "
  "'subject', 'outcome', which is made or reused, and 'because', a list), with --check 'reproducible'.\n\n"
  "With --progress json each line on stderr is one event: an object with 'event', 'time' (seconds) and, for\n"
  "  begin    recipe\n"
  "  start    phase, subject, total (bytes)\n"
  "  finish   phase, subject, total, bytes, done, of, seconds, outcome (made, resumed, reused, failed)\n"
  "  note     message\n"
  "  warning  message\n"
  "  end      recipe, success, seconds, fetchedBytes; and of a build that succeeded unchanged, newBytes,\n"
  "           reusedBytes, writtenBytes, newLayers, reusedLayers, packages, outputs, tests, path, image\n"
  "Phases are resolve, fetch, unpack, merge, lay, run, test, splice, sign and write.";

const Command command_build = {
  .name = "build",
  .summary = "build images from recipes",
  .arguments = "RECIPE...",
  .description = "Writes NAME-VERSION.oci.tar, and a lock where RECIPE has none yet: commit it.",
  .details = details,
  .examples = examples,
  .see_also = "lock|sign|verify|diff|recipe",
  .min_arguments = 1,
  .max_arguments = -1,
  .options = options,
  .options_size = sizeof(BuildCommandOptions),
  .run = run,
};
