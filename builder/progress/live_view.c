/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/live_view.h"
#include "builder/progress/columns.h"

/* A rate follows a change within about this time. */
#define SMOOTHING (3 * G_TIME_SPAN_SECOND)
/* Phases stay on the screen this long after their last work, so that lines do not come and go with each piece. */
#define LINGER (G_TIME_SPAN_SECOND / 2)
/* No word on the time left before this much of a phase was seen. */
#define GUESS_AFTER (G_TIME_SPAN_SECOND / 2)
/* Time left beyond that is not worth telling. */
#define LEFT_MAX (100 * 3600)

/* Below these many columns there is no room for what is worked on in each line, for padding, for bars. */
#define COLUMNS_TINY 30
#define COLUMNS_BAR 60
#define COLUMNS_NAME 8
#define COLUMNS_COUNT 7
#define COLUMNS_RATE 10
/* " 100% of 501 bytes": no size is longer */
#define COLUMNS_SIZE 9
#define COLUMNS_SHARE 6
#define COLUMNS_SHARE_OF (COLUMNS_SHARE + 4 + COLUMNS_SIZE)
#define BAR_MAX 24
#define BAR_MIN 6
/* Lines for what a phase works on. */
#define TASKS_MAX 4

typedef struct {
  gint64 seen;   /* the last update; 0: no work was seen yet */
  gint64 spent;  /* time on work */
  guint64 bytes; /* then */
  gdouble rate;  /* bytes a second, smoothed */
} Speed;

struct LiveView {
  gboolean color;
  Speed speeds[PROGRESS_N_PHASES];
};

LiveView *
live_view_new(gboolean color)
{
  LiveView *view = g_new0(LiveView, 1);
  view->color = color;
  return view;
}

void
live_view_free(LiveView *view)
{
  g_free(view);
}

/* ---- speed ---- */

/* Bytes that were there before took no time, and count for nothing here. */
static guint64
worked_bytes(const ProgressTally *tally)
{
  return tally->bytes - tally->resumed;
}

/* An average at first, then one in which the past counts the less the longer ago it is. */
static void
add_sample(Speed *speed, guint64 bytes, gint64 passed)
{
  gdouble latest = (gdouble)(bytes - speed->bytes) * G_TIME_SPAN_SECOND / (gdouble)passed;
  speed->spent += passed;
  speed->rate += (latest - speed->rate) * (gdouble)passed / (gdouble)MIN(speed->spent, SMOOTHING + passed);
  speed->bytes = bytes;
}

void
live_view_update(LiveView *view, const ProgressState *state, gint64 now)
{
  for (guint i = 0; i < PROGRESS_N_PHASES; i++) {
    const ProgressTally *tally = &state->phases[i];
    Speed *speed = &view->speeds[i];
    guint64 bytes = worked_bytes(tally);
    if (bytes < speed->bytes || (speed->seen == 0 && tally->last_active > 0)) /* another build; the first work */
      *speed = (Speed){.seen = tally->last_active};
    gint64 passed = now - speed->seen;
    if (speed->seen == 0 || passed <= 0)
      continue;
    speed->seen = now;
    /* time in which there was nothing to work on tells nothing of how fast the work is */
    if (tally->active > 0 || bytes > speed->bytes)
      add_sample(speed, bytes, passed);
  }
}

/* Seconds until the phase's expected bytes are done, -1: cannot be told. */
static gint64
time_left(const LiveView *view, const ProgressState *state, ProgressPhase phase)
{
  const ProgressTally *tally = &state->phases[phase];
  const Speed *speed = &view->speeds[phase];
  if (tally->expected_bytes == 0 || speed->rate < 1 || speed->spent < GUESS_AFTER)
    return -1;
  gdouble left = (gdouble)(tally->expected_bytes - MIN(tally->bytes, tally->expected_bytes)) / speed->rate;
  return left <= LEFT_MAX ? (gint64)(left + 0.5) : -1;
}

/* Fetching and unpacking go on at the same time, so the longer one counts; what comes after them adds to it as soon as it is
 * known. */
static gint64
whole_time_left(const LiveView *view, const ProgressState *state)
{
  gint64 fetch = time_left(view, state, PROGRESS_FETCH), unpack = time_left(view, state, PROGRESS_UNPACK);
  gint64 splice = time_left(view, state, PROGRESS_SPLICE), write = time_left(view, state, PROGRESS_WRITE);
  gint64 first = MAX(fetch, unpack), then = MAX(splice, 0) + MAX(write, 0);
  return first < 0 && splice < 0 && write < 0 ? -1 : MAX(first, 0) + then;
}

char *
live_view_duration(gint64 seconds)
{
  if (seconds >= 3600)
    return g_strdup_printf("%d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
  return g_strdup_printf("%d:%02d", (int)(seconds / 60), (int)(seconds % 60));
}

/* ---- lines ---- */

/* A line that is being filled from the left. */
typedef struct {
  GString *text;
  guint used, width;
  guint gap; /* columns between fields */
} Line;

/* Adds @field, padded to @columns (right-aligned), if there is room for it. */
static gboolean
add_field(Line *line, const char *field, guint columns)
{
  guint own = columns_of(field), wide = MAX(own, columns);
  if (line->used + line->gap + wide > line->width)
    return FALSE;
  g_string_append_printf(line->text, "%*s%s", (int)(line->gap + wide - own), "", field);
  line->used += line->gap + wide;
  return TRUE;
}

static void
add_bar(const LiveView *view, Line *line, guint columns, guint64 done, guint64 total)
{
  guint filled = (guint)((gdouble)MIN(done, total) / (gdouble)total * columns);
  g_string_append_printf(line->text, "%*s%s", (int)line->gap, "", view->color ? "\033[32m" : "");
  for (guint i = 0; i < columns; i++) {
    if (i == filled && view->color)
      g_string_append(line->text, "\033[90m");
    g_string_append(line->text, i < filled || view->color ? "━" : "─");
  }
  g_string_append(line->text, view->color ? "\033[0m" : "");
  line->used += line->gap + columns;
}

static char *
percent_text(guint64 done, guint64 total)
{
  return total > 0 ? g_strdup_printf("%u%%", (guint)((gdouble)MIN(done, total) / (gdouble)total * 100)) : g_strdup("");
}

static char *
rate_text(const LiveView *view, ProgressPhase phase)
{
  gdouble rate = view->speeds[phase].rate;
  g_autofree char *size = rate >= 1 ? g_format_size((guint64)rate) : NULL;
  return size != NULL ? g_strdup_printf("%s/s", size) : g_strdup("");
}

/* "12/33"; for steps, which are not counted, nothing. */
static char *
count_text(const ProgressTally *tally)
{
  guint all = MAX(tally->expected, tally->started);
  return all > 0 ? g_strdup_printf("%u/%u", tally->finished, all) : g_strdup("");
}

static char *
phase_line(const LiveView *view, const ProgressState *state, ProgressPhase phase, guint width)
{
  const ProgressTally *tally = &state->phases[phase];
  guint64 total = tally->expected_bytes;
  gint64 seconds = time_left(view, state, phase);
  g_autofree char *count = count_text(tally), *percent = percent_text(tally->bytes, total), *rate = rate_text(view, phase);
  g_autofree char *left = seconds >= 0 ? live_view_duration(seconds) : g_strdup("");
  gboolean tiny = width < COLUMNS_TINY;
  Line line = {.text = g_string_new(NULL), .width = width, .gap = width < COLUMNS_BAR ? 1 : 2};
  g_string_append(line.text, view->color ? "\033[1m" : "");
  line.used = MIN(tiny ? columns_of(progress_phase_name(phase)) : COLUMNS_NAME, width);
  columns_append(line.text, progress_phase_name(phase), line.used, TRUE);
  g_string_append(line.text, view->color ? "\033[0m" : "");
  gboolean room = add_field(&line, count, tiny ? 0 : COLUMNS_COUNT);
  if (width >= COLUMNS_BAR && total > 0) {
    guint rest = 4 + COLUMNS_RATE + 8 + 4 * line.gap; /* what is still to come */
    if (line.used + rest + BAR_MIN <= width)
      add_bar(view, &line, MIN(width - line.used - rest, BAR_MAX), tally->bytes, total);
  }
  /* without a total, the rate stands behind the count */
  room = room && (total == 0 || add_field(&line, percent, tiny ? 0 : 4));
  room = room && (*rate == '\0' || add_field(&line, rate, tiny ? 0 : COLUMNS_RATE));
  if (room && *left != '\0')
    add_field(&line, left, tiny ? 0 : 5);
  return g_string_free(line.text, FALSE);
}

static char *
task_line(const ProgressTask *task, guint width)
{
  g_autofree char *percent = percent_text(task->done, task->total);
  g_autofree char *total = g_format_size(task->total);
  GString *text = g_string_new(width < COLUMNS_TINY ? " " : "  ");
  guint indent = (guint)text->len, right = width < COLUMNS_BAR ? COLUMNS_SHARE : COLUMNS_SHARE_OF;
  if (width < COLUMNS_TINY || task->total == 0)
    right = 0;
  if (indent + right >= width)
    right = 0;
  columns_append(text, task->subject, width - MIN(indent, width) - right, right > 0);
  if (right > 0)
    g_string_append_printf(text, " %*s", COLUMNS_SHARE - 1, percent);
  if (right == COLUMNS_SHARE_OF)
    g_string_append_printf(text, " of %*s%s", (int)(COLUMNS_SIZE - MIN(columns_of(total), COLUMNS_SIZE)), "", total);
  return g_string_free(text, FALSE);
}

/* "building web.yaml  0:07, 0:12 left" */
static char *
build_line(const LiveView *view, const ProgressState *state, guint width, gint64 now)
{
  gint64 seconds = whole_time_left(view, state);
  g_autofree char *left = seconds >= 0 ? live_view_duration(seconds) : NULL;
  g_autofree char *passed = live_view_duration((now - state->began) / G_TIME_SPAN_SECOND);
  g_autofree char *times = left != NULL ? g_strdup_printf(", %s left", left) : g_strdup("");
  guint columns = (guint)(strlen(passed) + strlen(times)) + 2;
  GString *text = g_string_new(NULL);
  g_autofree char *name = g_strdup_printf("%s%s", width < COLUMNS_BAR ? "" : "building ", state->recipe);
  if (columns + 4 > width)
    columns = 0;
  columns_append(text, name, width - columns, FALSE);
  if (columns > 0)
    g_string_append_printf(text, "  %s%s", passed, times);
  return g_string_free(text, FALSE);
}

/* ---- the block ---- */

static gboolean
is_under_way(const ProgressTally *tally, gint64 now)
{
  if (tally->last_active == 0)
    return FALSE;
  return tally->active > 0 || tally->finished < MAX(tally->expected, tally->started) || now - tally->last_active < LINGER;
}

/* The oldest tasks of @phase, at most @most. */
static void
add_tasks(GPtrArray *lines, const ProgressState *state, ProgressPhase phase, guint most, guint width)
{
  for (const GList *link = state->tasks->head; link != NULL && most > 0; link = link->next) {
    const ProgressTask *task = link->data;
    if (task->phase != phase)
      continue;
    g_ptr_array_add(lines, task_line(task, width));
    most--;
  }
}

GPtrArray *
live_view_lines(const LiveView *view, const ProgressState *state, LiveSize size, gint64 now)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  guint width = MAX(size.columns, 2) - 1, rows = MAX(size.rows, 2) - 1, phases = 0;
  for (guint i = 0; i < PROGRESS_N_PHASES; i++)
    phases += is_under_way(&state->phases[i], now);
  if (phases == 0)
    return lines;
  gboolean with_head = state->recipe != NULL && phases < rows;
  if (with_head)
    g_ptr_array_add(lines, build_line(view, state, width, now));
  guint spare = rows > phases + with_head ? rows - phases - with_head : 0;
  for (guint i = 0; i < PROGRESS_N_PHASES && lines->len < rows; i++) {
    if (!is_under_way(&state->phases[i], now))
      continue;
    g_ptr_array_add(lines, phase_line(view, state, i, width));
    guint before = lines->len;
    add_tasks(lines, state, i, MIN(spare, TASKS_MAX), width);
    spare -= lines->len - before;
  }
  return lines;
}
