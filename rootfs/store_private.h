/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the store (store.c: opening; store_blob.c, store_partial.c, store_action.c; store_upkeep.c and
 * store_gc.c: looking after it) share. Nobody else includes this.
 */
#ifndef ASHLAR_ROOTFS_STORE_PRIVATE_H
#define ASHLAR_ROOTFS_STORE_PRIVATE_H

#include "rootfs/store.h"
#include <sys/stat.h>

#define STORE_BLOBS "blobs/sha256"
#define STORE_ACTIONS "actions"
#define STORE_PARTIAL "partial"
#define STORE_TMP "tmp"
#define STORE_LOCK "lock"

/* A use that is told again within this many seconds is not written down again. */
#define STORE_USE_SECONDS 60

struct Store {
  gint references;
  char *path; /* absolute */
  int folder; /* descriptor of it: all that is read goes through it */
  int lock;   /* -1 where there is none to be had (a store that cannot be written) */
  /* what threads are making */
  GMutex claims_lock;
  GCond released;
  GHashTable *claims; /* Digest*; only ever looked up */
};

/* "blobs/sha256/HEX" and the like, relative to the store. */
#define STORE_NAME_SIZE (sizeof STORE_BLOBS + 1 + DIGEST_HEX_LENGTH)
const char *store_name(const char *folder, const Digest *digest, char name[STORE_NAME_SIZE]);
/* Its absolute path (transfer full). */
char *store_full_name(const Store *store, const char *folder, const Digest *digest);
/* The file's mtime is when it was used last. Failing is no harm (a store shared by several users). */
void store_mark_used(int fd, const struct stat *status);

/* All names in @folder of the store, in no order (char *). */
GPtrArray *store_names(Store *store, const char *folder, GError **error);
/* The names in @folder that are digests, sorted, into an array of Digest; all others into @others (may be NULL). */
GArray *store_list(Store *store, const char *folder, GPtrArray *others, GError **error);

/* The record of an action, without marking it as used: NULL with ASHLAR_ERROR_NOT_FOUND, or _INVALID for a damaged one. */
json_t *store_action_load(Store *store, const Digest *key, struct stat *status, GError **error);
/* Calls @visit for each digest that stands in @outputs, in a fixed order, until it returns FALSE. */
typedef gboolean (*StoreDigestVisit)(const Digest *digest, gpointer data);
gboolean store_action_digests(json_t *outputs, StoreDigestVisit visit, gpointer data);

/* The lock, in a way that Ctrl-C ends: @operation is LOCK_SH or LOCK_EX. With @wait FALSE, ASHLAR_ERROR_EXISTS when another
 * process is in the way. */
gboolean store_flock(int fd, int operation, gboolean wait, const char *what, GCancellable *cancellable,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
