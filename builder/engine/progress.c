/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/progress.h"
#include "builder/engine/live.h"
#include "builder/recipe/source.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char *name;
  guint expected, started, finished;
  guint64 expected_bytes, done_bytes;
} Phase;

struct ProgressTask {
  Progress *progress;
  Phase *phase;
  char *subject;
  guint64 total, done;
};

struct Progress {
  ProgressMode mode; /* never AUTO */
  int fd;
  GMutex lock;
  GPtrArray *phases; /* Phase*, in the order they began */
  GPtrArray *tasks;  /* ProgressTask* under way (borrowed) */
  Live *live;
  GThread *painter;
  GCond stop;
  gboolean stopping;
};

gboolean
progress_mode_parse(const char *name, ProgressMode *out)
{
  static const char *const names[] = {"auto", "live", "plain", "json", "quiet"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(name, names[i]) == 0) {
      *out = (ProgressMode)i;
      return TRUE;
    }
  return FALSE;
}

static ProgressMode
choose_mode(int fd)
{
  const char *ci = g_getenv("CI"), *terminal = g_getenv("TERM");
  gboolean in_ci = ci != NULL && *ci != '\0' && strcmp(ci, "false") != 0;
  gboolean dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
  return isatty(fd) && !in_ci && !dumb ? PROGRESS_LIVE : PROGRESS_PLAIN;
}

/* ---- the live display ---- */

static char *
phase_text(const Phase *phase)
{
  guint all = MAX(phase->expected, phase->started);
  g_autofree char *bytes = phase->done_bytes > 0 ? g_format_size(phase->done_bytes) : NULL;
  return g_strdup_printf("%-8s %u/%u%s%s", phase->name, phase->finished, all, bytes != NULL ? "  " : "",
                         bytes != NULL ? bytes : "");
}

/* Called with the lock held. */
static void
paint(Progress *progress)
{
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) lines = g_array_new(FALSE, TRUE, sizeof(LiveLine));
  for (guint i = 0; i < progress->phases->len; i++) {
    const Phase *phase = progress->phases->pdata[i];
    if (phase->finished >= MAX(phase->expected, phase->started))
      continue;
    char *text = phase_text(phase);
    g_ptr_array_add(texts, text);
    LiveLine line = {.text = text, .done = phase->done_bytes, .total = phase->expected_bytes, .is_phase = TRUE};
    g_array_append_val(lines, line);
  }
  for (guint i = 0; i < progress->tasks->len && i < LIVE_MAX_TASKS; i++) {
    const ProgressTask *task = progress->tasks->pdata[i];
    char *text = g_strdup_printf("%s %s", task->phase->name, task->subject);
    g_ptr_array_add(texts, text);
    LiveLine line = {.text = text, .done = task->done, .total = task->total};
    g_array_append_val(lines, line);
  }
  live_paint(progress->live, (const LiveLine *)(gpointer)lines->data, lines->len);
}

static gpointer
paint_regularly(gpointer data)
{
  Progress *progress = data;
  g_mutex_lock(&progress->lock);
  while (!progress->stopping) {
    gint64 next = g_get_monotonic_time() + LIVE_INTERVAL_MS * G_TIME_SPAN_MILLISECOND;
    while (!progress->stopping && g_cond_wait_until(&progress->stop, &progress->lock, next))
      continue;
    if (!progress->stopping)
      paint(progress);
  }
  g_mutex_unlock(&progress->lock);
  return NULL;
}

/* ---- making and freeing ---- */

static void
phase_free(gpointer data)
{
  Phase *phase = data;
  g_free(phase->name);
  g_free(phase);
}

Progress *
progress_new(ProgressMode mode, int fd)
{
  Progress *progress = g_new0(Progress, 1);
  progress->mode = mode == PROGRESS_AUTO ? choose_mode(fd) : mode;
  progress->fd = fd;
  progress->phases = g_ptr_array_new_with_free_func(phase_free);
  progress->tasks = g_ptr_array_new();
  g_mutex_init(&progress->lock);
  g_cond_init(&progress->stop);
  if (progress->mode == PROGRESS_LIVE)
    progress->live = live_new(fd);
  return progress;
}

void
progress_free(Progress *progress)
{
  g_mutex_lock(&progress->lock);
  progress->stopping = TRUE;
  g_cond_broadcast(&progress->stop);
  g_mutex_unlock(&progress->lock);
  if (progress->painter != NULL)
    g_thread_join(progress->painter);
  g_clear_pointer(&progress->live, live_free);
  g_ptr_array_unref(progress->phases);
  g_ptr_array_unref(progress->tasks);
  g_mutex_clear(&progress->lock);
  g_cond_clear(&progress->stop);
  g_free(progress);
}

/* ---- lines ---- */

/* Called with the lock held. */
static void
write_line(Progress *progress, const char *line)
{
  if (progress->live != NULL)
    live_wipe(progress->live);
  g_autofree char *text = g_strconcat(line, "\n", NULL);
  /* where the messages go nowhere, the work goes on */
  gssize ignored = write(progress->fd, text, strlen(text));
  (void)ignored;
}

/* Called with the lock held; takes @event. */
static void
write_event(Progress *progress, json_t *event)
{
  g_autofree char *text = json_dumps(event, JSON_COMPACT);
  json_decref(event);
  if (text != NULL)
    write_line(progress, text);
}

static void
write_finished(Progress *progress, const ProgressTask *task, const char *note)
{
  const Phase *phase = task->phase;
  if (progress->mode == PROGRESS_JSON) {
    write_event(progress,
                json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:s*}", "event", "finish", "phase", phase->name, "subject",
                          task->subject, "bytes", (json_int_t)task->done, "total", (json_int_t)task->total, "done",
                          (int)phase->finished, "of", (int)MAX(phase->expected, phase->started), "note", note));
  } else if (progress->mode == PROGRESS_PLAIN) {
    g_autofree char *line = g_strdup_printf("%-8s %u/%u %s%s%s", phase->name, phase->finished,
                                            MAX(phase->expected, phase->started), task->subject, note != NULL ? ": " : "",
                                            note != NULL ? note : "");
    write_line(progress, line);
  }
}

/* ---- tasks ---- */

/* Called with the lock held. */
static Phase *
find_phase(Progress *progress, const char *name)
{
  for (guint i = 0; i < progress->phases->len; i++) {
    Phase *phase = progress->phases->pdata[i];
    if (strcmp(phase->name, name) == 0)
      return phase;
  }
  Phase *phase = g_new0(Phase, 1);
  phase->name = g_strdup(name);
  g_ptr_array_add(progress->phases, phase);
  return phase;
}

ProgressTask *
progress_start(Progress *progress, const char *phase, const char *subject, guint64 total)
{
  if (progress == NULL)
    return NULL;
  ProgressTask *task = g_new0(ProgressTask, 1);
  task->progress = progress;
  task->subject = source_escape(subject);
  task->total = total;
  g_mutex_lock(&progress->lock);
  task->phase = find_phase(progress, phase);
  task->phase->started++;
  g_ptr_array_add(progress->tasks, task);
  if (progress->live != NULL && progress->painter == NULL)
    progress->painter = g_thread_new("display", paint_regularly, progress);
  if (progress->mode == PROGRESS_JSON)
    write_event(progress, json_pack("{s:s, s:s, s:s, s:I}", "event", "start", "phase", task->phase->name, "subject",
                                    task->subject, "total", (json_int_t)total));
  g_mutex_unlock(&progress->lock);
  return task;
}

void
progress_advance(ProgressTask *task, guint64 bytes)
{
  if (task == NULL)
    return;
  g_mutex_lock(&task->progress->lock);
  task->done += bytes;
  task->phase->done_bytes += bytes;
  g_mutex_unlock(&task->progress->lock);
}

static void
end_task(ProgressTask *task, gboolean tell, const char *note)
{
  if (task == NULL)
    return;
  Progress *progress = task->progress;
  g_mutex_lock(&progress->lock);
  task->phase->finished++;
  g_ptr_array_remove(progress->tasks, task);
  if (tell)
    write_finished(progress, task, note);
  g_mutex_unlock(&progress->lock);
  g_free(task->subject);
  g_free(task);
}

void
progress_finish(ProgressTask *task, const char *note)
{
  end_task(task, TRUE, note);
}

void
progress_abandon(ProgressTask *task)
{
  end_task(task, FALSE, NULL);
}

void
progress_expect(Progress *progress, const char *name, guint tasks, guint64 bytes)
{
  if (progress == NULL)
    return;
  g_mutex_lock(&progress->lock);
  Phase *phase = find_phase(progress, name);
  phase->expected += tasks;
  phase->expected_bytes += bytes;
  g_mutex_unlock(&progress->lock);
}

/* ---- messages ---- */

static void
say(Progress *progress, const char *event, const char *prefix, char *text)
{
  g_mutex_lock(&progress->lock);
  if (progress->mode == PROGRESS_JSON) {
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    write_event(progress, json_pack("{s:s, s:s}", "event", event, "message", valid));
  } else {
    g_autofree char *shown = source_escape_lines(text);
    g_autofree char *line = g_strconcat(prefix, shown, NULL);
    write_line(progress, line);
  }
  g_mutex_unlock(&progress->lock);
  g_free(text);
}

void
progress_note(Progress *progress, const char *format, ...)
{
  if (progress == NULL || progress->mode == PROGRESS_QUIET)
    return;
  va_list args;
  va_start(args, format);
  say(progress, "note", "", g_strdup_vprintf(format, args));
  va_end(args);
}

void
progress_warn(Progress *progress, const char *format, ...)
{
  if (progress == NULL)
    return;
  va_list args;
  va_start(args, format);
  say(progress, "warning", "warning: ", g_strdup_vprintf(format, args));
  va_end(args);
}

void
progress_report(Progress *progress, const char *report)
{
  if (progress == NULL)
    return;
  char *text = g_strdup(report);
  say(progress, "warning", "", g_strchomp(text));
}
