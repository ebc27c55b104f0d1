/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/build.h"
#include "builder/engine/base_source.h"
#include "builder/engine/foreign.h"
#include "builder/engine/install.h"
#include "builder/engine/memo.h"
#include "builder/engine/parallel.h"
#include "builder/engine/resolve.h"
#include "builder/engine/vcs.h"
#include "builder/engine/why.h"
#include "builder/oci/archive.h"
#include "builder/oci/image.h"
#include "builder/oci/index.h"
#include "builder/oci/layout.h"
#include "builder/oci/referrer.h"
#include "builder/oci/sign.h"
#include "builder/sources/files.h"
#include "signing/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What holds for all outputs of one build. */
typedef struct {
  Store *store;
  const Recipe *recipe;
  const BuildOptions *options;
  const Lock *lock; /* NULL where the recipe fetches nothing */
  const char *const *archs;
  char **annotations; /* from --label and --vcs */
  gint64 epoch;
  Digest inputs;      /* of the recipe's local files */
  GArray *input_list; /* FilesInput: what they are */
  Why *why;
  GPtrArray *images; /* ImageJob*: those that are needed */
  BuildResult *result;
  CheckReport *tests;
} Build;

/* ---- results ---- */

static void
output_free(gpointer data)
{
  BuildOutput *output = data;
  g_free(output->path);
  g_free(output);
}

static void
layer_free(gpointer data)
{
  BuildLayer *layer = data;
  g_free(layer->arch);
  g_free(layer->contents);
  g_free(layer);
}

static void
script_free(gpointer data)
{
  BuildScript *script = data;
  g_free(script->arch);
  script_note_free(script->note);
  g_free(script);
}

static BuildResult *
build_result_new(void)
{
  BuildResult *result = g_new0(BuildResult, 1);
  result->outputs = g_ptr_array_new_with_free_func(output_free);
  result->layers = g_ptr_array_new_with_free_func(layer_free);
  result->actions = g_ptr_array_new_with_free_func(why_action_free);
  result->skipped = g_ptr_array_new_with_free_func(g_free);
  result->scripts = g_ptr_array_new_with_free_func(script_free);
  return result;
}

void
build_result_free(BuildResult *result)
{
  g_ptr_array_unref(result->outputs);
  g_ptr_array_unref(result->layers);
  g_ptr_array_unref(result->actions);
  g_ptr_array_unref(result->skipped);
  g_ptr_array_unref(result->scripts);
  g_free(result);
}

/* ---- what the build is made of ---- */

/* The last second of the year 9999, the last that dates of images can tell. */
#define EPOCH_MAX G_GINT64_CONSTANT(253402300799)

/* The epoch: SOURCE_DATE_EPOCH, else the recipe's, else the lock's date, else 0. */
static gboolean
find_epoch(Build *build, GError **error)
{
  const char *text = g_getenv("SOURCE_DATE_EPOCH");
  if (text != NULL && *text != '\0') {
    if (!g_ascii_string_to_signed(text, 10, 0, EPOCH_MAX, &build->epoch, NULL)) {
      g_autofree char *shown = g_strescape(text, NULL);
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                  "SOURCE_DATE_EPOCH: '%s' is no number of seconds since 1970, up to the year 9999", shown);
      return FALSE;
    }
  } else if (build->recipe->epoch >= 0) {
    build->epoch = build->recipe->epoch;
  } else {
    build->epoch = build->lock != NULL ? MAX(lock_date(build->lock), 0) : 0;
  }
  return TRUE;
}

static gboolean
find_annotations(Build *build, GError **error)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
  if (build->options->vcs) {
    g_auto(GStrv) from_git = vcs_annotations(build->recipe->folder, build->options->fetch.cancellable, error);
    if (from_git == NULL)
      return FALSE;
    for (char **pair = from_git; *pair != NULL; pair++)
      g_ptr_array_add(all, g_strdup(*pair));
  }
  for (const char *const *pair = build->options->annotations; pair != NULL && *pair != NULL; pair++)
    g_ptr_array_add(all, g_strdup(*pair));
  g_ptr_array_add(all, NULL);
  g_ptr_array_set_free_func(all, NULL);
  build->annotations = (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
  return TRUE;
}

/* Whether scripts may be run for @recipe or a stage of it. */
static gboolean
has_scripts(const Recipe *recipe)
{
  gboolean some = recipe->debian != NULL && recipe->debian->scripts != RECIPE_SCRIPTS_SKIP;
  for (guint i = 0; !some && i < recipe->stages->len; i++)
    some = has_scripts(recipe->stages->pdata[i]);
  return some;
}

/* All that decides the bytes of the image of @arch in @encoding. */
static json_t *
describe_image(const Build *build, const char *arch, PackEncoding encoding)
{
  char inputs[DIGEST_HEX_LENGTH + 1], locked[DIGEST_HEX_LENGTH + 1] = "";
  digest_to_hex(&build->inputs, inputs);
  if (build->lock != NULL) {
    Digest digest;
    g_autofree char *text = lock_to_text(build->lock);
    digest_of(text, strlen(text), &digest);
    digest_to_hex(&digest, locked);
  }
  json_t *annotations = json_array();
  for (char **pair = build->annotations; *pair != NULL; pair++)
    json_array_append_new(annotations, json_string(*pair));
  json_t *description = json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:I, s:s, s:s, s:o}", "action", "image", "ashlar",
                                  ASHLAR_VERSION, "format", lock_current_format(), "recipe", recipe_to_json(build->recipe),
                                  "lock", locked, "inputs", inputs, "epoch", (json_int_t)build->epoch, "arch", arch, "encoding",
                                  pack_encoding_name(encoding), "annotations", annotations);
  if (has_scripts(build->recipe))
    json_object_set_new(description, "install", install_rules());
  Digest base;
  if (build->lock != NULL && lock_base(build->lock, arch, &base)) {
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&base, hex);
    json_object_set_new(description, "base", json_string(hex));
  }
  return description;
}

static void
image_key(const Build *build, const char *arch, PackEncoding encoding, Digest *key)
{
  json_t *description = describe_image(build, arch, encoding);
  store_action_key(description, key);
  json_decref(description);
}

/* ---- tests ---- */

/* All that decides whether the tests of the image of @arch pass: the image, however it is compressed, and the tests. */
static void
tests_key(const Build *build, const char *arch, Digest *key)
{
  json_t *description = describe_image(build, arch, PACK_ZSTD);
  json_object_set_new(description, "action", json_string("tests"));
  json_object_del(description, "encoding");
  json_object_set_new(description, "tests", recipe_tests_to_json(build->recipe));
  store_action_key(description, key);
  json_decref(description);
}

/* Whether the image of @arch was tested, by this build or an earlier one, or has no tests. */
static gboolean
is_tested(const Build *build, const char *arch)
{
  CheckReport *report = build->tests;
  if (build->recipe->tests->len == 0 || check_report_find(report, arch) != NULL)
    return TRUE;
  Digest key;
  tests_key(build, arch, &key);
  if (!memo_find_passed(build->store, &key))
    return FALSE;
  check_reuse(build->recipe, check_report_begin(report, arch));
  return TRUE;
}

static gboolean
all_tested(const Build *build)
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
  tests_key(build, arch, &key);
  return memo_keep_passed(build->store, &key, error);
}

/* ---- images ---- */

/* The same for each output of that architecture: told once. */
static void
report_scripts(const Build *build, const char *arch, const Assembled *image)
{
  GPtrArray *all = build->result->scripts;
  for (guint i = 0; i < all->len; i++)
    if (strcmp(((const BuildScript *)all->pdata[i])->arch, arch) == 0)
      return;
  for (guint i = 0; i < image->scripts->len; i++) {
    BuildScript *script = g_new(BuildScript, 1);
    *script = (BuildScript){g_strdup(arch), script_note_copy(image->scripts->pdata[i], NULL)};
    g_ptr_array_add(all, script);
  }
}

static void
report_image(const Build *build, const char *kind, const char *arch, const Assembled *image)
{
  for (guint i = 0; i < image->layers->len; i++) {
    const AssembledLayer *from = image->layers->pdata[i];
    BuildLayer *layer = g_new0(BuildLayer, 1);
    *layer = (BuildLayer){
      .kind = kind,
      .arch = g_strdup(arch),
      .contents = g_strdup(from->contents),
      .digest = from->layer.digest,
      .size = from->layer.size,
      .tar_size = from->layer.tar_size,
      .reused = from->layer.reused,
    };
    g_ptr_array_add(build->result->layers, layer);
  }
  for (guint i = 0; i < image->skipped->len; i++) {
    g_autofree char *line = g_strdup_printf("%s (%s)", (const char *)image->skipped->pdata[i], arch);
    if (!g_ptr_array_find_with_equal_func(build->result->skipped, line, g_str_equal, NULL))
      g_ptr_array_add(build->result->skipped, g_steal_pointer(&line));
  }
  report_scripts(build, arch, image);
}

static void
explain_image(const Build *build, const char *arch, PackEncoding encoding, const Assembled *image, gboolean reused)
{
  json_auto_t *description = describe_image(build, arch, encoding);
  const WhyImage told = {
    .arch = arch,
    .encoding = encoding,
    .description = description,
    .locked = build->lock != NULL ? lock_find_arch(build->lock, arch) : NULL,
    .files = build->input_list,
    .assembled = image,
    .reused = reused,
  };
  why_image(build->why, &told);
}

/* NULL where the recipe has none. */
static gboolean
obtain_base(const Build *build, const char *arch, Base **base, GError **error)
{
  if (build->recipe->from.image == NULL)
    return TRUE;
  *base = base_source_obtain(build->recipe, build->store, build->lock, arch, &build->options->fetch, error);
  return *base != NULL;
}

static gboolean
obtain_stages(const Build *build, const char *arch, Stages **stages, GError **error)
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

/* The image of one architecture in one encoding, which more than one output may hold. */
typedef struct {
  const Build *build;
  const char *arch;
  PackEncoding encoding;
  gboolean with_tests;
  CheckReport *tests; /* of it alone */
  Assembled *image;   /* NULL: it failed, and @error says why */
  gboolean reused;
  GError *error;
} ImageJob;

static void
image_job_free(gpointer data)
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
  g_autoptr(Stages) stages = NULL;
  if (!obtain_base(build, job->arch, &base, error) || !obtain_stages(build, job->arch, &stages, error))
    return FALSE;
  options.base = base;
  options.stages = stages;
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
  image_key(build, job->arch, job->encoding, &key);
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

static ImageJob *
find_image(const Build *build, const char *arch, PackEncoding encoding)
{
  for (guint i = 0; i < build->images->len; i++) {
    ImageJob *job = build->images->pdata[i];
    if (job->encoding == encoding && strcmp(job->arch, arch) == 0)
      return job;
  }
  return NULL;
}

/* The images that @output needs; those of an architecture are tested when the first of them is made. */
static void
want_images(const Build *build, const RecipeOutput *output)
{
  for (const char *const *arch = build->archs; *arch != NULL; arch++) {
    if (find_image(build, *arch, output->compression) != NULL)
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

static gboolean
make_images(const Build *build, GError **error)
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
    descriptor_copy(&find_image(build, build->archs[i], output->compression)->image->manifest,
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

/* ---- outputs ---- */

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
    image_key(build, *arch, output->compression, &image);
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

/* For --explain of an output that is there already: its images are remembered too. */
static void
explain_reused(const Build *build, const RecipeOutput *output)
{
  for (const char *const *arch = build->archs; *arch != NULL; arch++) {
    Digest key;
    image_key(build, *arch, output->compression, &key);
    g_autoptr(Assembled) image = memo_find_image(build->store, &key);
    if (image == NULL)
      continue;
    report_image(build, output_kind(output), *arch, image);
    if (build->options->explain)
      explain_image(build, *arch, output->compression, image, TRUE);
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
  job->reused = all_tested(build) && memo_find_output(build->store, &job->key, job->path, &job->digest);
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
    ImageJob *image = find_image(build, *arch, job->output->compression);
    progress_cache(build->options->fetch.progress, PROGRESS_CACHE_IMAGE, image->reused);
    report_image(build, output_kind(job->output), *arch, image->image);
    explain_image(build, *arch, job->output->compression, image->image, image->reused);
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
static gboolean
make_outputs(const Build *build, GError **error)
{
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(output_job_free);
  for (guint i = 0; i < build->recipe->outputs->len; i++) {
    OutputJob *job = output_job_new(build, build->recipe->outputs->pdata[i]);
    g_ptr_array_add(jobs, job);
    if (!job->reused)
      want_images(build, job->output);
  }
  if (!make_images(build, error))
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

/* ---- the whole ---- */

static gboolean
make_folder(const char *folder, GError **error)
{
  if (folder != NULL && g_mkdir_with_parents(folder, 0777) != 0)
    return error_set_errno(error, errno, "make the folder '%s'", folder);
  return TRUE;
}

static guint
count_packages(const Build *build)
{
  guint n = 0;
  for (const char *const *arch = build->archs; build->lock != NULL && *arch != NULL; arch++) {
    const LockArch *locked = lock_find_arch(build->lock, *arch);
    n += locked != NULL ? locked->packages->len : 0;
  }
  return n;
}

/* What the images are made of, once the lock is known. */
static gboolean
prepare(Build *build, GError **error)
{
  if (!find_epoch(build, error) || !find_annotations(build, error) ||
      !files_inputs(build->recipe, build->input_list, &build->inputs, build->options->fetch.cancellable, error))
    return FALSE;
  build->result->epoch = build->epoch;
  build->result->n_packages = count_packages(build);
  return TRUE;
}

static gboolean
write_outputs(Build *build, gpointer unused, GError **error)
{
  return make_folder(build->options->folder, error) && make_outputs(build, error);
}

static gboolean
list_manifests(Build *build, gpointer manifests, GError **error)
{
  const RecipeOutput *first = build->recipe->outputs->pdata[0];
  want_images(build, first);
  if (!make_images(build, error))
    return FALSE;
  for (const char *const *arch = build->archs; *arch != NULL; arch++)
    g_array_append_vals(manifests, &find_image(build, *arch, first->compression)->image->manifest.digest, 1);
  return TRUE;
}

/* What has to be known before anything is built: the recipe below, and the lock. */
static gboolean
find_lock(Build *build, Lock **lock, GError **error)
{
  const BuildOptions *options = build->options;
  g_autoptr(GArray) bases = NULL;
  if (!resolve_needs_lock(build->recipe))
    return TRUE;
  if (!build_base(build->store, build->recipe, build->archs, options, &bases, error))
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
  return *lock != NULL;
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
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(image_job_free);
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

gboolean
build_base(Store *store, const Recipe *recipe, const char *const *archs, const BuildOptions *options, GArray **manifests,
           GError **error)
{
  *manifests = NULL;
  if (recipe->from.recipe == NULL)
    return TRUE;
  *manifests = g_array_new(FALSE, FALSE, sizeof(Digest));
  return build_images(store, recipe->from.recipe, archs, options, *manifests, error);
}

Root *
build_root(Store *store, const Recipe *recipe, const BuildOptions *options, const guint *steps, gint64 *epoch, GError **error)
{
  g_auto(GStrv) archs = resolve_archs(recipe, options->archs, error);
  if (archs == NULL || !foreign_check(recipe, (const char *const *)archs, error))
    return NULL;
  Build build = {.store = store, .recipe = recipe, .options = options, .archs = (const char *const *)archs};
  g_autoptr(Lock) lock = NULL;
  if (!find_lock(&build, &lock, error) || !find_epoch(&build, error))
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
  if (!obtain_base(&build, archs[0], &base, error) || !obtain_stages(&build, archs[0], &stages, error))
    return NULL;
  const RootOptions root = {.packages = &packages, .base = base, .stages = stages, .runtime = options->runtime, .steps = steps};
  return root_assemble(store, recipe, archs[0], locked, packs, &root, error);
}
