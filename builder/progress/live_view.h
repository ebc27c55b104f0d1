/* SPDX-License-Identifier: Apache-2.0
 *
 * What the live display shows: a line for the build, one for each phase under way (how many of how many, how far, how fast,
 * how long still) and below it what is worked on, laid out for the terminal's size. What there is no room for is left out, from
 * the least important on. Rates are smoothed over a few seconds.
 */
#ifndef ASHLAR_PROGRESS_LIVE_VIEW_H
#define ASHLAR_PROGRESS_LIVE_VIEW_H

#include "builder/progress/events.h"
#include "builder/progress/live.h"

typedef struct LiveView LiveView;
LiveView *live_view_new(gboolean color);
void live_view_free(LiveView *view);

/* Takes in how far the work has come at @now (as g_get_monotonic_time has it); to be called regularly. */
void live_view_update(LiveView *view, const ProgressState *state, gint64 now);
/* The lines (char*, transfer full), each narrower than the terminal and all together lower. */
GPtrArray *live_view_lines(const LiveView *view, const ProgressState *state, LiveSize size, gint64 now);

/* Seconds as "0:07", "12:34", "1:02:03" (transfer full). */
char *live_view_duration(gint64 seconds);

#endif
