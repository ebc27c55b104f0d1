/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/base/base.h"
#include "builder/executor/executor.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

void
base_free(Base *base)
{
  for (guint i = 0; base->layers != NULL && i < base->manifest->n_layers; i++)
    layer_pack_clear(&base->layers[i]);
  g_free(base->layers);
  g_clear_pointer(&base->image, oci_image_free);
  g_free(base->from);
  g_free(base);
}

/* ---- unpacking ---- */

typedef struct {
  Store *store;
  const Descriptor *layer;
  const Digest *diff_id;
  Progress *progress;
  char *title;
  LayerPack *out;
} Job;

static void
job_clear(gpointer data)
{
  g_free(((Job *)data)->title);
}

static gboolean
obtain_layer(gpointer data, GCancellable *cancellable, GError **error)
{
  Job *job = data;
  gboolean known = layer_pack_is_known(job->store, &job->layer->digest);
  ProgressTask *task = known ? NULL : progress_start(job->progress, PROGRESS_UNPACK, job->title, job->layer->size);
  Watch watch = progress_watch(task);
  gboolean obtained = layer_pack_obtain(job->store, &job->layer->digest, job->diff_id, known ? NULL : &watch, cancellable,
                                        job->out, error);
  progress_cache(job->progress, PROGRESS_CACHE_PACK, known);
  if (task != NULL)
    progress_finish(task, obtained ? PROGRESS_MADE : PROGRESS_FAILED);
  return obtained;
}

/* "layer 2 of oci:base" */
static gboolean
obtain_layers(Store *store, Base *base, const BaseOptions *options, GError **error)
{
  guint n = base->manifest->n_layers;
  base->layers = g_new0(LayerPack, n + 1);
  g_autoptr(GArray) jobs = g_array_new(FALSE, TRUE, sizeof(Job));
  g_array_set_clear_func(jobs, job_clear);
  g_array_set_size(jobs, n);
  g_autoptr(Executor) executor = executor_new(options->cancellable);
  for (guint i = 0; i < n; i++) {
    Job *job = &g_array_index(jobs, Job, i);
    *job = (Job){
      .store = store,
      .layer = &base->manifest->layers[i],
      .diff_id = &base->manifest->diff_ids[i],
      .progress = options->progress,
      .title = g_strdup_printf("layer %u of %s", i + 1, base->from),
      .out = &base->layers[i],
    };
    executor_push(executor, obtain_layer, job);
  }
  return executor_wait(executor, error);
}

static gboolean
open_manifest(Store *store, const Digest *manifest, Base *base, GError **error)
{
  base->image = oci_image_open_stored(store, manifest, error);
  if (base->image == NULL)
    return FALSE;
  if (base->image->manifests->len == 1)
    base->manifest = base->image->manifests->pdata[0];
  if (base->manifest != NULL && base->manifest->config != NULL)
    return TRUE;
  base->manifest = NULL;
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "it is no image of one architecture");
  return FALSE;
}

Base *
base_open_stored(Store *store, const Digest *manifest, const char *from, const BaseOptions *options, GError **error)
{
  g_autoptr(Base) base = g_new0(Base, 1);
  base->from = g_strdup(from);
  if (open_manifest(store, manifest, base, error) && obtain_layers(store, base, options, error))
    return g_steal_pointer(&base);
  g_prefix_error(error, "base '%s': ", from);
  return NULL;
}

/* ---- the tree ---- */

gboolean
base_lay(const Base *base, Tree *tree, GError **error)
{
  g_assert(tree_n_packs(tree) == 0);
  guint64 members = 0;
  for (guint i = 0; i < base->manifest->n_layers; i++) {
    char text[DIGEST_STRING_SIZE];
    const LayerPack *layer = &base->layers[i];
    members += pack_n_entries(layer->pack);
    if (members <= limits_get(LIMIT_MEMBERS) ? layer_pack_lay(layer, tree, error) : limits_exceed(LIMIT_MEMBERS, error))
      continue;
    g_prefix_error(error, "base '%s': layer %s: ", base->from, digest_to_string(&base->manifest->layers[i].digest, text));
    return FALSE;
  }
  return TRUE;
}

static gboolean
is_below(const char *path, const char *folder)
{
  gsize length = strlen(folder);
  return strncmp(path, folder, length) == 0 && path[length] == '/';
}

static gboolean
same_attributes(const Entry *a, const Entry *b)
{
  return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && entry_same_xattrs(a, b);
}

static void
compare_trees(const Tree *before, const Tree *tree, BaseDifference *out)
{
  g_autoptr(GPtrArray) nodes = tree_nodes(before);
  const char *covered = NULL; /* all below it needs no word */
  for (guint i = 0; i < nodes->len; i++) {
    const Entry *was = ((const TreeNode *)nodes->pdata[i])->entry;
    if (covered != NULL && is_below(was->path, covered))
      continue;
    const TreeNode *node = tree_lookup(tree, was->path);
    gboolean folder = was->type == ENTRY_DIRECTORY;
    if (node == NULL)
      g_ptr_array_add(out->gone, g_strdup(was->path));
    else if (folder && node->entry->type == ENTRY_DIRECTORY && !same_attributes(was, node->entry))
      g_ptr_array_add(out->folders, (gpointer)node->entry);
    /* what takes the place of a folder hides all that was in it */
    if (node == NULL || (folder && node->entry->type != ENTRY_DIRECTORY))
      covered = was->path;
  }
}

gboolean
base_compare(const Base *base, const Tree *tree, BaseDifference *out, GError **error)
{
  out->gone = g_ptr_array_new_with_free_func(g_free);
  out->folders = g_ptr_array_new();
  g_autoptr(Tree) before = tree_new();
  if (!base_lay(base, before, error)) {
    base_difference_clear(out);
    return FALSE;
  }
  compare_trees(before, tree, out);
  return TRUE;
}

void
base_difference_clear(BaseDifference *difference)
{
  g_clear_pointer(&difference->gone, g_ptr_array_unref);
  g_clear_pointer(&difference->folders, g_ptr_array_unref);
}
