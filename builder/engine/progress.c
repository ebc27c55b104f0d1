/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/events.h"
#include "builder/recipe/source.h"

#include <string.h>

/* How deep a thread is in tasks, and on which track it shows. */
typedef struct {
  ProgressWorker *worker;
  guint depth;
} Thread;

typedef struct {
  EventListener listener;
  gpointer data;
} Listener;

struct Progress {
  GMutex lock;
  GArray *listeners; /* Listener */
  char *recipe;
  ProgressTally phases[PROGRESS_N_PHASES];
  GQueue tasks; /* linked through ProgressTask.link */
  ProgressState state;
  GPtrArray *workers;  /* ProgressWorker* */
  GHashTable *threads; /* GThread* -> Thread*; only ever looked up */
};

const char *
progress_phase_name(ProgressPhase phase)
{
  static const char *const names[] = {"resolve", "fetch",  "unpack", "compress", "merge", "lay",  "run",
                                      "test",    "splice", "hash",   "store",    "sign",  "write"};
  G_STATIC_ASSERT(G_N_ELEMENTS(names) == PROGRESS_N_PHASES);
  return names[phase];
}

const char *
progress_cache_name(ProgressCache cache)
{
  static const char *const names[] = {"pack", "step", "layer", "image", "output"};
  G_STATIC_ASSERT(G_N_ELEMENTS(names) == PROGRESS_N_CACHES);
  return names[cache];
}

/* ---- workers ---- */

static void
worker_free(gpointer data)
{
  ProgressWorker *worker = data;
  g_free(worker->name);
  g_free(worker);
}

/* What a worker is called goes by the first that it does: many transfers have one thread, a layer's hashing and storing have
 * threads of their own, all else is done by the same pool. */
static ProgressPhase
worker_kind(ProgressPhase phase)
{
  return phase == PROGRESS_FETCH || phase == PROGRESS_HASH || phase == PROGRESS_STORE ? phase : PROGRESS_UNPACK;
}

static ProgressWorker *
new_worker(Progress *progress, ProgressPhase kind)
{
  guint same = 1;
  for (guint i = 1; i < progress->workers->len; i++)
    same += ((ProgressWorker *)progress->workers->pdata[i])->kind == kind;
  const char *word = kind == PROGRESS_FETCH   ? "connection"
                     : kind == PROGRESS_HASH  ? "hasher"
                     : kind == PROGRESS_STORE ? "writer"
                                              : "worker";
  ProgressWorker *worker = g_new0(ProgressWorker, 1);
  worker->number = progress->workers->len;
  worker->kind = kind;
  worker->name = worker->number == 0 ? g_strdup("main") : g_strdup_printf("%s %u", word, same);
  g_ptr_array_add(progress->workers, worker);
  return worker;
}

/* The first idle worker of the kind (there are no more than ever worked at once). */
static ProgressWorker *
take_worker(Progress *progress, ProgressPhase phase)
{
  ProgressPhase kind = worker_kind(phase);
  ProgressWorker *worker = NULL;
  for (guint i = 1; worker == NULL && i < progress->workers->len; i++) {
    ProgressWorker *idle = progress->workers->pdata[i];
    if (!idle->busy && idle->kind == kind)
      worker = idle;
  }
  if (worker == NULL)
    worker = new_worker(progress, kind);
  worker->busy = TRUE;
  return worker;
}

static ProgressWorker *
enter(Progress *progress, ProgressPhase phase)
{
  if (phase == PROGRESS_FETCH)
    return take_worker(progress, phase);
  Thread *thread = g_hash_table_lookup(progress->threads, g_thread_self());
  if (thread == NULL) {
    thread = g_new0(Thread, 1);
    thread->worker = take_worker(progress, phase);
    g_hash_table_insert(progress->threads, g_thread_self(), thread);
  }
  thread->depth++;
  return thread->worker;
}

static void
leave(Progress *progress, const ProgressTask *task)
{
  Thread *thread = task->phase != PROGRESS_FETCH ? g_hash_table_lookup(progress->threads, g_thread_self()) : NULL;
  if (thread != NULL && --thread->depth > 0)
    return;
  task->worker->busy = FALSE;
  if (thread != NULL)
    g_hash_table_remove(progress->threads, g_thread_self());
}

/* ---- making and freeing ---- */

Progress *
progress_new(void)
{
  Progress *progress = g_new0(Progress, 1);
  g_mutex_init(&progress->lock);
  g_queue_init(&progress->tasks);
  progress->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
  progress->workers = g_ptr_array_new_with_free_func(worker_free);
  progress->threads = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  progress->state = (ProgressState){.phases = progress->phases, .tasks = &progress->tasks};
  /* this thread's worker is never idle, so that it keeps its place */
  Thread *thread = g_new0(Thread, 1);
  *thread = (Thread){.worker = new_worker(progress, PROGRESS_UNPACK), .depth = 1};
  thread->worker->busy = TRUE;
  g_hash_table_insert(progress->threads, g_thread_self(), thread);
  return progress;
}

void
progress_free(Progress *progress)
{
  g_array_unref(progress->listeners);
  g_ptr_array_unref(progress->workers);
  g_hash_table_unref(progress->threads);
  g_free(progress->recipe);
  g_mutex_clear(&progress->lock);
  g_free(progress);
}

/* ---- listeners ---- */

void
progress_listen(Progress *progress, EventListener listener, gpointer data)
{
  Listener added = {listener, data};
  g_mutex_lock(&progress->lock);
  g_array_append_val(progress->listeners, added);
  g_mutex_unlock(&progress->lock);
}

void
progress_ignore(Progress *progress, EventListener listener, gpointer data)
{
  g_mutex_lock(&progress->lock);
  for (guint i = progress->listeners->len; i-- > 0;) {
    const Listener *known = &g_array_index(progress->listeners, Listener, i);
    if (known->listener == listener && known->data == data)
      g_array_remove_index(progress->listeners, i);
  }
  g_mutex_unlock(&progress->lock);
}

void
progress_look(Progress *progress, void (*look)(const ProgressState *state, gpointer data), gpointer data)
{
  g_mutex_lock(&progress->lock);
  look(&progress->state, data);
  g_mutex_unlock(&progress->lock);
}

/* Called with the lock held. */
static void
tell(Progress *progress, Event event)
{
  event.state = &progress->state;
  for (guint i = 0; i < progress->listeners->len; i++) {
    const Listener *known = &g_array_index(progress->listeners, Listener, i);
    known->listener(&event, known->data);
  }
}

/* ---- tasks ---- */

/* Takes @subject. */
static ProgressTask *
begin_task(Progress *progress, ProgressPhase phase, char *subject, guint64 total, gboolean is_step)
{
  ProgressTask *task = g_new0(ProgressTask, 1);
  *task = (ProgressTask){.progress = progress, .phase = phase, .is_step = is_step, .subject = subject, .total = total};
  task->link.data = task;
  g_mutex_lock(&progress->lock);
  task->worker = enter(progress, phase);
  task->began = g_get_monotonic_time();
  ProgressTally *tally = &progress->phases[phase];
  tally->started += !is_step;
  tally->active++;
  tally->last_active = task->began;
  g_queue_push_tail_link(&progress->tasks, &task->link);
  tell(progress, (Event){.kind = EVENT_START, .time = task->began, .task = task});
  g_mutex_unlock(&progress->lock);
  return task;
}

ProgressTask *
progress_start(Progress *progress, ProgressPhase phase, const char *subject, guint64 total)
{
  return progress != NULL ? begin_task(progress, phase, source_escape(subject), total, FALSE) : NULL;
}

ProgressTask *
progress_step(ProgressTask *task, ProgressPhase phase, const char *subject)
{
  return task != NULL ? begin_task(task->progress, phase, g_strdup(subject != NULL ? subject : task->subject), 0, TRUE) : NULL;
}

static void
add_bytes(ProgressTask *task, guint64 bytes, gboolean resumed)
{
  if (task == NULL)
    return;
  g_mutex_lock(&task->progress->lock);
  ProgressTally *tally = &task->progress->phases[task->phase];
  task->done += bytes;
  tally->bytes += bytes;
  task->resumed += resumed ? bytes : 0;
  tally->resumed += resumed ? bytes : 0;
  g_mutex_unlock(&task->progress->lock);
}

void
progress_advance(ProgressTask *task, guint64 bytes)
{
  add_bytes(task, bytes, FALSE);
}

void
progress_resume(ProgressTask *task, guint64 bytes)
{
  add_bytes(task, bytes, TRUE);
}

void
progress_finish(ProgressTask *task, ProgressOutcome outcome)
{
  if (task == NULL)
    return;
  Progress *progress = task->progress;
  g_mutex_lock(&progress->lock);
  gint64 now = g_get_monotonic_time();
  ProgressTally *tally = &progress->phases[task->phase];
  tally->finished += !task->is_step;
  tally->active--;
  tally->last_active = now;
  task->outcome = outcome;
  g_queue_unlink(&progress->tasks, &task->link);
  leave(progress, task);
  tell(progress, (Event){.kind = EVENT_FINISH, .time = now, .task = task});
  g_mutex_unlock(&progress->lock);
  g_free(task->subject);
  g_free(task);
}

void
progress_expect(Progress *progress, ProgressPhase phase, guint tasks, guint64 bytes)
{
  if (progress == NULL)
    return;
  g_mutex_lock(&progress->lock);
  progress->phases[phase].expected += tasks;
  progress->phases[phase].expected_bytes += bytes;
  g_mutex_unlock(&progress->lock);
}

void
progress_cache(Progress *progress, ProgressCache cache, gboolean hit)
{
  if (progress == NULL)
    return;
  g_mutex_lock(&progress->lock);
  tell(progress, (Event){.kind = EVENT_CACHE, .time = g_get_monotonic_time(), .cache = cache, .hit = hit});
  g_mutex_unlock(&progress->lock);
}

/* ---- what rootfs tells ---- */

static void
watched_advance(guint64 bytes, gpointer data)
{
  progress_advance(data, bytes);
}

static gpointer
watched_begin(WatchStep step, gpointer data)
{
  return progress_step(data,
                       step == WATCH_COMPRESS ? PROGRESS_COMPRESS
                       : step == WATCH_HASH   ? PROGRESS_HASH
                                              : PROGRESS_STORE,
                       NULL);
}

static void
watched_end(gpointer begun, guint64 bytes)
{
  progress_advance(begun, bytes);
  progress_finish(begun, PROGRESS_MADE);
}

Watch
progress_watch(ProgressTask *task)
{
  return (Watch){watched_advance, watched_begin, watched_end, task};
}

/* ---- messages ---- */

static void
say(Progress *progress, EventKind kind, const char *text)
{
  g_mutex_lock(&progress->lock);
  tell(progress, (Event){.kind = kind, .time = g_get_monotonic_time(), .text = text});
  g_mutex_unlock(&progress->lock);
}

void
progress_note(Progress *progress, const char *format, ...)
{
  if (progress == NULL)
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  say(progress, EVENT_NOTE, text);
}

void
progress_warn(Progress *progress, const char *format, ...)
{
  if (progress == NULL)
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  say(progress, EVENT_WARNING, text);
}

void
progress_report(Progress *progress, const char *report)
{
  if (progress == NULL)
    return;
  g_autofree char *text = g_strdup(report);
  say(progress, EVENT_REPORT, g_strchomp(text));
}

void
progress_settle(Progress *progress)
{
  if (progress == NULL)
    return;
  g_mutex_lock(&progress->lock);
  tell(progress, (Event){.kind = EVENT_SETTLE, .time = g_get_monotonic_time()});
  g_mutex_unlock(&progress->lock);
}

/* ---- the build ---- */

void
progress_begin(Progress *progress, const char *recipe)
{
  if (progress == NULL)
    return;
  g_mutex_lock(&progress->lock);
  g_free(progress->recipe);
  progress->recipe = source_escape(recipe);
  memset(progress->phases, 0, sizeof progress->phases);
  progress->state.recipe = progress->recipe;
  progress->state.began = g_get_monotonic_time();
  tell(progress, (Event){.kind = EVENT_BEGIN, .time = progress->state.began});
  g_mutex_unlock(&progress->lock);
}

void
progress_end(Progress *progress, const ProgressSummary *summary)
{
  if (progress == NULL)
    return;
  ProgressSummary whole = *summary;
  g_mutex_lock(&progress->lock);
  gint64 now = g_get_monotonic_time();
  const ProgressTally *fetched = &progress->phases[PROGRESS_FETCH];
  whole.microseconds = now - progress->state.began;
  whole.fetched_bytes = fetched->bytes - fetched->resumed;
  tell(progress, (Event){.kind = EVENT_END, .time = now, .summary = &whole});
  progress->state.recipe = NULL;
  g_mutex_unlock(&progress->lock);
}
