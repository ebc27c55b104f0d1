/* SPDX-License-Identifier: Apache-2.0
 *
 * A block of lines at the bottom of the terminal, kept up to date without flicker: each change is one write, in which lines are
 * written over what was there and only the rest of a line, or lines that are no longer there, are erased. Where the terminal
 * became narrower since, the wrapped remains of the lines are reckoned with. The cursor is hidden as long as there is a block.
 * It knows nothing of events; it is given what to show. Not thread-safe.
 */
#ifndef ASHLAR_PROGRESS_LIVE_H
#define ASHLAR_PROGRESS_LIVE_H

#include <glib.h>

typedef struct {
  guint columns, rows;
} LiveSize;

typedef struct Live Live;
/* Writes to descriptor @fd (borrowed). */
Live *live_new(int fd);
void live_free(Live *live); /* wipes the block */

/* The terminal's present size. The last column and the last row are not for the block: terminals differ in whether writing the
 * one wraps, and in the other the cursor stands. */
LiveSize live_size(const Live *live);
/* Lines of text, each no wider than the terminal; escape sequences for colour may be in them. */
void live_paint(Live *live, const GPtrArray *lines);
/* Writes @text (whole lines; the last newline is added) where the block began, and the block below it. */
void live_print(Live *live, const char *text);
/* Takes the block off the screen and shows the cursor. */
void live_wipe(Live *live);
/* Something else was written to the terminal: what was painted is no longer where it was. */
void live_forget(Live *live);

#endif
