/* SPDX-License-Identifier: Apache-2.0
 *
 * The parallel executor: jobs on as many threads as there are cores, in the order they are pushed; the first failure cancels
 * the rest. All executors of the process share these threads, so that two at once work no more than the cores do and hold no
 * more in memory: a job must not wait for another executor.
 *
 *   g_autoptr(Executor) executor = executor_new(cancellable);
 *   executor_push(executor, job, data)      from any thread, from within a job too
 *   executor_wait(executor, &error)         all jobs are done, or the first error
 *
 * Freeing one that still runs cancels it and waits.
 */
#ifndef ASHLAR_EXECUTOR_EXECUTOR_H
#define ASHLAR_EXECUTOR_EXECUTOR_H

#include <gio/gio.h>

typedef struct Executor Executor;
/* What is to be done, with the executor's own cancellable (cancelled by @parent's, or by a failure of another job). */
typedef gboolean (*ExecutorJob)(gpointer data, GCancellable *cancellable, GError **error);

Executor *executor_new(GCancellable *parent);
/* On so many threads of its own: for jobs that wait more than they work. */
Executor *executor_new_wide(GCancellable *parent, guint threads);
void executor_push(Executor *executor, ExecutorJob job, gpointer data);
/* Ends the run with @error (taken) as if a job had failed, unless one has. */
void executor_fail(Executor *executor, GError *error);
GCancellable *executor_cancellable(Executor *executor);
/* How many of its threads have no job, whoever's (below 0: how many jobs have no thread): changes atomically as long as there is
 * an executor. */
const gint *executor_spare(const Executor *executor);
/* Waits for all jobs. FALSE with the first failure; with a cancelled parent ASHLAR_ERROR_CANCELLED. */
gboolean executor_wait(Executor *executor, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void executor_free(Executor *executor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Executor, executor_free)

#endif
