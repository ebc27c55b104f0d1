/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/check.h"
#include "builder/executor/executor.h"
#include "builder/oci/contents.h"
#include "builder/oci/layer_stream.h"
#include "signing/error.h"

typedef struct {
  OciImage *image;
  Digest digest;
  const Digest *diff_id; /* NULL: the blob's own digest is checked */
} CheckJob;

static gboolean
check_diff_id(const CheckJob *job, GCancellable *cancellable, GError **error)
{
  char text[DIGEST_STRING_SIZE], expected[DIGEST_STRING_SIZE], found_text[DIGEST_STRING_SIZE];
  Digest found;
  guint64 size;
  if (!layer_stream_diff_id(job->image->blobs, &job->digest, cancellable, &found, &size, error))
    return FALSE;
  if (digest_equal(&found, job->diff_id))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "layer %s unpacks to %s, but the configuration says %s",
              digest_to_string(&job->digest, text), digest_to_string(&found, found_text),
              digest_to_string(job->diff_id, expected));
  return FALSE;
}

static gboolean
run_job(gpointer data, GCancellable *cancellable, GError **error)
{
  const CheckJob *job = data;
  return job->diff_id != NULL ? check_diff_id(job, cancellable, error)
                              : blobs_check(job->image->blobs, &job->digest, cancellable, error);
}

static gboolean
run_jobs(GArray *jobs, GCancellable *cancellable, GError **error)
{
  g_autoptr(Executor) executor = executor_new(cancellable);
  for (guint i = 0; i < jobs->len; i++)
    executor_push(executor, run_job, &g_array_index(jobs, CheckJob, i));
  return executor_wait(executor, error);
}

/* All blobs first: what is unpacked after that is what its digest says. */
static gboolean
check_blobs(OciImage *image, GArray *digests, GCancellable *cancellable, CheckResult *result, GError **error)
{
  g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(CheckJob));
  for (guint i = 0; i < digests->len; i++) {
    CheckJob job = {.image = image, .digest = g_array_index(digests, Digest, i)};
    g_array_append_val(jobs, job);
    result->blobs++;
    result->bytes += (guint64)blobs_size(image->blobs, &job.digest);
  }
  return run_jobs(jobs, cancellable, error);
}

/* Architectures share layers: one with the same diff ID is unpacked once (transfer full). */
static char *
pair_name(const Digest *layer, const Digest *diff_id)
{
  char a[DIGEST_STRING_SIZE], b[DIGEST_STRING_SIZE];
  return g_strconcat(digest_to_string(layer, a), digest_to_string(diff_id, b), NULL);
}

static gboolean
check_layers(OciImage *image, GCancellable *cancellable, CheckResult *result, GError **error)
{
  g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(CheckJob));
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < image->manifests->len; i++) {
    const OciManifest *manifest = image->manifests->pdata[i];
    for (guint j = 0; manifest->diff_ids != NULL && j < manifest->n_layers; j++) {
      CheckJob job = {.image = image, .digest = manifest->layers[j].digest, .diff_id = &manifest->diff_ids[j]};
      if (!g_hash_table_add(seen, pair_name(&job.digest, job.diff_id)))
        continue;
      g_array_append_val(jobs, job);
      result->layers++;
    }
  }
  return run_jobs(jobs, cancellable, error);
}

/* ---- manifest.json ---- */

static gboolean
names_blob(json_t *path, const Digest *digest)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  const char *text = json_string_value(path);
  digest_to_hex(digest, hex);
  return text != NULL && g_str_has_prefix(text, "blobs/sha256/") && g_str_equal(text + 13, hex);
}

static gboolean
item_is_manifest(json_t *item, const OciManifest *manifest)
{
  json_t *layers = json_object_get(item, "Layers");
  gboolean same = names_blob(json_object_get(item, "Config"), &manifest->config_descriptor.digest) &&
                  json_array_size(layers) == manifest->n_layers;
  for (guint i = 0; same && i < manifest->n_layers; i++)
    same = names_blob(json_array_get(layers, i), &manifest->layers[i].digest);
  return same;
}

static gboolean
item_is_of_image(json_t *item, const OciImage *image)
{
  for (guint i = 0; i < image->manifests->len; i++)
    if (item_is_manifest(item, image->manifests->pdata[i]))
      return TRUE;
  return FALSE;
}

static gboolean
check_docker_manifest(const OciImage *image, GError **error)
{
  if (image->docker == NULL)
    return TRUE;
  json_auto_t *items = json_loadb(g_bytes_get_data(image->docker, NULL), g_bytes_get_size(image->docker),
                                  JSON_REJECT_DUPLICATES, NULL);
  gsize i;
  json_t *item;
  gboolean good = json_is_array(items);
  json_array_foreach (items, i, item) {
    good = good && item_is_of_image(item, image);
  }
  if (!good)
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                        "manifest.json, which 'docker load' goes by, does not name the same image as index.json");
  return good;
}

gboolean
oci_image_check(OciImage *image, GCancellable *cancellable, CheckResult *result, GError **error)
{
  g_auto(Contents) contents = {0};
  ArchiveSpec spec = {.top = &image->top, .referrers = image->referrers};
  *result = (CheckResult){0};
  return check_docker_manifest(image, error) && contents_collect(&spec, image->blobs, &contents, error) &&
         check_blobs(image, image->folder ? contents.digests : image->digests, cancellable, result, error) &&
         check_layers(image, cancellable, result, error);
}
