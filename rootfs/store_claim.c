/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store_private.h"
#include "signing/error.h"

/* How long Ctrl-C is not heard at most. */
#define HEAR_US (50 * G_TIME_SPAN_MILLISECOND)

gboolean
store_claim(Store *store, const Digest *key)
{
  g_mutex_lock(&store->claims_lock);
  gboolean ours = !g_hash_table_contains(store->claims, key);
  if (ours)
    g_hash_table_add(store->claims, g_memdup2(key, sizeof *key));
  g_mutex_unlock(&store->claims_lock);
  return ours;
}

gboolean
store_await(Store *store, const Digest *key, GCancellable *cancellable, GError **error)
{
  gboolean cancelled = FALSE;
  g_mutex_lock(&store->claims_lock);
  while (g_hash_table_contains(store->claims, key) && !cancelled) {
    g_cond_wait_until(&store->released, &store->claims_lock, g_get_monotonic_time() + HEAR_US);
    cancelled = g_cancellable_is_cancelled(cancellable);
  }
  g_mutex_unlock(&store->claims_lock);
  if (cancelled)
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
  return !cancelled;
}

gboolean
store_claim_waiting(Store *store, const Digest *key, GCancellable *cancellable, GError **error)
{
  while (!store_claim(store, key))
    if (!store_await(store, key, cancellable, error))
      return FALSE;
  return TRUE;
}

void
store_release(Store *store, const Digest *key)
{
  g_mutex_lock(&store->claims_lock);
  g_hash_table_remove(store->claims, key);
  g_cond_broadcast(&store->released);
  g_mutex_unlock(&store->claims_lock);
}
