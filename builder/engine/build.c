/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/build.h"
#include "builder/engine/build_private.h"
#include "builder/engine/foreign.h"
#include "builder/engine/packages.h"
#include "builder/engine/resolve.h"
#include "builder/executor/parallel.h"
#include "builder/sources/files.h"
#include "builder/steps/step_clock.h"
#include "signing/error.h"

#include <errno.h>

static gboolean
make_folder(const char *folder, GError **error)
{
  if (folder != NULL && g_mkdir_with_parents(folder, 0777) != 0)
    return error_set_errno(error, errno, "make the folder '%s'", folder);
  return TRUE;
}

/* Of the recipe, and of the stages that it is built upon. */
static guint
count_packages(const Build *build)
{
  guint n = 0;
  const Lock *lock = build->lock;
  for (const Recipe *at = build->recipe; lock != NULL; lock = at != NULL ? lock_stage(build->lock, at->name) : NULL) {
    for (const char *const *arch = build->archs; *arch != NULL; arch++) {
      const LockArch *locked = lock_find_arch(lock, *arch);
      n += locked != NULL ? locked->packages->len : 0;
    }
    at = at->from.stage != NULL ? recipe_stage(build->recipe, at->from.stage) : NULL;
  }
  return n;
}

/* What the images are made of, once the lock is known. */
static gboolean
prepare(Build *build, GError **error)
{
  if (!build_find_epoch(build, error) || !build_find_annotations(build, error) ||
      !files_inputs(build->recipe, build->input_list, &build->inputs, build->options->fetch.cancellable, error))
    return FALSE;
  build->result->epoch = build->epoch;
  build->result->n_packages = count_packages(build);
  return TRUE;
}

static gboolean
write_outputs(Build *build, gpointer unused, GError **error)
{
  return make_folder(build->options->folder, error) && build_make_outputs(build, error);
}

static gboolean
list_manifests(Build *build, gpointer manifests, GError **error)
{
  const RecipeOutput *first = build->recipe->outputs->pdata[0];
  build_want_images(build, first);
  if (!build_make_images(build, error))
    return FALSE;
  for (const char *const *arch = build->archs; *arch != NULL; arch++) {
    const ImageJob *job = build_find_image(build, *arch, first->compression);
    g_assert(job != NULL && job->image != NULL);
    g_array_append_vals(manifests, &job->image->manifest.digest, 1);
  }
  return TRUE;
}

/* Whether the packages that are locked can give the steps what they ask for, as far as that is known. */
static gboolean
check_clocks(const Build *build, const Recipe *recipe, const Lock *lock, GError **error)
{
  gboolean fine = TRUE;
  for (const char *const *arch = build->archs; fine && *arch != NULL; arch++)
    fine = step_clock_check(recipe, lock != NULL ? lock_find_arch(lock, *arch) : NULL, error);
  for (guint i = 0; fine && i < recipe->stages->len; i++) {
    const Recipe *stage = recipe->stages->pdata[i];
    fine = check_clocks(build, stage, lock != NULL ? lock_stage(lock, stage->name) : NULL, error);
  }
  return fine;
}

/* What has to be known before anything is built: the recipe below, and the lock. */
static gboolean
find_lock(Build *build, Lock **lock, GError **error)
{
  const BuildOptions *options = build->options;
  if (!resolve_needs_lock(build->recipe))
    return check_clocks(build, build->recipe, NULL, error);
  g_autoptr(GPtrArray) bases = build_bases(build->store, build->recipe, build->archs, options, error);
  if (bases == NULL)
    return FALSE;
  const ResolveOptions resolving = {
    .archs = build->archs,
    .mirrors = options->mirrors,
    .locked = options->locked,
    .bases = bases,
    .fetch = options->fetch,
  };
  g_autofree char *path = lock_path_of(build->recipe);
  build->lock = *lock = resolve_lock_file(build->recipe, build->store, path, &resolving, error);
  return *lock != NULL && check_clocks(build, build->recipe, *lock, error);
}

/* Does @work for @archs. */
static gboolean
run(Build *build, gboolean (*work)(Build *build, gpointer data, GError **error), gpointer data, GError **error)
{
  const BuildOptions *options = build->options;
  g_autoptr(Lock) lock = NULL;
  g_autoptr(CheckReport) tests = options->tests == NULL ? check_report_new(build->recipe->name) : NULL;
  g_autoptr(GArray) input_list = files_input_list_new();
  g_autoptr(Why) why = why_new(build->store, build->recipe, options->explain ? build->result->actions : NULL);
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(build_image_job_free);
  build->tests = tests != NULL ? tests : options->tests;
  build->input_list = input_list;
  build->why = why;
  build->images = images;
  gboolean built = foreign_check(build->recipe, build->archs, error) && find_lock(build, &lock, error) &&
                   prepare(build, error) && work(build, data, error);
  g_strfreev(build->annotations);
  return built;
}

BuildResult *
build_recipe(Store *store, const Recipe *recipe, const BuildOptions *options, GError **error)
{
  g_autoptr(BuildResult) result = build_result_new();
  g_auto(GStrv) archs = resolve_archs(recipe, options->archs, error);
  if (archs == NULL)
    return NULL;
  Build build = {.store = store, .recipe = recipe, .options = options, .result = result, .archs = (const char *const *)archs};
  return run(&build, write_outputs, NULL, error) ? g_steal_pointer(&result) : NULL;
}

gboolean
build_images(Store *store, const Recipe *recipe, const char *const *archs, const BuildOptions *options, GArray *manifests,
             GError **error)
{
  g_autoptr(BuildResult) result = build_result_new();
  const BuildOptions own = {
    .mirrors = options->mirrors,
    .locked = options->locked,
    .runtime = options->runtime,
    .keep = options->keep,
    .fetch = options->fetch,
  };
  Build build = {.store = store, .recipe = recipe, .options = &own, .result = result, .archs = archs};
  return run(&build, list_manifests, manifests, error);
}

/* ---- recipes below ---- */

typedef struct {
  Store *store;
  const char *const *archs;
  const BuildOptions *options;
  ResolveBase *base;
  GError *error;
} BaseJob;

static void
below_free(gpointer data)
{
  ResolveBase *base = data;
  g_array_unref(base->manifests);
  g_free(base);
}

static void
run_base_job(guint i, gpointer data)
{
  BaseJob *job = &g_array_index((GArray *)data, BaseJob, i);
  (void)!build_images(job->store, job->base->recipe->from.recipe, job->archs, job->options, job->base->manifests, &job->error);
}

GPtrArray *
build_bases(Store *store, const Recipe *recipe, const char *const *archs, const BuildOptions *options, GError **error)
{
  g_autoptr(GPtrArray) bases = g_ptr_array_new_with_free_func(below_free);
  g_autoptr(GArray) jobs = g_array_new(FALSE, TRUE, sizeof(BaseJob));
  for (guint i = 0; i <= recipe->stages->len; i++) {
    const Recipe *one = i == 0 ? recipe : recipe->stages->pdata[i - 1];
    if (one->from.recipe == NULL)
      continue;
    ResolveBase *base = g_new(ResolveBase, 1);
    *base = (ResolveBase){one, g_array_new(FALSE, FALSE, sizeof(Digest))};
    g_ptr_array_add(bases, base);
    const BaseJob job = {.store = store, .archs = archs, .options = options, .base = base};
    g_array_append_val(jobs, job);
  }
  parallel_run(jobs->len, parallel_width(), run_base_job, jobs);
  GError *failure = NULL;
  for (guint i = 0; i < jobs->len; i++) {
    BaseJob *job = &g_array_index(jobs, BaseJob, i);
    if (failure == NULL)
      failure = g_steal_pointer(&job->error);
    g_clear_error(&job->error);
  }
  if (failure == NULL)
    return g_steal_pointer(&bases);
  g_propagate_error(error, failure);
  return NULL;
}

Root *
build_root(Store *store, const Recipe *recipe, const BuildOptions *options, const guint *steps, gint64 *epoch, GError **error)
{
  g_auto(GStrv) archs = resolve_archs(recipe, options->archs, error);
  if (archs == NULL || !foreign_check(recipe, (const char *const *)archs, error))
    return NULL;
  Build build = {.store = store, .recipe = recipe, .options = options, .archs = (const char *const *)archs};
  g_autoptr(Lock) lock = NULL;
  if (!find_lock(&build, &lock, error) || !build_find_epoch(&build, error))
    return NULL;
  *epoch = build.epoch;
  const PackagesOptions packages = {
    .encoding = ((const RecipeOutput *)recipe->outputs->pdata[0])->compression,
    .epoch = build.epoch,
    .mirrors = options->mirrors,
    .fetch = options->fetch,
  };
  const LockArch *locked = lock != NULL ? lock_find_arch(lock, archs[0]) : NULL;
  g_autoptr(GPtrArray) packs = locked != NULL ? packages_obtain(store, recipe, locked, &packages, error) : NULL;
  if (locked != NULL && packs == NULL)
    return NULL;
  g_autoptr(Base) base = NULL;
  g_autoptr(Stages) stages = NULL;
  if (!build_obtain_stages(&build, archs[0], &stages, error) ||
      !stages_obtain_base(stages, recipe, packages.encoding, &base, NULL, error))
    return NULL;
  const RootOptions root = {
    .packages = &packages, .base = base, .stages = stages_keys(stages), .runtime = options->runtime, .steps = steps};
  return root_assemble(store, recipe, archs[0], locked, packs, &root, error);
}
