/* SPDX-License-Identifier: Apache-2.0
 *
 * Signals are blocked in every thread and awaited in one, so no handler ever runs.
 *
 *   SIGINT, SIGTERM, SIGHUP   the first cancels; what was under way ends cleanly. A second one, or some seconds without an end,
 *                             ends the program where it stands (status 130): every file it writes is whole or not there
 *   SIGTSTP, SIGCONT          Ctrl-Z stops the program with the live display off the screen; it comes back with the program
 */
#ifndef ASHLAR_BUILDER_SIGNALS_H
#define ASHLAR_BUILDER_SIGNALS_H

#include "builder/progress/display.h"

#define SIGNALS_EXIT_STATUS 130

typedef struct Signals Signals;
/* To be called before the first thread is started, once. Lives as long as the program. */
Signals *signals_watch(GCancellable *cancellable);
/* The display to be taken off and put back; NULL before it is freed. */
void signals_set_display(Signals *signals, Display *display);

#endif
