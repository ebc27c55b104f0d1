/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/executor/parallel.h"

typedef struct {
  guint n;
  gint next; /* atomic */
  ParallelWork work;
  gpointer data;
} Run;

static gpointer
take_turns(gpointer data)
{
  Run *run = data;
  for (;;) {
    guint i = (guint)g_atomic_int_add(&run->next, 1);
    if (i >= run->n)
      return NULL;
    run->work(i, run->data);
  }
}

void
parallel_run(guint n, guint most, ParallelWork work, gpointer data)
{
  Run run = {.n = n, .work = work, .data = data};
  g_autoptr(GPtrArray) threads = g_ptr_array_new();
  while (threads->len + 1 < MIN(n, most)) {
    /* without one more thread there is the caller's */
    GThread *thread = g_thread_try_new("build", take_turns, &run, NULL);
    if (thread == NULL)
      break;
    g_ptr_array_add(threads, thread);
  }
  take_turns(&run);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join(threads->pdata[i]);
}

guint
parallel_width(void)
{
  return MAX(2, g_get_num_processors());
}

/* ---- places ---- */

typedef struct {
  GMutex lock;
  GCond left;
  guint taken;
} Places;

static Places places; /* memory is the process's, whoever asks for it */

void
parallel_enter(void)
{
  g_mutex_lock(&places.lock);
  while (places.taken >= parallel_width())
    g_cond_wait(&places.left, &places.lock);
  places.taken++;
  g_mutex_unlock(&places.lock);
}

void
parallel_leave(void)
{
  g_mutex_lock(&places.lock);
  places.taken--;
  g_cond_signal(&places.left);
  g_mutex_unlock(&places.lock);
}
