/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/changes.h"
#include "signing/error.h"
#include "tests/unit/pack-maker.h"

static void
assert_text(const Changes *changes, const char *path, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) content = changes_read(changes, path, 10000, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), expected, strlen(expected));
}

static Tree *
below(void)
{
  static const Member members[] = {
    {"etc/motd", ENTRY_FILE, "old\n", 0600}, {"var/run", ENTRY_SYMLINK, "/run", 0777}, {"run", ENTRY_DIRECTORY, NULL, 0}, {0}};
  g_autoptr(Pack) pack = maker_pack(members, NULL);
  Tree *tree = tree_new();
  guint number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    g_assert_true(tree_insert(tree, number, i, NULL));
  return tree;
}

static void
later_puts_replace(void)
{
  g_autoptr(Changes) changes = changes_new(NULL);
  changes_put_text(changes, "a/b", "1");
  changes_put_text(changes, "a/b", "2");
  assert_text(changes, "a/b", "2");
  changes_put_symlink(changes, "a/l", "b");
  assert_text(changes, "a/l", "2");
  g_assert_cmpuint(changes_size(changes), ==, 2);
  changes_drop(changes, "a/b");
  g_autoptr(GError) error = NULL;
  g_assert_null(changes_read(changes, "a/l", 10, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
}

static void
the_tree_shows_through(void)
{
  g_autoptr(Tree) tree = below();
  g_autoptr(Changes) changes = changes_new(tree);
  g_autoptr(GError) error = NULL;
  g_assert_true(changes_append_text(changes, "etc/motd", "new\n", &error));
  assert_text(changes, "etc/motd", "old\nnew\n");
  g_assert_cmpuint(changes_lookup(changes, "etc/motd")->mode, ==, 0600);
  changes_put_text(changes, "etc/issue", "x");
  g_auto(GStrv) names = changes_list(changes, "etc");
  g_assert_cmpuint(g_strv_length(names), ==, 2);
  g_assert_cmpstr(names[0], ==, "issue");
  g_assert_null(changes_read(changes, "etc/motd", 3, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
}

static void
parents_that_are_links_are_followed(void)
{
  g_autoptr(Tree) tree = below();
  g_autoptr(Changes) changes = changes_new(tree);
  changes_put_text(changes, "var/run/new/pid", "1");
  assert_text(changes, "run/new/pid", "1");
  assert_text(changes, "var/run/new/pid", "1");
  g_assert_null(tree_lookup(tree, "run/new"));
  changes_put_symlink(changes, "loop", "loop");
  changes_put_text(changes, "loop/x", "1"); /* stands as it is spelled: the tree will refuse it by name */
  g_assert_nonnull(changes_lookup(changes, "loop/x"));
}

static void
a_pack_is_sorted_and_the_same_each_time(void)
{
  static const char *const paths[] = {"b", "a-b", "a/c", "a", "z/y"}, *const order[] = {"a", "a/c", "a-b", "b", "z/y"};
  Digest digests[2];
  for (guint round = 0; round < 2; round++) {
    g_autoptr(Changes) changes = changes_new(NULL);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
      const char *path = paths[round == 0 ? i : G_N_ELEMENTS(paths) - 1 - i];
      if (strcmp(path, "a") == 0)
        changes_put_directory(changes, path, 0711, 1, 2);
      else
        changes_put_text(changes, path, path);
    }
    g_assert_true(changes_to_pack(changes, maker_store, PACK_ZSTD, 77, &digests[round], &error));
  }
  g_assert_true(digest_equal(&digests[0], &digests[1]));
  g_autoptr(Pack) pack = pack_open(maker_store, &digests[0], NULL);
  g_assert_cmpuint(pack_n_entries(pack), ==, G_N_ELEMENTS(order));
  for (guint i = 0; i < G_N_ELEMENTS(order); i++)
    g_assert_cmpstr(pack_entry(pack, i)->path, ==, order[i]);
  g_assert_cmpint(pack_entry(pack, 1)->mtime, ==, 77);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  maker_open();
  g_test_add_func("/changes/replace", later_puts_replace);
  g_test_add_func("/changes/below", the_tree_shows_through);
  g_test_add_func("/changes/links", parents_that_are_links_are_followed);
  g_test_add_func("/changes/pack", a_pack_is_sorted_and_the_same_each_time);
  int status = g_test_run();
  maker_close();
  return status;
}
