/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/blob_checks.h"
#include "builder/executor/executor.h"

typedef struct {
  Blobs *blobs;
  const Digest *digest;
  gint64 size;
} Check;

struct BlobChecks {
  GArray *checks; /* Check */
  Executor *executor;
};

static gboolean
run_check(gpointer data, GCancellable *cancellable, GError **error)
{
  const Check *check = data;
  return blobs_check(check->blobs, check->digest, cancellable, error);
}

static gint
compare_sizes(gconstpointer a, gconstpointer b)
{
  gint64 x = ((const Check *)a)->size, y = ((const Check *)b)->size;
  return x > y ? -1 : x < y;
}

BlobChecks *
blob_checks_begin(Blobs *blobs, const GArray *digests, GCancellable *cancellable)
{
  BlobChecks *checks = g_new0(BlobChecks, 1);
  checks->checks = g_array_new(FALSE, FALSE, sizeof(Check));
  for (guint i = 0; i < digests->len; i++) {
    const Digest *digest = &g_array_index(digests, Digest, i);
    Check check = {.blobs = blobs, .digest = digest, .size = blobs_size(blobs, digest)};
    g_array_append_val(checks->checks, check);
  }
  g_array_sort(checks->checks, compare_sizes);
  checks->executor = executor_new(cancellable);
  for (guint i = 0; i < checks->checks->len; i++)
    executor_push(checks->executor, run_check, &g_array_index(checks->checks, Check, i));
  return checks;
}

gboolean
blob_checks_end(BlobChecks *checks, GError **error)
{
  return executor_wait(checks->executor, error);
}

void
blob_checks_free(BlobChecks *checks)
{
  executor_free(checks->executor);
  g_array_unref(checks->checks);
  g_free(checks);
}
