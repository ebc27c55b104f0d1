/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/steps.h"
#include "builder/steps/lay_out.h"
#include "builder/steps/outcome.h"
#include "builder/steps/secrets.h"
#include "builder/steps/step_clock.h"
#include "builder/steps/step_log.h"
#include "builder/steps/step_mounts.h"
#include "rootfs/accounts.h"
#include "rootfs/sandbox.h"
#include "signing/error.h"

#include <string.h>
#include <time.h>

typedef struct {
  Store *store;
  const Recipe *recipe;
  Tree *tree;
  const StepsOptions *options;
  char **environment; /* of the step that is being done */
  Sandbox *sandbox;   /* NULL, or one that holds just what the tree does */
  gboolean on_disk;   /* where it is to lie */
} Steps;

char **
steps_environment(const RecipeStep *step, const Tree *tree, gint64 epoch, GError **error)
{
  g_auto(GStrv) all = g_strdupv((char *[]){
    (char *)STEPS_PATH,
    (char *)"HOME=/root",
    (char *)"LANG=C.UTF-8",
    (char *)"LC_ALL=C.UTF-8",
    (char *)"TZ=UTC0",
    NULL,
  });
  g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, epoch);
  all = g_environ_setenv(all, "SOURCE_DATE_EPOCH", seconds, TRUE);
  for (char **pair = step->env; pair != NULL && *pair != NULL; pair++) {
    g_auto(GStrv) parts = g_strsplit(*pair, "=", 2);
    all = g_environ_setenv(all, parts[0], parts[1], TRUE);
  }
  return step_clock_set(step, tree, epoch, &all, error) ? g_steal_pointer(&all) : NULL;
}

/* ---- memory ---- */

static void
step_key(const Steps *steps, const RecipeStep *step, const StepMounts *mounts, Digest *key)
{
  Digest tree;
  char hex[DIGEST_HEX_LENGTH + 1];
  tree_digest(steps->tree, &tree);
  digest_to_hex(&tree, hex);
  g_autofree char *variables = g_strjoinv("\n", steps->environment);
  json_t *description = json_pack("{s:s, s:i, s:i, s:s, s:o, s:s, s:I, s:s}", "action", "step", "format", PACK_FORMAT, "rules",
                                  STEPS_RULES, "tree", hex, "step", recipe_step_to_json(step), "environment", variables,
                                  "epoch", (json_int_t)steps->options->epoch, "arch", steps->options->arch);
  json_t *binds = step_mounts_to_json(mounts);
  if (binds != NULL)
    json_object_set_new(description, "binds", binds);
  store_action_key(description, key);
  json_decref(description);
}

/* ---- what it changed ---- */

/* A secret that was left is found before anything remembers the pack; nothing else does. */
static gboolean
write_delta(const Steps *steps, const RecipeStep *step, const Secrets *secrets, Delta *delta, gint64 began, Outcome *outcome,
            GError **error)
{
  const OutcomeOptions options = {.encoding = steps->options->encoding, .began = began, .epoch = steps->options->epoch};
  if (!outcome_write(steps->store, steps->sandbox, delta, &options, outcome, error))
    return FALSE;
  if (!outcome->has_pack)
    return TRUE;
  g_autoptr(Pack) pack = pack_open(steps->store, &outcome->pack, error);
  if (pack == NULL)
    return FALSE;
  if (secrets_check(secrets, pack, step, error))
    return TRUE;
  (void)!store_remove_blob(steps->store, &outcome->pack, NULL);
  return FALSE;
}

/* ---- running one ---- */

static gboolean
make_sandbox(Steps *steps, GError **error)
{
  if (steps->sandbox != NULL)
    return TRUE;
  const FetchOptions *fetch = &steps->options->fetch;
  const SandboxOptions options = {
    .runtime = steps->options->runtime, .on_disk = steps->on_disk, .cancellable = fetch->cancellable};
  steps->sandbox = lay_out(steps->store, steps->tree, &options, fetch->progress, "files for the steps", error);
  return steps->sandbox != NULL;
}

/* Who runs the step, by the image's own accounts. */
static gboolean
find_user(const Steps *steps, const RecipeStep *step, SandboxStep *run, GError **error)
{
  if (step->user == NULL)
    return TRUE;
  g_autoptr(Changes) changes = changes_new(steps->tree);
  g_autoptr(Accounts) accounts = accounts_new();
  if (!accounts_load(accounts, changes, error))
    return FALSE;
  /* root is there before anybody has written it down */
  if (accounts_find_user(accounts, step->user, &run->uid, &run->gid) || strcmp(step->user, "root") == 0)
    return TRUE;
  if (!accounts_parse_id(step->user, &run->uid))
    return recipe_failure_at(error, &step->place, "the image has no user '%s'", step->user);
  run->gid = run->uid;
  return TRUE;
}

static const char *
end_words(const RecipeStep *step, const SandboxResult *result, char **owned)
{
  switch (result->end) {
  case SANDBOX_TIME:
    return *owned = g_strdup_printf("took longer than %u seconds, and was ended", step->seconds);
  case SANDBOX_MEMORY:
    return "took more memory than it may, and was ended";
  case SANDBOX_DISK:
    return "filled the disk, and was ended";
  default:
    return *owned = result->status < 128 ? g_strdup_printf("failed with status %d", result->status)
                                         : g_strdup_printf("was ended by signal %d", result->status - 128);
  }
}

static gboolean
tell_failure(Steps *steps, const RecipeStep *step, const SandboxResult *result, StepLog *log, GError **error)
{
  g_autofree char *words = NULL, *said = step_log_tail(log);
  g_autofree char *kept = step_log_keep(log, steps->store);
  const char *how = end_words(step, result, &words);
  g_autoptr(GString) hints = g_string_new(NULL);
  if (kept != NULL)
    g_string_append_printf(hints, "\nhint: all that it printed is in '%s'", kept);
  if (steps->options->keep) {
    const char *folder = sandbox_keep(steps->sandbox);
    g_string_append_printf(hints,
                           "\nhint: what it left is in '%s/root'; 'ashlar shell --kept %s' enters it, and 'ashlar store gc' "
                           "removes it",
                           folder, folder);
  }
  return recipe_failure_at(error, &step->place, "the step '%s' %s%s%s%s", step->name, how, *said != '\0' ? ":\n" : "", said,
                           hints->str);
}

static gboolean
take_mounts(const Steps *steps, StepMounts *mounts, GError **error)
{
  const StepMountsOptions options = {
    .store = steps->store,
    .tree = steps->tree,
    .arch = steps->options->arch,
    .epoch = steps->options->epoch,
    .fetch = &steps->options->fetch,
  };
  return step_mounts_take(mounts, steps->sandbox, &options, error);
}

/* One that takes more than the memory in which its files are begins again on the disk. */
static gboolean
run_command(Steps *steps, StepMounts *mounts, const SandboxStep *run, SandboxResult *result, GError **error)
{
  if (!sandbox_run(steps->sandbox, run, result, error))
    return FALSE;
  if (result->end != SANDBOX_DISK || !sandbox_in_memory(steps->sandbox))
    return TRUE;
  g_clear_pointer(&steps->sandbox, sandbox_free);
  steps->on_disk = TRUE;
  return make_sandbox(steps, error) && take_mounts(steps, mounts, error) && sandbox_run(steps->sandbox, run, result, error);
}

/* Runs the step in the sandbox; what it changed becomes the @outcome. */
static gboolean
run_step(Steps *steps, const RecipeStep *step, const Secrets *secrets, StepMounts *mounts, StepLog *log, Outcome *outcome,
         GError **error)
{
  SandboxStep run = {
    .command = (const char *const *)step->command,
    .environment = (const char *const *)steps->environment,
    .folder = step->working_dir != NULL ? step->working_dir : "/",
    .network = step->network,
    .seconds = step->seconds,
    .memory = step->memory,
    .secrets = secrets->items,
    .n_secrets = secrets->n,
    .mounts = mounts->items,
    .n_mounts = mounts->n,
    .output = step_log_add,
    .data = log,
  };
  SandboxResult result;
  gint64 began = time(NULL);
  if (!find_user(steps, step, &run, error) || !run_command(steps, mounts, &run, &result, error))
    return FALSE;
  step_log_end(log);
  if (result.end != SANDBOX_ENDED || result.status != 0)
    return tell_failure(steps, step, &result, log, error);
  g_autoptr(Delta) delta = sandbox_compare(steps->sandbox, steps->tree, error);
  return delta != NULL && write_delta(steps, step, secrets, delta, began, outcome, error);
}

static gboolean
make_outcome(Steps *steps, const RecipeStep *step, StepMounts *mounts, Outcome *outcome, GError **error)
{
  if (!make_sandbox(steps, error))
    return FALSE;
  Progress *progress = steps->options->fetch.progress;
  g_auto(Secrets) secrets = {0};
  if (!take_mounts(steps, mounts, error) ||
      !secrets_read(steps->recipe, step, steps->options->fetch.cancellable, &secrets, error))
    return FALSE;
  g_autoptr(StepLog) log = step_log_new(progress, step->name, TRUE, secrets.forms);
  ProgressTask *task = progress_start(progress, PROGRESS_RUN, step->name, 0);
  gboolean done = run_step(steps, step, &secrets, mounts, log, outcome, error);
  progress_finish(task, done ? PROGRESS_MADE : PROGRESS_FAILED);
  return done;
}

/* What went wrong with the machine or the sandbox, and not with the command, stands at the step too. */
static gboolean
blame(const RecipeStep *step, GError *problem, GError **error)
{
  const char *at = step->place.file;
  if (problem->code == ASHLAR_ERROR_CANCELLED || g_str_has_prefix(problem->message, at)) {
    g_propagate_error(error, problem);
    return FALSE;
  }
  recipe_failure_at(error, &step->place, "the step '%s' cannot be run: %s", step->name, problem->message);
  g_error_free(problem);
  return FALSE;
}

/* The outcome that is remembered under @key, or else is made and remembered. */
static gboolean
obtain_outcome(Steps *steps, const RecipeStep *step, StepMounts *mounts, const Digest *key, Outcome *outcome, GError **error)
{
  gboolean known = outcome_find(steps->store, key, outcome);
  progress_cache(steps->options->fetch.progress, PROGRESS_CACHE_STEP, known);
  /* what is there is not what a step would leave that is only remembered */
  if (known)
    g_clear_pointer(&steps->sandbox, sandbox_free);
  else if (steps->options->ran != NULL)
    g_ptr_array_add(steps->options->ran, g_strdup(step->name));
  GError *problem = NULL;
  return known ||
         (make_outcome(steps, step, mounts, outcome, &problem) && outcome_keep(steps->store, key, outcome, &problem)) ||
         blame(step, problem, error);
}

static gboolean
do_step(Steps *steps, const RecipeStep *step, guint *number, GError **error)
{
  Digest key;
  Outcome outcome = {0};
  g_auto(StepMounts) mounts = {0};
  g_clear_pointer(&steps->environment, g_strfreev);
  steps->environment = steps_environment(step, steps->tree, steps->options->epoch, error);
  if (steps->environment == NULL || !step_mounts_look(steps->recipe, step, &mounts, steps->options->fetch.cancellable, error))
    return FALSE;
  step_key(steps, step, &mounts, &key);
  if (!store_claim_waiting(steps->store, &key, steps->options->fetch.cancellable, error))
    return FALSE;
  gboolean done = obtain_outcome(steps, step, &mounts, &key, &outcome, error);
  store_release(steps->store, &key);
  done = done && outcome_insert(steps->store, steps->tree, steps->options->encoding, &outcome, number, error);
  outcome_clear(&outcome);
  return done;
}

/* What is to be kept cannot be in memory, and files there would count against a step's bound. */
static gboolean
wants_disk(const Recipe *recipe, const StepsOptions *options)
{
  gboolean bounded = FALSE;
  for (guint i = 0; i < recipe->steps->len; i++)
    bounded = bounded || ((const RecipeStep *)recipe->steps->pdata[i])->memory > 0;
  return bounded || options->keep;
}

gboolean
steps_run(Store *store, const Recipe *recipe, Tree *tree, const StepsOptions *options, GArray *numbers, GError **error)
{
  Steps steps = {.store = store, .recipe = recipe, .tree = tree, .options = options, .on_disk = wants_disk(recipe, options)};
  guint n = options->steps != NULL ? MIN(*options->steps, recipe->steps->len) : recipe->steps->len;
  gboolean done = TRUE;
  for (guint i = 0; done && i < n; i++) {
    guint number;
    done = do_step(&steps, recipe->steps->pdata[i], &number, error);
    if (done)
      g_array_append_val(numbers, number);
  }
  g_clear_pointer(&steps.sandbox, sandbox_free_meanwhile);
  g_clear_pointer(&steps.environment, g_strfreev);
  return done;
}
