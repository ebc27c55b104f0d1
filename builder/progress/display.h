/* SPDX-License-Identifier: Apache-2.0
 *
 * What people (or machines) see of a build on stderr: a live display on a terminal, plain lines elsewhere, one JSON object an
 * event (see event_json.h), or warnings alone; and at the end of a build a summary of two lines. A listener to the stream.
 */
#ifndef ASHLAR_PROGRESS_DISPLAY_H
#define ASHLAR_PROGRESS_DISPLAY_H

#include "builder/progress/progress.h"
#include <gio/gio.h>

typedef enum {
  DISPLAY_AUTO, /* live on a terminal that can, unless $CI is set; else plain */
  DISPLAY_LIVE,
  DISPLAY_PLAIN,
  DISPLAY_JSON,
  DISPLAY_QUIET, /* warnings only */
} DisplayMode;

gboolean display_mode_parse(const char *name, DisplayMode *out);

#define DISPLAY_INTERVAL_MS 100

typedef struct Display Display;
/* Shows what @progress (borrowed; it must outlive the display) tells, on descriptor @fd (borrowed; 2 but in tests). The live
 * display starts with the first task, and ends for good, leaving a clean screen, when @cancellable (or NULL) is cancelled. */
Display *display_new(Progress *progress, DisplayMode mode, int fd, GCancellable *cancellable);
void display_free(Display *display);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Display, display_free)

/* The program is about to be stopped (Ctrl-Z): takes the live display off the screen, until display_resume. */
void display_suspend(Display *display);
/* It goes on, and whatever is on the screen now was written by others. */
void display_resume(Display *display);

#endif
