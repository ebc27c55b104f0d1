/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/transfer.h"
#include "builder/sources/url.h"
#include "signing/error.h"

#include <string.h>

/* A document on its way into memory. */
typedef struct {
  FetchDocument *document;
  GByteArray *bytes;
  Progress *progress;
  ProgressTask *task;
} MemorySink;

static gboolean
memory_open(gpointer data, GError **error)
{
  MemorySink *sink = data;
  g_autofree char *url = url_shown(sink->document->urls[0]);
  sink->task = progress_start(sink->progress, PROGRESS_FETCH, url, 0);
  return TRUE;
}

static gboolean
memory_whole(gpointer sink)
{
  return FALSE;
}

/* A cut document is asked for anew: it is small, and may have changed. */
static guint64
memory_have(gpointer data)
{
  MemorySink *sink = data;
  g_byte_array_set_size(sink->bytes, 0);
  return 0;
}

static gboolean
memory_restart(gpointer data, GError **error)
{
  MemorySink *sink = data;
  g_byte_array_set_size(sink->bytes, 0);
  return TRUE;
}

static gboolean
memory_write(gpointer data, const void *bytes, gsize size, GError **error)
{
  MemorySink *sink = data;
  if (size > limits_get(sink->document->limit) - sink->bytes->len) {
    /* not the right bytes: another mirror may have those */
    g_autofree char *excess = limits_excess(sink->document->limit);
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, excess);
    return FALSE;
  }
  g_byte_array_append(sink->bytes, bytes, (guint)size);
  progress_advance(sink->task, size);
  return TRUE;
}

static gboolean
memory_finish(gpointer sink, GError **error)
{
  return TRUE;
}

static const TransferSink memory_sink = {memory_open, memory_whole, memory_have, memory_restart, memory_write, memory_finish};

static gboolean
document_done(Transfer *transfer, gpointer data, gpointer user, GError **error)
{
  MemorySink *sink = data;
  FetchDocument *document = sink->document;
  document->unchanged = transfer_unchanged(transfer);
  progress_finish(g_steal_pointer(&sink->task), document->unchanged ? PROGRESS_REUSED : PROGRESS_MADE);
  if (document->unchanged)
    return TRUE;
  document->body = g_byte_array_free_to_bytes(g_steal_pointer(&sink->bytes));
  g_free(document->validator);
  document->validator = transfer_validator(transfer);
  return TRUE;
}

/* Tells an error of the transfer as one of the document. */
static void
take_error(FetchDocument *document, const Transfer *transfer)
{
  const GError *failure = transfer_error(transfer);
  if (failure == NULL)
    return;
  document->challenge = transfer_challenge(transfer);
  AshlarError code = transfer_is_lacking(transfer) ? ASHLAR_ERROR_NOT_FOUND : ASHLAR_ERROR_NETWORK;
  document->error = g_error_new(ASHLAR_ERROR, (gint)code, "cannot fetch %s%s%s", document->label != NULL ? document->label : "",
                                document->label != NULL ? ": " : "", failure->message);
}

static gboolean
is_offline(FetchDocument *document, const FetchOptions *options)
{
  if (!options->offline)
    return FALSE;
  const char *const *one = document->urls;
  do
    if (g_str_has_prefix(*one, "file:"))
      return FALSE;
  while (*++one != NULL);
  g_autofree char *url = url_shown(document->urls[0]);
  document->error = g_error_new(ASHLAR_ERROR, ASHLAR_ERROR_NETWORK, "%s is needed, and the network may not be used", url);
  return TRUE;
}

gboolean
fetch_documents(FetchDocument *documents, gsize n, const FetchOptions *options, GError **error)
{
  g_autofree MemorySink *sinks = g_new0(MemorySink, n);
  g_autoptr(GPtrArray) transfers = g_ptr_array_new_with_free_func((GDestroyNotify)transfer_free);
  for (gsize i = 0; i < n; i++) {
    if (is_offline(&documents[i], options))
      continue;
    sinks[i] = (MemorySink){&documents[i], g_byte_array_new(), options->progress, NULL};
    progress_expect(options->progress, PROGRESS_FETCH, 1, 0);
    g_ptr_array_add(transfers, transfer_new(documents[i].urls, &memory_sink, &sinks[i], documents[i].validator));
  }
  gboolean done = transfers_run((Transfer **)transfers->pdata, transfers->len, options, document_done, NULL, error);
  for (gsize i = 0, next = 0; i < n; i++)
    if (sinks[i].document != NULL) {
      take_error(&documents[i], transfers->pdata[next++]);
      progress_finish(sinks[i].task, PROGRESS_FAILED);
      g_clear_pointer(&sinks[i].bytes, g_byte_array_unref);
    }
  return done;
}

void
fetch_document_clear(FetchDocument *document)
{
  g_clear_pointer(&document->validator, g_free);
  g_clear_pointer(&document->challenge, g_free);
  g_clear_pointer(&document->body, g_bytes_unref);
  g_clear_error(&document->error);
}
