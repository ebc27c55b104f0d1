/* SPDX-License-Identifier: Apache-2.0
 *
 * Progress: the one stream of events of a build, as those see it who do the work. It is passed in to whatever takes long, and
 * NULL is allowed everywhere and means silence. All calls are thread-safe and cheap: nothing is searched, and nothing is
 * written unless somebody listens (see events.h: the display, the trace, the metrics).
 *
 *   ProgressTask *task = progress_start(progress, PROGRESS_FETCH, "nginx 1.22.1-9", size);
 *   progress_advance(task, bytes) ...
 *   progress_finish(task, PROGRESS_MADE)
 *
 * A task is one thing that is worked on, a step a stretch of work within it (one frame that is compressed). Who works is told
 * by the thread: within one thread tasks and steps nest. Only transfers, of which one thread does many at once, do not.
 */
#ifndef ASHLAR_PROGRESS_PROGRESS_H
#define ASHLAR_PROGRESS_PROGRESS_H

#include "rootfs/watch.h"
#include <glib.h>

typedef enum {
  PROGRESS_RESOLVE,  /* Release files, indexes, solving */
  PROGRESS_FETCH,    /* files from mirrors */
  PROGRESS_UNPACK,   /* a .deb into a pack */
  PROGRESS_COMPRESS, /* step: a frame of a pack */
  PROGRESS_MERGE,    /* packs into a tree, users, databases */
  PROGRESS_LAY,      /* a tree into files for programs to run in */
  PROGRESS_RUN,      /* a step */
  PROGRESS_TEST,     /* a test of the image that runs a program */
  PROGRESS_SPLICE,   /* packs into a layer */
  PROGRESS_HASH,     /* step: the uncompressed bytes of a layer */
  PROGRESS_STORE,    /* step: the compressed bytes of a layer, hashed and written into the store */
  PROGRESS_SIGN,
  PROGRESS_WRITE, /* an output */
} ProgressPhase;
#define PROGRESS_N_PHASES (PROGRESS_WRITE + 1)
/* "fetch". */
const char *progress_phase_name(ProgressPhase phase);

typedef enum {
  PROGRESS_MADE,
  PROGRESS_RESUMED, /* made, but part of it was there from an earlier run */
  PROGRESS_REUSED,  /* it was there */
  PROGRESS_FAILED,  /* given up; why is told elsewhere */
} ProgressOutcome;

/* What the store may remember from an earlier run. */
typedef enum {
  PROGRESS_CACHE_PACK,
  PROGRESS_CACHE_STEP,
  PROGRESS_CACHE_STAGE,
  PROGRESS_CACHE_LAYER,
  PROGRESS_CACHE_IMAGE,
  PROGRESS_CACHE_OUTPUT,
} ProgressCache;
#define PROGRESS_N_CACHES (PROGRESS_CACHE_OUTPUT + 1)
const char *progress_cache_name(ProgressCache cache);

typedef struct Progress Progress;
Progress *progress_new(void);
void progress_free(Progress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)

/* ---- tasks ---- */

typedef struct ProgressTask ProgressTask;
/* @total is in bytes, 0 where it is not known. */
ProgressTask *progress_start(Progress *progress, ProgressPhase phase, const char *subject, guint64 total);
void progress_advance(ProgressTask *task, guint64 bytes);
/* The first @bytes of it are there from an earlier run. */
void progress_resume(ProgressTask *task, guint64 bytes);
/* Ends the task and frees it. */
void progress_finish(ProgressTask *task, ProgressOutcome outcome);
/* How many tasks of @phase there will be besides, and of how many bytes in all. */
void progress_expect(Progress *progress, ProgressPhase phase, guint tasks, guint64 bytes);

/* A step within @task, which may be another thread's; ended by progress_finish before @task is. @subject NULL: as @task's. */
ProgressTask *progress_step(ProgressTask *task, ProgressPhase phase, const char *subject);
/* What rootfs tells of its work goes to @task (see rootfs/watch.h). */
Watch progress_watch(ProgressTask *task);

/* One look into the store's memory. */
void progress_cache(Progress *progress, ProgressCache cache, gboolean hit);

/* ---- messages ---- */

/* A line for people: what was decided, what moved. No newline at its end. */
void progress_note(Progress *progress, const char *format, ...) G_GNUC_PRINTF(2, 3);
void progress_warn(Progress *progress, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Warnings that are laid out already (a recipe's, with their places), shown as they stand by every display. */
void progress_report(Progress *progress, const char *report);

/* Nothing is under way for now, and results are about to be printed: a live display leaves the screen to them. */
void progress_settle(Progress *progress);

/* ---- the build ---- */

/* How the build of one recipe ended. */
typedef struct {
  gboolean success;
  gboolean unchanged; /* the outputs were there, as they should be */
  const char *title;  /* "web 1.0"; NULL where the recipe could not be read */
  const char *path;   /* of the first output; escaped */
  const char *image;  /* digest of the image in it */
  guint tests;        /* all of them passed */
  guint outputs, packages, new_layers, reused_layers;
  guint64 new_bytes, reused_bytes; /* of layers: what the store did not have, and what it had */
  guint64 written_bytes;           /* of output files */
  /* filled in by progress_end */
  guint64 fetched_bytes;
  gint64 microseconds;
} ProgressSummary;

/* All that follows, up to progress_end, belongs to the recipe @recipe (as it was named by the user). The end settles, too. */
void progress_begin(Progress *progress, const char *recipe);
void progress_end(Progress *progress, const ProgressSummary *summary);

/* Several builds at once: each is told to a branch, whose events are those of @progress (borrowed). NULL for NULL. */
Progress *progress_branch(Progress *progress);
/* The build's work is done, in the thread in which it began; progress_end, where it is to be told, may follow later. */
void progress_stop(Progress *progress);

#endif
