/* SPDX-License-Identifier: Apache-2.0
 *
 * What bases are read with: whiteouts by their names, a registry's questions, credentials by the longest name, and layers as packs.
 */
#include "builder/oci/layer_pack.h"
#include "builder/oci/whiteout.h"
#include "builder/sources/image/challenge.h"
#include "builder/sources/image/credentials.h"
#include "builder/sources/image/registry_session.h"
#include "rootfs/remove_tree.h"
#include "tests/unit/image-maker.h"

#include <fcntl.h>
#include <glib/gstdio.h>

static void
whiteouts(void)
{
  static const struct {
    const char *path;
    WhiteoutKind kind;
    const char *hidden;
  } cases[] = {
    {"a/b", WHITEOUT_NONE, NULL},          {"a/.wh.b", WHITEOUT_PATH, "a/b"},
    {".wh.b", WHITEOUT_PATH, "b"},         {"a/.wh..wh..opq", WHITEOUT_OPAQUE, "a"},
    {".wh..wh..opq", WHITEOUT_OPAQUE, ""}, {".wh..wh.plnk", WHITEOUT_IGNORED, NULL},
    {"a/.wh.", WHITEOUT_IGNORED, NULL},    {".wh.a/b", WHITEOUT_NONE, NULL},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *hidden = NULL;
    g_assert_cmpint(whiteout_parse(cases[i].path, &hidden), ==, cases[i].kind);
    g_assert_cmpstr(hidden, ==, cases[i].hidden);
  }
  g_autofree char *below = whiteout_name("a/b"), *top = whiteout_name("b");
  g_assert_cmpstr(below, ==, "a/.wh.b");
  g_assert_cmpstr(top, ==, ".wh.b");
}

static void
challenges(void)
{
  g_auto(Challenge) bearer = {0}, basic = {0}, none = {0};
  challenge_parse("Basic realm=\"x\"\nBearer realm=\"https://a/t\",service=\"s, \\\"t\\\"\",scope=\"repository:x:pull,push\"\n",
                  &bearer);
  g_assert_cmpint(bearer.kind, ==, CHALLENGE_BEARER);
  g_assert_cmpstr(bearer.realm, ==, "https://a/t");
  g_assert_cmpstr(bearer.service, ==, "s, \"t\"");
  g_assert_cmpstr(bearer.scope, ==, "repository:x:pull,push");
  challenge_parse("basic realm=x\n", &basic);
  g_assert_cmpint(basic.kind, ==, CHALLENGE_BASIC);
  challenge_parse("Negotiate\nBearer2 realm=\"\n", &none);
  g_assert_cmpint(none.kind, ==, CHALLENGE_NONE);
}

static void
names_of_registries(void)
{
  static const struct {
    const char *name, *base, *reference;
  } cases[] = {
    {"docker.io/debian", "https://registry-1.docker.io/v2/library/debian/", "latest"},
    {"docker.io/a/b:1", "https://registry-1.docker.io/v2/a/b/", "1"},
    {"localhost:5000/x:y", "http://localhost:5000/v2/x/", "y"},
    {"r.example.org:443/x@sha256:00", "https://r.example.org:443/v2/x/", "sha256:00"},
    {"localhost.example.org/x", "https://localhost.example.org/v2/x/", "latest"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(RegistrySession) session = {0};
    registry_session_init(&session, cases[i].name);
    g_assert_cmpstr(session.base, ==, cases[i].base);
    g_assert_cmpstr(session.reference, ==, cases[i].reference);
  }
}

static void
credentials_by_name(void)
{
  g_autofree char *folder = g_dir_make_tmp("ashlar-test-XXXXXX", NULL), *path = g_build_filename(folder, "auth.json", NULL);
  g_assert_true(g_file_set_contents(path,
                                    "{\"auths\": {\"r.example.org\": {\"auth\": \"YTphYQ==\"},"
                                    "\"r.example.org/team\": {\"auth\": \"YjpiYg==\"},"
                                    "\"https://index.docker.io/v1/\": {\"username\": \"c\", \"password\": \"cc\"},"
                                    "\"t.example.org\": {\"identitytoken\": \"x\"}}}",
                                    -1, NULL));
  g_setenv("REGISTRY_AUTH_FILE", path, TRUE);
  static const struct {
    const char *host, *repository, *user;
  } cases[] = {{"r.example.org", "team/x", "b"}, {"r.example.org", "teams/x", "a"}, {"docker.io", "library/debian", "c"},
               {"t.example.org", "x", NULL},     {"example.org", "x", NULL},        {"r.example.org.evil.org", "x", NULL}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(Credentials) found = {0};
    g_assert_true(credentials_find(cases[i].host, cases[i].repository, &found, NULL));
    g_assert_cmpstr(found.user, ==, cases[i].user);
    g_assert_true((found.missing != NULL) == (cases[i].host[0] == 't'));
  }
  g_unsetenv("REGISTRY_AUTH_FILE");
  g_unlink(path);
  g_rmdir(folder);
}

/* A file where a folder was takes the place of all in it, and a folder that of a file. */
static void
layers_over_each_other(void)
{
  static const Member below[] = {{"d", 'd', NULL}, {"d/a", 'f', "a"}, {"e", 'd', NULL}, {"e/x", 'f', "x"}, {"f", 'f', "f"}};
  static const Member above[] = {{"d", 'f', "file"}, {"e", 'd', NULL}, {"e/.wh..wh..opq", 'f', ""},
                                 {"e/y", 'f', "y"},  {"f", 'd', NULL}, {"f/z", 'f', "z"}};
  g_autofree char *folder = g_dir_make_tmp("ashlar-test-XXXXXX", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(Store) store = store_open(folder, &error);
  g_assert_no_error(error);
  g_autoptr(Blobs) blobs = blobs_new(store);
  g_autoptr(Tree) tree = tree_new();
  const struct {
    const Member *members;
    guint n;
  } layers[] = {{below, G_N_ELEMENTS(below)}, {above, G_N_ELEMENTS(above)}};
  for (guint i = 0; i < G_N_ELEMENTS(layers); i++) {
    Layer layer;
    g_auto(LayerPack) pack = {0}, again = {0}, wrong = {0};
    make_layer(blobs, layers[i].members, layers[i].n, &layer);
    g_assert_true(layer_pack_obtain(store, blobs, &layer.digest, &layer.diff_id, NULL, NULL, &pack, &error));
    g_assert_false(pack.reused);
    g_assert_true(layer_pack_obtain(store, blobs, &layer.digest, &layer.diff_id, NULL, NULL, &again, &error));
    g_assert_true(again.reused);
    g_assert_true(layer_pack_lay(&pack, tree, &error));
    g_assert_false(layer_pack_obtain(store, blobs, &layer.digest, &layer.digest, NULL, NULL, &wrong, &error));
    g_assert_nonnull(strstr(error->message, "diff ID"));
    g_clear_error(&error);
  }
  g_autoptr(GPtrArray) nodes = tree_nodes(tree);
  g_autoptr(GString) paths = g_string_new(NULL);
  for (guint i = 0; i < nodes->len; i++)
    g_string_append_printf(paths, "/%s ", ((const TreeNode *)nodes->pdata[i])->entry->path);
  g_assert_cmpstr(paths->str, ==, "/ /d /e /e/y /f /f/z ");
  g_clear_pointer(&store, store_unref);
  g_assert_true(remove_tree(AT_FDCWD, folder, NULL));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/image-source/whiteouts", whiteouts);
  g_test_add_func("/image-source/challenges", challenges);
  g_test_add_func("/image-source/names", names_of_registries);
  g_test_add_func("/image-source/credentials", credentials_by_name);
  g_test_add_func("/image-source/layers", layers_over_each_other);
  return g_test_run();
}
