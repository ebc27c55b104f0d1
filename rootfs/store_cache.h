/* SPDX-License-Identifier: Apache-2.0
 *
 * Caches: folders of the store that programs in sandboxes keep what they like in, from one build to the next. Nothing depends on
 * what is in one, and gc may take it away.
 *
 *   DIR/caches/NAME,UID/root   the folder, which belongs to who stands for root of sandboxes (UID; see idmap.h) or to users of theirs
 *   DIR/caches/NAME,UID/lock   held by the one sandbox that has it; its mtime is when that was last
 *
 * That is how sandboxes lie too, and it is removed as they are (sandbox_sweep.h).
 */
#ifndef ASHLAR_ROOTFS_STORE_CACHE_H
#define ASHLAR_ROOTFS_STORE_CACHE_H

#include "rootfs/store.h"

/* The folder of the store in which they are (transfer full), made where it is not there. */
char *store_caches_place(const Store *store);

typedef struct StoreCache StoreCache;
/* Called, once, when somebody else has it and it is waited for. */
typedef void (*StoreCacheWaits)(const char *name, gpointer data);
/* Makes the cache where there is none, and takes it for us alone until it is freed. @name has no '/' and no ','. */
StoreCache *store_cache_take(Store *store, const char *name, StoreCacheWaits waits, gpointer data, GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void store_cache_free(StoreCache *cache);
/* Its folder's name in store_caches_place, "NAME,UID" (borrowed). */
const char *store_cache_folder(const StoreCache *cache);

typedef struct {
  guint64 caches, bytes;                 /* there are now; of files' contents */
  guint64 removed_caches, removed_bytes; /* by gc */
} StoreCaches;
void store_caches_info(const Store *store, StoreCaches *info);
/* Removes those used longest ago until the rest takes at most @max_bytes; those that are in use stay. */
gboolean store_caches_gc(const Store *store, guint64 max_bytes, StoreCaches *result, GCancellable *cancellable,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
