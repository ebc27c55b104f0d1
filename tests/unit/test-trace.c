/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/metrics.h"
#include "builder/progress/trace.h"
#include "rootfs/outfile.h"
#include "signing/error.h"

#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char *folder, *trace, *metrics;
  Progress *progress;
} Place;

static void
place_set_up(Place *place, gconstpointer data)
{
  place->folder = g_dir_make_tmp("trace-XXXXXX", NULL);
  place->trace = g_build_filename(place->folder, "t.json", NULL);
  place->metrics = g_build_filename(place->folder, "m.prom", NULL);
  place->progress = progress_new();
}

static void
place_tear_down(Place *place, gconstpointer data)
{
  progress_free(place->progress);
  g_unlink(place->trace);
  g_unlink(place->metrics);
  g_assert_cmpint(g_rmdir(place->folder), ==, 0); /* nothing else was left in it */
  g_free(place->folder);
  g_free(place->trace);
  g_free(place->metrics);
}

static gpointer
unpack(gpointer data)
{
  for (guint i = 0; i < 50; i++) {
    ProgressTask *task = progress_start(data, PROGRESS_UNPACK, "libc6 \"2.36\"", 100);
    Watch watch = progress_watch(task);
    watch_end(&watch, watch_begin(&watch, WATCH_COMPRESS, 1 << 20), 1 << 20);
    watch_advance(&watch, 100);
    progress_finish(task, PROGRESS_MADE);
  }
  return NULL;
}

/* A build with everything in it, of which one transfer fails. */
static void
work(Progress *progress, const char *recipe, gboolean success)
{
  progress_begin(progress, recipe);
  progress_cache(progress, PROGRESS_CACHE_PACK, TRUE);
  progress_cache(progress, PROGRESS_CACHE_PACK, FALSE);
  progress_cache(progress, PROGRESS_CACHE_PACK, FALSE);
  ProgressTask *resolve = progress_start(progress, PROGRESS_RESOLVE, "index", 0);
  ProgressTask *one = progress_start(progress, PROGRESS_FETCH, "one", 100);
  ProgressTask *two = progress_start(progress, PROGRESS_FETCH, "two", 100);
  progress_resume(one, 30);
  progress_advance(one, 70);
  progress_finish(one, PROGRESS_RESUMED);
  progress_finish(two, PROGRESS_FAILED);
  progress_finish(resolve, PROGRESS_MADE);
  GThread *threads[2];
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("unpack", unpack, progress);
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  ProgressSummary summary = {.success = success, .new_layers = 2, .new_bytes = 1000, .packages = 5};
  progress_end(progress, &summary);
}

/* ---- the trace ---- */

static json_t *
load(const char *path)
{
  json_error_t problem;
  json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
  if (root == NULL)
    g_error("%s: %s", path, problem.text);
  return root;
}

static json_int_t
number(json_t *event, const char *key)
{
  json_t *value = json_object_get(event, key);
  g_assert_true(json_is_integer(value));
  return json_integer_value(value);
}

/* Events come sorted: each lies within the last one of its track that has not ended, or comes after its end. */
static void
assert_nested(json_t *events)
{
  json_int_t ends[16][16];
  guint depths[16] = {0};
  json_int_t last = 0;
  for (gsize i = 0; i < json_array_size(events); i++) {
    json_t *event = json_array_get(events, i);
    if (strcmp(json_string_value(json_object_get(event, "ph")), "X") != 0)
      continue;
    json_int_t began = number(event, "ts"), end = began + number(event, "dur"), worker = number(event, "tid");
    g_assert_cmpint(number(event, "dur"), >=, 0);
    g_assert_cmpint(began, >=, last);
    last = began;
    g_assert_cmpint(worker, <, 16);
    while (depths[worker] > 0 && ends[worker][depths[worker] - 1] <= began)
      depths[worker]--;
    g_assert_true(depths[worker] == 0 || ends[worker][depths[worker] - 1] >= end);
    g_assert_cmpuint(depths[worker], <, 16);
    ends[worker][depths[worker]++] = end;
  }
}

static guint
count_events(json_t *events, const char *key, const char *value)
{
  guint n = 0;
  for (gsize i = 0; i < json_array_size(events); i++)
    n += g_strcmp0(json_string_value(json_object_get(json_array_get(events, i), key)), value) == 0;
  return n;
}

static void
a_trace_has_all_and_nests(Place *place, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Trace) trace = trace_new(place->progress, place->trace, &error);
  g_assert_no_error(error);
  g_assert_false(g_file_test(place->trace, G_FILE_TEST_EXISTS));
  work(place->progress, "web.yaml", TRUE);
  g_assert_true(trace_save(trace, &error));
  json_t *root = load(place->trace), *events = json_object_get(root, "traceEvents");
  assert_nested(events);
  g_assert_cmpuint(count_events(events, "cat", "build"), ==, 1);
  g_assert_cmpuint(count_events(events, "cat", "resolve"), ==, 1);
  g_assert_cmpuint(count_events(events, "cat", "fetch"), ==, 2);
  g_assert_cmpuint(count_events(events, "cat", "unpack"), ==, 100);
  g_assert_cmpuint(count_events(events, "cat", "compress"), ==, 100);
  g_assert_cmpuint(count_events(events, "name", "unpack libc6 \"2.36\""), ==, 100);
  /* main, two connections, one or two workers */
  guint tracks = count_events(events, "name", "thread_name");
  g_assert_true(tracks == 4 || tracks == 5);
  g_assert_cmpuint(count_events(events, "name", "process_name"), ==, 1);
  for (gsize i = 0; i < json_array_size(events); i++) {
    json_t *event = json_array_get(events, i), *args = json_object_get(event, "args");
    if (g_strcmp0(json_string_value(json_object_get(event, "cat")), "compress") == 0)
      g_assert_cmpint(number(args, "bytes"), ==, 1 << 20);
  }
  json_decref(root);
}

/* ---- metrics ---- */

static void
assert_line(const char *text, const char *line)
{
  g_autofree char *whole = g_strdup_printf("\n%s\n", line);
  if (strstr(text, whole) == NULL)
    g_error("no line '%s' in:\n%s", line, text);
}

static void
metrics_have_all(Place *place, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Metrics) metrics = metrics_new(place->progress, place->metrics, &error);
  g_assert_no_error(error);
  work(place->progress, "odd \"name\"\n.yaml", FALSE);
  work(place->progress, "web.yaml", FALSE);
  work(place->progress, "web.yaml", TRUE); /* once more: counts alone */
  g_assert_true(metrics_save(metrics, &error));
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(place->metrics, &text, NULL, &error));
  assert_line(text, "ashlar_build_success{recipe=\"web.yaml\"} 1");
  assert_line(text, "ashlar_build_success{recipe=\"odd \\\"name\\\"\\\\n.yaml\"} 0");
  assert_line(text, "ashlar_build_fetched_bytes{recipe=\"web.yaml\"} 70");
  assert_line(text, "ashlar_build_new_bytes{recipe=\"web.yaml\"} 1000");
  assert_line(text, "ashlar_build_packages{recipe=\"web.yaml\"} 5");
  assert_line(text, "ashlar_build_layers{recipe=\"web.yaml\",state=\"new\"} 2");
  assert_line(text, "ashlar_build_cache_hits{recipe=\"web.yaml\",cache=\"pack\"} 1");
  assert_line(text, "ashlar_build_cache_misses{recipe=\"web.yaml\",cache=\"pack\"} 2");
  assert_line(text, "ashlar_build_phase_bytes{recipe=\"web.yaml\",phase=\"unpack\"} 10000");
  assert_line(text, "ashlar_build_phase_bytes{recipe=\"web.yaml\",phase=\"compress\"} 104857600");
  g_assert_null(strstr(text, "ashlar_build_packages{recipe=\"odd"));
}

/* A phase lasts as long as anything of it was under way, however many did it. */
static void
phases_do_not_count_twice(Place *place, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Metrics) metrics = metrics_new(place->progress, place->metrics, &error);
  g_assert_no_error(error);
  gint64 began = g_get_monotonic_time();
  progress_begin(place->progress, "web.yaml");
  ProgressTask *tasks[20];
  for (guint i = 0; i < G_N_ELEMENTS(tasks); i++)
    tasks[i] = progress_start(place->progress, PROGRESS_FETCH, "x", 0);
  g_usleep(20000);
  for (guint i = 0; i < G_N_ELEMENTS(tasks); i++)
    progress_finish(tasks[i], PROGRESS_MADE);
  progress_end(place->progress, &(ProgressSummary){0});
  double passed = (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
  g_assert_true(metrics_save(metrics, &error));
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(place->metrics, &text, NULL, &error));
  const char *name = "ashlar_build_phase_duration_seconds{recipe=\"web.yaml\",phase=\"fetch\"} ";
  const char *sample = strstr(text, name);
  g_assert_nonnull(sample);
  double duration = g_ascii_strtod(sample + strlen(name), NULL);
  g_assert_cmpfloat(duration, >=, 0.02);
  g_assert_cmpfloat(duration, <=, passed);
}

static void
where_nothing_can_be_written_is_told_at_once(Place *place, gconstpointer data)
{
  g_autofree char *nowhere = g_build_filename(place->folder, "no", "such", "file", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_null(trace_new(place->progress, nowhere, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_null(metrics_new(place->progress, nowhere, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
  /* and what is not saved leaves nothing behind */
  trace_free(trace_new(place->progress, place->trace, NULL));
  metrics_free(metrics_new(place->progress, place->metrics, NULL));
  g_assert_false(g_file_test(place->trace, G_FILE_TEST_EXISTS) || g_file_test(place->metrics, G_FILE_TEST_EXISTS));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define CASE(path, function) g_test_add(path, Place, NULL, place_set_up, function, place_tear_down)
  CASE("/trace/nests", a_trace_has_all_and_nests);
  CASE("/trace/metrics", metrics_have_all);
  CASE("/trace/phases", phases_do_not_count_twice);
  CASE("/trace/nowhere", where_nothing_can_be_written_is_told_at_once);
  return g_test_run();
}
