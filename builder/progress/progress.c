/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/events.h"
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

/* The stream itself, or a branch of it: then all but what is of its build is the root's. */
struct Progress {
  Progress *root;
  char *recipe;           /* the build's; escaped */
  gint64 began, ended;    /* ended: 0 as long as it goes on */
  guint64 fetched;        /* bytes */
  ProgressWorker *worker; /* of the thread that it began in */

  GMutex lock;
  GArray *listeners;   /* Listener */
  GPtrArray *building; /* Progress*: of the builds under way, in the order they began */
  char *head;          /* what they are called together */
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
  static const char *const names[] = {"pack", "step", "stage", "layer", "image", "output"};
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
leave(Progress *progress, ProgressPhase phase, ProgressWorker *worker)
{
  Thread *thread = phase != PROGRESS_FETCH ? g_hash_table_lookup(progress->threads, g_thread_self()) : NULL;
  if (thread != NULL && --thread->depth > 0)
    return;
  worker->busy = FALSE;
  if (thread != NULL)
    g_hash_table_remove(progress->threads, g_thread_self());
}

/* ---- making and freeing ---- */

Progress *
progress_new(void)
{
  Progress *progress = g_new0(Progress, 1);
  progress->root = progress;
  g_mutex_init(&progress->lock);
  g_queue_init(&progress->tasks);
  progress->building = g_ptr_array_new();
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

Progress *
progress_branch(Progress *progress)
{
  if (progress == NULL)
    return NULL;
  Progress *branch = g_new0(Progress, 1);
  branch->root = progress->root;
  return branch;
}

void
progress_free(Progress *progress)
{
  if (progress->root == progress) {
    g_array_unref(progress->listeners);
    g_ptr_array_unref(progress->building);
    g_ptr_array_unref(progress->workers);
    g_hash_table_unref(progress->threads);
    g_free(progress->head);
    g_mutex_clear(&progress->lock);
  }
  g_free(progress->recipe);
  g_free(progress);
}

/* ---- listeners ---- */

void
progress_listen(Progress *progress, EventListener listener, gpointer data)
{
  Progress *root = progress->root;
  Listener added = {listener, data};
  g_mutex_lock(&root->lock);
  g_array_append_val(root->listeners, added);
  g_mutex_unlock(&root->lock);
}

void
progress_ignore(Progress *progress, EventListener listener, gpointer data)
{
  Progress *root = progress->root;
  g_mutex_lock(&root->lock);
  for (guint i = root->listeners->len; i-- > 0;) {
    const Listener *known = &g_array_index(root->listeners, Listener, i);
    if (known->listener == listener && known->data == data)
      g_array_remove_index(root->listeners, i);
  }
  g_mutex_unlock(&root->lock);
}

void
progress_look(Progress *progress, void (*look)(const ProgressState *state, gpointer data), gpointer data)
{
  Progress *root = progress->root;
  g_mutex_lock(&root->lock);
  look(&root->state, data);
  g_mutex_unlock(&root->lock);
}

/* Called with the lock held. */
static void
tell(const Progress *progress, Event event)
{
  const Progress *root = progress->root;
  event.state = &root->state;
  event.recipe = progress->recipe;
  event.began = progress->began;
  for (guint i = 0; i < root->listeners->len; i++) {
    const Listener *known = &g_array_index(root->listeners, Listener, i);
    known->listener(&event, known->data);
  }
}

/* ---- tasks ---- */

/* Takes @subject. */
static ProgressTask *
begin_task(Progress *progress, ProgressPhase phase, char *subject, guint64 total, gboolean is_step)
{
  Progress *root = progress->root;
  ProgressTask *task = g_new0(ProgressTask, 1);
  *task = (ProgressTask){.progress = progress, .phase = phase, .is_step = is_step, .subject = subject, .total = total};
  task->link.data = task;
  g_mutex_lock(&root->lock);
  task->worker = enter(root, phase);
  task->began = g_get_monotonic_time();
  ProgressTally *tally = &root->phases[phase];
  tally->started += !is_step;
  tally->active++;
  tally->last_active = task->began;
  g_queue_push_tail_link(&root->tasks, &task->link);
  tell(progress, (Event){.kind = EVENT_START, .time = task->began, .task = task});
  g_mutex_unlock(&root->lock);
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
  Progress *root = task->progress->root;
  g_mutex_lock(&root->lock);
  ProgressTally *tally = &root->phases[task->phase];
  task->done += bytes;
  tally->bytes += bytes;
  task->resumed += resumed ? bytes : 0;
  tally->resumed += resumed ? bytes : 0;
  task->progress->fetched += task->phase == PROGRESS_FETCH && !resumed ? bytes : 0;
  g_mutex_unlock(&root->lock);
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
  Progress *root = task->progress->root;
  g_mutex_lock(&root->lock);
  gint64 now = g_get_monotonic_time();
  ProgressTally *tally = &root->phases[task->phase];
  tally->finished += !task->is_step;
  tally->active--;
  tally->last_active = now;
  task->outcome = outcome;
  g_queue_unlink(&root->tasks, &task->link);
  leave(root, task->phase, task->worker);
  tell(task->progress, (Event){.kind = EVENT_FINISH, .time = now, .task = task});
  g_mutex_unlock(&root->lock);
  g_free(task->subject);
  g_free(task);
}

void
progress_expect(Progress *progress, ProgressPhase phase, guint tasks, guint64 bytes)
{
  if (progress == NULL)
    return;
  Progress *root = progress->root;
  g_mutex_lock(&root->lock);
  root->phases[phase].expected += tasks;
  root->phases[phase].expected_bytes += bytes;
  g_mutex_unlock(&root->lock);
}

/* Tells @event, of now. */
static void
tell_now(Progress *progress, Event event)
{
  if (progress == NULL)
    return;
  g_mutex_lock(&progress->root->lock);
  event.time = g_get_monotonic_time();
  tell(progress, event);
  g_mutex_unlock(&progress->root->lock);
}

void
progress_cache(Progress *progress, ProgressCache cache, gboolean hit)
{
  tell_now(progress, (Event){.kind = EVENT_CACHE, .cache = cache, .hit = hit});
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

void
progress_note(Progress *progress, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  tell_now(progress, (Event){.kind = EVENT_NOTE, .text = text});
}

void
progress_warn(Progress *progress, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  tell_now(progress, (Event){.kind = EVENT_WARNING, .text = text});
}

void
progress_report(Progress *progress, const char *report)
{
  g_autofree char *text = g_strchomp(g_strdup(report));
  tell_now(progress, (Event){.kind = EVENT_REPORT, .text = text});
}

void
progress_settle(Progress *progress)
{
  tell_now(progress, (Event){.kind = EVENT_SETTLE});
}

/* ---- the build ---- */

/* What a display calls all that is being built. */
static void
set_head(Progress *root)
{
  const Progress *first = root->building->len > 0 ? root->building->pdata[0] : NULL;
  g_free(root->head);
  root->head = first == NULL              ? NULL
               : root->building->len == 1 ? g_strdup(first->recipe)
                                          : g_strdup_printf("%s and %u more", first->recipe, root->building->len - 1);
  root->state.recipe = root->head;
  if (first != NULL)
    root->state.began = first->began;
}

void
progress_begin(Progress *progress, const char *recipe)
{
  if (progress == NULL)
    return;
  Progress *root = progress->root;
  g_mutex_lock(&root->lock);
  if (root->building->len == 0)
    memset(root->phases, 0, sizeof root->phases);
  g_free(progress->recipe);
  progress->recipe = source_escape(recipe);
  progress->began = g_get_monotonic_time();
  progress->ended = 0;
  progress->fetched = 0;
  progress->worker = enter(root, PROGRESS_UNPACK);
  g_ptr_array_add(root->building, progress);
  set_head(root);
  tell(progress, (Event){.kind = EVENT_BEGIN, .time = progress->began});
  g_mutex_unlock(&root->lock);
}

/* Called with the lock held. */
static void
stop(Progress *progress)
{
  Progress *root = progress->root;
  if (progress->ended != 0)
    return;
  progress->ended = g_get_monotonic_time();
  leave(root, PROGRESS_UNPACK, progress->worker);
  g_ptr_array_remove(root->building, progress);
  set_head(root);
}

void
progress_stop(Progress *progress)
{
  if (progress == NULL)
    return;
  g_mutex_lock(&progress->root->lock);
  stop(progress);
  g_mutex_unlock(&progress->root->lock);
}

void
progress_end(Progress *progress, const ProgressSummary *summary)
{
  if (progress == NULL)
    return;
  ProgressSummary whole = *summary;
  g_mutex_lock(&progress->root->lock);
  stop(progress);
  whole.microseconds = progress->ended - progress->began;
  whole.fetched_bytes = progress->fetched;
  tell(progress, (Event){.kind = EVENT_END, .time = progress->ended, .summary = &whole, .worker = progress->worker});
  g_clear_pointer(&progress->recipe, g_free);
  g_mutex_unlock(&progress->root->lock);
}
