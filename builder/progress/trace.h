/* SPDX-License-Identifier: Apache-2.0
 *
 * A build as a timeline, in Chrome's Trace Event Format (the JSON object form), for Perfetto, about:tracing and `ashlar report`.
 * A listener to the stream of events.
 *
 *   "X"  a complete event for each build, task and step: "ts" and "dur" in microseconds since the trace began, "pid" 1, "tid"
 *        the worker's number. Events of one "tid" nest or do not overlap. "cat" is the phase ("build" for a whole build),
 *        "name" the phase and what was worked on; "args" has "subject", "bytes" (worked on, where that is known) and
 *        "outcome" ("made", "resumed", "reused", "failed")
 *   "M"  process_name, and thread_name and thread_sort_index of each worker
 *
 * Events stand in the order they began, the longer first. The file appears whole, and of a build that failed or was interrupted
 * it holds what there was.
 */
#ifndef ASHLAR_PROGRESS_TRACE_H
#define ASHLAR_PROGRESS_TRACE_H

#include "builder/progress/progress.h"

typedef struct Trace Trace;
/* Listens to @progress (borrowed; it must outlive the trace). Whether @path can be written is known from here on. */
Trace *trace_new(Progress *progress, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes what was heard; once. */
gboolean trace_save(Trace *trace, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void trace_free(Trace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trace, trace_free)

#endif
