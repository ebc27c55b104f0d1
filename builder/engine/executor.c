/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/executor.h"
#include "signing/error.h"

struct Executor {
  GThreadPool *threads;
  GCancellable *parent;
  GCancellable *cancellable;
  gulong parent_handler;
  GMutex lock;
  GCond idle;
  guint width;
  guint pending; /* pushed and not done */
  gint spare;    /* width - pending; atomic */
  GError *failure;
};

typedef struct {
  ExecutorJob run;
  gpointer data;
} Job;

void
executor_fail(Executor *executor, GError *error)
{
  g_mutex_lock(&executor->lock);
  gboolean first = executor->failure == NULL;
  if (first)
    executor->failure = error;
  else
    g_error_free(error);
  g_mutex_unlock(&executor->lock);
  if (first)
    g_cancellable_cancel(executor->cancellable);
}

/* Under the lock. */
static void
set_pending(Executor *executor, guint pending)
{
  executor->pending = pending;
  g_atomic_int_set(&executor->spare, (gint)executor->width - (gint)pending);
  if (pending == 0)
    g_cond_broadcast(&executor->idle);
}

static void
run_job(gpointer item, gpointer user)
{
  g_autofree Job *job = item;
  Executor *executor = user;
  GError *error = NULL;
  if (!g_cancellable_is_cancelled(executor->cancellable) && !job->run(job->data, executor->cancellable, &error))
    executor_fail(executor, error);
  g_mutex_lock(&executor->lock);
  set_pending(executor, executor->pending - 1);
  g_mutex_unlock(&executor->lock);
}

static void
forward_cancel(GCancellable *parent, gpointer data)
{
  g_cancellable_cancel(data);
}

Executor *
executor_new(GCancellable *parent)
{
  return executor_new_wide(parent, g_get_num_processors());
}

Executor *
executor_new_wide(GCancellable *parent, guint threads)
{
  Executor *executor = g_new0(Executor, 1);
  executor->width = threads;
  executor->spare = (gint)threads;
  g_mutex_init(&executor->lock);
  g_cond_init(&executor->idle);
  executor->cancellable = g_cancellable_new();
  if (parent != NULL) {
    executor->parent = g_object_ref(parent);
    executor->parent_handler = g_cancellable_connect(parent, G_CALLBACK(forward_cancel), executor->cancellable, NULL);
  }
  executor->threads = g_thread_pool_new(run_job, executor, (gint)threads, FALSE, NULL);
  return executor;
}

void
executor_push(Executor *executor, ExecutorJob run, gpointer data)
{
  Job *job = g_new(Job, 1);
  *job = (Job){.run = run, .data = data};
  g_mutex_lock(&executor->lock);
  set_pending(executor, executor->pending + 1);
  g_mutex_unlock(&executor->lock);
  /* a pool that is not exclusive cannot fail: without a new thread the job waits for one that is there */
  g_thread_pool_push(executor->threads, job, NULL);
}

GCancellable *
executor_cancellable(Executor *executor)
{
  return executor->cancellable;
}

const gint *
executor_spare(const Executor *executor)
{
  return &executor->spare;
}

static void
wait_idle(Executor *executor)
{
  g_mutex_lock(&executor->lock);
  while (executor->pending > 0)
    g_cond_wait(&executor->idle, &executor->lock);
  g_mutex_unlock(&executor->lock);
}

gboolean
executor_wait(Executor *executor, GError **error)
{
  wait_idle(executor);
  if (executor->parent != NULL && g_cancellable_is_cancelled(executor->parent)) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "interrupted");
    return FALSE;
  }
  if (executor->failure == NULL)
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&executor->failure));
  return FALSE;
}

void
executor_free(Executor *executor)
{
  g_cancellable_cancel(executor->cancellable);
  wait_idle(executor);
  g_thread_pool_free(executor->threads, FALSE, TRUE);
  if (executor->parent != NULL) {
    g_cancellable_disconnect(executor->parent, executor->parent_handler);
    g_object_unref(executor->parent);
  }
  g_object_unref(executor->cancellable);
  g_clear_error(&executor->failure);
  g_mutex_clear(&executor->lock);
  g_cond_clear(&executor->idle);
  g_free(executor);
}
