/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/engine/build.h"
#include "builder/steps/enter.h"
#include "builder/engine/foreign.h"
#include "builder/look/image_tree.h"
#include "signing/error.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  char *arch, *user, *runtime, *kept;
  char **settings, **mirrors;
  gboolean network, offline;
} ShellOptions;

#define OFFSET(member) G_STRUCT_OFFSET(ShellOptions, member)

static const CommandOption options[] = {
  {"user", 'u', OPTION_STRING, OFFSET(user), "USER[:GROUP]", "be this user, by name or number", NULL,
   "Without it, the one that containers of the image have, or who runs the step."},
  {"network", 0, OPTION_FLAG, OFFSET(network), NULL, "with the host's network"},
  {"arch", 0, OPTION_STRING, OFFSET(arch), "ARCH", "of an image or recipe for several, this one"},
  {"set", 's', OPTION_STRINGS, OFFSET(settings), "K=V", "set a parameter of the recipe (may be repeated)"},
  {"offline", 0, OPTION_FLAG, OFFSET(offline), NULL, "use no network for packages; tell what is missing"},
  {"mirror", 0, OPTION_STRINGS, OFFSET(mirrors), "URL", "take packages from here", .rare = TRUE},
  {"runtime", 0, OPTION_STRING, OFFSET(runtime), "NAME", "run it by this OCI runtime (default: crun, else runc)", .rare = TRUE},
  {"kept", 0, OPTION_STRING, OFFSET(kept), "DIR", "enter what 'ashlar build --keep-on-error' kept in DIR", NULL,
   "In place of IMAGE. What is changed there stays until 'ashlar store gc' removes the folder."},
  {NULL, 0, 0, 0, NULL, NULL},
};

/* ---- what is entered ---- */

static gboolean
is_recipe(const char *path)
{
  return g_str_has_suffix(path, ".yaml") || g_str_has_suffix(path, ".yml");
}

/* "web.yaml:3" -> "web.yaml" and "3"; FALSE where it is no recipe. */
static gboolean
split_recipe(const char *spelling, char **path, char **step)
{
  const char *colon = strchr(spelling, ':');
  for (; colon != NULL; colon = strchr(colon + 1, ':')) {
    g_autofree char *before = g_strndup(spelling, (gsize)(colon - spelling));
    if (!is_recipe(before))
      continue;
    *path = g_steal_pointer(&before);
    *step = g_strdup(colon + 1);
    return TRUE;
  }
  *path = g_strdup(spelling);
  *step = NULL;
  return is_recipe(spelling);
}

/* The step called @name, or numbered so from 1. */
static gboolean
find_step(const Recipe *recipe, const char *name, guint *number, GError **error)
{
  guint64 given;
  for (guint i = 0; i < recipe->steps->len; i++)
    if (strcmp(((const RecipeStep *)recipe->steps->pdata[i])->name, name) == 0) {
      *number = i;
      return TRUE;
    }
  if (g_ascii_string_to_unsigned(name, 10, 1, recipe->steps->len, &given, NULL)) {
    *number = (guint)given - 1;
    return TRUE;
  }
  g_autofree char *shown = g_strescape(name, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "the recipe has no step '%s'\nhint: it has %u, numbered from 1", shown,
              recipe->steps->len);
  return FALSE;
}

/* The first that this machine can run; else the first, and it is told why not. */
static const char *
choose_arch(const Recipe *recipe, const char *asked)
{
  for (char **arch = recipe->arch; asked == NULL && *arch != NULL; arch++) {
    const char *const one[] = {*arch, NULL};
    if (foreign_check(recipe, one, NULL))
      return *arch;
  }
  return asked != NULL ? asked : recipe->arch[0];
}

static gboolean
enter_recipe(const CommandContext *context, const ShellOptions *values, Store *store, const char *path, const char *step,
             const EnterOptions *entering, int *status, GError **error)
{
  g_autoptr(Recipe) recipe = recipe_load(path, (const char *const *)values->settings, error);
  guint number = 0;
  if (recipe == NULL || (step != NULL && !find_step(recipe, step, &number, error)))
    return FALSE;
  if (recipe->warnings != NULL)
    progress_report(context->progress, recipe->warnings);
  const char *const archs[] = {choose_arch(recipe, values->arch), NULL};
  const BuildOptions building = {
    .archs = archs,
    .mirrors = (const char *const *)values->mirrors,
    .runtime = values->runtime,
    .fetch = {.offline = values->offline, .progress = context->progress, .cancellable = context->cancellable},
  };
  gint64 epoch;
  g_autoptr(Root) root = build_root(store, recipe, &building, step != NULL ? &number : NULL, &epoch, error);
  if (root == NULL)
    return FALSE;
  const EnterPlace place = {
    .environment = (const char *const *)recipe->config.env, .folder = recipe->config.working_dir, .user = recipe->config.user};
  const EnterStep as_step = {.recipe = recipe, .step = number, .arch = archs[0], .epoch = epoch};
  return step != NULL ? enter_step(store, root->tree, &as_step, entering, status, error)
                      : enter_tree(store, root->tree, &place, entering, status, error);
}

/* "config" of an image's configuration (OCI image-spec, config.md). */
static gboolean
enter_image(const CommandContext *context, const ShellOptions *values, Store *store, const char *spelling,
            const EnterOptions *entering, int *status, GError **error)
{
  const SubjectOptions opening = {.arch = values->arch, .store_path = context->store_path, .cancellable = context->cancellable};
  g_autoptr(Subject) subject = subject_open(spelling, &opening, error);
  if (subject == NULL)
    return FALSE;
  if (subject->kind != SUBJECT_IMAGE) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' is a %s: only images and recipes can be entered", spelling,
                subject_kind_name(subject->kind));
    return FALSE;
  }
  g_autoptr(Tree) tree = image_tree_new(store, subject, context->progress, context->cancellable, error);
  if (tree == NULL)
    return FALSE;
  json_t *config = json_object_get(subject->config, "config"), *env = json_object_get(config, "Env");
  g_autoptr(GPtrArray) environment = g_ptr_array_new();
  for (gsize i = 0; i < json_array_size(env); i++)
    if (json_is_string(json_array_get(env, i)))
      g_ptr_array_add(environment, (gpointer)json_string_value(json_array_get(env, i)));
  g_ptr_array_add(environment, NULL);
  const EnterPlace place = {.environment = (const char *const *)environment->pdata,
                            .folder = json_string_value(json_object_get(config, "WorkingDir")),
                            .user = json_string_value(json_object_get(config, "User"))};
  return enter_tree(store, tree, &place, entering, status, error);
}

/* ---- running ---- */

static gboolean
enter(const CommandContext *context, const ShellOptions *values, const char *what, const EnterOptions *entering, int *status,
      GError **error)
{
  g_autofree char *path = NULL, *step = NULL;
  if (values->kept != NULL)
    return enter_kept(values->kept, entering, status, error);
  g_autoptr(Store) store = store_open_waiting(context->store_path, context->cancellable, error);
  if (store == NULL)
    return FALSE;
  return split_recipe(what, &path, &step) ? enter_recipe(context, values, store, path, step, entering, status, error)
                                          : enter_image(context, values, store, what, entering, status, error);
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const ShellOptions *values = data;
  const char *what = values->kept == NULL ? *arguments++ : NULL;
  if (values->kept == NULL && what == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "an image or a recipe is missing");
    return EXIT_FAILURE;
  }
  /* it is still there where the program has options of its own */
  if (*arguments != NULL && strcmp(*arguments, "--") == 0)
    arguments++;
  const EnterOptions entering = {
    .command = (const char *const *)arguments,
    .user = values->user,
    .network = values->network,
    .runtime = values->runtime,
    .fetch = {.offline = values->offline, .progress = context->progress, .cancellable = context->cancellable},
  };
  int status;
  return enter(context, values, what, &entering, &status, error) ? status : EXIT_FAILURE;
}

static const CommandExample examples[] = {
  {"Look around in an image:", "ashlar shell web-1.0.oci.tar"},
  {"Try what the third step of a recipe would do, on what it would find:", "ashlar shell web.yaml:3"},
  {"Run one program of it, in a script:", "ashlar shell web-1.0.oci.tar -- nginx -t"},
  {NULL},
};

static const char details[] =
  "A recipe is entered as its steps leave it, or, with the name of a step or its number from 1, as that step finds it: with "
  "its "
  "environment, folder, user, network, secrets, caches and binds. What is not built yet is built, and a lock is written where "
  "there is none, as by 'ashlar build'. An image is entered as its containers would be, without a network.\n\n"
  "What is changed in caches stays.\n\n"
  "Where standard input and output are a terminal, the program has one of its own, of the same size, and Ctrl-C is its. Else "
  "it "
  "reads standard input, and its output and messages are apart. Only what it prints is on standard output.\n\n"
  "The exit status is the program's, and 128 and the number of a signal where that ended it.";

const Command command_shell = {
  .name = "shell",
  .summary = "enter an image, or a recipe before one of its steps",
  .arguments = "[IMAGE] [PROGRAM...]",
  .description = "IMAGE is an image or RECIPE[:STEP]. Runs a shell, or PROGRAM (behind '--' where it has options), in\n"
                 "a sandbox that is thrown away, with all that was changed in it.",
  .details = details,
  .examples = examples,
  .see_also = "build|ls|inspect",
  .min_arguments = 0,
  .max_arguments = -1,
  .options = options,
  .options_size = sizeof(ShellOptions),
  .run = run,
};
