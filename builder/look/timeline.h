/* SPDX-License-Identifier: Apache-2.0
 *
 * A build's trace, read back to be drawn: a file in the Chrome trace format ("Trace Event Format"; an object with traceEvents,
 * or their array alone) as `ashlar build --trace` writes it, or another program. Of its events the complete ones ("X") are
 * taken, and the names of threads; others are passed over. The file is foreign: its size and what it holds are bounded.
 */
#ifndef ASHLAR_LOOK_TIMELINE_H
#define ASHLAR_LOOK_TIMELINE_H

#include <glib.h>

#define TIMELINE_FILE_MAX (32 << 20)
#define TIMELINE_TRACKS_MAX 1024
/* Spans that overlap in one track lie below each other, in so many rows at the most. */
#define TIMELINE_ROWS_MAX 12

/* Something that took its time. */
typedef struct {
  char *name;
  char *category; /* or NULL */
  char *detail;   /* "bytes 1024, package libc6": the event's arguments, or NULL */
  gint64 start;   /* microseconds since the timeline's beginning */
  gint64 duration;
  guint track, row;
} TimelineSpan;

/* A thread (tid) of a process (pid). */
typedef struct {
  gint64 process, thread;
  char *name;
  guint rows;  /* at least 1 */
  gint64 busy; /* microseconds in which at least one of its spans ran */
} TimelineTrack;

typedef struct {
  GPtrArray *tracks; /* TimelineTrack*, by process and thread */
  GPtrArray *spans;  /* TimelineSpan*, by track, then start; of those that start together the longest first */
  gint64 length;     /* from the first start to the last end; at least 1 */
} Timeline;

/* ASHLAR_ERROR_INVALID says what is wrong, and with which event, where @path is no trace. */
Timeline *timeline_read(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void timeline_free(Timeline *timeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Timeline, timeline_free)

#endif
