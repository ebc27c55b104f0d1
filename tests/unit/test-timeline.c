/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/timeline.h"
#include "signing/error.h"

#include <glib/gstdio.h>
#include <string.h>

static Timeline *
read_text(const char *text, GError **error)
{
  g_autofree char *folder = g_dir_make_tmp("ashlar-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "trace.json", NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  Timeline *timeline = timeline_read(path, error);
  g_unlink(path);
  g_rmdir(folder);
  return timeline;
}

/* "start+duration track.row name" of each span. */
static void
assert_spans(const Timeline *timeline, const char *expected)
{
  g_autoptr(GString) out = g_string_new(NULL);
  for (guint i = 0; i < timeline->spans->len; i++) {
    const TimelineSpan *span = timeline->spans->pdata[i];
    g_string_append_printf(out, "%s%" G_GINT64_FORMAT "+%" G_GINT64_FORMAT " %u.%u %s", i == 0 ? "" : ", ", span->start,
                           span->duration, span->track, span->row, span->name);
  }
  g_assert_cmpstr(out->str, ==, expected);
}

static void
spans_stand_in_tracks(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Timeline)
    timeline = read_text("{\"traceEvents\": ["
                         "{\"ph\":\"X\",\"name\":\"b\",\"cat\":\"pack\",\"pid\":1,\"tid\":2,\"ts\":150.4,\"dur\":50,\"args\":{"
                         "\"bytes\":7,\"package\":\"a\"}},"
                         "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":1,\"args\":{\"name\":\"main\"}},"
                         "{\"ph\":\"i\",\"name\":\"an instant\",\"pid\":1,\"tid\":9,\"ts\":0},"
                         "{\"ph\":\"X\",\"name\":\"inner\",\"pid\":1,\"tid\":1,\"ts\":110,\"dur\":5},"
                         "{\"ph\":\"X\",\"name\":\"outer\",\"pid\":1,\"tid\":1,\"ts\":100,\"dur\":20},"
                         "{\"ph\":\"X\",\"name\":\"next\",\"pid\":1,\"tid\":1,\"ts\":120,\"dur\":1}]}",
                         &error);
  g_assert_no_error(error);
  assert_spans(timeline, "0+20 0.0 outer, 10+5 0.1 inner, 20+1 0.0 next, 50+50 1.0 b");
  g_assert_cmpint(timeline->length, ==, 100);
  g_assert_cmpuint(timeline->tracks->len, ==, 2);
  const TimelineTrack *first = timeline->tracks->pdata[0], *second = timeline->tracks->pdata[1];
  g_assert_cmpstr(first->name, ==, "main");
  g_assert_cmpuint(first->rows, ==, 2);
  g_assert_cmpint(first->busy, ==, 21);
  g_assert_cmpstr(second->name, ==, "thread 2");
  const TimelineSpan *last = timeline->spans->pdata[3];
  g_assert_cmpstr(last->category, ==, "pack");
  g_assert_cmpstr(last->detail, ==, "bytes 7, package a");
}

static void
an_array_alone_is_a_trace(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Timeline) timeline = read_text("[{\"ph\":\"X\",\"name\":\"a\",\"ts\":5,\"dur\":0}]", &error);
  g_assert_no_error(error);
  assert_spans(timeline, "0+0 0.0 a");
  g_assert_cmpint(timeline->length, ==, 1);
}

/* What overlaps without end stays within the rows that there are. */
static void
rows_are_bounded(void)
{
  g_autoptr(GString) text = g_string_new("[");
  for (guint i = 0; i < 50; i++)
    g_string_append_printf(text, "%s{\"ph\":\"X\",\"name\":\"n\",\"ts\":%u,\"dur\":1000}", i == 0 ? "" : ",", i);
  g_string_append_c(text, ']');
  g_autoptr(Timeline) timeline = read_text(text->str, NULL);
  g_assert_nonnull(timeline);
  g_assert_cmpuint(((TimelineTrack *)timeline->tracks->pdata[0])->rows, ==, TIMELINE_ROWS_MAX);
}

static void
long_names_are_cut_between_characters(void)
{
  g_autofree char *many = g_strnfill(199, 'x');
  g_autofree char *text = g_strdup_printf("[{\"ph\":\"X\",\"name\":\"%s\xc3\xa4\xc3\xa4\",\"ts\":1,\"dur\":1}]", many);
  g_autoptr(Timeline) timeline = read_text(text, NULL);
  g_autofree char *expected = g_strconcat(many, "…", NULL);
  g_assert_cmpstr(((TimelineSpan *)timeline->spans->pdata[0])->name, ==, expected);
}

static void
what_is_no_trace_is_refused(void)
{
  static const struct {
    const char *text, *message;
  } cases[] = {
    {"", "' is no JSON: line 1: "},
    {"[{\"ph\":", "' is no JSON: line 1: "},
    {"{\"name\": \"web\"}", "' is no trace of a build: there is no array 'traceEvents'\nhint: "},
    {"[]", "there are no complete events"},
    {"[1, \"x\", null]", "there are no complete events"},
    {"[{\"ph\":\"X\",\"ts\":1,\"dur\":1}]", "event 0: it has no 'name'"},
    {"[{\"ph\":\"X\",\"name\":\"n\",\"dur\":1}]", "event 0: 'ts' is not a time in microseconds"},
    {"[{\"ph\":\"X\",\"name\":\"n\",\"ts\":\"1\",\"dur\":1}]", "event 0: 'ts' is not a time"},
    {"[{\"ph\":\"X\",\"name\":\"n\",\"ts\":1,\"dur\":-1}]", "event 0: 'dur' is not a time"},
    {"[{\"ph\":\"X\",\"name\":\"n\",\"ts\":1e300,\"dur\":1}]", "event 0: 'ts' is not a time"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(read_text(cases[i].text, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, cases[i].message));
  }
  g_autoptr(GError) error = NULL;
  g_assert_null(timeline_read("/nowhere/trace.json", &error));
  g_assert_cmpstr(error->message, ==, "open '/nowhere/trace.json': No such file or directory");
}

static void
more_than_can_be_held_is_refused(void)
{
  g_autoptr(GString) text = g_string_new("[\"");
  gsize size = TIMELINE_FILE_MAX;
  g_string_set_size(text, size + 3);
  memset(text->str + 2, ' ', size);
  text->str[size + 2] = ']';
  g_autoptr(GError) error = NULL;
  g_assert_null(read_text(text->str, &error));
  g_assert_nonnull(strstr(error->message, "' is larger than 32 MiB"));

  g_string_assign(text, "[");
  for (guint i = 0; i <= TIMELINE_TRACKS_MAX; i++)
    g_string_append_printf(text, "%s{\"ph\":\"X\",\"name\":\"n\",\"tid\":%u,\"ts\":1,\"dur\":1}", i == 0 ? "" : ",", i);
  g_string_append_c(text, ']');
  g_clear_error(&error);
  g_assert_null(read_text(text->str, &error));
  g_assert_nonnull(strstr(error->message, "it has more than 1024 threads"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/timeline/spans-stand-in-tracks", spans_stand_in_tracks);
  g_test_add_func("/timeline/an-array-alone-is-a-trace", an_array_alone_is_a_trace);
  g_test_add_func("/timeline/rows-are-bounded", rows_are_bounded);
  g_test_add_func("/timeline/long-names-are-cut-between-characters", long_names_are_cut_between_characters);
  g_test_add_func("/timeline/what-is-no-trace-is-refused", what_is_no_trace_is_refused);
  g_test_add_func("/timeline/more-than-can-be-held-is-refused", more_than_can_be_held_is_refused);
  return g_test_run();
}
