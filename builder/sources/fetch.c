/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/fetch.h"
#include "builder/sources/transfer.h"
#include "signing/error.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE (256 * 1024)
#define MAX_BLOB (G_GUINT64_CONSTANT(64) << 30) /* where no size was promised */

/* A blob on its way into the store: its partial file, and the hash of what is in it. */
typedef struct {
  Store *store;
  const FetchItem *const *items; /* all of one digest: the bytes are fetched for the first */
  gsize n_items;
  Progress *progress;
  GCancellable *cancellable;
  ProgressTask *task;
  int fd;
  Hasher *hasher;
  guint64 have;
  gboolean there;   /* another process brought it meanwhile */
  gboolean resumed; /* some came from an earlier run */
} BlobSink;

static guint64
promised(const BlobSink *sink)
{
  return sink->items[0]->size > 0 ? sink->items[0]->size : MAX_BLOB;
}

static gboolean
blob_restart(gpointer data, GError **error)
{
  BlobSink *sink = data;
  Digest ignored;
  hasher_finish(sink->hasher, &ignored); /* starts it afresh */
  sink->have = 0;
  if (ftruncate(sink->fd, 0) < 0 || lseek(sink->fd, 0, SEEK_SET) < 0)
    return error_set_errno(error, errno, "cannot start the partial file of %s anew", sink->items[0]->label);
  return TRUE;
}

/* Hashes what an earlier run left. */
static gboolean
hash_partial(BlobSink *sink, GError **error)
{
  g_autofree guint8 *block = g_malloc(BLOCK_SIZE);
  for (;;) {
    if (g_cancellable_is_cancelled(sink->cancellable)) {
      g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
    gssize got = read(sink->fd, block, BLOCK_SIZE);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error_set_errno(error, errno, "cannot read the partial file of %s", sink->items[0]->label);
    if (got == 0)
      return TRUE;
    hasher_update(sink->hasher, block, (gsize)got);
    sink->have += (guint64)got;
  }
}

static gboolean
blob_open(gpointer data, GError **error)
{
  BlobSink *sink = data;
  const FetchItem *item = sink->items[0];
  struct stat status;
  sink->fd = store_partial_open(sink->store, &item->digest, sink->cancellable, error);
  if (sink->fd < 0)
    return FALSE;
  sink->task = progress_start(sink->progress, PROGRESS_FETCH, item->label, item->size);
  sink->hasher = hasher_new();
  sink->there = store_has(sink->store, &item->digest);
  if (sink->there)
    return TRUE;
  if (fstat(sink->fd, &status) < 0)
    return error_set_errno(error, errno, "cannot look at the partial file of %s", item->label);
  if ((guint64)status.st_size > promised(sink))
    return blob_restart(sink, error);
  if (lseek(sink->fd, 0, SEEK_SET) < 0)
    return error_set_errno(error, errno, "cannot read the partial file of %s", item->label);
  if (!hash_partial(sink, error))
    return FALSE;
  sink->resumed = sink->have > 0;
  progress_resume(sink->task, sink->have);
  return TRUE;
}

static guint64
blob_have(gpointer data)
{
  return ((BlobSink *)data)->have;
}

static gboolean
blob_write(gpointer data, const void *bytes, gsize size, GError **error)
{
  BlobSink *sink = data;
  if (size > promised(sink) - sink->have) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "more than the %" G_GUINT64_FORMAT " bytes that it should have",
                promised(sink));
    return FALSE;
  }
  hasher_update(sink->hasher, bytes, size);
  for (gsize done = 0; done < size;) {
    gssize wrote = write(sink->fd, (const char *)bytes + done, size - done);
    if (wrote < 0 && errno != EINTR)
      return error_set_errno(error, errno, "cannot write %s to the store '%s'", sink->items[0]->label, store_path(sink->store));
    done += wrote > 0 ? (gsize)wrote : 0;
  }
  sink->have += size;
  progress_advance(sink->task, size);
  return TRUE;
}

static void
end_task(BlobSink *sink, gboolean done)
{
  ProgressOutcome outcome = !done           ? PROGRESS_FAILED
                            : sink->there   ? PROGRESS_REUSED
                            : sink->resumed ? PROGRESS_RESUMED
                                            : PROGRESS_MADE;
  progress_finish(g_steal_pointer(&sink->task), outcome);
}

static gboolean
blob_finish(gpointer data, GError **error)
{
  BlobSink *sink = data;
  const FetchItem *item = sink->items[0];
  Digest digest;
  if (sink->there) {
    store_partial_discard(sink->store, &item->digest, sink->fd);
    sink->fd = -1;
    end_task(sink, TRUE);
    return TRUE;
  }
  if (item->size > 0 && sink->have < item->size) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NETWORK,
                "it ended after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes", sink->have, item->size);
    return FALSE;
  }
  hasher_finish(sink->hasher, &digest);
  if (!digest_equal(&digest, &item->digest)) {
    char wanted[DIGEST_STRING_SIZE], got[DIGEST_STRING_SIZE];
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "wanted %s, got %s", digest_to_string(&item->digest, wanted),
                digest_to_string(&digest, got));
    return FALSE;
  }
  int fd = sink->fd;
  sink->fd = -1;
  if (!store_partial_commit(sink->store, &item->digest, fd, error))
    return FALSE;
  end_task(sink, TRUE);
  return TRUE;
}

/* Another process is done with it, or an earlier run was. */
static gboolean
blob_whole(gpointer data)
{
  BlobSink *sink = data;
  return sink->there || (sink->have == sink->items[0]->size && sink->have > 0);
}

static const TransferSink blob_sink = {blob_open, blob_whole, blob_have, blob_restart, blob_write, blob_finish};

/* A partial file with something in it stays, to be resumed. */
static void
blob_clear(BlobSink *sink)
{
  end_task(sink, FALSE);
  if (sink->fd >= 0 && sink->have == 0)
    store_partial_discard(sink->store, &sink->items[0]->digest, sink->fd);
  else if (sink->fd >= 0)
    close(sink->fd);
  g_clear_pointer(&sink->hasher, hasher_free);
}

/* ---- many ---- */

typedef struct {
  FetchReady ready;
  gpointer data;
} Job;

static gboolean
call_ready(const Job *job, const FetchItem *const *items, gsize n, GError **error)
{
  for (gsize i = 0; job->ready != NULL && i < n; i++)
    if (!job->ready(items[i], job->data, error))
      return FALSE;
  return TRUE;
}

static gboolean
blob_done(Transfer *transfer, gpointer data, gpointer user, GError **error)
{
  BlobSink *sink = data;
  return call_ready(user, sink->items, sink->n_items, error);
}

static gint
compare_items(gconstpointer a, gconstpointer b)
{
  const FetchItem *left = *(const FetchItem *const *)a, *right = *(const FetchItem *const *)b;
  int order = digest_compare(&left->digest, &right->digest);
  return order != 0 ? order : left < right ? -1 : left > right;
}

/* Sorts out what is there already, which is ready, and gives the rest sorted by digest: partial files are locked in that
 * order by every process, so that two which want the same files never wait for each other. */
static GPtrArray *
missing_items(Store *store, const FetchItem *items, gsize n, const Job *job, GError **error)
{
  g_autoptr(GPtrArray) missing = g_ptr_array_new();
  for (gsize i = 0; i < n; i++) {
    const FetchItem *item = &items[i];
    if (!store_has(store, &item->digest))
      g_ptr_array_add(missing, (gpointer)item);
    else if (!call_ready(job, &item, 1, error))
      return NULL;
  }
  g_ptr_array_sort(missing, compare_items);
  return g_steal_pointer(&missing);
}

static gboolean
has_file_url(const FetchItem *item)
{
  for (const char *const *url = item->urls; *url != NULL; url++)
    if (g_str_has_prefix(*url, "file:"))
      return TRUE;
  return FALSE;
}

/* Without network only what lies in files can be had. */
static gboolean
check_offline(const GPtrArray *missing, GError **error)
{
  g_autoptr(GString) names = g_string_new(NULL);
  guint count = 0;
  for (guint i = 0; i < missing->len; i++) {
    const FetchItem *item = missing->pdata[i];
    if (has_file_url(item))
      continue;
    g_string_append_printf(names, "\n  %s", item->label);
    count++;
  }
  if (count == 0)
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NETWORK,
              "%u file%s not in the store, and the network may not be used:%s\nhint: build once without --offline", count,
              count == 1 ? " is" : "s are", names->str);
  return FALSE;
}

static GArray *
make_sinks(Store *store, const GPtrArray *missing, const FetchOptions *options)
{
  GArray *sinks = g_array_new(FALSE, FALSE, sizeof(BlobSink));
  guint64 bytes = 0;
  for (guint i = 0; i < missing->len; i++) {
    const FetchItem *item = missing->pdata[i];
    BlobSink *last = sinks->len > 0 ? &g_array_index(sinks, BlobSink, sinks->len - 1) : NULL;
    if (last != NULL && digest_equal(&last->items[0]->digest, &item->digest)) {
      last->n_items++;
      continue;
    }
    BlobSink sink = {.store = store, .items = (const FetchItem *const *)&missing->pdata[i], .n_items = 1, .fd = -1};
    sink.progress = options->progress;
    sink.cancellable = options->cancellable;
    bytes += item->size;
    g_array_append_val(sinks, sink);
  }
  if (sinks->len > 0)
    progress_expect(options->progress, PROGRESS_FETCH, sinks->len, bytes);
  return sinks;
}

/* All that could not be had, each with the reason of each URL. */
static gboolean
tell_failures(const GArray *sinks, const GPtrArray *transfers, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  AshlarError code = ASHLAR_ERROR_NOT_FOUND;
  for (guint i = 0; i < transfers->len; i++) {
    const GError *failure = transfer_error(transfers->pdata[i]);
    if (failure == NULL)
      continue;
    if (failure->code == ASHLAR_ERROR_VERIFY || (failure->code == ASHLAR_ERROR_NETWORK && code != ASHLAR_ERROR_VERIFY))
      code = (AshlarError)failure->code;
    g_string_append_printf(text, "%scannot fetch %s: %s", text->len > 0 ? "\n" : "",
                           g_array_index(sinks, BlobSink, i).items[0]->label, failure->message);
  }
  if (text->len == 0)
    return TRUE;
  g_set_error_literal(error, ASHLAR_ERROR, (gint)code, text->str);
  return FALSE;
}

gboolean
fetch_blobs(Store *store, const FetchItem *items, gsize n, const FetchOptions *options, FetchReady ready, gpointer data,
            GError **error)
{
  Job job = {ready, data};
  g_autoptr(GPtrArray) missing = missing_items(store, items, n, &job, error);
  if (missing == NULL || (options->offline && !check_offline(missing, error)))
    return FALSE;
  g_autoptr(GPtrArray) transfers = g_ptr_array_new_with_free_func((GDestroyNotify)transfer_free);
  g_autoptr(GArray) sinks = make_sinks(store, missing, options);
  for (guint i = 0; i < sinks->len; i++) {
    BlobSink *sink = &g_array_index(sinks, BlobSink, i);
    g_ptr_array_add(transfers, transfer_new(sink->items[0]->urls, &blob_sink, sink, NULL));
  }
  gboolean done = transfers_run((Transfer **)transfers->pdata, transfers->len, options, blob_done, &job, error);
  for (guint i = 0; i < sinks->len; i++)
    blob_clear(&g_array_index(sinks, BlobSink, i));
  return done && tell_failures(sinks, transfers, error);
}
