/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/assemble.h"
#include "builder/engine/executor.h"
#include "builder/engine/layer_plan.h"
#include "builder/engine/root.h"
#include "builder/oci/image.h"

#include <string.h>

/* One layer to be written. */
typedef struct {
  Store *store;
  const Tree *tree;
  PackEncoding encoding;
  Progress *progress;
  GArray *numbers; /* guint, of packs in the tree, in order */
  char *title;
  AssembledLayer *out;
} LayerJob;

static void
layer_job_free(gpointer data)
{
  LayerJob *job = data;
  g_array_unref(job->numbers);
  g_free(job->title);
  g_free(job);
}

static void
assembled_layer_free(gpointer data)
{
  AssembledLayer *layer = data;
  layer_clear(&layer->layer);
  g_free(layer->contents);
  g_free(layer);
}

Assembled *
assembled_new(void)
{
  Assembled *assembled = g_new0(Assembled, 1);
  assembled->layers = g_ptr_array_new_with_free_func(assembled_layer_free);
  assembled->skipped = g_ptr_array_new_with_free_func(g_free);
  return assembled;
}

void
assembled_free(Assembled *assembled)
{
  descriptor_clear(&assembled->manifest);
  g_ptr_array_unref(assembled->layers);
  g_ptr_array_unref(assembled->skipped);
  g_free(assembled);
}

/* ---- the plan ---- */

static guint64
compressed_size(const Tree *tree, const GArray *numbers)
{
  guint64 size = 0;
  for (guint i = 0; i < numbers->len; i++)
    size += pack_compressed_size(tree_pack(tree, g_array_index(numbers, guint, i)));
  return size;
}

static const RootPart *
part_of(const Root *root, guint part)
{
  return root->parts->pdata[part];
}

/* Each element a GArray of parts. */
static GPtrArray *
plan_packages(const Recipe *recipe, const LockArch *locked, const Root *root)
{
  g_autofree LayerPlanItem *items = g_new0(LayerPlanItem, MAX(root->n_packages, 1));
  for (guint i = 0; i < root->n_packages; i++) {
    g_assert(locked != NULL);
    const LockPackage *package = locked->packages->pdata[i];
    const Pack *pack = tree_pack(root->tree, part_of(root, i)->number);
    items[i] = (LayerPlanItem){.name = package->name, .size = pack_compressed_size(pack)};
  }
  guint top = root->parts->len - root->n_packages;
  guint most = recipe->layers.single || recipe->layers.most <= top ? 1 : recipe->layers.most - top;
  return layer_plan(items, root->n_packages, most);
}

/* Generated files, the recipe's own and what its steps made change most often: they come on top, in layers of their own where
 * these may be. */
static void
append_top(GPtrArray *plan, const Root *root, const RecipeLayers *layers)
{
  for (guint part = root->n_packages; part < root->parts->len; part++) {
    if (plan->len == 0 || (!layers->single && plan->len < layers->most))
      g_ptr_array_add(plan, g_array_new(FALSE, FALSE, sizeof(guint)));
    g_array_append_val((GArray *)plan->pdata[plan->len - 1], part);
  }
}

static char *
describe(const Root *root, const GArray *parts)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < parts->len; i++)
    g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", part_of(root, g_array_index(parts, guint, i))->title);
  return g_string_free(text, FALSE);
}

/* The parts' numbers in the tree. */
static GArray *
pack_numbers(const Root *root, const GArray *parts)
{
  GArray *numbers = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; i < parts->len; i++)
    g_array_append_val(numbers, part_of(root, g_array_index(parts, guint, i))->number);
  return numbers;
}

/* ---- writing the layers ---- */

static gboolean
write_one(gpointer data, GCancellable *cancellable, GError **error)
{
  LayerJob *job = data;
  g_autoptr(GPtrArray)
    directories = tree_layer_directories(job->tree, (const guint *)(gpointer)job->numbers->data, job->numbers->len);
  g_autofree LayerPart *parts = g_new0(LayerPart, job->numbers->len);
  for (guint i = 0; i < job->numbers->len; i++) {
    guint number = g_array_index(job->numbers, guint, i);
    parts[i] = (LayerPart){.pack = tree_pack(job->tree, number), .kept = tree_kept(job->tree, number)};
  }
  ProgressTask *task = progress_start(job->progress, PROGRESS_SPLICE, job->title, compressed_size(job->tree, job->numbers));
  Watch watch = progress_watch(task);
  LayerSpec spec = {
    .encoding = job->encoding,
    .directories = (const Entry *const *)directories->pdata,
    .n_directories = directories->len,
    .parts = parts,
    .n_parts = job->numbers->len,
    .watch = &watch,
  };
  Layer *layer = &job->out->layer;
  gboolean written = layer_write(job->store, &spec, cancellable, layer, error);
  if (written && layer->reused)
    progress_resume(task, layer->size);
  progress_finish(task, !written ? PROGRESS_FAILED : layer->reused ? PROGRESS_REUSED : PROGRESS_MADE);
  if (written)
    progress_cache(job->progress, PROGRESS_CACHE_LAYER, layer->reused);
  else
    g_prefix_error(error, "layer of %s: ", job->title);
  return written;
}

static gint
compare_jobs(gconstpointer a, gconstpointer b)
{
  const LayerJob *x = *(LayerJob *const *)a, *y = *(LayerJob *const *)b;
  guint64 p = compressed_size(x->tree, x->numbers), q = compressed_size(y->tree, y->numbers);
  return p > q ? -1 : p < q;
}

static char *
short_title(const char *contents, guint n)
{
  const char *comma = strchr(contents, ',');
  if (comma == NULL)
    return g_strdup(contents);
  return g_strdup_printf("%.*s and %u more", (int)(comma - contents), contents, n - 1);
}

static gboolean
write_layers(Store *store, const Root *root, GPtrArray *plan, const AssembleOptions *options, GPtrArray *layers, GError **error)
{
  Progress *progress = options->packages.fetch.progress;
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(layer_job_free);
  g_autoptr(Executor) executor = executor_new(options->packages.fetch.cancellable);
  guint64 bytes = 0;
  for (guint i = 0; i < plan->len; i++) {
    const GArray *parts = plan->pdata[i];
    AssembledLayer *out = g_new0(AssembledLayer, 1);
    out->contents = describe(root, parts);
    g_ptr_array_add(layers, out);
    LayerJob *job = g_new0(LayerJob, 1);
    *job = (LayerJob){
      .store = store,
      .tree = root->tree,
      .encoding = options->packages.encoding,
      .progress = progress,
      .numbers = pack_numbers(root, parts),
      .title = short_title(out->contents, parts->len),
      .out = out,
    };
    g_ptr_array_add(jobs, job);
    bytes += compressed_size(job->tree, job->numbers);
  }
  progress_expect(progress, PROGRESS_SPLICE, jobs->len, bytes);
  /* the longest first, so that no core is left with it at the end */
  g_ptr_array_sort(jobs, compare_jobs);
  for (guint i = 0; i < jobs->len; i++)
    executor_push(executor, write_one, jobs->pdata[i]);
  return executor_wait(executor, error);
}

/* ---- the whole ---- */

static gboolean
write_image(Store *store, const Recipe *recipe, const char *arch, const AssembleOptions *options, Assembled *out,
            GError **error)
{
  g_autofree ImageLayer *layers = g_new0(ImageLayer, MAX(out->layers->len, 1));
  for (guint i = 0; i < out->layers->len; i++) {
    const AssembledLayer *assembled = out->layers->pdata[i];
    layers[i] = (ImageLayer){.layer = &assembled->layer, .created_by = assembled->contents};
  }
  ImageSpec spec = {
    .name = recipe->name,
    .version = recipe->version,
    .description = recipe->description,
    .arch = arch,
    .epoch = options->packages.epoch,
    .config = &recipe->config,
    .encoding = options->packages.encoding,
    .layers = layers,
    .n_layers = out->layers->len,
    .annotations = options->annotations,
  };
  g_autoptr(Blobs) blobs = blobs_new(store);
  return image_write(blobs, &spec, &out->manifest, error);
}

static gboolean
run_tests(Store *store, const Recipe *recipe, const Root *root, const AssembleOptions *options, GError **error)
{
  CheckSubject subject = {
    .store = store,
    .tree = root->tree,
    .config = &recipe->config,
    .cancellable = options->packages.fetch.cancellable,
    .system = root->system,
    .runtime = options->runtime,
    .progress = options->packages.fetch.progress,
  };
  return options->tests == NULL || check_image(&subject, recipe, options->tests, error);
}

static gpointer
copy_string(gconstpointer text, gpointer data)
{
  return g_strdup(text);
}

Assembled *
assemble(Store *store, const Recipe *recipe, const char *arch, const LockArch *locked, const AssembleOptions *options,
         GError **error)
{
  g_autoptr(GPtrArray) packs = NULL;
  if (locked != NULL) {
    packs = packages_obtain(store, recipe, locked, &options->packages, error);
    if (packs == NULL)
      return NULL;
  }
  const RootOptions root_options = {.packages = &options->packages, .runtime = options->runtime, .keep = options->keep};
  g_autoptr(Root) root = root_assemble(store, recipe, arch, locked, packs, &root_options, error);
  if (root == NULL || !run_tests(store, recipe, root, options, error))
    return NULL;
  g_autoptr(GPtrArray) plan = plan_packages(recipe, locked, root);
  append_top(plan, root, &recipe->layers);

  g_autoptr(Assembled) out = assembled_new();
  g_ptr_array_extend(out->skipped, root->skipped, copy_string, NULL);
  if (!write_layers(store, root, plan, options, out->layers, error) || !write_image(store, recipe, arch, options, out, error))
    return NULL;
  return g_steal_pointer(&out);
}
