/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/executor/executor.h"
#include "signing/error.h"

typedef struct {
  Executor *executor;
  gint count;
} Counter;

static gboolean
count(gpointer data, GCancellable *cancellable, GError **error)
{
  Counter *counter = data;
  g_atomic_int_inc(&counter->count);
  return TRUE;
}

static gboolean
push_three_more(gpointer data, GCancellable *cancellable, GError **error)
{
  Counter *counter = data;
  for (int i = 0; i < 3; i++)
    executor_push(counter->executor, count, counter);
  return count(data, cancellable, error);
}

static gboolean
fail(gpointer data, GCancellable *cancellable, GError **error)
{
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "broken");
  return FALSE;
}

static gboolean
wait_for_cancel(gpointer data, GCancellable *cancellable, GError **error)
{
  while (!g_cancellable_is_cancelled(cancellable))
    g_usleep(1000);
  return count(data, cancellable, error);
}

static void
jobs_may_push_jobs(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Executor) executor = executor_new(NULL);
  Counter counter = {.executor = executor};
  for (int i = 0; i < 10; i++)
    executor_push(executor, push_three_more, &counter);
  g_assert_true(executor_wait(executor, &error));
  g_assert_no_error(error);
  g_assert_cmpint(counter.count, ==, 40);
}

static void
first_failure_cancels_the_rest(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Executor) executor = executor_new(NULL);
  Counter counter = {.executor = executor};
  executor_push(executor, fail, NULL);
  /* begun before the failure it waits for it, else it never begins: either way it ends */
  executor_push(executor, wait_for_cancel, &counter);
  g_assert_false(executor_wait(executor, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_cmpint(counter.count, <=, 1);
  g_assert_true(g_cancellable_is_cancelled(executor_cancellable(executor)));
  counter.count = 0;
  executor_push(executor, count, &counter);
  g_clear_error(&error);
  g_assert_true(executor_wait(executor, &error));
  g_assert_cmpint(counter.count, ==, 0);
}

static void
parent_cancels(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GCancellable) parent = g_cancellable_new();
  g_autoptr(Executor) executor = executor_new(parent);
  Counter counter = {.executor = executor};
  executor_push(executor, wait_for_cancel, &counter);
  g_cancellable_cancel(parent);
  g_assert_false(executor_wait(executor, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED);
}

static void
freeing_waits(void)
{
  Counter counter = {0};
  Executor *executor = executor_new(NULL);
  executor_push(executor, wait_for_cancel, &counter);
  executor_free(executor);
  g_assert_cmpint(counter.count, <=, 1);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/executor/jobs-may-push-jobs", jobs_may_push_jobs);
  g_test_add_func("/executor/first-failure-cancels-the-rest", first_failure_cancels_the_rest);
  g_test_add_func("/executor/parent-cancels", parent_cancels);
  g_test_add_func("/executor/freeing-waits", freeing_waits);
  return g_test_run();
}
