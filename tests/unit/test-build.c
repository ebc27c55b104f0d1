/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole builds of recipes that need no archive: what is done again, and what is not.
 */
#include "builder/engine/build.h"
#include "packs.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

typedef struct {
  Place place;
  char *recipe, *out;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  place_set_up(&fixture->place, data);
  fixture->recipe = g_build_filename(fixture->place.folder, "app.yaml", NULL);
  fixture->out = g_build_filename(fixture->place.folder, "out", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_free(fixture->recipe);
  g_free(fixture->out);
  place_tear_down(&fixture->place, data);
}

static void
put(const Fixture *fixture, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(fixture->place.folder, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

#define HEAD "name: app\nversion: 1\narch: [amd64]\nconfig: {entrypoint: [/x]}\n"
#define FILE "files: [{path: /x, from: x}]\n"

static BuildResult *
try_build(const Fixture *fixture, const BuildOptions *options, GError **error)
{
  g_autoptr(Recipe) recipe = recipe_load(fixture->recipe, NULL, error);
  BuildOptions own = *options;
  own.folder = fixture->out;
  return recipe != NULL ? build_recipe(fixture->place.store, recipe, &own, error) : NULL;
}

static BuildResult *
build_with(const Fixture *fixture, const BuildOptions *options)
{
  g_autoptr(GError) error = NULL;
  BuildResult *result = try_build(fixture, options, &error);
  g_assert_no_error(error);
  g_assert(result != NULL);
  return result;
}

/* Builds, and checks whether there was anything to do. */
static Digest
build_once(const Fixture *fixture, const BuildOptions *options, gboolean reused)
{
  g_autoptr(BuildResult) result = build_with(fixture, options);
  g_assert_cmpuint(result->outputs->len, ==, 1);
  const BuildOutput *output = result->outputs->pdata[0];
  g_assert_true(output->reused == reused);
  g_assert_true(g_file_test(output->path, G_FILE_TEST_EXISTS));
  return output->digest;
}

static void
only_what_changed_is_done(Fixture *fixture, gconstpointer data)
{
  BuildOptions options = {0};
  put(fixture, "app.yaml", HEAD FILE);
  put(fixture, "x", "one");
  Digest first = build_once(fixture, &options, FALSE), same = build_once(fixture, &options, TRUE);
  g_assert_true(digest_equal(&first, &same));
  put(fixture, "app.yaml", "# a comment\n" HEAD FILE);
  (void)build_once(fixture, &options, TRUE);
  put(fixture, "x", "two");
  Digest other = build_once(fixture, &options, FALSE);
  g_assert_false(digest_equal(&first, &other));
  put(fixture, "x", "one");
  Digest back = build_once(fixture, &options, FALSE);
  g_assert_true(digest_equal(&first, &back));
}

static void
an_output_that_was_touched_is_made_again(Fixture *fixture, gconstpointer data)
{
  BuildOptions options = {0};
  g_autofree char *tarball = g_build_filename(fixture->out, "app-1.oci.tar", NULL), *before = NULL, *after = NULL;
  gsize size, size_after;
  put(fixture, "app.yaml", HEAD "files: [{path: /x, content: x}]\n");
  (void)build_once(fixture, &options, FALSE);
  g_assert_true(g_file_get_contents(tarball, &before, &size, NULL));
  g_assert_true(g_file_set_contents(tarball, "spoiled", -1, NULL));
  (void)build_once(fixture, &options, FALSE);
  g_assert_true(g_file_get_contents(tarball, &after, &size_after, NULL));
  g_assert_cmpmem(before, size, after, size_after);
  g_assert_cmpint(g_unlink(tarball), ==, 0);
  (void)build_once(fixture, &options, FALSE);
}

/* The folder's index.json is as it was; a blob is not. */
static void
a_layout_with_a_changed_blob_is_made_again(Fixture *fixture, gconstpointer data)
{
  BuildOptions options = {0};
  g_autofree char *blobs = g_build_filename(fixture->out, "app-1.oci", "blobs", "sha256", NULL);
  put(fixture, "app.yaml", HEAD "files: [{path: /x, content: x}]\noutputs: [{oci: {layout: true}}]\n");
  (void)build_once(fixture, &options, FALSE);
  (void)build_once(fixture, &options, TRUE);
  GDir *dir = g_dir_open(blobs, 0, NULL);
  g_autofree char *blob = g_build_filename(blobs, g_dir_read_name(dir), NULL), *text = NULL;
  g_dir_close(dir);
  g_assert_cmpint(g_chmod(blob, 0600), ==, 0);
  g_assert_cmpint(g_unlink(blob), ==, 0);
  (void)build_once(fixture, &options, FALSE);
  g_assert_true(g_file_get_contents(blob, &text, NULL, NULL));
}

static void
labels_and_architectures_count(Fixture *fixture, gconstpointer data)
{
  static const char *const labels[] = {"a=b", NULL}, *const archs[] = {"amd64,amd64", "amd64", NULL};
  BuildOptions options = {0}, labelled = {.annotations = labels}, named = {.archs = archs};
  put(fixture, "app.yaml", HEAD "files: [{path: /x, content: x}]\n");
  Digest plain = build_once(fixture, &options, FALSE), marked = build_once(fixture, &labelled, FALSE);
  g_assert_false(digest_equal(&plain, &marked));
  Digest again = build_once(fixture, &named, FALSE);
  g_assert_true(digest_equal(&plain, &again));
}

static void
several_architectures_make_an_index(Fixture *fixture, gconstpointer data)
{
  static const char *const backwards[] = {"arm64,amd64", NULL};
  BuildOptions options = {0}, named = {.archs = backwards};
  put(fixture, "app.yaml",
      "name: app\nversion: 1\narch: [amd64, arm64]\nconfig: {entrypoint: [/x]}\nfiles: [{path: /x, content: x}]\n");
  Digest index = build_once(fixture, &options, FALSE);
  Digest same = build_once(fixture, &named, TRUE);
  g_assert_true(digest_equal(&index, &same));
}

static void
layers_are_as_many_as_may_be(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *layers;
    guint expected;
  } cases[] = {{"layers: {by: package, most: 20}\n", 2}, {"layers: {by: package, most: 1}\n", 1}, {"layers: single\n", 1}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    BuildOptions options = {0};
    g_autofree char *text = g_strconcat(HEAD "users: [{name: app, uid: 7}]\nfiles: [{path: /x, content: x}]\n", cases[i].layers,
                                        NULL);
    put(fixture, "app.yaml", text);
    g_autoptr(BuildResult) result = build_with(fixture, &options);
    g_assert_cmpuint(result->layers->len, ==, cases[i].expected);
  }
}

static void
a_folder_whose_name_is_no_utf8(Fixture *fixture, gconstpointer data)
{
  BuildOptions options = {0};
  put(fixture, "app.yaml", HEAD "files: [{path: /x, content: x}]\n");
  g_free(fixture->out);
  fixture->out = g_build_filename(fixture->place.folder, "\xff\xfe", NULL);
  (void)build_once(fixture, &options, FALSE);
  (void)build_once(fixture, &options, TRUE);
}

static void
epochs_are_checked(Fixture *fixture, gconstpointer data)
{
  static const char *const wrong[] = {"-1", "soon", "1.5", "253402300800", "99999999999999999999", " 1"};
  BuildOptions options = {0};
  put(fixture, "app.yaml", HEAD "epoch: 5\nfiles: [{path: /x, content: x}]\n");
  g_autoptr(BuildResult) own = build_with(fixture, &options);
  g_assert_cmpint(own->epoch, ==, 5);
  g_setenv("SOURCE_DATE_EPOCH", "253402300799", TRUE);
  g_autoptr(BuildResult) last = build_with(fixture, &options);
  g_assert_cmpint(last->epoch, ==, G_GINT64_CONSTANT(253402300799));
  for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(GError) error = NULL;
    g_setenv("SOURCE_DATE_EPOCH", wrong[i], TRUE);
    g_assert_null(try_build(fixture, &options, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
  }
  g_unsetenv("SOURCE_DATE_EPOCH");
}

/* Whenever the user has had enough: an error that says so, and nothing in the folder. */
static void
cancelled(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  g_autofree char *tarball = g_build_filename(fixture->out, "app-1.oci.tar", NULL);
  BuildOptions options = {.fetch = {.cancellable = cancellable}};
  put(fixture, "app.yaml", HEAD FILE);
  put(fixture, "x", "content");
  g_cancellable_cancel(cancellable);
  g_assert_null(try_build(fixture, &options, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED);
  g_assert_false(g_file_test(tarball, G_FILE_TEST_EXISTS));
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run)(Fixture *fixture, gconstpointer data);
  } cases[] = {
    {"only-what-changed", only_what_changed_is_done},
    {"touched-output", an_output_that_was_touched_is_made_again},
    {"changed-blob-of-a-layout", a_layout_with_a_changed_blob_is_made_again},
    {"labels-and-architectures", labels_and_architectures_count},
    {"several-architectures", several_architectures_make_an_index},
    {"layers", layers_are_as_many_as_may_be},
    {"folder-that-is-no-utf8", a_folder_whose_name_is_no_utf8},
    {"epochs", epochs_are_checked},
    {"cancelled", cancelled},
  };
  g_unsetenv("SOURCE_DATE_EPOCH");
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/build/", cases[i].name, NULL);
    g_test_add(path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  return g_test_run();
}
