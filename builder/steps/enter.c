/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/enter.h"
#include "builder/steps/lay_out.h"
#include "builder/steps/secrets.h"
#include "builder/steps/step_mounts.h"
#include "builder/steps/steps.h"
#include "rootfs/accounts.h"
#include "signing/error.h"

#include <string.h>
#include <unistd.h>

/* ---- who ---- */

/* By name where @accounts (or NULL) has it, else by number. */
static gboolean
find_user(const Accounts *accounts, const char *spelling, SandboxStep *run, GError **error)
{
  g_auto(GStrv) parts = g_strsplit(spelling, ":", 2);
  if (accounts == NULL || !accounts_find_user(accounts, parts[0], &run->uid, &run->gid)) {
    if (strcmp(parts[0], "root") == 0)
      run->uid = run->gid = 0;
    else if (accounts_parse_id(parts[0], &run->uid))
      run->gid = run->uid;
    else {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "there is no user '%s'", parts[0]);
      return FALSE;
    }
  }
  if (parts[1] == NULL || (accounts != NULL && accounts_find_group(accounts, parts[1], &run->gid)) ||
      accounts_parse_id(parts[1], &run->gid))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "there is no group '%s'", parts[1]);
  return FALSE;
}

static Accounts *
accounts_of(const Tree *tree, GError **error)
{
  g_autoptr(Changes) changes = changes_new(tree);
  g_autoptr(Accounts) accounts = accounts_new();
  return accounts_load(accounts, changes, error) ? g_steal_pointer(&accounts) : NULL;
}

/* ---- how ---- */

static gboolean
is_terminal(void)
{
  return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static const char *const *
command_of(const Tree *tree, const EnterOptions *options)
{
  static const char *const bash[] = {"/bin/bash", NULL}, *const sh[] = {"/bin/sh", NULL};
  if (options->command != NULL && options->command[0] != NULL)
    return options->command;
  g_autofree char *there = tree != NULL ? tree_resolve(tree, "bin/bash") : NULL;
  return there != NULL ? bash : sh;
}

/* What a login would add, where nothing else says so. */
static char **
complete_environment(char **environment, const Accounts *accounts, guint32 uid)
{
  AccountsUser user = {.home = NULL};
  const char *name = accounts != NULL ? accounts_user_name(accounts, uid) : NULL, *term = g_getenv("TERM");
  if (name != NULL)
    (void)accounts_describe_user(accounts, name, &user);
  const char *home = user.home != NULL ? user.home : uid == 0 ? "/root" : "/";
  environment = g_environ_setenv(environment, "HOME", home, FALSE);
  if (is_terminal())
    environment = g_environ_setenv(environment, "TERM", term != NULL ? term : "xterm", FALSE);
  return environment;
}

static gboolean
run_in(Sandbox *sandbox, SandboxStep *run, const EnterOptions *options, int *status, GError **error)
{
  SandboxResult result;
  run->interactive = TRUE;
  run->terminal = is_terminal();
  run->network = run->network || options->network;
  progress_settle(options->fetch.progress);
  if (!sandbox_run(sandbox, run, &result, error))
    return FALSE;
  if (result.end == SANDBOX_ENDED || result.end == SANDBOX_TIME) {
    *status = result.status;
    return TRUE;
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "it %s, and was ended",
              result.end == SANDBOX_DISK ? "filled the disk" : "took more memory than it may");
  return FALSE;
}

static Sandbox *
make_sandbox(Store *store, const Tree *tree, const EnterOptions *options, GError **error)
{
  const FetchOptions *fetch = &options->fetch;
  const SandboxOptions making = {.runtime = options->runtime, .on_disk = TRUE, .cancellable = fetch->cancellable};
  return lay_out(store, tree, &making, fetch->progress, "files to look at", error);
}

static void
tell_forgotten(const EnterOptions *options)
{
  if (is_terminal())
    progress_note(options->fetch.progress, "what is changed here is forgotten at the end");
}

/* ---- the three places ---- */

gboolean
enter_tree(Store *store, const Tree *tree, const EnterPlace *place, const EnterOptions *options, int *status, GError **error)
{
  const char *user = options->user != NULL ? options->user : place->user != NULL && *place->user != '\0' ? place->user : "root";
  g_auto(GStrv) environment = g_strdupv((char *[]){(char *)STEPS_PATH, NULL});
  for (const char *const *pair = place->environment; pair != NULL && *pair != NULL; pair++) {
    g_auto(GStrv) parts = g_strsplit(*pair, "=", 2);
    environment = g_environ_setenv(environment, parts[0], parts[1] != NULL ? parts[1] : "", TRUE);
  }
  SandboxStep run = {
    .command = command_of(tree, options),
    .folder = place->folder != NULL && *place->folder != '\0' ? place->folder : "/",
  };
  g_autoptr(Accounts) accounts = accounts_of(tree, error);
  if (accounts == NULL || !find_user(accounts, user, &run, error))
    return FALSE;
  environment = complete_environment(environment, accounts, run.uid);
  run.environment = (const char *const *)environment;
  g_autoptr(Sandbox) sandbox = make_sandbox(store, tree, options, error);
  if (sandbox == NULL)
    return FALSE;
  tell_forgotten(options);
  return run_in(sandbox, &run, options, status, error);
}

gboolean
enter_step(Store *store, const Tree *tree, const EnterStep *place, const EnterOptions *options, int *status, GError **error)
{
  const RecipeStep *step = place->recipe->steps->pdata[place->step];
  GCancellable *cancellable = options->fetch.cancellable;
  g_auto(Secrets) secrets = {0};
  g_auto(StepMounts) mounts = {0};
  g_autoptr(Accounts) accounts = accounts_of(tree, error);
  SandboxStep run = {
    .command = command_of(tree, options),
    .folder = step->working_dir != NULL ? step->working_dir : "/",
    .network = step->network,
  };
  const char *user = options->user != NULL ? options->user : step->user != NULL ? step->user : "root";
  if (accounts == NULL || !find_user(accounts, user, &run, error) ||
      !step_mounts_look(place->recipe, step, &mounts, cancellable, error))
    return FALSE;
  g_auto(GStrv) environment = steps_environment(step, tree, place->epoch, error);
  if (environment == NULL)
    return FALSE;
  environment = complete_environment(environment, accounts, run.uid);
  g_autoptr(Sandbox) sandbox = make_sandbox(store, tree, options, error);
  const StepMountsOptions mounting = {
    .store = store, .tree = tree, .arch = place->arch, .epoch = place->epoch, .fetch = &options->fetch};
  if (sandbox == NULL || !step_mounts_take(&mounts, sandbox, &mounting, error) ||
      !secrets_read(place->recipe, step, cancellable, &secrets, error))
    return FALSE;
  run.environment = (const char *const *)environment;
  run.secrets = secrets.items;
  run.n_secrets = secrets.n;
  run.mounts = mounts.items;
  run.n_mounts = mounts.n;
  tell_forgotten(options);
  return run_in(sandbox, &run, options, status, error);
}

gboolean
enter_kept(const char *folder, const EnterOptions *options, int *status, GError **error)
{
  const SandboxOptions opening = {.runtime = options->runtime, .cancellable = options->fetch.cancellable};
  SandboxStep run = {.command = command_of(NULL, options), .folder = "/"};
  if (!find_user(NULL, options->user != NULL ? options->user : "root", &run, error))
    return FALSE;
  g_auto(GStrv) environment = complete_environment(g_strdupv((char *[]){(char *)STEPS_PATH, NULL}), NULL, run.uid);
  run.environment = (const char *const *)environment;
  g_autoptr(Sandbox) sandbox = sandbox_open_kept(folder, &opening, error);
  if (sandbox == NULL)
    return FALSE;
  if (is_terminal())
    progress_note(options->fetch.progress, "what is changed here stays, until 'ashlar store gc' removes the folder");
  return run_in(sandbox, &run, options, status, error);
}
