/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/display.h"
#include "builder/progress/events.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

/* What a display of @mode writes for a task, one given up, a note, a warning and a summary. */
static char *
capture(DisplayMode mode)
{
  g_autofree char *name = NULL;
  g_autoptr(GError) error = NULL;
  int fd = g_file_open_tmp("progress-XXXXXX", &name, &error);
  g_assert_no_error(error);
  g_autoptr(Progress) progress = progress_new();
  g_autoptr(Display) display = display_new(progress, mode, fd, NULL);
  progress_begin(progress, "demo.yaml");
  progress_expect(progress, PROGRESS_FETCH, 2, 100);
  ProgressTask *task = progress_start(progress, PROGRESS_FETCH, "nginx\n1.22", 100);
  progress_resume(task, 40);
  progress_advance(task, 60);
  progress_finish(task, PROGRESS_RESUMED);
  progress_finish(progress_start(progress, PROGRESS_FETCH, "given up", 0), PROGRESS_FAILED);
  progress_note(progress, "locked %d packages", 3);
  progress_warn(progress, "beware");
  ProgressSummary summary = {.success = TRUE,
                             .title = "demo 1",
                             .path = "demo-1.oci.tar",
                             .image = "sha256:0123456789abcdef",
                             .outputs = 1,
                             .new_layers = 2,
                             .reused_layers = 1,
                             .new_bytes = 2000,
                             .reused_bytes = 1000};
  progress_end(progress, &summary);
  summary.unchanged = TRUE;
  progress_begin(progress, "demo.yaml");
  progress_end(progress, &summary);
  g_clear_pointer(&display, display_free);
  char *text = NULL;
  g_file_get_contents(name, &text, NULL, &error);
  g_assert_no_error(error);
  close(fd);
  unlink(name);
  return text;
}

static void
plain_is_lines(void)
{
  g_autofree char *text = capture(DISPLAY_PLAIN);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, 7);
  g_assert_cmpstr(lines[0], ==, "fetch    1/2 nginx\\n1.22: 100 bytes, resumed");
  g_assert_cmpstr(lines[1], ==, "locked 3 packages");
  g_assert_cmpstr(lines[2], ==, "warning: beware");
  g_assert_true(g_str_has_prefix(lines[3], "built demo 1 in 0."));
  /* 40 of the 100 bytes were there before */
  g_assert_true(g_str_has_suffix(lines[3], " s: 2.0\u00a0kB new, 1.0\u00a0kB reused, 60 bytes fetched"));
  g_assert_cmpstr(lines[4], ==, "image sha256:0123456789ab, 3 layers: 2 new, 1 reused");
  g_assert_true(g_str_has_prefix(lines[5], "nothing to do: demo-1.oci.tar is as it should be ("));
}

static void
quiet_warns_only(void)
{
  g_autofree char *text = capture(DISPLAY_QUIET);
  g_assert_cmpstr(text, ==, "warning: beware\n");
}

static void
json_is_an_object_a_line(void)
{
  g_autofree char *text = capture(DISPLAY_JSON);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  static const char *const events[] = {"begin", "start", "finish", "start", "finish", "note", "warning", "end", "begin", "end"};
  g_assert_cmpuint(g_strv_length(lines), ==, G_N_ELEMENTS(events) + 1);
  double last = 0;
  for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
    json_t *event = json_loads(lines[i], 0, NULL);
    g_assert_nonnull(event);
    g_assert_cmpstr(json_string_value(json_object_get(event, "event")), ==, events[i]);
    g_assert_cmpfloat(json_real_value(json_object_get(event, "time")), >=, last);
    last = json_real_value(json_object_get(event, "time"));
    json_decref(event);
  }
  json_t *end = json_loads(lines[7], 0, NULL);
  g_assert_cmpint(json_integer_value(json_object_get(end, "fetchedBytes")), ==, 60);
  g_assert_cmpint(json_integer_value(json_object_get(end, "newBytes")), ==, 2000);
  g_assert_true(json_is_true(json_object_get(end, "success")));
  json_decref(end);
}

static void
auto_is_plain_without_a_terminal(void)
{
  g_autofree char *text = capture(DISPLAY_AUTO);
  g_assert_true(g_str_has_prefix(text, "fetch    1/2"));
}

static void
live_leaves_only_messages(void)
{
  g_autofree char *text = capture(DISPLAY_LIVE);
  g_assert_nonnull(strstr(text, "locked 3 packages\n"));
  g_assert_nonnull(strstr(text, "image sha256:0123456789ab"));
  g_assert_null(strstr(text, "fetch    1/2 nginx"));
}

static void
silence_is_allowed(void)
{
  ProgressTask *task = progress_start(NULL, PROGRESS_FETCH, "x", 0);
  progress_advance(task, 1);
  g_assert_null(progress_step(task, PROGRESS_HASH, NULL));
  Watch watch = progress_watch(task);
  watch_advance(&watch, 1);
  watch_end(&watch, watch_begin(&watch, WATCH_HASH, 1 << 20), 1 << 20);
  progress_finish(task, PROGRESS_MADE);
  progress_note(NULL, "x");
  progress_expect(NULL, PROGRESS_FETCH, 1, 1);
  progress_cache(NULL, PROGRESS_CACHE_PACK, TRUE);
  progress_begin(NULL, "x");
  progress_end(NULL, &(ProgressSummary){0});
  g_assert_null(task);
}

/* ---- the stream ---- */

/* For each track, what was under way on it as it came: tasks must end in the reverse order. */
typedef struct {
  GPtrArray *tracks; /* GPtrArray of ProgressTask* */
  GPtrArray *names;
  guint finished, cached;
  gint64 last;
} Tracks;

static void
follow(const Event *event, gpointer data)
{
  Tracks *seen = data;
  g_assert_cmpint(event->time, >=, seen->last);
  seen->last = event->time;
  seen->cached += event->kind == EVENT_CACHE;
  if (event->kind != EVENT_START && event->kind != EVENT_FINISH)
    return;
  const ProgressWorker *worker = event->task->worker;
  while (seen->tracks->len <= worker->number) {
    g_ptr_array_add(seen->tracks, g_ptr_array_new());
    g_ptr_array_add(seen->names, worker->name);
  }
  GPtrArray *track = seen->tracks->pdata[worker->number];
  if (event->kind == EVENT_START) {
    g_ptr_array_add(track, (gpointer)event->task);
    return;
  }
  seen->finished++;
  g_assert_cmpuint(track->len, >, 0);
  g_assert_true(track->pdata[track->len - 1] == event->task);
  g_ptr_array_set_size(track, (gint)track->len - 1);
}

static gpointer
work(gpointer data)
{
  Progress *progress = data;
  for (guint i = 0; i < 200; i++) {
    ProgressTask *task = progress_start(progress, PROGRESS_UNPACK, "package", 10);
    ProgressTask *step = progress_step(task, PROGRESS_COMPRESS, NULL);
    progress_advance(step, 5);
    progress_finish(step, PROGRESS_MADE);
    progress_advance(task, 10);
    progress_finish(task, PROGRESS_MADE);
  }
  return NULL;
}

static void
tally(const ProgressState *state, gpointer data)
{
  g_assert_cmpuint(state->phases[PROGRESS_UNPACK].finished, ==, 600);
  g_assert_cmpuint(state->phases[PROGRESS_UNPACK].bytes, ==, 6000);
  g_assert_cmpuint(state->phases[PROGRESS_COMPRESS].bytes, ==, 3000);
  g_assert_cmpuint(state->phases[PROGRESS_COMPRESS].finished, ==, 0); /* steps are not counted */
  g_assert_cmpuint(state->tasks->length, ==, 0);
}

static void
tasks_nest_on_their_track(void)
{
  g_autoptr(Progress) progress = progress_new();
  Tracks seen = {g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref), g_ptr_array_new(), 0, 0, 0};
  progress_listen(progress, follow, &seen);
  ProgressTask *outer = progress_start(progress, PROGRESS_RESOLVE, "outer", 0);
  /* of transfers one thread does many at once, which end in any order */
  ProgressTask *one = progress_start(progress, PROGRESS_FETCH, "one", 0);
  ProgressTask *two = progress_start(progress, PROGRESS_FETCH, "two", 0);
  progress_finish(one, PROGRESS_MADE);
  ProgressTask *three = progress_start(progress, PROGRESS_FETCH, "three", 0);
  progress_finish(two, PROGRESS_MADE);
  progress_finish(three, PROGRESS_MADE);
  progress_finish(outer, PROGRESS_MADE);
  GThread *threads[3];
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("work", work, progress);
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  progress_look(progress, tally, NULL);
  progress_cache(progress, PROGRESS_CACHE_PACK, TRUE);
  progress_ignore(progress, follow, &seen);
  progress_cache(progress, PROGRESS_CACHE_PACK, TRUE);
  g_assert_cmpuint(seen.cached, ==, 1);
  g_assert_cmpuint(seen.finished, ==, 4 + 3 * 400);
  /* the main thread, two connections (the first one used twice), as many workers as worked at once */
  g_assert_cmpuint(seen.tracks->len, >=, 4);
  g_assert_cmpuint(seen.tracks->len, <=, 6);
  g_assert_cmpstr(seen.names->pdata[0], ==, "main");
  g_assert_cmpstr(seen.names->pdata[1], ==, "connection 1");
  g_assert_cmpstr(seen.names->pdata[2], ==, "connection 2");
  g_assert_cmpstr(seen.names->pdata[3], ==, "worker 1");
  g_ptr_array_unref(seen.tracks);
  g_ptr_array_unref(seen.names);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/progress/plain", plain_is_lines);
  g_test_add_func("/progress/quiet", quiet_warns_only);
  g_test_add_func("/progress/json", json_is_an_object_a_line);
  g_test_add_func("/progress/auto", auto_is_plain_without_a_terminal);
  g_test_add_func("/progress/live", live_leaves_only_messages);
  g_test_add_func("/progress/silence", silence_is_allowed);
  g_test_add_func("/progress/tracks", tasks_nest_on_their_track);
  return g_test_run();
}
