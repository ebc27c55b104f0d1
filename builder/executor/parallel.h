/* SPDX-License-Identifier: Apache-2.0
 *
 * Big things side by side: recipes, images, architectures, each of which mostly waits for jobs of the executor's, for the network or
 * for the disk. (What works the processor is a job: see executor.h.)
 */
#ifndef ASHLAR_EXECUTOR_PARALLEL_H
#define ASHLAR_EXECUTOR_PARALLEL_H

#include <glib.h>

typedef void (*ParallelWork)(guint i, gpointer data);

/* Calls @work for 0 to @n - 1, each once, begun in this order, at most @most at once: in the caller's thread, and in others as far as
 * there is more than one. Returns when all have returned. */
void parallel_run(guint n, guint most, ParallelWork work, gpointer data);

/* As many as is reasonable where each needs a core and much memory now and then: one a processor, but no less than 2, so that
 * one may wait. */
guint parallel_width(void);

/* Between these, a thread works on one thing that takes much memory: no more than parallel_width of them do at once, in the whole
 * process; the others wait. They do not nest. */
void parallel_enter(void);
void parallel_leave(void);

#endif
