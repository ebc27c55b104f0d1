/* SPDX-License-Identifier: Apache-2.0
 *
 * The stream of events as its listeners see it. A listener is called in the thread in which something happened, with the
 * stream locked: one event at a time, in order of their times. What an event points to is valid during the call. A listener
 * may not tell the stream anything.
 */
#ifndef ASHLAR_PROGRESS_EVENTS_H
#define ASHLAR_PROGRESS_EVENTS_H

#include "builder/progress/progress.h"

/* A track on which tasks nest and never overlap. Threads come and go; a worker is taken by whoever begins to work and
 * becomes free when that ends. The first one is the thread that made the stream. */
typedef struct {
  guint number; /* from 0, in order of appearance */
  char *name;   /* "main", "worker 2", "connection 1" */
  ProgressPhase kind;
  gboolean busy;
} ProgressWorker;

struct ProgressTask {
  Progress *progress;
  ProgressPhase phase;
  gboolean is_step;
  char *subject; /* escaped: fit for a terminal */
  guint64 total; /* bytes; 0: not known */
  guint64 done;  /* of them, resumed ones among them */
  guint64 resumed;
  gint64 began; /* as g_get_monotonic_time has it */
  ProgressOutcome outcome;
  ProgressWorker *worker;
  GList link; /* among those under way */
};

typedef struct {
  guint expected, started, finished, active; /* tasks; steps are active only */
  guint64 expected_bytes;
  guint64 bytes, resumed; /* done so far, and how many of them were there before */
  gint64 last_active;     /* when a task or step of it was last begun or ended */
} ProgressTally;

typedef struct {
  const char *recipe;          /* NULL outside a build; of several "web.yaml and 2 more"; escaped */
  gint64 began;                /* of the first */
  const ProgressTally *phases; /* PROGRESS_N_PHASES */
  const GQueue *tasks;         /* ProgressTask* under way, steps too, the oldest first */
} ProgressState;

typedef enum {
  EVENT_BEGIN,
  EVENT_END,    /* summary; the time is when its work was done, which of several builds may be some while ago */
  EVENT_START,  /* task; a step's too */
  EVENT_FINISH, /* task */
  EVENT_CACHE,  /* cache, hit */
  EVENT_SETTLE, /* the screen is for results now, until a task starts */
  EVENT_NOTE,   /* text */
  EVENT_WARNING,
  EVENT_REPORT, /* text: warnings laid out already */
} EventKind;

typedef struct {
  EventKind kind;
  gint64 time; /* as g_get_monotonic_time has it */
  const ProgressState *state;
  const char *recipe; /* whose build it belongs to, and when that began; NULL: none */
  gint64 began;
  const ProgressWorker *worker; /* of an end: on which the build was */
  const ProgressTask *task;
  const ProgressSummary *summary;
  const char *text; /* as it came: not escaped, maybe no UTF-8 */
  ProgressCache cache;
  gboolean hit;
} Event;

typedef void (*EventListener)(const Event *event, gpointer data);
/* From now on, until the stream is freed or silenced. */
void progress_listen(Progress *progress, EventListener listener, gpointer data);
void progress_ignore(Progress *progress, EventListener listener, gpointer data);

/* Calls @look, with the stream locked, with what is under way. */
void progress_look(Progress *progress, void (*look)(const ProgressState *state, gpointer data), gpointer data);

#endif
