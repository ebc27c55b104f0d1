/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/columns.h"
#include "builder/progress/live.h"
#include "builder/progress/live_view.h"

#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* ---- columns ---- */

static char *
fitted(const char *text, guint width, gboolean pad)
{
  GString *out = g_string_new(NULL);
  columns_append(out, text, width, pad);
  return g_string_free(out, FALSE);
}

static void
text_is_cut_by_columns(void)
{
  static const struct {
    const char *text;
    guint width;
    const char *cut;
  } cases[] = {
    {"plain", 5, "plain"},
    {"plain", 4, "pla…"},
    {"plain", 1, "…"},
    {"plain", 0, ""},
    {"", 0, ""},
    {"漢字かな", 8, "漢字かな"},
    {"漢字かな", 7, "漢字か…"},
    {"漢字かな", 6, "漢字…"}, /* no half of a character */
    {"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"},
    {"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *cut = fitted(cases[i].text, cases[i].width, FALSE);
    g_autofree char *padded = fitted(cases[i].text, cases[i].width, TRUE);
    g_assert_cmpstr(cut, ==, cases[i].cut);
    g_assert_cmpuint(columns_of(padded), ==, cases[i].width);
  }
}

/* ---- the block, on a terminal of its own ---- */

typedef struct {
  int main, terminal;
  Live *live;
} Place;

static void
place_set_up(Place *place, gconstpointer data)
{
  struct winsize size = {.ws_col = 40, .ws_row = 10};
  struct termios raw;
  g_assert_cmpint(openpty(&place->main, &place->terminal, NULL, NULL, &size), ==, 0);
  g_assert_cmpint(tcgetattr(place->terminal, &raw), ==, 0);
  cfmakeraw(&raw);
  g_assert_cmpint(tcsetattr(place->terminal, TCSANOW, &raw), ==, 0);
  place->live = live_new(place->terminal);
}

static void
place_tear_down(Place *place, gconstpointer data)
{
  live_free(place->live);
  close(place->terminal);
  close(place->main);
}

/* What was written since it was asked last. A terminal hands it on some time later: a mark tells where it ends. */
static char *
written(Place *place)
{
  GString *text = g_string_new(NULL);
  g_assert_cmpint(write(place->terminal, "\036", 1), ==, 1);
  for (char c; read(place->main, &c, 1) == 1 && c != '\036';)
    g_string_append_c(text, c);
  return g_string_free(text, FALSE);
}

static void
paint(Place *place, const char *const *lines)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new();
  for (; *lines != NULL; lines++)
    g_ptr_array_add(list, (gpointer)*lines);
  live_paint(place->live, list);
}

#define FRAME(text) "\033[?2026h" text "\033[?2026l"

static void
frames_write_over_the_last_one(Place *place, gconstpointer data)
{
  paint(place, (const char *const[]){"one", "two", NULL});
  g_autofree char *first = written(place);
  g_assert_cmpstr(first, ==, FRAME("\033[?25l\rone\033[K\ntwo\033[K\n"));
  paint(place, (const char *const[]){"one", "two", NULL});
  g_autofree char *same = written(place);
  g_assert_cmpstr(same, ==, "");
  paint(place, (const char *const[]){"one", "2", "three", NULL});
  g_autofree char *changed = written(place);
  g_assert_cmpstr(changed, ==, FRAME("\r\033[2A\n2\033[K\nthree\033[K\n"));
  paint(place, (const char *const[]){"one", NULL});
  g_autofree char *fewer = written(place);
  g_assert_cmpstr(fewer, ==, FRAME("\r\033[3A\n\033[J"));
  live_wipe(place->live);
  g_autofree char *end = written(place);
  g_assert_cmpstr(end, ==, "\r\033[1A\033[J\033[?25h");
  live_wipe(place->live);
  g_autofree char *nothing = written(place);
  g_assert_cmpstr(nothing, ==, "");
}

static void
messages_go_above(Place *place, gconstpointer data)
{
  live_print(place->live, "before");
  paint(place, (const char *const[]){"one", NULL});
  live_print(place->live, "a\nb");
  /* a line that fills the last column is not followed by an erasing, which would take its last character */
  live_print(place->live, "0123456789012345678901234567890123456789");
  g_autofree char *text = written(place);
  g_assert_cmpstr(text, ==,
                  "before\n" FRAME("\033[?25l\rone\033[K\n") FRAME("\r\033[1Aa\033[K\nb\033[K\none\033[K\n")
                    FRAME("\r\033[1A0123456789012345678901234567890123456789\none\033[K\n"));
}

static void
resize(Place *place, unsigned short columns, unsigned short rows)
{
  struct winsize size = {.ws_col = columns, .ws_row = rows};
  g_assert_cmpint(ioctl(place->terminal, TIOCSWINSZ, &size), ==, 0);
}

static void
wrapped_remains_are_reckoned_with(Place *place, gconstpointer data)
{
  paint(place, (const char *const[]){"\033[1m012345678901234567890123456789\033[0m", "漢字漢字漢字", "x", NULL});
  g_autofree char *before = written(place);
  g_assert_true(strlen(before) > 0);
  resize(place, 10, 10);
  paint(place, (const char *const[]){"short", NULL});
  g_autofree char *after = written(place);
  /* 3 + 2 + 1 rows, and what is left of them goes */
  g_assert_cmpstr(after, ==, FRAME("\r\033[6A\033[Jshort\033[K\n"));
  resize(place, 40, 10);
  paint(place, (const char *const[]){"short", NULL});
  g_autofree char *wider = written(place);
  g_assert_cmpstr(wider, ==, FRAME("\r\033[1A\033[Jshort\033[K\n"));
}

static void
no_more_rows_than_there_are(Place *place, gconstpointer data)
{
  paint(place, (const char *const[]){"1", "2", "3", "4", "5", NULL});
  g_autofree char *before = written(place);
  g_assert_true(strlen(before) > 0);
  resize(place, 40, 3);
  live_wipe(place->live);
  g_autofree char *after = written(place);
  g_assert_cmpstr(after, ==, "\r\033[2A\033[J\033[?25h");
}

/* ---- what is shown ---- */

typedef struct {
  ProgressTally phases[PROGRESS_N_PHASES];
  GQueue tasks;
  ProgressTask task[3];
  ProgressState state;
  LiveView *view;
} Scene;

static void
add_task(Scene *scene, guint n, ProgressPhase phase, const char *subject, guint64 done, guint64 total)
{
  scene->task[n] = (ProgressTask){.phase = phase, .subject = (char *)subject, .done = done, .total = total};
  scene->task[n].link.data = &scene->task[n];
  g_queue_push_tail_link(&scene->tasks, &scene->task[n].link);
}

/* Fetching at a megabyte a second for ten seconds, 20 of 50 MB done (half of those were there before), and unpacking. */
static void
scene_init(Scene *scene)
{
  *scene = (Scene){.state = {.recipe = "web.yaml", .began = G_TIME_SPAN_SECOND}};
  g_queue_init(&scene->tasks);
  scene->state.phases = scene->phases;
  scene->state.tasks = &scene->tasks;
  scene->view = live_view_new(FALSE);
  ProgressTally *fetch = &scene->phases[PROGRESS_FETCH];
  *fetch = (ProgressTally){.expected = 33, .started = 14, .finished = 12, .active = 2, .expected_bytes = 50000000};
  fetch->last_active = G_TIME_SPAN_SECOND;
  fetch->bytes = fetch->resumed = 10000000;
  scene->phases[PROGRESS_UNPACK] = (ProgressTally){.expected = 33, .started = 6, .finished = 5, .active = 1};
  scene->phases[PROGRESS_UNPACK].last_active = G_TIME_SPAN_SECOND;
  for (guint i = 0; i < 100; i++) {
    fetch->bytes += 100000;
    live_view_update(scene->view, &scene->state, G_TIME_SPAN_SECOND + (i + 1) * (G_TIME_SPAN_SECOND / 10));
  }
  add_task(scene, 0, PROGRESS_FETCH, "libicu72 72.1-3+deb12u1", 1000000, 9000000);
  add_task(scene, 1, PROGRESS_FETCH, "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", 0, 0);
  add_task(scene, 2, PROGRESS_UNPACK, "python3.11-minimal 3.11.2-6", 1, 2);
}

static GPtrArray *
lines_at(const Scene *scene, guint columns, guint rows)
{
  LiveSize size = {columns, rows};
  return live_view_lines(scene->view, &scene->state, size, 11 * G_TIME_SPAN_SECOND);
}

static void
rates_and_time_left_are_told(void)
{
  Scene scene;
  scene_init(&scene);
  g_autoptr(GPtrArray) lines = lines_at(&scene, 80, 24);
  g_assert_cmpuint(lines->len, ==, 6);
  g_assert_cmpstr(lines->pdata[0], ==, "building web.yaml  0:10, 0:30 left");
  g_assert_true(g_str_has_prefix(lines->pdata[1], "fetch       12/33  ━"));
  g_assert_nonnull(strstr(lines->pdata[1], "40%    1.0\u00a0MB/s   0:30"));
  g_assert_true(g_str_has_prefix(lines->pdata[2], "  libicu72 72.1-3+deb12u1  "));
  g_assert_nonnull(strstr(lines->pdata[2], "11% of    9.0\u00a0MB"));
  g_assert_cmpstr(lines->pdata[4], ==, "unpack       5/33");
  live_view_free(scene.view);
}

static void
forty_columns_tell_the_same_shorter(void)
{
  Scene scene;
  scene_init(&scene);
  g_autoptr(GPtrArray) lines = lines_at(&scene, 40, 24);
  g_assert_cmpstr(lines->pdata[0], ==, "web.yaml  0:10, 0:30 left");
  g_assert_cmpstr(lines->pdata[1], ==, "fetch      12/33  40%   1.0\u00a0MB/s  0:30");
  g_assert_cmpstr(lines->pdata[2], ==, "  libicu72 72.1-3+deb12u1           11%");
  live_view_free(scene.view);
}

static void
every_size_is_kept_to(void)
{
  Scene scene;
  scene_init(&scene);
  for (guint columns = 2; columns <= 130; columns++)
    for (guint rows = 2; rows <= 12; rows++) {
      g_autoptr(GPtrArray) lines = lines_at(&scene, columns, rows);
      g_assert_cmpuint(lines->len, >, 0);
      g_assert_cmpuint(lines->len, <, rows);
      for (guint i = 0; i < lines->len; i++)
        g_assert_cmpuint(columns_of(lines->pdata[i]), <, columns);
    }
  live_view_free(scene.view);
}

static void
a_rate_follows_and_a_new_build_starts_anew(void)
{
  Scene scene;
  scene_init(&scene);
  gint64 now = 11 * G_TIME_SPAN_SECOND;
  for (guint i = 0; i < 100; i++) { /* ten times as fast now */
    scene.phases[PROGRESS_FETCH].bytes += 100000;
    live_view_update(scene.view, &scene.state, now += G_TIME_SPAN_SECOND / 100);
  }
  g_autoptr(GPtrArray) faster = lines_at(&scene, 40, 24);
  g_assert_null(strstr(faster->pdata[1], " 1.0\u00a0MB/s"));
  scene.phases[PROGRESS_FETCH] = (ProgressTally){.expected = 1, .started = 1, .active = 1, .last_active = now};
  live_view_update(scene.view, &scene.state, now + 1);
  g_autoptr(GPtrArray) anew = lines_at(&scene, 40, 24);
  g_assert_cmpstr(anew->pdata[1], ==, "fetch        0/1");
  live_view_free(scene.view);
}

static void
waiting_for_work_makes_nothing_slower(void)
{
  Scene scene;
  scene_init(&scene);
  scene.phases[PROGRESS_FETCH].active = 0;
  for (guint i = 0; i < 100; i++)
    live_view_update(scene.view, &scene.state, (12 + i) * G_TIME_SPAN_SECOND);
  g_autoptr(GPtrArray) lines = lines_at(&scene, 40, 24);
  g_assert_nonnull(strstr(lines->pdata[1], " 1.0\u00a0MB/s"));
  live_view_free(scene.view);
}

static void
durations_are_short(void)
{
  static const struct {
    gint64 seconds;
    const char *text;
  } cases[] = {{0, "0:00"}, {7, "0:07"}, {754, "12:34"}, {3723, "1:02:03"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = live_view_duration(cases[i].seconds);
    g_assert_cmpstr(text, ==, cases[i].text);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/live/columns", text_is_cut_by_columns);
#define CASE(path, function) g_test_add(path, Place, NULL, place_set_up, function, place_tear_down)
  CASE("/live/frames", frames_write_over_the_last_one);
  CASE("/live/messages", messages_go_above);
  CASE("/live/resize", wrapped_remains_are_reckoned_with);
  CASE("/live/height", no_more_rows_than_there_are);
  g_test_add_func("/live/view/wide", rates_and_time_left_are_told);
  g_test_add_func("/live/view/narrow", forty_columns_tell_the_same_shorter);
  g_test_add_func("/live/view/sizes", every_size_is_kept_to);
  g_test_add_func("/live/view/rate", a_rate_follows_and_a_new_build_starts_anew);
  g_test_add_func("/live/view/idle", waiting_for_work_makes_nothing_slower);
  g_test_add_func("/live/view/duration", durations_are_short);
  return g_test_run();
}
