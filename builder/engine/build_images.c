/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/build_private.h"
#include "builder/engine/memo.h"
#include "builder/executor/parallel.h"

#include <string.h>

/* ---- tests ---- */

/* Whether the image of @arch was tested, by this build or an earlier one, or has no tests. */
static gboolean
is_tested(const Build *build, const char *arch)
{
  CheckReport *report = build->tests;
  if (build->recipe->tests->len == 0 || check_report_find(report, arch) != NULL)
    return TRUE;
  Digest key;
  build_tests_key(build, arch, &key);
  if (!memo_find_passed(build->store, &key))
    return FALSE;
  check_reuse(build->recipe, check_report_begin(report, arch));
  return TRUE;
}

gboolean
build_all_tested(const Build *build)
{
  gboolean tested = TRUE;
  for (const char *const *arch = build->archs; *arch != NULL; arch++)
    tested = is_tested(build, *arch) && tested;
  return tested;
}

static gboolean
remember_tests(const Build *build, const char *arch, const CheckSuite *tests, GError **error)
{
  Digest key;
  if (tests == NULL || !check_suite_passed(tests))
    return TRUE;
  build_tests_key(build, arch, &key);
  return memo_keep_passed(build->store, &key, error);
}

/* ---- images ---- */

gboolean
build_obtain_stages(const Build *build, const char *arch, Stages **stages, GError **error)
{
  const StagesOptions options = {
    .store = build->store,
    .arch = arch,
    .epoch = build->epoch,
    .mirrors = build->options->mirrors,
    .runtime = build->options->runtime,
    .keep = build->options->keep,
    .fetch = build->options->fetch,
  };
  *stages = stages_new(build->recipe, build->lock, &options, error);
  return *stages != NULL && stages_obtain(*stages, build->recipe, error);
}

void
build_image_job_free(gpointer data)
{
  ImageJob *job = data;
  g_clear_pointer(&job->tests, check_report_free);
  g_clear_pointer(&job->image, assembled_free);
  g_clear_error(&job->error);
  g_free(job);
}

static gboolean
assemble_image(ImageJob *job, const Digest *key, GError **error)
{
  const Build *build = job->build;
  AssembleOptions options = {
    .packages = {.encoding = job->encoding,
                 .epoch = build->epoch,
                 .mirrors = build->options->mirrors,
                 .fetch = build->options->fetch},
    .runtime = build->options->runtime,
    .keep = build->options->keep,
    .annotations = (const char *const *)build->annotations,
    .tests = job->with_tests ? check_report_begin(job->tests, job->arch) : NULL,
  };
  const LockArch *locked = build->lock != NULL ? lock_find_arch(build->lock, job->arch) : NULL;
  g_autoptr(Base) base = NULL;
  g_autoptr(Assembled) stage = NULL;
  g_autoptr(Stages) stages = NULL;
  if (!build_obtain_stages(build, job->arch, &stages, error) ||
      !stages_obtain_base(stages, build->recipe, job->encoding, &base, &stage, error))
    return FALSE;
  options.base = base;
  options.stage = stage;
  options.stages = stages_keys(stages);
  parallel_enter();
  g_autoptr(Assembled) image = assemble(build->store, build->recipe, job->arch, locked, &options, error);
  parallel_leave();
  if (image == NULL || !memo_keep_image(build->store, key, image, error) ||
      !remember_tests(build, job->arch, options.tests, error))
    return FALSE;
  job->image = g_steal_pointer(&image);
  return TRUE;
}

/* Another recipe, or this one elsewhere, may be about to make the very image. */
static gboolean
obtain_image(ImageJob *job, GError **error)
{
  const Build *build = job->build;
  Digest key;
  build_image_key(build, job->arch, job->encoding, &key);
  if (!store_claim_waiting(build->store, &key, build->options->fetch.cancellable, error))
    return FALSE;
  if (!job->with_tests)
    job->image = memo_find_image(build->store, &key);
  job->reused = job->image != NULL;
  gboolean done = job->reused || assemble_image(job, &key, error);
  store_release(build->store, &key);
  return done;
}

static void
run_image_job(guint i, gpointer data)
{
  ImageJob *job = ((GPtrArray *)data)->pdata[i];
  if (!obtain_image(job, &job->error) && g_strv_length((char **)job->build->archs) > 1)
    g_prefix_error(&job->error, "%s: ", job->arch);
}

ImageJob *
build_find_image(const Build *build, const char *arch, PackEncoding encoding)
{
  for (guint i = 0; i < build->images->len; i++) {
    ImageJob *job = build->images->pdata[i];
    if (job->encoding == encoding && strcmp(job->arch, arch) == 0)
      return job;
  }
  return NULL;
}

/* The images that @output needs; those of an architecture are tested when the first of them is made. */
void
build_want_images(const Build *build, const RecipeOutput *output)
{
  for (const char *const *arch = build->archs; *arch != NULL; arch++) {
    if (build_find_image(build, *arch, output->compression) != NULL)
      continue;
    ImageJob *job = g_new0(ImageJob, 1);
    *job = (ImageJob){.build = build, .arch = *arch, .encoding = output->compression};
    job->tests = check_report_new(build->recipe->name);
    job->with_tests = !is_tested(build, *arch);
    for (guint i = 0; i < build->images->len; i++)
      if (strcmp(((const ImageJob *)build->images->pdata[i])->arch, *arch) == 0)
        job->with_tests = FALSE;
    g_ptr_array_add(build->images, job);
  }
}

gboolean
build_make_images(const Build *build, GError **error)
{
  parallel_run(build->images->len, parallel_width(), run_image_job, build->images);
  GError *failure = NULL;
  for (guint i = 0; i < build->images->len; i++) {
    ImageJob *job = build->images->pdata[i];
    check_report_take(build->tests, job->tests);
    if (failure == NULL && job->image == NULL)
      failure = g_steal_pointer(&job->error);
  }
  if (failure != NULL)
    g_propagate_error(error, failure);
  return failure == NULL && check_report_error(build->tests, error);
}
