/* SPDX-License-Identifier: Apache-2.0
 *
 * Progress events, shown on stderr: a live display on a terminal, plain lines elsewhere, one JSON object per event for
 * machines, or nothing. Passed in to whatever takes long; NULL is allowed everywhere and means silence. All calls are
 * thread-safe.
 */
#ifndef ASHLAR_ENGINE_PROGRESS_H
#define ASHLAR_ENGINE_PROGRESS_H

#include <glib.h>

typedef enum {
  PROGRESS_AUTO, /* live on a terminal that can, unless $CI is set; else plain */
  PROGRESS_LIVE,
  PROGRESS_PLAIN,
  PROGRESS_JSON,
  PROGRESS_QUIET, /* warnings only */
} ProgressMode;

gboolean progress_mode_parse(const char *name, ProgressMode *out);

typedef struct Progress Progress;
/* Writes to descriptor @fd (borrowed; 2 but in tests). */
Progress *progress_new(ProgressMode mode, int fd);
void progress_free(Progress *progress); /* ends the live display */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)

/* A phase is a word: "resolve", "fetch", "unpack", "layer", "image", "sign". A task is one thing within it; @total is in
 * bytes, 0 where it is not known. */
typedef struct ProgressTask ProgressTask;
ProgressTask *progress_start(Progress *progress, const char *phase, const char *subject, guint64 total);
void progress_advance(ProgressTask *task, guint64 bytes);
/* Ends the task and frees it. @note (or NULL) is told behind it: "reused", "1.2 MiB". */
void progress_finish(ProgressTask *task, const char *note);
/* The task was given up (an error is told elsewhere). */
void progress_abandon(ProgressTask *task);
/* How many tasks of @phase there will be, for "3/17"; may be called again. */
void progress_expect(Progress *progress, const char *phase, guint tasks, guint64 bytes);

/* A line for people: what was decided, what moved. No newline at its end. */
void progress_note(Progress *progress, const char *format, ...) G_GNUC_PRINTF(2, 3);
void progress_warn(Progress *progress, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Warnings that are laid out already (a recipe's, with their places), shown as they stand in every mode. */
void progress_report(Progress *progress, const char *report);

#endif
