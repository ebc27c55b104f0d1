/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/display.h"
#include "builder/progress/event_json.h"
#include "builder/progress/live_view.h"
#include "builder/recipe/source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct Display {
  Progress *progress;
  DisplayMode mode; /* never AUTO */
  int fd;
  gint64 began;
  GCancellable *cancellable;
  gulong cancelled_handler;
  GThread *painter; /* from the first task on; started with the stream locked */
  LiveView *view;   /* the painter's */

  /* Under the lock below, which is taken after the stream's and never before it. */
  GMutex lock;
  GCond stop;
  Live *live;
  gboolean stopping;  /* the painter shall end */
  gboolean suspended; /* nothing is painted */
  gboolean settled;   /* the same, until a task starts */
};

gboolean
display_mode_parse(const char *name, DisplayMode *out)
{
  static const char *const names[] = {"auto", "live", "plain", "json", "quiet"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(name, names[i]) == 0) {
      *out = (DisplayMode)i;
      return TRUE;
    }
  return FALSE;
}

static DisplayMode
choose_mode(int fd)
{
  const char *ci = g_getenv("CI"), *terminal = g_getenv("TERM");
  gboolean in_ci = ci != NULL && *ci != '\0' && strcmp(ci, "false") != 0;
  gboolean dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
  return isatty(fd) && !in_ci && !dumb ? DISPLAY_LIVE : DISPLAY_PLAIN;
}

/* ---- the live display ---- */

typedef struct {
  Display *display;
  LiveSize size;
  GPtrArray *lines;
} Frame;

/* Called with the stream locked. */
static void
compose(const ProgressState *state, gpointer data)
{
  Frame *frame = data;
  gint64 now = g_get_monotonic_time();
  live_view_update(frame->display->view, state, now);
  frame->lines = live_view_lines(frame->display->view, state, frame->size, now);
}

/* A terminal that another program has in the foreground is not ours to paint on. */
static gboolean
in_background(int fd)
{
  pid_t foreground = tcgetpgrp(fd);
  return foreground >= 0 && foreground != getpgrp();
}

static void
paint(Display *display)
{
  Frame frame = {.display = display, .size = live_size(display->live)};
  progress_look(display->progress, compose, &frame);
  g_mutex_lock(&display->lock);
  if (!display->stopping && !display->suspended && !display->settled && !in_background(display->fd))
    live_paint(display->live, frame.lines);
  g_mutex_unlock(&display->lock);
  g_ptr_array_unref(frame.lines);
}

static gpointer
paint_regularly(gpointer data)
{
  Display *display = data;
  g_mutex_lock(&display->lock);
  while (!display->stopping) {
    gint64 next = g_get_monotonic_time() + DISPLAY_INTERVAL_MS * G_TIME_SPAN_MILLISECOND;
    while (!display->stopping && g_cond_wait_until(&display->stop, &display->lock, next))
      continue;
    g_mutex_unlock(&display->lock);
    paint(display);
    g_mutex_lock(&display->lock);
  }
  g_mutex_unlock(&display->lock);
  return NULL;
}

/* Ends the painting for good. The screen is clean when this returns. */
static void
stop_painting(Display *display)
{
  g_mutex_lock(&display->lock);
  display->stopping = TRUE;
  live_wipe(display->live);
  g_cond_broadcast(&display->stop);
  g_mutex_unlock(&display->lock);
}

static void
stop_when_cancelled(GCancellable *cancellable, gpointer data)
{
  stop_painting(data);
}

/* A task starts, or results are about to be printed: with the block on the screen they would stand in the middle of it. */
static void
set_settled(Display *display, gboolean settled)
{
  g_mutex_lock(&display->lock);
  display->settled = settled;
  if (settled)
    live_wipe(display->live);
  g_mutex_unlock(&display->lock);
}

void
display_suspend(Display *display)
{
  if (display->live == NULL)
    return;
  g_mutex_lock(&display->lock);
  display->suspended = TRUE;
  live_wipe(display->live);
  g_mutex_unlock(&display->lock);
}

void
display_resume(Display *display)
{
  if (display->live == NULL)
    return;
  g_mutex_lock(&display->lock);
  display->suspended = FALSE;
  live_forget(display->live);
  g_mutex_unlock(&display->lock);
}

/* ---- lines ---- */

static void
write_line(Display *display, const char *line)
{
  g_mutex_lock(&display->lock);
  if (display->live != NULL) {
    live_print(display->live, line);
  } else {
    g_autofree char *text = g_strconcat(line, "\n", NULL);
    /* where the messages go nowhere, the work goes on */
    gssize ignored = write(display->fd, text, strlen(text));
    (void)ignored;
  }
  g_mutex_unlock(&display->lock);
}

static void
write_json(Display *display, const Event *event)
{
  json_t *json = event_json(event, display->began);
  if (json == NULL)
    return;
  g_autofree char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12));
  json_decref(json);
  if (text != NULL)
    write_line(display, text);
}

/* "fetch    3/17 nginx 1.22.1-9: 540 kB, resumed" */
static void
write_finished(Display *display, const Event *event)
{
  const ProgressTask *task = event->task;
  const ProgressTally *tally = &event->state->phases[task->phase];
  if (task->is_step || task->outcome == PROGRESS_FAILED)
    return;
  g_autofree char *size = task->done > 0 ? g_format_size(task->done) : NULL;
  const char *how = task->outcome == PROGRESS_REUSED ? "reused" : task->outcome == PROGRESS_RESUMED ? "resumed" : NULL;
  g_autoptr(GString) line = g_string_new(NULL);
  g_string_printf(line, "%-8s %u/%u %s", progress_phase_name(task->phase), tally->finished,
                  MAX(tally->expected, tally->started), task->subject);
  if (size != NULL)
    g_string_append_printf(line, ": %s", size);
  if (how != NULL)
    g_string_append_printf(line, "%s%s", size != NULL ? ", " : ": ", how);
  write_line(display, line->str);
}

static void
write_message(Display *display, const char *prefix, const char *text)
{
  g_autofree char *shown = source_escape_lines(text);
  g_autofree char *line = g_strconcat(prefix, shown, NULL);
  write_line(display, line);
}

/* ---- the summary ---- */

/* ", 12 tests passed" */
static char *
tests_text(const ProgressSummary *summary)
{
  return summary->tests > 0 ? g_strdup_printf(", %u test%s passed", summary->tests, summary->tests == 1 ? "" : "s")
                            : g_strdup("");
}

static void
write_unchanged(Display *display, const ProgressSummary *summary)
{
  g_autofree char *line = NULL, *tests = tests_text(summary);
  gdouble seconds = (gdouble)summary->microseconds / G_TIME_SPAN_SECOND;
  if (summary->outputs == 1)
    line = g_strdup_printf("nothing to do: %s is as it should be%s (%.2f s)", summary->path, tests, seconds);
  else
    line = g_strdup_printf("nothing to do: %u outputs are as they should be%s (%.2f s)", summary->outputs, tests, seconds);
  write_line(display, line);
}

/* "built web 1.0 in 2.31 s: 12.3 MB new, 88.1 MB reused, 30.1 MB fetched
 *  image sha256:0123456789ab, 7 layers: 2 new, 5 reused, 12 tests passed" */
static void
write_summary(Display *display, const ProgressSummary *summary)
{
  g_autofree char *new_size = g_format_size(summary->new_bytes), *old_size = g_format_size(summary->reused_bytes);
  g_autofree char *fetched = g_format_size(summary->fetched_bytes), *tests = tests_text(summary);
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_printf(text, "built %s in %.2f s: %s new, %s reused", summary->title,
                  (gdouble)summary->microseconds / G_TIME_SPAN_SECOND, new_size, old_size);
  if (summary->fetched_bytes > 0)
    g_string_append_printf(text, ", %s fetched", fetched);
  guint layers = summary->new_layers + summary->reused_layers;
  g_string_append_printf(text, "\nimage %.19s, %u layer%s: %u new, %u reused%s", summary->image, layers, layers == 1 ? "" : "s",
                         summary->new_layers, summary->reused_layers, tests);
  write_line(display, text->str);
}

/* ---- listening ---- */

/* What is told as text, in every mode but JSON; notes not in quiet mode. */
static void
show_message(Display *display, const Event *event)
{
  if (event->kind != EVENT_NOTE || display->mode != DISPLAY_QUIET)
    write_message(display, event->kind == EVENT_WARNING ? "warning: " : "", event->text);
}

/* What the live display does besides showing what is told. */
static void
drive_live(Display *display, const Event *event)
{
  if (event->kind == EVENT_SETTLE || event->kind == EVENT_END)
    set_settled(display, TRUE);
  if (event->kind == EVENT_START && display->settled)
    set_settled(display, FALSE);
  if (event->kind == EVENT_START && display->painter == NULL)
    display->painter = g_thread_new("display", paint_regularly, display);
}

static void
show_event(const Event *event, gpointer data)
{
  Display *display = data;
  if (display->live != NULL)
    drive_live(display, event);
  if (display->mode == DISPLAY_JSON)
    write_json(display, event);
  else if (event->text != NULL)
    show_message(display, event);
  else if (event->kind == EVENT_FINISH && display->mode == DISPLAY_PLAIN)
    write_finished(display, event);
  else if (event->kind == EVENT_END && event->summary->success && display->mode != DISPLAY_QUIET)
    (event->summary->unchanged ? write_unchanged : write_summary)(display, event->summary);
}

Display *
display_new(Progress *progress, DisplayMode mode, int fd, GCancellable *cancellable)
{
  Display *display = g_new0(Display, 1);
  display->progress = progress;
  display->mode = mode == DISPLAY_AUTO ? choose_mode(fd) : mode;
  display->fd = fd;
  display->began = g_get_monotonic_time();
  g_mutex_init(&display->lock);
  g_cond_init(&display->stop);
  if (display->mode == DISPLAY_LIVE) {
    const char *no_color = g_getenv("NO_COLOR");
    display->live = live_new(fd);
    display->view = live_view_new(no_color == NULL || *no_color == '\0');
  }
  progress_listen(progress, show_event, display);
  if (display->live != NULL && cancellable != NULL) {
    display->cancellable = g_object_ref(cancellable);
    display->cancelled_handler = g_cancellable_connect(cancellable, G_CALLBACK(stop_when_cancelled), display, NULL);
  }
  return display;
}

void
display_free(Display *display)
{
  progress_ignore(display->progress, show_event, display);
  if (display->cancellable != NULL)
    g_cancellable_disconnect(display->cancellable, display->cancelled_handler);
  g_clear_object(&display->cancellable);
  if (display->live != NULL)
    stop_painting(display);
  if (display->painter != NULL)
    g_thread_join(display->painter);
  g_clear_pointer(&display->live, live_free);
  g_clear_pointer(&display->view, live_view_free);
  g_mutex_clear(&display->lock);
  g_cond_clear(&display->stop);
  g_free(display);
}
