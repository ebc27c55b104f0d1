/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/progress.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

/* What a Progress of @mode writes for one task, a note and a warning. */
static char *
capture(ProgressMode mode)
{
  g_autofree char *name = NULL;
  g_autoptr(GError) error = NULL;
  int fd = g_file_open_tmp("progress-XXXXXX", &name, &error);
  g_assert_no_error(error);
  g_autoptr(Progress) progress = progress_new(mode, fd);
  progress_expect(progress, "fetch", 2, 100);
  ProgressTask *task = progress_start(progress, "fetch", "nginx\n1.22", 100);
  progress_advance(task, 40);
  progress_advance(task, 60);
  progress_finish(task, "100 bytes");
  progress_abandon(progress_start(progress, "fetch", "given up", 0));
  progress_note(progress, "locked %d packages", 3);
  progress_warn(progress, "beware");
  g_clear_pointer(&progress, progress_free);
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
  g_autofree char *text = capture(PROGRESS_PLAIN);
  g_assert_cmpstr(text, ==, "fetch    1/2 nginx\\n1.22: 100 bytes\nlocked 3 packages\nwarning: beware\n");
}

static void
quiet_warns_only(void)
{
  g_autofree char *text = capture(PROGRESS_QUIET);
  g_assert_cmpstr(text, ==, "warning: beware\n");
}

static void
json_is_an_object_a_line(void)
{
  g_autofree char *text = capture(PROGRESS_JSON);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  static const char *const events[] = {"start", "finish", "start", "note", "warning"};
  g_assert_cmpuint(g_strv_length(lines), ==, G_N_ELEMENTS(events) + 1);
  for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
    json_t *event = json_loads(lines[i], 0, NULL);
    g_assert_nonnull(event);
    g_assert_cmpstr(json_string_value(json_object_get(event, "event")), ==, events[i]);
    json_decref(event);
  }
}

static void
auto_is_plain_without_a_terminal(void)
{
  g_autofree char *text = capture(PROGRESS_AUTO);
  g_assert_true(g_str_has_prefix(text, "fetch    1/2"));
}

static void
live_leaves_only_messages(void)
{
  g_autofree char *text = capture(PROGRESS_LIVE);
  g_assert_nonnull(strstr(text, "locked 3 packages\n"));
  g_assert_null(strstr(text, "fetch    1/2 nginx"));
}

static void
silence_is_allowed(void)
{
  ProgressTask *task = progress_start(NULL, "fetch", "x", 0);
  progress_advance(task, 1);
  progress_finish(task, NULL);
  progress_note(NULL, "x");
  progress_expect(NULL, "fetch", 1, 1);
  g_assert_null(task);
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
  return g_test_run();
}
