/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/check/junit.h"
#include "builder/commands/build_print.h"
#include "builder/progress/metrics.h"
#include "builder/executor/parallel.h"
#include "builder/progress/trace.h"
#include "builder/twice/twice.h"
#include "signing/error.h"
#include "signing/passphrase.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  char *output;
  char **archs;
  char **settings;
  char **only;
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
  {"only", 0, OPTION_STRINGS, OFFSET(only), "K=V", "of a matrix, these images only (may be repeated)", NULL,
   "Those in which the parameter K has the value V; given for several parameters, those that have all, and for one parameter "
   "several "
   "times, those that have one of the values. See 'matrix' in ashlar-recipe(5).",
   .rare = TRUE},
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

/* ---- the images ---- */

/* One image that is to be built. */
typedef struct {
  const Building *building;
  const Recipe *recipe;
  Progress *progress;  /* a branch of the command's */
  CheckReport *tests;  /* one of the command's */
  BuildResult *result; /* NULL: it failed, and @error says why */
  GError *error;
} Image;

static void
image_free(gpointer data)
{
  Image *image = data;
  g_clear_pointer(&image->progress, progress_free);
  g_clear_pointer(&image->result, build_result_free);
  g_clear_error(&image->error);
  g_free(image);
}

/* Appends to @images what the outputs must be. What is for the user's own build alone is not passed on: where outputs go, and who
 * signs them. */
static gboolean
build_twice(const Image *image, GArray *images, GError **error)
{
  static const char *const own[] = {"output", "sign",    "passphrase-fd", "reference",     "check", "explain", "json",
                                    "trace",  "metrics", "junit",         "keep-on-error", "store", "only",    NULL};
  const CommandContext *context = image->building->context;
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  command_append_options(argv, options, image->building->values, own);
  command_append_options(argv, command_common_options, context->common, own);
  for (char **setting = image->recipe->combination; *setting != NULL; setting++)
    g_ptr_array_add(argv, g_strdup_printf("--only=%s", *setting));
  g_ptr_array_add(argv, NULL);
  const TwiceOptions twice = {
    .store = image->building->store,
    .options = (const char *const *)argv->pdata,
    .progress = image->progress,
    .cancellable = context->cancellable,
  };
  return twice_build(image->recipe, &twice, images, error);
}

static gboolean
build_image(Image *image, GError **error)
{
  const Building *building = image->building;
  BuildOptions own = building->options;
  g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(Digest));
  if (building->values->check && !build_twice(image, expected, error))
    return FALSE;
  own.expected = building->values->check ? expected : NULL;
  own.tests = image->tests;
  own.fetch.progress = image->progress;
  image->result = build_recipe(building->store, image->recipe, &own, error);
  return image->result != NULL;
}

static void
run_image(guint i, gpointer data)
{
  Image *image = ((GPtrArray *)data)->pdata[i];
  progress_begin(image->progress, image->recipe->title);
  if (!g_cancellable_set_error_if_cancelled(image->building->context->cancellable, &image->error))
    (void)!build_image(image, &image->error);
  progress_stop(image->progress);
}

/* ---- several errors ---- */

static gboolean
is_interruption(const GError *failure)
{
  return g_error_matches(failure, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED) ||
         g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Puts @failure (taken) behind what @all says so far, of @title where it does not say itself where it belongs (NULL: it does). The
 * first one's code counts, but an interruption is nothing else. */
static void
add_failure(GError **all, const char *title, GError *failure)
{
  if (title != NULL && strstr(failure->message, ": error: ") == NULL) {
    g_autofree char *message = g_strdup_printf("ashlar: error: %s: %s", title, failure->message);
    g_free(failure->message);
    failure->message = g_steal_pointer(&message);
  }
  if (*all == NULL || is_interruption(failure)) {
    g_clear_error(all);
    *all = failure;
  } else if (!is_interruption(*all)) {
    GError *both = g_error_new((*all)->domain, (*all)->code, "%s\n%s", (*all)->message, failure->message);
    g_clear_error(all);
    g_error_free(failure);
    *all = both;
  } else {
    g_error_free(failure);
  }
}

/* ---- what is asked for ---- */

/* All images (Recipe*) that the command line names, in its order. What is wrong with one recipe does not hide what is wrong with
 * the next; then nothing is built. */
static GPtrArray *
load_all(const Building *building, char **arguments, GError **error)
{
  static const ProgressSummary failed = {0};
  const BuildCommandOptions *values = building->values;
  Progress *progress = building->context->progress;
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_free);
  GError *failures = NULL;
  for (; *arguments != NULL; arguments++) {
    GError *failure = NULL;
    g_autoptr(GPtrArray)
      recipes = recipe_load_all(*arguments, (const char *const *)values->settings, (const char *const *)values->only, &failure);
    if (recipes == NULL) {
      progress_begin(progress, *arguments);
      progress_end(progress, &failed);
      add_failure(&failures, NULL, failure);
      continue;
    }
    const Recipe *first = recipes->pdata[0];
    if (first->warnings != NULL)
      progress_report(progress, first->warnings);
    while (recipes->len > 0)
      g_ptr_array_add(all, g_ptr_array_steal_index(recipes, 0));
  }
  if (failures == NULL)
    return g_steal_pointer(&all);
  g_propagate_error(error, failures);
  return NULL;
}

/* Whether two outputs would be one file. */
static gboolean
check_output(const Recipe *recipe, const Recipe *other, GError **error)
{
  if (strcmp(recipe->name, other->name) != 0 || strcmp(recipe->version, other->version) != 0)
    return TRUE;
  for (guint i = 0; i < recipe->outputs->len; i++)
    for (guint j = 0; j < other->outputs->len; j++) {
      const RecipeOutput *output = recipe->outputs->pdata[i];
      if (output->kind == ((const RecipeOutput *)other->outputs->pdata[j])->kind)
        return recipe_error_at(error, &output->place, "'%s' %s is written by %s already", recipe->name, recipe->version,
                               other->title);
    }
  return TRUE;
}

static gboolean
check_outputs(const GPtrArray *recipes, GError **error)
{
  for (guint i = 0; i < recipes->len; i++)
    for (guint j = 0; j < i; j++)
      if (!check_output(recipes->pdata[i], recipes->pdata[j], error))
        return FALSE;
  return TRUE;
}

static GPtrArray *
images_new(const Building *building, const GPtrArray *recipes)
{
  GPtrArray *images = g_ptr_array_new_with_free_func(image_free);
  for (guint i = 0; i < recipes->len; i++) {
    Image *image = g_new0(Image, 1);
    *image = (Image){.building = building, .recipe = recipes->pdata[i]};
    image->progress = progress_branch(building->context->progress);
    image->tests = check_report_new(image->recipe->name);
    g_ptr_array_add(building->reports, image->tests);
    g_ptr_array_add(images, image);
  }
  return images;
}

/* ---- running ---- */

/* Each for itself: what fails does not keep the others from being finished. Told and printed is in the order of the command
 * line. */
static gboolean
build_everything(const Building *building, const GPtrArray *recipes, GError **error)
{
  static const ProgressSummary failed = {0};
  const BuildCommandOptions *values = building->values;
  const BuildPrint print = {
    .json = values->json, .explain = values->explain, .check = values->check, .verbose = building->context->verbose};
  g_autoptr(GPtrArray) images = images_new(building, recipes);
  /* two builds of one image have the machine to themselves */
  parallel_run(images->len, values->check ? 1 : parallel_width(), run_image, images);
  GError *failures = NULL;
  for (guint i = 0; i < images->len; i++) {
    Image *image = images->pdata[i];
    if (image->result == NULL) {
      progress_end(image->progress, &failed);
      add_failure(&failures, images->len > 1 ? image->recipe->title : NULL, g_steal_pointer(&image->error));
      continue;
    }
    build_tell_summary(image->progress, image->recipe, image->result, image->tests);
    build_print(image->recipe, image->result, image->tests, &print);
  }
  if (failures != NULL)
    g_propagate_error(error, failures);
  return failures == NULL;
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
  g_autoptr(GPtrArray) recipes = load_all(&building, arguments, error);
  return recipes != NULL && check_outputs(recipes, error) && build_everything(&building, recipes, error);
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
  "Several recipes, the images of a matrix, their architectures and their outputs are built side by side, what they share is "
  "made "
  "once, and what comes of it is told in the order of the command line. Where a recipe is wrong, nothing is built; where a "
  "build "
  "fails, the others go on, and the exit status is that of the first that failed.\n\n"
  "With --json the result is one object a line for each image: 'name', 'version', 'epoch', of a matrix 'combination' (an "
  "object of "
  "parameters and their values), 'outputs' (a list of objects with "
  "'kind', 'path', 'digest' and 'size'), 'skippedScripts', where the recipe has packages 'scripts' (objects with 'arch', "
  "'package', "
  "'script', 'how', which is native, run or skipped, and 'why'), where the recipe has tests 'tests' (a list of objects with "
  "'arch', "
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
