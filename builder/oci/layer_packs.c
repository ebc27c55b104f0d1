/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/layer_packs.h"
#include "builder/executor/executor.h"
#include "signing/limits.h"

typedef struct {
  Store *store;
  Blobs *blobs;
  const Descriptor *layer;
  const Digest *diff_id; /* or NULL */
  Progress *progress;
  char *title; /* "layer 2 of oci:base" */
  LayerPack *out;
} Job;

static void
job_clear(gpointer data)
{
  g_free(((Job *)data)->title);
}

static gboolean
unpack(Job *job, GCancellable *cancellable, GError **error)
{
  gboolean known = layer_pack_is_known(job->store, &job->layer->digest);
  ProgressTask *task = known ? NULL : progress_start(job->progress, PROGRESS_UNPACK, job->title, job->layer->size);
  Watch watch = progress_watch(task);
  gboolean obtained = layer_pack_obtain(job->store, job->blobs, &job->layer->digest, job->diff_id, known ? NULL : &watch,
                                        cancellable, job->out, error);
  progress_cache(job->progress, PROGRESS_CACHE_PACK, known);
  if (task != NULL)
    progress_finish(task, obtained ? PROGRESS_MADE : PROGRESS_FAILED);
  return obtained;
}

/* Once, though several images that have it may be about to be started from. */
static gboolean
obtain_layer(gpointer data, GCancellable *cancellable, GError **error)
{
  Job *job = data;
  const Digest *layer = &job->layer->digest;
  if (!store_claim_waiting(job->store, layer, cancellable, error))
    return FALSE;
  gboolean obtained = unpack(job, cancellable, error);
  store_release(job->store, layer);
  return obtained;
}

static void
clear_pack(gpointer data)
{
  layer_pack_clear(data);
}

GArray *
layer_packs_obtain(Store *store, Blobs *blobs, const OciManifest *manifest, const LayerPacksOptions *options, GError **error)
{
  guint n = manifest->n_layers;
  g_autoptr(GArray) packs = g_array_new(FALSE, TRUE, sizeof(LayerPack)), jobs = g_array_new(FALSE, TRUE, sizeof(Job));
  g_array_set_clear_func(packs, clear_pack);
  g_array_set_size(packs, n);
  g_array_set_clear_func(jobs, job_clear);
  g_array_set_size(jobs, n);
  g_autoptr(Executor) executor = executor_new(options->cancellable);
  for (guint i = 0; i < n; i++) {
    Job *job = &g_array_index(jobs, Job, i);
    *job = (Job){
      .store = store,
      .blobs = blobs,
      .layer = &manifest->layers[i],
      .diff_id = manifest->diff_ids != NULL ? &manifest->diff_ids[i] : NULL,
      .progress = options->progress,
      .title = g_strdup_printf("layer %u of %s", i + 1, options->name),
      .out = &g_array_index(packs, LayerPack, i),
    };
    executor_push(executor, obtain_layer, job);
  }
  return executor_wait(executor, error) ? g_steal_pointer(&packs) : NULL;
}

gboolean
layer_packs_lay(const GArray *packs, Tree *tree, GError **error)
{
  g_assert(tree_n_packs(tree) == 0);
  guint64 members = 0;
  for (guint i = 0; i < packs->len; i++) {
    char text[DIGEST_STRING_SIZE];
    const LayerPack *layer = &g_array_index(packs, LayerPack, i);
    members += pack_n_entries(layer->pack);
    if (members <= limits_get(LIMIT_MEMBERS) ? layer_pack_lay(layer, tree, error) : limits_exceed(LIMIT_MEMBERS, error))
      continue;
    g_prefix_error(error, "layer %s: ", digest_to_string(&layer->layer, text));
    return FALSE;
  }
  return TRUE;
}
