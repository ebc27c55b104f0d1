/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/build_private.h"
#include "builder/engine/memo.h"
#include "builder/executor/parallel.h"
#include "builder/oci/archive.h"
#include "builder/oci/image.h"
#include "builder/oci/index.h"
#include "builder/oci/layout.h"
#include "builder/oci/referrer.h"
#include "builder/oci/sign.h"
#include "signing/error.h"

#include <string.h>
#include <sys/stat.h>

static const char *
output_kind(const RecipeOutput *output)
{
  return output->kind == RECIPE_OUTPUT_OCI_LAYOUT ? "oci-layout" : "oci";
}

static char *
output_path(const Build *build, const RecipeOutput *output)
{
  g_autofree char *name = g_strdup_printf("%s-%s.oci%s", build->recipe->name, build->recipe->version,
                                          output->kind == RECIPE_OUTPUT_OCI_LAYOUT ? "" : ".tar");
  return g_build_filename(build->options->folder != NULL ? build->options->folder : ".", name, NULL);
}

/* All that decides the bytes of the file at @path, and where it is. */
static json_t *
describe_output(const Build *build, const RecipeOutput *output, const char *path)
{
  json_t *images = json_array();
  for (const char *const *arch = build->archs; *arch != NULL; arch++) {
    Digest image;
    char hex[DIGEST_HEX_LENGTH + 1];
    build_image_key(build, *arch, output->compression, &image);
    digest_to_hex(&image, hex);
    json_array_append_new(images, json_string(hex));
  }
  char signer[DIGEST_HEX_LENGTH + 1] = "";
  if (build->options->key != NULL)
    digest_to_hex(key_fingerprint(build->options->key), signer);
  /* escaped: a path need not be UTF-8, JSON must be */
  g_autofree char *canonical = g_canonicalize_filename(path, NULL), *absolute = g_strescape(canonical, NULL);
  return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s*, s:s}", "action", "output", "kind", output_kind(output), "images", images,
                   "attached", build->lock != NULL ? "lock" : "", "key", signer, "reference", build->options->reference, "path",
                   absolute);
}

/* ---- writing one ---- */

static void
clear_descriptor(gpointer data)
{
  descriptor_clear(data);
}

/* The manifest of the one architecture, or the index of all. */
static gboolean
make_top(const Build *build, const RecipeOutput *output, Blobs *blobs, Descriptor *top, GError **error)
{
  guint n = g_strv_length((char **)build->archs);
  g_autoptr(GArray) manifests = g_array_new(FALSE, TRUE, sizeof(Descriptor));
  g_array_set_clear_func(manifests, clear_descriptor);
  g_array_set_size(manifests, n);
  for (guint i = 0; i < n; i++)
    descriptor_copy(&build_find_image(build, build->archs[i], output->compression)->image->manifest,
                    &g_array_index(manifests, Descriptor, i));
  if (n == 1) {
    descriptor_copy(&g_array_index(manifests, Descriptor, 0), top);
    return TRUE;
  }
  ImageSpec spec = {
    .name = build->recipe->name,
    .version = build->recipe->version,
    .description = build->recipe->description,
    .epoch = build->epoch,
    .config = &build->recipe->config,
    .annotations = (const char *const *)build->annotations,
  };
  return index_write(blobs, &spec, (const Descriptor *)(gpointer)manifests->data, n, top, error);
}

/* The lock travels with the image that was made of it; what the image is called by does not change. */
static gboolean
attach_lock(const Build *build, Blobs *blobs, const Descriptor *top, Descriptor *referrers, GError **error)
{
  g_autofree char *path = lock_path_of(build->recipe), *title = g_path_get_basename(path);
  g_autofree char *text = lock_to_text(build->lock);
  const Referrer lock = {.artifact_type = REFERRER_LOCK_TYPE, .title = title, .data = text, .size = strlen(text)};
  return referrer_attach(blobs, top, NULL, &lock, referrers, error);
}

/* @locked: what is attached already, or NULL. */
static gboolean
sign_top(const Build *build, Blobs *blobs, const Descriptor *top, const Descriptor *locked, Descriptor *referrers,
         GError **error)
{
  g_autofree char *reference = build->options->reference != NULL ? g_strdup(build->options->reference)
                                                                 : oci_repository(build->recipe->name);
  SignSpec spec = {.key = build->options->key, .reference = reference};
  ProgressTask *task = progress_start(build->options->fetch.progress, PROGRESS_SIGN, build->recipe->name, 0);
  gboolean made = image_sign(blobs, top, locked, &spec, referrers, error);
  progress_finish(task, made ? PROGRESS_MADE : PROGRESS_FAILED);
  return made;
}

static guint64
file_size(const char *path)
{
  struct stat stat_buffer;
  return stat(path, &stat_buffer) == 0 && S_ISREG(stat_buffer.st_mode) ? (guint64)stat_buffer.st_size : 0;
}

/* Whether @top is the image that is expected in @output, if any is. */
static gboolean
check_expected(const Build *build, const RecipeOutput *output, const Digest *top, GError **error)
{
  guint i;
  if (build->options->expected == NULL || !g_ptr_array_find(build->recipe->outputs, output, &i) ||
      digest_equal(&g_array_index(build->options->expected, Digest, i), top))
    return TRUE;
  char is[DIGEST_STRING_SIZE], expected[DIGEST_STRING_SIZE];
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
              "the image is %s, where building from nothing gave %s\nhint: what the store remembers is not what would be made "
              "now; 'ashlar store gc --max-size 0' forgets it",
              digest_to_string(top, is), digest_to_string(&g_array_index(build->options->expected, Digest, i), expected));
  return FALSE;
}

static gboolean
write_output(const Build *build, const RecipeOutput *output, const char *path, Digest *digest, GError **error)
{
  g_autoptr(Blobs) blobs = blobs_new(build->store);
  g_auto(Descriptor) top = {0}, lock = {0}, signatures = {0};
  if (!make_top(build, output, blobs, &top, error) || !check_expected(build, output, &top.digest, error))
    return FALSE;
  const Descriptor *referrers = NULL;
  if (build->lock != NULL) {
    if (!attach_lock(build, blobs, &top, &lock, error))
      return FALSE;
    referrers = &lock;
  }
  if (build->options->key != NULL) {
    if (!sign_top(build, blobs, &top, referrers, &signatures, error))
      return FALSE;
    referrers = &signatures;
  }
  ArchiveSpec spec = {
    .name = build->recipe->name,
    .version = build->recipe->version,
    .top = &top,
    .referrers = referrers,
    .epoch = build->epoch,
  };
  *digest = top.digest;
  GCancellable *cancellable = build->options->fetch.cancellable;
  ProgressTask *task = progress_start(build->options->fetch.progress, PROGRESS_WRITE, path, 0);
  gboolean written = output->kind == RECIPE_OUTPUT_OCI_LAYOUT
                       ? layout_write(path, &spec, blobs, cancellable, error)
                       : archive_write(path, &spec, blobs, cancellable, NULL, NULL, error);
  progress_advance(task, written ? file_size(path) : 0);
  progress_finish(task, written ? PROGRESS_MADE : PROGRESS_FAILED);
  return written;
}

/* ---- telling of one ---- */

/* For --explain of an output that is there already: its images are remembered too. */
static void
explain_reused(const Build *build, const RecipeOutput *output)
{
  for (const char *const *arch = build->archs; *arch != NULL; arch++) {
    Digest key;
    build_image_key(build, *arch, output->compression, &key);
    g_autoptr(Assembled) image = memo_find_image(build->store, &key);
    if (image == NULL)
      continue;
    build_report_image(build, output_kind(output), *arch, image);
    if (build->options->explain)
      build_explain_image(build, *arch, output->compression, image, TRUE);
  }
}

static gboolean
explain_output(const Build *build, const RecipeOutput *output, const char *path, json_t *description, gboolean reused,
               gboolean was_there, GError **error)
{
  const WhyOutput told = {
    .kind = output_kind(output),
    .path = path,
    .encoding = output->compression,
    .description = description,
    .reused = reused,
    .was_there = was_there,
  };
  return why_output(build->why, &told, error);
}

/* ---- all of them ---- */

/* An output in the making. */
typedef struct {
  const Build *build;
  const RecipeOutput *output;
  char *path;
  json_t *description;
  Digest key, digest;
  gboolean reused, was_there;
  GError *error;
} OutputJob;

static void
output_job_free(gpointer data)
{
  OutputJob *job = data;
  g_free(job->path);
  json_decref(job->description);
  g_clear_error(&job->error);
  g_free(job);
}

static OutputJob *
output_job_new(const Build *build, const RecipeOutput *output)
{
  OutputJob *job = g_new0(OutputJob, 1);
  *job = (OutputJob){.build = build, .output = output, .path = output_path(build, output)};
  job->description = describe_output(build, output, job->path);
  store_action_key(job->description, &job->key);
  job->was_there = g_file_test(job->path, G_FILE_TEST_EXISTS);
  job->reused = build_all_tested(build) && memo_find_output(build->store, &job->key, job->path, &job->digest);
  progress_cache(build->options->fetch.progress, PROGRESS_CACHE_OUTPUT, job->reused);
  return job;
}

static void
run_output_job(guint i, gpointer data)
{
  OutputJob *job = ((GPtrArray *)data)->pdata[i];
  const Build *build = job->build;
  if (job->reused) {
    (void)!check_expected(build, job->output, &job->digest, &job->error);
    return;
  }
  (void)!(write_output(build, job->output, job->path, &job->digest, &job->error) &&
          memo_keep_output(build->store, &job->key, job->path, &job->digest, &job->error));
}

/* What the output holds, for --explain and --json. An image that an earlier output holds too is not made anew. */
static void
report_output(const Build *build, const OutputJob *job)
{
  if (job->reused) {
    explain_reused(build, job->output);
    return;
  }
  for (const char *const *arch = build->archs; *arch != NULL; arch++) {
    ImageJob *image = build_find_image(build, *arch, job->output->compression);
    progress_cache(build->options->fetch.progress, PROGRESS_CACHE_IMAGE, image->reused);
    build_report_image(build, output_kind(job->output), *arch, image->image);
    build_explain_image(build, *arch, job->output->compression, image->image, image->reused);
    image->reused = TRUE;
  }
}

static gboolean
tell_output(const Build *build, OutputJob *job, GError **error)
{
  report_output(build, job);
  if (!explain_output(build, job->output, job->path, job->description, job->reused, job->was_there, error))
    return FALSE;
  BuildOutput *made = g_new0(BuildOutput, 1);
  *made = (BuildOutput){
    .kind = output_kind(job->output),
    .digest = job->digest,
    .size = file_size(job->path),
    .reused = job->reused,
  };
  made->path = g_steal_pointer(&job->path);
  g_ptr_array_add(build->result->outputs, made);
  return TRUE;
}

/* All images, then all outputs, each side by side; what comes of it is told in the recipe's order. */
gboolean
build_make_outputs(const Build *build, GError **error)
{
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(output_job_free);
  for (guint i = 0; i < build->recipe->outputs->len; i++) {
    OutputJob *job = output_job_new(build, build->recipe->outputs->pdata[i]);
    g_ptr_array_add(jobs, job);
    if (!job->reused)
      build_want_images(build, job->output);
  }
  if (!build_make_images(build, error))
    return FALSE;
  parallel_run(jobs->len, parallel_width(), run_output_job, jobs);
  for (guint i = 0; i < jobs->len; i++) {
    OutputJob *job = jobs->pdata[i];
    if (job->error == NULL && tell_output(build, job, &job->error))
      continue;
    g_propagate_error(error, g_steal_pointer(&job->error));
    return FALSE;
  }
  return TRUE;
}
