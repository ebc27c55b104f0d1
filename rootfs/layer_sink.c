/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/layer_sink.h"
#include "rootfs/pack_private.h"

#define BATCHES 6
#define BATCH_SIZE PACK_FRAME_SIZE
#define ROOM (2 * PACK_FRAME_SIZE)

typedef struct {
  const guint8 *data;
  gsize size;
  guint8 *owned;
} Span;

typedef struct {
  gint users; /* the hashing and the writing thread */
  gsize filled;
  GArray *spans;
  guint8 tar[ROOM];
} Batch;

typedef struct {
  GThread *thread;
  GAsyncQueue *work; /* Batch, or the sink itself: the end */
} Worker;

struct LayerSink {
  StoreWriter *out;
  const Watch *watch;
  Hasher *hasher;
  Batch *batch;      /* being filled */
  GAsyncQueue *idle; /* batches to fill next */
  guint n_batches;
  Worker hash, write;
  gboolean inline_only; /* no thread was to be had */
  GError *failure;      /* of writing; the writing thread's until it is joined */
  gint failed;          /* atomic: there is one */
  guint64 size, tar_size;
};

static void
batch_clear(Batch *batch)
{
  for (guint i = 0; i < batch->spans->len; i++)
    g_free(g_array_index(batch->spans, Span, i).owned);
  g_array_set_size(batch->spans, 0);
  batch->filled = 0;
}

static void
batch_free(gpointer data)
{
  Batch *batch = data;
  batch_clear(batch);
  g_array_unref(batch->spans);
  g_free(batch);
}

LayerSink *
layer_sink_new(StoreWriter *out, const Watch *watch)
{
  LayerSink *sink = g_new0(LayerSink, 1);
  sink->out = out;
  sink->watch = watch;
  sink->hasher = hasher_new();
  sink->idle = g_async_queue_new_full(batch_free);
  return sink;
}

/* ---- the two kinds of work ---- */

static void
hash_batch(LayerSink *sink, Batch *batch)
{
  gpointer step = watch_begin(sink->watch, WATCH_HASH, batch->filled);
  hasher_update(sink->hasher, batch->tar, batch->filled);
  watch_end(sink->watch, step, batch->filled);
}

static void
write_batch(LayerSink *sink, Batch *batch)
{
  guint64 bytes = 0;
  for (guint i = 0; i < batch->spans->len; i++)
    bytes += g_array_index(batch->spans, Span, i).size;
  gpointer step = watch_begin(sink->watch, WATCH_STORE, bytes);
  for (guint i = 0; i < batch->spans->len && sink->failure == NULL; i++) {
    const Span *span = &g_array_index(batch->spans, Span, i);
    if (!store_writer_write(sink->out, span->data, span->size, &sink->failure))
      g_atomic_int_set(&sink->failed, TRUE);
    if (span->owned == NULL)
      pack_release(span->data, span->size);
  }
  watch_end(sink->watch, step, bytes);
}

static void
release(LayerSink *sink, Batch *batch)
{
  if (!g_atomic_int_dec_and_test(&batch->users))
    return;
  batch_clear(batch);
  g_async_queue_push(sink->idle, batch);
}

static gpointer
hash_thread(gpointer data)
{
  LayerSink *sink = data;
  for (gpointer item; (item = g_async_queue_pop(sink->hash.work)) != sink; release(sink, item))
    hash_batch(sink, item);
  return NULL;
}

static gpointer
write_thread(gpointer data)
{
  LayerSink *sink = data;
  for (gpointer item; (item = g_async_queue_pop(sink->write.work)) != sink; release(sink, item))
    write_batch(sink, item);
  return NULL;
}

static gboolean
start(LayerSink *sink, Worker *worker, const char *name, GThreadFunc function)
{
  worker->work = g_async_queue_new();
  worker->thread = g_thread_try_new(name, function, sink, NULL);
  if (worker->thread == NULL)
    g_clear_pointer(&worker->work, g_async_queue_unref);
  return worker->thread != NULL;
}

static void
stop(LayerSink *sink, Worker *worker)
{
  if (worker->thread == NULL)
    return;
  g_async_queue_push(worker->work, sink);
  g_thread_join(g_steal_pointer(&worker->thread));
  g_clear_pointer(&worker->work, g_async_queue_unref);
}

/* ---- batches ---- */

static Batch *
next_batch(LayerSink *sink)
{
  Batch *batch = sink->n_batches < BATCHES ? g_async_queue_try_pop(sink->idle) : g_async_queue_pop(sink->idle);
  if (batch == NULL) {
    batch = g_malloc(sizeof *batch); /* its room is not cleared */
    batch->filled = 0;
    batch->spans = g_array_new(FALSE, FALSE, sizeof(Span));
    sink->n_batches++;
  }
  batch->users = 2;
  return batch;
}

static void
pass_on(LayerSink *sink)
{
  Batch *batch = g_steal_pointer(&sink->batch);
  if (sink->hash.thread != NULL)
    g_async_queue_push(sink->hash.work, batch);
  else {
    hash_batch(sink, batch);
    release(sink, batch);
  }
  if (sink->write.thread != NULL)
    g_async_queue_push(sink->write.work, batch);
  else {
    write_batch(sink, batch);
    release(sink, batch);
  }
}

/* A small layer ends with its first batch: threads start when there is a second. */
static void
pass_on_and_start(LayerSink *sink)
{
  if (sink->hash.thread == NULL && sink->write.thread == NULL && !sink->inline_only)
    sink->inline_only = !start(sink, &sink->hash, "hash", hash_thread) || !start(sink, &sink->write, "write", write_thread);
  pass_on(sink);
}

guint8 *
layer_sink_tar(LayerSink *sink, gsize size)
{
  g_assert(size <= PACK_FRAME_SIZE);
  if (sink->batch != NULL && (sink->batch->filled >= BATCH_SIZE || sink->batch->filled + size > ROOM))
    pass_on_and_start(sink);
  if (sink->batch == NULL)
    sink->batch = next_batch(sink);
  guint8 *room = sink->batch->tar + sink->batch->filled;
  sink->batch->filled += size;
  sink->tar_size += size;
  return room;
}

void
layer_sink_frame(LayerSink *sink, const guint8 *data, gsize size, gboolean owned)
{
  if (sink->batch == NULL)
    sink->batch = next_batch(sink);
  sink->size += size;
  GArray *spans = sink->batch->spans;
  Span *last = spans->len > 0 ? &g_array_index(spans, Span, spans->len - 1) : NULL;
  if (!owned && last != NULL && last->owned == NULL && last->data + last->size == data) {
    last->size += size;
    return;
  }
  Span span = {data, size, owned ? (guint8 *)data : NULL};
  g_array_append_val(spans, span);
}

gboolean
layer_sink_check(LayerSink *sink, GError **error)
{
  if (!g_atomic_int_get(&sink->failed))
    return TRUE;
  stop(sink, &sink->write);
  g_propagate_error(error, g_error_copy(sink->failure));
  return FALSE;
}

guint64
layer_sink_tar_size(const LayerSink *sink)
{
  return sink->tar_size;
}

guint64
layer_sink_size(const LayerSink *sink)
{
  return sink->size;
}

gboolean
layer_sink_finish(LayerSink *sink, Digest *diff_id, GError **error)
{
  if (sink->batch != NULL)
    pass_on(sink);
  stop(sink, &sink->hash);
  stop(sink, &sink->write);
  hasher_finish(sink->hasher, diff_id);
  if (sink->failure == NULL)
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&sink->failure));
  return FALSE;
}

void
layer_sink_free(LayerSink *sink)
{
  stop(sink, &sink->hash);
  stop(sink, &sink->write);
  if (sink->batch != NULL)
    batch_free(sink->batch);
  g_async_queue_unref(sink->idle);
  hasher_free(sink->hasher);
  g_clear_error(&sink->failure);
  g_free(sink);
}
