/* SPDX-License-Identifier: Apache-2.0
 *
 * The first difference of two images that are built for it.
 */
#include "builder/engine/build.h"
#include "builder/twice/mismatch.h"
#include "packs.h"

#include <glib/gstdio.h>

#define HEAD "name: app\nversion: 1\n"

/* Like the other in all but one thing. */
static const struct {
  const char *name, *first, *second;
  const char *expected[6]; /* parts of the explanation */
} cases[] = {
  {"content",
   "files: [{path: /etc/motd, content: hello world}]",
   "files: [{path: /etc/motd, content: hello WORLD}]",
   {"image    for amd64", "layer    1 of 1: files of the recipe", "member   /etc/motd: content", "byte     6 of the content",
    "first     68 65 6c 6c 6f 20 >77 6f", "second    68 65 6c 6c 6f 20 >57 4f"}},
  {"length",
   "files: [{path: /a, content: hello}]",
   "files: [{path: /a, content: hello you}]",
   {"member   /a: content, size 5 -> 9", "byte     5 of the content", "first    ends here: 68 65 6c 6c 6f", ">20 79 6f 75"}},
  {"mode",
   "files: [{path: /a, content: x}]",
   "files: [{path: /a, content: x, mode: \"0755\"}]",
   {"member   /a: mode 0644 -> 0755", "files of the recipe"}},
  {"owner",
   "files: [{path: /a, content: x}]",
   "files: [{path: /a, content: x, owner: \"7\"}]",
   {"member   /a: owner 0/0 -> 7/7"}},
  {"time",
   "epoch: 5\nconfig: {user: \"7\"}\nfiles: [{path: /a, content: x}]",
   "epoch: 6\nconfig: {user: \"7\"}\nfiles: [{path: /a, content: x}]",
   {"member   /a: time 1970-01-01"}},
  {"added",
   "files: [{path: /a, content: x}]",
   "files: [{path: /a, content: x}, {path: /b, content: y}, {path: /c, content: z}]",
   {"member   /b: only in the second, file, 0644", "besides  1 more"}},
  {"target", "links: [{path: /l, to: one}]", "links: [{path: /l, to: two}]", {"member   /l: target one -> two"}},
  {"layers",
   "files: [{path: /a, content: x}]",
   "users: [{name: u, uid: 7}]\nfiles: [{path: /a, content: x}]",
   {"layers   1 in the first, 2 in the second"}},
  {"configuration",
   "config: {env: {A: one}}\nfiles: [{path: /a, content: x}]",
   "config: {env: {A: two}}\nfiles: [{path: /a, content: x}]",
   {"in       its configuration and annotations, 'Env.A'", "byte     0 of the value of 'Env.A'", ">6f 6e 65  |one|"}},
  {"package", /* its database is as good as dpkg's */
   "files: [{path: /var/lib/dpkg/status, content: \"Package: stone\\nStatus: install ok installed\\nVersion: 1.2\\n"
   "Architecture: all\\n\"}, {path: /var/lib/dpkg/info/stone.list, content: \"/usr/share/stone\\n\"},"
   " {path: /usr/share/stone, content: a}]",
   "files: [{path: /var/lib/dpkg/status, content: \"Package: stone\\nStatus: install ok installed\\nVersion: 1.2\\n"
   "Architecture: all\\n\"}, {path: /var/lib/dpkg/info/stone.list, content: \"/usr/share/stone\\n\"},"
   " {path: /usr/share/stone, content: b}]",
   {"member   /usr/share/stone: content", "from     package stone 1.2"}},
  {"several-architectures",
   "arch: [amd64, arm64]\nconfig: {user: \"7\"}\nfiles: [{path: /a, content: x}]",
   "arch: [amd64, arm64]\nconfig: {user: \"8\"}\nfiles: [{path: /a, content: x}]",
   {"image    for amd64", "'User'"}},
  {"layout",
   "files: [{path: /a, content: x}]\noutputs: [{oci: {layout: true}}]",
   "files: [{path: /a, content: y}]\noutputs: [{oci: {layout: true}}]",
   {"member   /a: content"}},
};

/* Builds into a folder called @side; returns the output's path. */
static char *
build(const Place *place, const char *side, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_build_filename(place->folder, side, NULL), *path = g_build_filename(folder, "app.yaml", NULL);
  g_autofree char *whole = g_strconcat(HEAD, text, "\n", NULL);
  g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
  g_assert_true(g_file_set_contents(path, whole, -1, NULL));
  g_autoptr(Recipe) recipe = recipe_load(path, NULL, &error);
  g_assert_no_error(error);
  const BuildOptions options = {.folder = folder};
  g_autoptr(BuildResult) result = build_recipe(place->store, recipe, &options, &error);
  g_assert_no_error(error);
  return g_strdup(((const BuildOutput *)result->outputs->pdata[0])->path);
}

static char *
explain(const char *first, const char *second)
{
  g_autoptr(GError) error = NULL;
  const MismatchOptions options = {0};
  char *explanation;
  gboolean read = mismatch_find(first, second, &options, &explanation, &error);
  g_assert_no_error(error);
  g_assert_true(read);
  return explanation;
}

static void
the_first_difference_is_told(Place *place, gconstpointer data)
{
  guint i = GPOINTER_TO_UINT(data);
  g_autofree char *first = build(place, "one", cases[i].first), *second = build(place, "two", cases[i].second);
  g_autofree char *none = explain(first, first), *some = explain(first, second);
  g_assert_null(none);
  g_assert_nonnull(some);
  g_test_message("%s", some);
  for (guint j = 0; j < G_N_ELEMENTS(cases[i].expected) && cases[i].expected[j] != NULL; j++)
    if (strstr(some, cases[i].expected[j]) == NULL)
      g_error("not told: %s", cases[i].expected[j]);
}

/* Far from the beginning of a file, which no window holds as a whole. */
static void
a_byte_far_into_a_file_is_found(Place *place, gconstpointer data)
{
  g_autoptr(GBytes) noise = words(3 << 20, 1);
  char *paths[2];
  for (guint i = 0; i < 2; i++) {
    const char *side = i == 0 ? "one" : "two";
    g_autofree char *file = g_build_filename(place->folder, side, "noise", NULL), *folder = g_path_get_dirname(file);
    g_autofree char *bytes = g_memdup2(g_bytes_get_data(noise, NULL), 3 << 20);
    bytes[2345678] = i == 0 ? 'X' : 'Y';
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, bytes, 3 << 20, NULL));
    paths[i] = build(place, side, "files: [{path: /noise, from: noise}]");
  }
  g_autofree char *some = explain(paths[0], paths[1]);
  g_free(paths[0]);
  g_free(paths[1]);
  g_assert_nonnull(strstr(some, "byte     2345678 of the content"));
}

/* The same image, in a tarball that is another one. */
static void
a_tarball_of_other_bytes_is_told(Place *place, gconstpointer data)
{
  gsize size;
  g_autofree char *first = build(place, "one", "files: [{path: /a, content: x}]"), *bytes = NULL;
  g_autofree char *second = g_build_filename(place->folder, "two.tar", NULL);
  g_assert_true(g_file_get_contents(first, &bytes, &size, NULL));
  g_autofree char *longer = g_malloc0(size + 512);
  memcpy(longer, bytes, size);
  g_assert_true(g_file_set_contents(second, longer, (gssize)size + 512, NULL));
  g_autofree char *some = explain(first, second);
  g_assert_nonnull(strstr(some, "the tarball itself: the image in it is the same"));
}

int
main(int argc, char **argv)
{
  g_unsetenv("SOURCE_DATE_EPOCH");
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/mismatch/", cases[i].name, NULL);
    g_test_add(path, Place, GUINT_TO_POINTER(i), place_set_up, the_first_difference_is_told, place_tear_down);
  }
  g_test_add("/mismatch/far", Place, NULL, place_set_up, a_byte_far_into_a_file_is_found, place_tear_down);
  g_test_add("/mismatch/tarball", Place, NULL, place_set_up, a_tarball_of_other_bytes_is_told, place_tear_down);
  return g_test_run();
}
