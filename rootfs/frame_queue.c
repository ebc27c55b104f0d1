/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/frame_queue.h"
#include "rootfs/codec.h"

#define THREADS_MAX 4

typedef struct {
  GByteArray *tar;
  GByteArray *frame; /* room for it, and more */
  gsize size;        /* of the frame */
  gboolean finished; /* under the queue's lock */
} Job;

struct FrameQueue {
  PackEncoding encoding;
  FrameQueueOptions options;
  FrameDone done;
  gpointer data;
  GQueue jobs;       /* in order; touched by the pushing thread only, as is the next */
  GPtrArray *rooms;  /* GByteArray: what frames were compressed into before */
  GThreadPool *pool; /* from the second frame on */
  GMutex lock;
  GCond finished;
};

FrameQueue *
frame_queue_new(PackEncoding encoding, const FrameQueueOptions *options, FrameDone done, gpointer data)
{
  FrameQueue *queue = g_new0(FrameQueue, 1);
  queue->encoding = encoding;
  queue->options = *options;
  if (queue->options.threads == 0)
    queue->options.threads = MIN(g_get_num_processors(), THREADS_MAX);
  queue->done = done;
  queue->data = data;
  queue->rooms = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
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
  g_byte_array_unref(job->frame);
  g_free(job);
}

void
frame_queue_free(FrameQueue *queue)
{
  if (queue->pool != NULL)
    g_thread_pool_free(queue->pool, TRUE, TRUE);
  g_queue_clear_full(&queue->jobs, job_free);
  g_ptr_array_unref(queue->rooms);
  g_mutex_clear(&queue->lock);
  g_cond_clear(&queue->finished);
  g_free(queue);
}

static Job *
job_new(FrameQueue *queue, GByteArray *tar)
{
  Job *job = g_new0(Job, 1);
  guint last = queue->rooms->len;
  job->tar = tar;
  job->frame = last > 0 ? g_ptr_array_steal_index_fast(queue->rooms, last - 1) : g_byte_array_new();
  return job;
}

static void
compress(const FrameQueue *queue, Job *job)
{
  Codec *codec = codec_of_thread(queue->encoding);
  gsize bound = codec_bound(codec, job->tar->len);
  if (job->frame->len < bound)
    g_byte_array_set_size(job->frame, (guint)bound);
  gpointer step = watch_begin(queue->options.watch, WATCH_COMPRESS, job->tar->len);
  job->size = codec_compress(codec, job->tar->data, job->tar->len, job->frame->data);
  watch_end(queue->options.watch, step, job->tar->len);
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
  if (queue->pool != NULL) {
    g_mutex_lock(&queue->lock);
    while (!job->finished)
      g_cond_wait(&queue->finished, &queue->lock);
    g_mutex_unlock(&queue->lock);
  } else if (!job->finished)
    compress(queue, job);
  queue->done(job->frame->data, job->size, job->tar, queue->data);
  g_ptr_array_add(queue->rooms, job->frame);
  g_free(job);
}

/* Without a pool (no thread to be had) frames are compressed one by one when they are popped. */
static void
start_pool(FrameQueue *queue)
{
  queue->pool = g_thread_pool_new(compress_on_thread, queue, (gint)queue->options.threads, FALSE, NULL);
  for (GList *l = queue->jobs.head; l != NULL && queue->pool != NULL; l = l->next)
    g_thread_pool_push(queue->pool, l->data, NULL);
}

/* No core is spare: more threads would only take turns on those that there are, and more frames take more memory. */
static gboolean
is_alone(const FrameQueue *queue)
{
  return queue->options.threads == 1 || (queue->options.spare != NULL && g_atomic_int_get(queue->options.spare) <= 0);
}

void
frame_queue_push(FrameQueue *queue, GByteArray *tar)
{
  gboolean alone = is_alone(queue);
  while (queue->jobs.length >= (alone ? 1 : 2 * queue->options.threads))
    pop(queue);
  Job *job = job_new(queue, tar);
  g_queue_push_tail(&queue->jobs, job);
  if (alone) {
    compress(queue, job);
    job->finished = TRUE;
    pop(queue);
  } else if (queue->pool != NULL)
    g_thread_pool_push(queue->pool, job, NULL);
  else if (queue->jobs.length == 2)
    start_pool(queue);
}

void
frame_queue_drain(FrameQueue *queue)
{
  while (queue->jobs.length > 0)
    pop(queue);
}
