/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/executor/executor.h"
#include "signing/error.h"

/* Threads, and how busy they are. */
typedef struct {
  GThreadPool *threads;
  gint spare; /* width less all jobs that are pushed and not done; atomic */
} Threads;

struct Executor {
  gint references; /* atomic: the caller's, and one a job */
  Threads *threads;
  Threads own; /* of a wide one */
  GCancellable *parent;
  GCancellable *cancellable;
  gulong parent_handler;
  GMutex lock;
  GCond idle;
  guint pending; /* pushed and not done */
  GError *failure;
};

typedef struct {
  Executor *executor;
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

/* A job's last look at its executor may come after the one that waits for it has seen it done. */
static void
executor_unref(Executor *executor)
{
  if (!g_atomic_int_dec_and_test(&executor->references))
    return;
  g_clear_object(&executor->cancellable);
  g_clear_error(&executor->failure);
  g_mutex_clear(&executor->lock);
  g_cond_clear(&executor->idle);
  g_free(executor);
}

static void
run_job(gpointer item, gpointer unused)
{
  g_autofree Job *job = item;
  Executor *executor = job->executor;
  GError *error = NULL;
  if (!g_cancellable_is_cancelled(executor->cancellable) && !job->run(job->data, executor->cancellable, &error))
    executor_fail(executor, error);
  g_atomic_int_inc(&executor->threads->spare);
  g_mutex_lock(&executor->lock);
  if (--executor->pending == 0)
    g_cond_broadcast(&executor->idle);
  g_mutex_unlock(&executor->lock);
  executor_unref(executor);
}

static void
open_threads(Threads *threads, guint width)
{
  threads->spare = (gint)width;
  threads->threads = g_thread_pool_new(run_job, NULL, (gint)width, FALSE, NULL);
}

/* Those that all share, as long as the process lives: cores are the process's too. */
static Threads *
shared_threads(void)
{
  static Threads shared;
  static gsize opened = 0;
  if (g_once_init_enter(&opened)) {
    open_threads(&shared, g_get_num_processors());
    g_once_init_leave(&opened, 1);
  }
  return &shared;
}

static void
forward_cancel(GCancellable *parent, gpointer data)
{
  g_cancellable_cancel(data);
}

static Executor *
new_on(Threads *threads, GCancellable *parent)
{
  Executor *executor = g_new0(Executor, 1);
  executor->references = 1;
  executor->threads = threads;
  g_mutex_init(&executor->lock);
  g_cond_init(&executor->idle);
  executor->cancellable = g_cancellable_new();
  if (parent != NULL) {
    executor->parent = g_object_ref(parent);
    executor->parent_handler = g_cancellable_connect(parent, G_CALLBACK(forward_cancel), executor->cancellable, NULL);
  }
  return executor;
}

Executor *
executor_new(GCancellable *parent)
{
  return new_on(shared_threads(), parent);
}

Executor *
executor_new_wide(GCancellable *parent, guint threads)
{
  Executor *executor = new_on(NULL, parent);
  open_threads(&executor->own, threads);
  executor->threads = &executor->own;
  return executor;
}

void
executor_push(Executor *executor, ExecutorJob run, gpointer data)
{
  Job *job = g_new(Job, 1);
  *job = (Job){.executor = executor, .run = run, .data = data};
  g_mutex_lock(&executor->lock);
  executor->pending++;
  g_mutex_unlock(&executor->lock);
  g_atomic_int_inc(&executor->references);
  g_atomic_int_add(&executor->threads->spare, -1);
  /* a pool that is not exclusive cannot fail: without a new thread the job waits for one that is there */
  g_thread_pool_push(executor->threads->threads, job, NULL);
}

GCancellable *
executor_cancellable(Executor *executor)
{
  return executor->cancellable;
}

const gint *
executor_spare(const Executor *executor)
{
  return &executor->threads->spare;
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
  if (executor->parent != NULL) {
    g_cancellable_disconnect(executor->parent, executor->parent_handler);
    g_object_unref(executor->parent);
  }
  if (executor->own.threads != NULL)
    g_thread_pool_free(executor->own.threads, FALSE, TRUE);
  executor_unref(executor);
}
