/* SPDX-License-Identifier: Apache-2.0
 *
 * What a step prints: told line by line while it runs, kept to be shown when it fails. Secrets are struck out before anybody sees
 * them.
 */
#ifndef ASHLAR_STEPS_STEP_LOG_H
#define ASHLAR_STEPS_STEP_LOG_H

#include "builder/progress/progress.h"
#include "rootfs/store.h"

/* Of more the beginning is forgotten; a longer line is cut. */
#define STEP_LOG_MAX (16 << 20)
#define STEP_LOG_LINE_MAX (64 << 10)
/* Lines shown of a step that failed. */
#define STEP_LOG_LINES 20

typedef struct StepLog StepLog;
/* @hidden: texts (char *, borrowed) that are struck out. With @live each line is told. */
StepLog *step_log_new(Progress *progress, const char *name, gboolean live, const GPtrArray *hidden);
void step_log_free(StepLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StepLog, step_log_free)

/* Adds what was printed; @log is the StepLog (see SandboxStep.output). */
void step_log_add(const char *data, gsize size, gboolean is_error, gpointer log);
/* No more comes: a line without an end is one too. */
void step_log_end(StepLog *log);
/* The last lines, each behind two spaces (transfer full); "" where nothing was printed. */
char *step_log_tail(const StepLog *log);
/* The same up to the first line that begins with @beginning, but the first of all; where there is none, the last lines. */
char *step_log_until(const StepLog *log, const char *beginning);
/* All of it becomes a blob of @store: the file's path (transfer full), or NULL where that cannot be, or nothing was printed. */
char *step_log_keep(const StepLog *log, Store *store);

#endif
