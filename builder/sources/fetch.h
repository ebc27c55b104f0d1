/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetching bytes by URL (http, https, file) with libcurl: many at once, resumed, retried with growing pauses (429 and 503 with
 * Retry-After), on to the next mirror when one fails, a stalled server given up after FETCH_STALL_SECONDS. What is named by
 * digest is checked as it streams in and never visible half-done. Credentials in URLs are never printed.
 */
#ifndef ASHLAR_SOURCES_FETCH_H
#define ASHLAR_SOURCES_FETCH_H

#include "builder/progress/progress.h"
#include "rootfs/store.h"
#include "signing/limits.h"

#define FETCH_STALL_SECONDS 30 /* $ASHLAR_FETCH_TIMEOUT, from 1 to FETCH_STALL_MAX, says otherwise */
#define FETCH_STALL_MAX 3600
#define FETCH_CONNECT_SECONDS 20
#define FETCH_TRIES 4
#define FETCH_PARALLEL 8

typedef struct {
  gboolean offline; /* any need for the network is an error that names what is missing */
  Progress *progress;
  GCancellable *cancellable;
  /* NULL (libcurl's own: the environment) or pairs, NULL-terminated: the beginning of URLs, and the proxy for them ("DIRECT":
   * none). The first that fits counts; where none does, the environment. */
  const char *const *proxies;
  /* NULL or triples, NULL-terminated: the beginning of URLs, user and password to log in there. The first that fits counts. */
  const char *const *logins;
  /* NULL or pairs, NULL-terminated: the beginning of URLs, and a header line that requests there have besides. An Authorization goes
   * to the host of the URL alone, wherever that redirects to. */
  const char *const *headers;
  guint stall_seconds; /* 0: FETCH_STALL_SECONDS */
} FetchOptions;

/* One blob to be had. */
typedef struct {
  const char *const *urls; /* NULL-terminated, tried in order */
  const char *label;       /* for progress and errors: "nginx 1.22.1-9" */
  Digest digest;
  guint64 size; /* as promised, 0: not known; more bytes than that are refused as they come */
  gpointer user;
} FetchItem;

/* Brings all @items into @store (those already there cost nothing). @ready (may be NULL) is called, from the fetching
 * thread, for each item as soon as its blob is there, so that work on it can begin while others are under way; FALSE stops
 * all. On failure the error tells every item that could not be had, with the reason of each URL tried. With offline, all
 * missing items are listed in one error. */
typedef gboolean (*FetchReady)(const FetchItem *item, gpointer data, GError **error);
gboolean fetch_blobs(Store *store, const FetchItem *items, gsize n, const FetchOptions *options, FetchReady ready,
                     gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A document to be had into memory, not kept in the store. */
typedef struct {
  const char *const *urls; /* one or more, NULL-terminated, tried in order: mirrors */
  const char *label;       /* for errors, or NULL: the URL alone */
  LimitId limit;           /* a larger one is refused */
  char *validator;         /* what @validator was set to when the copy at hand was fetched, or NULL (in, out; owned) */
  GBytes *body;            /* out, owned: NULL when it is unchanged since @validator was given, or with @error */
  gboolean unchanged;      /* out */
  char *challenge; /* out, owned: what the server wants to see first (WWW-Authenticate, a line each), where it said 401 */
  GError *error;   /* out, owned: ASHLAR_ERROR_NOT_FOUND where one that was reached lacks it (404, 403, 410, a missing file),
                       * else ASHLAR_ERROR_NETWORK */
} FetchDocument;

/* Fetches all at once. FALSE only when it was stopped (cancelled); what became of each stands in it. */
gboolean fetch_documents(FetchDocument *documents, gsize n, const FetchOptions *options,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void fetch_document_clear(FetchDocument *document);

#endif
