/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetching bytes by URL (http, https, file) with libcurl: many at once, resumed, retried with growing pauses (429 and 503 with
 * Retry-After), on to the next mirror when one fails, a stalled server given up after FETCH_STALL_SECONDS. What is named by
 * digest is checked as it streams in and never visible half-done. Credentials in URLs are never printed.
 */
#ifndef ASHLAR_SOURCES_FETCH_H
#define ASHLAR_SOURCES_FETCH_H

#include "builder/engine/progress.h"
#include "rootfs/store.h"

#define FETCH_STALL_SECONDS 30
#define FETCH_CONNECT_SECONDS 20
#define FETCH_TRIES 4
#define FETCH_PARALLEL 8

typedef struct {
  gboolean offline;  /* any need for the network is an error that names what is missing */
  Progress *progress;
  GCancellable *cancellable;
} FetchOptions;

/* One blob to be had. */
typedef struct {
  const char *const *urls; /* NULL-terminated, tried in order */
  const char *label;       /* for progress and errors: "nginx 1.22.1-9" */
  Digest digest;
  guint64 size;            /* as promised, 0: not known; more bytes than that are refused as they come */
  gpointer user;
} FetchItem;

/* Brings all @items into @store (those already there cost nothing). @ready (may be NULL) is called, from the fetching
 * thread, for each item as soon as its blob is there, so that work on it can begin while others are under way; FALSE stops
 * all. On failure the error tells every item that could not be had, with the reason of each URL tried. With offline, all
 * missing items are listed in one error. */
typedef gboolean (*FetchReady)(const FetchItem *item, gpointer data, GError **error);
gboolean fetch_blobs(Store *store, const FetchItem *items, gsize n, const FetchOptions *options, FetchReady ready,
                     gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One document of at most @max bytes into memory, not kept in the store. ASHLAR_ERROR_NOT_FOUND for 404, 403, 410 and a
 * missing file, ASHLAR_ERROR_NETWORK for all else that the network did. */
GBytes *fetch_document(const char *url, gsize max, const FetchOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
