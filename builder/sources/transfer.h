/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of one transfer: from the first of its URLs to the last, until its bytes are there. Failures that may pass
 * send it to the next URL and, when all had their turn, into a pause that doubles with each round, FETCH_TRIES rounds in all;
 * failures that will not pass strike the URL out. A server that cannot be reached is not the first to be asked again in the same run.
 * Where the bytes go is the sink's matter. This is the one place that knows libcurl.
 */
#ifndef ASHLAR_SOURCES_TRANSFER_H
#define ASHLAR_SOURCES_TRANSFER_H

#include "builder/sources/fetch.h"

/* Where bytes go. ASHLAR_ERROR_VERIFY from write or finish means that these are not the bytes (once more from the start, or
 * from elsewhere), ASHLAR_ERROR_NETWORK from finish that some are lacking (the rest is asked for); any other error stops all. */
typedef struct {
  gboolean (*open)(gpointer sink, GError **error); /* once, before the first byte is asked for */
  gboolean (*whole)(gpointer sink);                /* is it all at hand already, once open? */
  guint64 (*have)(gpointer sink);                  /* bytes at hand: where to resume */
  gboolean (*restart)(gpointer sink, GError **error);
  gboolean (*write)(gpointer sink, const void *data, gsize size, GError **error);
  gboolean (*finish)(gpointer sink, GError **error); /* all bytes are there: are they right? */
} TransferSink;

typedef struct Transfer Transfer;

/* @urls and @sink's data are borrowed. @validator (or NULL) makes http requests conditional. */
Transfer *transfer_new(const char *const *urls, const TransferSink *sink, gpointer data, const char *validator);
void transfer_free(Transfer *transfer);

/* After transfers_run: why it failed (borrowed), or NULL. */
const GError *transfer_error(const Transfer *transfer);
/* Whether one of the servers was reached and does not have it. */
gboolean transfer_is_lacking(const Transfer *transfer);
gboolean transfer_unchanged(const Transfer *transfer);
/* What to hand in as validator next time (transfer full), or NULL. */
char *transfer_validator(const Transfer *transfer);

/* The WWW-Authenticate headers of a server that answered 401, a line each (transfer full), or NULL. */
char *transfer_challenge(const Transfer *transfer);

/* Called for each transfer that ended well, in the calling thread. */
typedef gboolean (*TransferDone)(Transfer *transfer, gpointer sink, gpointer data, GError **error);
/* Runs all, FETCH_PARALLEL at a time, begun in the given order. FALSE when a sink, @done or the user stopped it. */
gboolean transfers_run(Transfer **transfers, gsize n, const FetchOptions *options, TransferDone done, gpointer data,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
