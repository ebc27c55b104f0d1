/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/events.h"
#include "builder/executor/parallel.h"
#include "rootfs/store.h"
#include "signing/error.h"

#include <glib/gstdio.h>
#include <string.h>

/* ---- big things ---- */

typedef struct {
  gint calls[50], inside, most;
  Store *store;
  Digest key;
  gint made;
} Shared;

static void
count(guint i, gpointer data)
{
  Shared *shared = data;
  parallel_enter();
  gint inside = g_atomic_int_add(&shared->inside, 1) + 1;
  if (inside > g_atomic_int_get(&shared->most))
    g_atomic_int_set(&shared->most, inside);
  g_usleep(500);
  g_atomic_int_inc(&shared->calls[i]);
  g_atomic_int_add(&shared->inside, -1);
  parallel_leave();
}

static void
each_once(void)
{
  Shared shared = {0};
  parallel_run(G_N_ELEMENTS(shared.calls), 16, count, &shared);
  for (guint i = 0; i < G_N_ELEMENTS(shared.calls); i++)
    g_assert_cmpint(shared.calls[i], ==, 1);
  g_assert_cmpint(shared.most, <=, (gint)parallel_width());
  parallel_run(0, 16, count, &shared);
}

/* ---- claims ---- */

static void
make_once(guint i, gpointer data)
{
  Shared *shared = data;
  g_autoptr(GError) error = NULL;
  g_assert_true(store_claim_waiting(shared->store, &shared->key, NULL, &error));
  if (shared->made == 0) {
    g_usleep(2000);
    shared->made++;
  }
  store_release(shared->store, &shared->key);
}

static void
claims(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("ashlar-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "store", NULL);
  g_autoptr(Store) store = store_open(path, &error);
  g_assert_no_error(error);
  Shared shared = {.store = store};
  digest_of("x", 1, &shared.key);
  parallel_run(20, 8, make_once, &shared);
  g_assert_cmpint(shared.made, ==, 1);

  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  g_assert_true(store_claim(store, &shared.key));
  g_assert_false(store_claim(store, &shared.key));
  g_cancellable_cancel(cancellable);
  g_assert_false(store_await(store, &shared.key, cancellable, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED);
  store_release(store, &shared.key);
  g_assert_true(store_claim(store, &shared.key));
  store_release(store, &shared.key);
  g_clear_pointer(&store, store_unref);
  g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
  g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

/* ---- branches ---- */

static void
note(const Event *event, gpointer data)
{
  static const char *const names[] = {
    [EVENT_BEGIN] = "begin", [EVENT_END] = "end", [EVENT_START] = "start", [EVENT_FINISH] = "finish"};
  GString *heard = data;
  g_string_append_printf(heard, "%s %s", names[event->kind], event->recipe);
  if (event->kind == EVENT_BEGIN || event->kind == EVENT_START)
    g_string_append_printf(heard, " (%s)", event->state->recipe);
  if (event->kind == EVENT_END)
    g_string_append_printf(heard, " %" G_GUINT64_FORMAT, event->summary->fetched_bytes);
  g_string_append_c(heard, '\n');
}

static void
branches(void)
{
  g_autoptr(Progress) progress = progress_new();
  g_autoptr(GString) heard = g_string_new(NULL);
  progress_listen(progress, note, heard);
  g_autoptr(Progress) a = progress_branch(progress), b = progress_branch(progress);
  progress_begin(a, "a.yaml");
  progress_begin(b, "b.yaml");
  ProgressTask *task = progress_start(b, PROGRESS_FETCH, "x", 5);
  progress_advance(task, 5);
  progress_finish(task, PROGRESS_MADE);
  progress_stop(a);
  progress_stop(b);
  progress_end(b, &(ProgressSummary){0});
  progress_end(a, &(ProgressSummary){0});
  g_assert_cmpstr(heard->str, ==,
                  "begin a.yaml (a.yaml)\nbegin b.yaml (a.yaml and 1 more)\nstart b.yaml (a.yaml and 1 more)\nfinish b.yaml\n"
                  "end b.yaml 5\nend a.yaml 0\n");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/parallel/each-once", each_once);
  g_test_add_func("/parallel/claims", claims);
  g_test_add_func("/parallel/branches", branches);
  return g_test_run();
}
