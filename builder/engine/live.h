/* SPDX-License-Identifier: Apache-2.0
 *
 * The live display: a block of lines at the bottom of the terminal, one for each phase under way and some for what it works
 * on, painted over in place. It knows nothing of events; it is given what to show. Not thread-safe: Progress calls it locked.
 */
#ifndef ASHLAR_ENGINE_LIVE_H
#define ASHLAR_ENGINE_LIVE_H

#include <glib.h>

#define LIVE_INTERVAL_MS 100
/* Lines of tasks below the lines of phases. */
#define LIVE_MAX_TASKS 6

typedef struct {
  const char *text;    /* what it works on: "unpack libc6 2.36-9" */
  guint64 done, total; /* bytes; total 0: not known */
  gboolean is_phase;
} LiveLine;

typedef struct Live Live;
Live *live_new(int fd);
void live_free(Live *live); /* wipes the block */

/* Paints @lines over the block that was painted before, each cut to the terminal's present width. */
void live_paint(Live *live, const LiveLine *lines, guint n);
/* Wipes the block, so that a line of text can be written where it began. */
void live_wipe(Live *live);

#endif
