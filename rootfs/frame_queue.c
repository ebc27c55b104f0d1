/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/frame_queue.h"
#include "rootfs/codec.h"

#define THREADS_MAX 4

typedef struct {
  GByteArray *tar;
  guint8 *frame;
  gsize size;
  gboolean finished; /* under the queue's lock */
} Job;

struct FrameQueue {
  PackEncoding encoding;
  guint threads;
  const Watch *watch;
  FrameDone done;
  gpointer data;
  GQueue jobs;         /* in order; touched by the pushing thread only */
  GThreadPool *pool;   /* from the second frame on */
  GAsyncQueue *codecs; /* idle ones */
  GMutex lock;
  GCond finished;
};

FrameQueue *
frame_queue_new(PackEncoding encoding, guint threads, const Watch *watch, FrameDone done, gpointer data)
{
  FrameQueue *queue = g_new0(FrameQueue, 1);
  queue->encoding = encoding;
  queue->threads = threads != 0 ? threads : MIN(g_get_num_processors(), THREADS_MAX);
  queue->watch = watch;
  queue->done = done;
  queue->data = data;
  queue->codecs = g_async_queue_new_full((GDestroyNotify)codec_free);
  g_queue_init(&queue->jobs);
  g_mutex_init(&queue->lock);
  g_cond_init(&queue->finished);
  return queue;
}

static void
job_free(gpointer data)
{
  Job *job = data;
  g_byte_array_unref(job->tar);
  g_free(job->frame);
  g_free(job);
}

void
frame_queue_free(FrameQueue *queue)
{
  if (queue->pool != NULL)
    g_thread_pool_free(queue->pool, TRUE, TRUE);
  g_queue_clear_full(&queue->jobs, job_free);
  g_async_queue_unref(queue->codecs);
  g_mutex_clear(&queue->lock);
  g_cond_clear(&queue->finished);
  g_free(queue);
}

static void
compress(FrameQueue *queue, Job *job)
{
  Codec *codec = g_async_queue_try_pop(queue->codecs);
  if (codec == NULL)
    codec = codec_new(queue->encoding);
  job->frame = g_malloc(codec_bound(codec, job->tar->len));
  gpointer step = watch_begin(queue->watch, WATCH_COMPRESS, job->tar->len);
  job->size = codec_compress(codec, job->tar->data, job->tar->len, job->frame);
  watch_end(queue->watch, step, job->tar->len);
  g_async_queue_push(queue->codecs, codec);
}

static void
compress_on_thread(gpointer data, gpointer user)
{
  Job *job = data;
  FrameQueue *queue = user;
  compress(queue, job);
  g_mutex_lock(&queue->lock);
  job->finished = TRUE;
  g_cond_signal(&queue->finished);
  g_mutex_unlock(&queue->lock);
}

/* Hands on the oldest frame, waiting for it. */
static void
pop(FrameQueue *queue)
{
  Job *job = g_queue_pop_head(&queue->jobs);
  if (queue->pool == NULL)
    compress(queue, job);
  else {
    g_mutex_lock(&queue->lock);
    while (!job->finished)
      g_cond_wait(&queue->finished, &queue->lock);
    g_mutex_unlock(&queue->lock);
  }
  queue->done(job->frame, job->size, job->tar->len, queue->data);
  job_free(job);
}

/* Without a pool (no thread to be had) frames are compressed one by one when they are popped. */
static void
start_pool(FrameQueue *queue)
{
  queue->pool = g_thread_pool_new(compress_on_thread, queue, (gint)queue->threads, FALSE, NULL);
  for (GList *l = queue->jobs.head; l != NULL && queue->pool != NULL; l = l->next)
    g_thread_pool_push(queue->pool, l->data, NULL);
}

void
frame_queue_push(FrameQueue *queue, GByteArray *tar)
{
  while (queue->jobs.length >= 2 * queue->threads)
    pop(queue);
  Job *job = g_new0(Job, 1);
  job->tar = tar;
  g_queue_push_tail(&queue->jobs, job);
  if (queue->pool != NULL)
    g_thread_pool_push(queue->pool, job, NULL);
  else if (queue->jobs.length == 2 && queue->threads > 1)
    start_pool(queue);
}

void
frame_queue_drain(FrameQueue *queue)
{
  while (queue->jobs.length > 0)
    pop(queue);
}
