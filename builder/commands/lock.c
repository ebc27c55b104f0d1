/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/engine/build.h"
#include "builder/engine/resolve.h"
#include "signing/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  gboolean update;
  gboolean locked;
  gboolean offline;
  char **archs;
  char **settings;
  char **only;
  char **mirrors;
} LockOptions;

static const CommandOption options[] = {
  {"update", 'u', OPTION_FLAG, G_STRUCT_OFFSET(LockOptions, update), NULL,
   "move to the newest versions: of all, or of the PACKAGEs"},
  {"locked", 0, OPTION_FLAG, G_STRUCT_OFFSET(LockOptions, locked), NULL, "change nothing; fail where the lock does not hold"},
  {"offline", 0, OPTION_FLAG, G_STRUCT_OFFSET(LockOptions, offline), NULL, "use no network"},
  {"arch", 0, OPTION_STRINGS, G_STRUCT_OFFSET(LockOptions, archs), "ARCH[,ARCH]", "lock these only (may be repeated)"},
  {"set", 's', OPTION_STRINGS, G_STRUCT_OFFSET(LockOptions, settings), "K=V",
   "set a parameter of the recipe (may be repeated)"},
  {"only", 0, OPTION_STRINGS, G_STRUCT_OFFSET(LockOptions, only), "K=V", "of a matrix, these images only (may be repeated)"},
  {"mirror", 0, OPTION_STRINGS, G_STRUCT_OFFSET(LockOptions, mirrors), "URL", "take packages from here"},
  {NULL, 0, 0, 0, NULL, NULL},
};

/* With --update, what does not look like a recipe file is the name of a package. */
static gboolean
is_recipe(const char *argument)
{
  return strchr(argument, '/') != NULL || g_str_has_suffix(argument, ".yaml") || g_str_has_suffix(argument, ".yml");
}

static gboolean
lock_image(const CommandContext *context, Store *store, const Recipe *recipe, const LockOptions *values,
           const char *const *packages, GError **error)
{
  if (!resolve_needs_lock(recipe)) {
    progress_note(context->progress, "%s: nothing to lock: the recipe fetches nothing", recipe->title);
    return TRUE;
  }
  g_auto(GStrv) archs = resolve_archs(recipe, (const char *const *)values->archs, error);
  if (archs == NULL)
    return FALSE;
  const BuildOptions below = {
    .mirrors = (const char *const *)values->mirrors,
    .locked = values->locked,
    .fetch = {.offline = values->offline, .progress = context->progress, .cancellable = context->cancellable},
  };
  g_autoptr(GPtrArray) bases = build_bases(store, recipe, (const char *const *)archs, &below, error);
  if (bases == NULL)
    return FALSE;
  ResolveOptions resolving = {
    .archs = (const char *const *)archs,
    .mirrors = (const char *const *)values->mirrors,
    .locked = values->locked,
    .update = values->update,
    .update_packages = packages,
    .bases = bases,
    .fetch = {.offline = values->offline, .progress = context->progress, .cancellable = context->cancellable},
  };
  g_autofree char *lock_path = lock_path_of(recipe);
  g_autoptr(Lock) lock = resolve_lock_file(recipe, store, lock_path, &resolving, error);
  if (lock == NULL)
    return FALSE;
  guint packages_locked = 0;
  for (guint i = 0; i < lock->archs->len; i++)
    packages_locked += ((const LockArch *)lock->archs->pdata[i])->packages->len;
  progress_settle(context->progress);
  printf("%s: %u packages\n", lock_path, packages_locked);
  return TRUE;
}

static gboolean
lock_recipe(const CommandContext *context, Store *store, const char *path, const LockOptions *values,
            const char *const *packages, GError **error)
{
  g_autoptr(GPtrArray)
    recipes = recipe_load_all(path, (const char *const *)values->settings, (const char *const *)values->only, error);
  if (recipes == NULL)
    return FALSE;
  const Recipe *first = recipes->pdata[0];
  if (first->warnings != NULL)
    progress_report(context->progress, first->warnings);
  for (guint i = 0; i < recipes->len; i++)
    if (!lock_image(context, store, recipes->pdata[i], values, packages, error))
      return FALSE;
  return TRUE;
}

static gboolean
check_arguments(const LockOptions *values, GPtrArray *packages, GError **error)
{
  if (values->update && values->locked) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                        "--update moves the lock and --locked forbids it: give one of them");
    return FALSE;
  }
  if (packages->len > 1 && !values->update) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                "'%s' is no recipe file\nhint: recipe files end in .yaml; packages are named with --update",
                (char *)packages->pdata[0]);
    return FALSE;
  }
  return TRUE;
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const LockOptions *values = data;
  g_autoptr(GPtrArray) recipes = g_ptr_array_new(), packages = g_ptr_array_new();
  for (char **argument = arguments; *argument != NULL; argument++)
    g_ptr_array_add(is_recipe(*argument) ? recipes : packages, *argument);
  g_ptr_array_add(packages, NULL);
  if (!check_arguments(values, packages, error))
    return EXIT_FAILURE;
  if (recipes->len == 0) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                        "no recipe file is named\nhint: ashlar lock RECIPE.yaml --update PACKAGE");
    return EXIT_FAILURE;
  }
  g_autoptr(Store) store = store_open_waiting(context->store_path, context->cancellable, error);
  if (store == NULL)
    return EXIT_FAILURE;
  const char *const *named = packages->len > 1 ? (const char *const *)packages->pdata : NULL;
  for (guint i = 0; i < recipes->len; i++)
    if (!lock_recipe(context, store, recipes->pdata[i], values, named, error))
      return EXIT_FAILURE;
  return EXIT_SUCCESS;
}

static const CommandExample examples[] = {
  {"Take security updates in, of all packages or of one:",
   "ashlar lock web.yaml --update\nashlar lock web.yaml --update openssl"},
  {"In CI: fail where somebody changed the recipe and forgot the lock:", "ashlar lock web.yaml --locked"},
  {NULL},
};

const Command command_lock = {
  .name = "lock",
  .summary = "resolve what recipes ask for and pin every input",
  .arguments = "RECIPE... [PACKAGE...]",
  .description = "Writes RECIPE's lock file (web.lock beside web.yaml; of a matrix, one for each image) and tells\n"
                 "what moved. Without --update a lock that holds is left alone, and one that does not moves\n"
                 "as little as it must.\n"
                 "Commit the lock file: it makes builds the same everywhere.",
  .examples = examples,
  .see_also = "build|recipe",
  .min_arguments = 1,
  .max_arguments = -1,
  .options = options,
  .options_size = sizeof(LockOptions),
  .run = run,
};
