/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/assemble.h"
#include "builder/executor/executor.h"
#include "builder/engine/layer_plan.h"
#include "builder/engine/root.h"
#include "builder/engine/script_note.h"
#include "builder/oci/image.h"
#include "builder/oci/inherit.h"
#include "builder/oci/whiteout.h"
#include "rootfs/entry_list.h"

#include <string.h>

/* One layer to be written. */
typedef struct {
  Store *store;
  const Tree *tree;
  PackEncoding encoding;
  Progress *progress;
  GArray *numbers;                  /* guint, of packs in the tree, in order */
  const BaseDifference *difference; /* which this layer tells of, or NULL */
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
  assembled->scripts = g_ptr_array_new_with_free_func(script_note_free);
  assembled->unpacked = g_ptr_array_new_with_free_func(g_free);
  assembled->ran = g_ptr_array_new_with_free_func(g_free);
  return assembled;
}

void
assembled_free(Assembled *assembled)
{
  descriptor_clear(&assembled->manifest);
  g_ptr_array_unref(assembled->layers);
  g_ptr_array_unref(assembled->skipped);
  g_ptr_array_unref(assembled->scripts);
  g_ptr_array_unref(assembled->unpacked);
  g_ptr_array_unref(assembled->ran);
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

/* ---- above a base ---- */

/* The layers to be written, and which of them tells what of the base is another. */
typedef struct {
  GPtrArray *layers; /* GArray* of parts each */
  BaseDifference difference;
  guint teller; /* its number, or G_MAXUINT */
} LayersPlan;

static void
layers_plan_clear(LayersPlan *plan)
{
  g_clear_pointer(&plan->layers, g_ptr_array_unref);
  base_difference_clear(&plan->difference);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LayersPlan, layers_plan_clear)

/* Folders that a layer holds anyway need no telling. */
static void
drop_told_folders(const Root *root, GPtrArray *folders)
{
  g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; i < root->parts->len; i++)
    g_array_append_val(numbers, part_of(root, i)->number);
  g_autoptr(GPtrArray) told = tree_layer_directories(root->tree, (const guint *)(gpointer)numbers->data, numbers->len, NULL, 0);
  for (guint i = folders->len; i-- > 0;)
    if (g_ptr_array_find(told, folders->pdata[i], NULL))
      g_ptr_array_remove_index(folders, i);
}

/* In a layer of its own, the lowest, where there may be one more: what is taken away changes rarely. */
static gboolean
plan_difference(const Root *root, const Base *base, const RecipeLayers *layers, LayersPlan *plan, GError **error)
{
  if (!base_compare(base, root->tree, &plan->difference, error))
    return FALSE;
  drop_told_folders(root, plan->difference.folders);
  if (plan->difference.gone->len == 0 && plan->difference.folders->len == 0)
    return TRUE;
  if (plan->layers->len == 0 || (!layers->single && plan->layers->len < layers->most))
    g_ptr_array_insert(plan->layers, 0, g_array_new(FALSE, FALSE, sizeof(guint)));
  plan->teller = 0;
  return TRUE;
}

static void
add_inherited(const Base *base, GPtrArray *layers)
{
  for (guint i = 0; i < base->manifest->n_layers; i++) {
    const Descriptor *descriptor = &base->manifest->layers[i];
    AssembledLayer *out = g_new0(AssembledLayer, 1);
    out->layer = (Layer){
      .digest = descriptor->digest,
      .size = descriptor->size,
      .diff_id = base->manifest->diff_ids[i],
      .tar_size = g_array_index(base->layers, LayerPack, i).tar_size,
      .reused = TRUE,
      .annotations = json_incref(descriptor->annotations),
    };
    out->contents = g_strdup_printf("layer %u of %s", i + 1, base->from);
    g_ptr_array_add(layers, out);
  }
}

static gboolean
take_config(const Base *base, const RecipeConfig *own, RecipeConfig *out, GError **error)
{
  if (inherit_config(base->manifest, own, out, error))
    return TRUE;
  g_prefix_error(error, "base '%s': ", base->from);
  return FALSE;
}

/* ---- writing the layers ---- */

/* What is gone of the base, as files that say so (owned by @entries). */
static void
add_whiteouts(const BaseDifference *difference, EntryList *entries, GPtrArray *whiteouts)
{
  for (guint i = 0; difference != NULL && i < difference->gone->len; i++) {
    g_autofree char *path = whiteout_name(difference->gone->pdata[i]);
    Entry entry = {.path = path, .type = ENTRY_FILE, .mode = 0644};
    digest_of("", 0, &entry.digest);
    g_ptr_array_add(whiteouts, entry_list_add(entries, &entry));
  }
}

/* The folders of the layer: what its packs need, and where it tells of a base's end, those around that, and those changed. */
static GPtrArray *
layer_directories(const LayerJob *job)
{
  const guint *numbers = (const guint *)(gpointer)job->numbers->data;
  if (job->difference == NULL)
    return tree_layer_directories(job->tree, numbers, job->numbers->len, NULL, 0);
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < job->difference->gone->len; i++)
    g_ptr_array_add(paths, g_path_get_dirname(job->difference->gone->pdata[i]));
  for (guint i = 0; i < job->difference->folders->len; i++)
    g_ptr_array_add(paths, g_strdup(((const Entry *)job->difference->folders->pdata[i])->path));
  for (guint i = 0; i < paths->len; i++)
    if (strcmp(paths->pdata[i], ".") == 0)
      *(char *)paths->pdata[i] = '\0';
  return tree_layer_directories(job->tree, numbers, job->numbers->len, (const char *const *)paths->pdata, paths->len);
}

static gboolean
write_one(gpointer data, GCancellable *cancellable, GError **error)
{
  LayerJob *job = data;
  g_autoptr(GPtrArray) directories = layer_directories(job), whiteouts = g_ptr_array_new();
  g_autoptr(EntryList) entries = entry_list_new();
  add_whiteouts(job->difference, entries, whiteouts);
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
    .whiteouts = (const Entry *const *)whiteouts->pdata,
    .n_whiteouts = whiteouts->len,
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
write_layers(Store *store, const Root *root, const LayersPlan *plan, const AssembleOptions *options, GPtrArray *layers,
             GError **error)
{
  Progress *progress = options->packages.fetch.progress;
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(layer_job_free);
  g_autoptr(Executor) executor = executor_new(options->packages.fetch.cancellable);
  guint64 bytes = 0;
  for (guint i = 0; i < plan->layers->len; i++) {
    const GArray *parts = plan->layers->pdata[i];
    AssembledLayer *out = g_new0(AssembledLayer, 1);
    out->contents = parts->len > 0 ? describe(root, parts) : g_strdup("what is gone of the base");
    g_ptr_array_add(layers, out);
    LayerJob *job = g_new0(LayerJob, 1);
    *job = (LayerJob){
      .store = store,
      .tree = root->tree,
      .encoding = options->packages.encoding,
      .progress = progress,
      .numbers = pack_numbers(root, parts),
      .difference = i == plan->teller ? &plan->difference : NULL,
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
write_image(Store *store, const Recipe *recipe, const char *arch, const RecipeConfig *config, const AssembleOptions *options,
            Assembled *out, GError **error)
{
  guint inherited = options->base != NULL ? options->base->manifest->n_layers : 0, n = out->layers->len - inherited;
  g_autofree ImageLayer *layers = g_new0(ImageLayer, MAX(n, 1));
  for (guint i = 0; i < n; i++) {
    const AssembledLayer *assembled = out->layers->pdata[inherited + i];
    layers[i] = (ImageLayer){.layer = &assembled->layer, .created_by = assembled->contents};
  }
  ImageSpec spec = {
    .name = recipe->name,
    .version = recipe->version,
    .description = recipe->description,
    .arch = arch,
    .epoch = options->packages.epoch,
    .config = config,
    .base = options->base != NULL ? options->base->manifest : NULL,
    .base_is_ours = recipe->from.stage != NULL,
    .encoding = options->packages.encoding,
    .layers = layers,
    .n_layers = n,
    .annotations = options->annotations,
  };
  g_autoptr(Blobs) blobs = blobs_new(store);
  return image_write(blobs, &spec, &out->manifest, error);
}

static gboolean
run_tests(Store *store, const Recipe *recipe, const Root *root, const RecipeConfig *config, const AssembleOptions *options,
          GError **error)
{
  CheckSubject subject = {
    .store = store,
    .tree = root->tree,
    .config = config,
    .cancellable = options->packages.fetch.cancellable,
    .generated = {root->system, root->installed},
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

/* What became of maintainer scripts. */
static void
take_notes(Assembled *out, GPtrArray *skipped, GPtrArray *scripts)
{
  g_ptr_array_extend(out->skipped, skipped, copy_string, NULL);
  g_ptr_array_extend(out->scripts, scripts, script_note_copy, NULL);
}

Assembled *
assemble(Store *store, const Recipe *recipe, const char *arch, const LockArch *locked, const AssembleOptions *options,
         GError **error)
{
  g_autoptr(Assembled) out = assembled_new();
  PackagesOptions packages = options->packages;
  packages.unpacked = out->unpacked;
  g_autoptr(GPtrArray) packs = NULL;
  if (locked != NULL) {
    packs = packages_obtain(store, recipe, locked, &packages, error);
    if (packs == NULL)
      return NULL;
  }
  g_auto(RecipeConfig) inherited = {0};
  const RecipeConfig *config = &recipe->config;
  if (options->base != NULL) {
    if (!take_config(options->base, &recipe->config, &inherited, error))
      return NULL;
    config = &inherited;
  }
  const RootOptions root_options = {.packages = &packages,
                                    .base = options->base,
                                    .runtime = options->runtime,
                                    .keep = options->keep,
                                    .ran = out->ran,
                                    .stages = options->stages};
  g_autoptr(Root) root = root_assemble(store, recipe, arch, locked, packs, &root_options, error);
  if (root == NULL || !run_tests(store, recipe, root, config, options, error))
    return NULL;
  g_auto(LayersPlan) plan = {.layers = plan_packages(recipe, locked, root), .teller = G_MAXUINT};
  append_top(plan.layers, root, &recipe->layers);
  if (options->base != NULL && !plan_difference(root, options->base, &recipe->layers, &plan, error))
    return NULL;

  if (options->stage != NULL)
    take_notes(out, options->stage->skipped, options->stage->scripts);
  take_notes(out, root->skipped, root->scripts);
  if (options->base != NULL)
    add_inherited(options->base, out->layers);
  if (!write_layers(store, root, &plan, options, out->layers, error) ||
      !write_image(store, recipe, arch, config, options, out, error))
    return NULL;
  return g_steal_pointer(&out);
}
