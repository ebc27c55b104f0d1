/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree.h"
#include "signing/error.h"
#include "tests/unit/pack-maker.h"

#define N_MANY 100000

static Tree *
tree_of(const Member *members)
{
  Tree *tree = tree_new();
  g_autoptr(Pack) pack = maker_pack(members, NULL);
  guint number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    g_autoptr(GError) error = NULL;
    gboolean inserted = tree_insert(tree, number, i, &error);
    g_assert_no_error(error);
    g_assert_true(inserted);
  }
  return tree;
}

static guint
add(Tree *tree, const Member *members)
{
  g_autoptr(Pack) pack = maker_pack(members, NULL);
  return tree_add_pack(tree, pack);
}

static void
an_empty_tree_has_its_root(void)
{
  g_autoptr(Tree) tree = tree_new();
  g_assert_cmpuint(tree_size(tree), ==, 1);
  g_assert_cmpint(tree_lookup(tree, "")->entry->type, ==, ENTRY_DIRECTORY);
  g_assert_null(tree_lookup(tree, "a"));
  g_assert_false(tree_remove(tree, "a"));
  g_autofree char *root = tree_resolve(tree, "/../..");
  g_assert_cmpstr(root, ==, "");
}

static void
nodes_are_in_path_order(void)
{
  static const Member members[] = {{"a-b", ENTRY_FILE, "x", 0},      {"a/c", ENTRY_FILE, "x", 0}, {"a/b/z", ENTRY_FILE, "x", 0},
                                   {"\xc3\xa9", ENTRY_FILE, "x", 0}, {"B", ENTRY_FILE, "x", 0},   {0}};
  static const char *const order[] = {"", "B", "a", "a/b", "a/b/z", "a/c", "a-b", "\xc3\xa9"};
  g_autoptr(Tree) tree = tree_of(members);
  g_autoptr(GPtrArray) nodes = tree_nodes(tree);
  g_assert_cmpuint(nodes->len, ==, G_N_ELEMENTS(order));
  for (guint i = 0; i < nodes->len; i++)
    g_assert_cmpstr(((TreeNode *)nodes->pdata[i])->entry->path, ==, order[i]);
  g_autoptr(GPtrArray) children = tree_children(tree, "a");
  g_assert_cmpuint(children->len, ==, 2);
  g_assert_cmpstr(((TreeNode *)children->pdata[0])->entry->path, ==, "a/b");
}

/* A further name that no pack holds: it has the file's content, also when the file is gone, and is no entry of its pack. */
static void
a_name_of_a_file_below_is_linked(void)
{
  static const Member members[] = {{"x", ENTRY_FILE, "one", 0}, {"y", ENTRY_HARDLINK, "x", 0}, {0}};
  g_autoptr(Tree) tree = tree_of(members);
  g_assert_true(tree_link(tree, "a/b", 0, 0, NULL));
  const TreeNode *node = tree_lookup(tree, "a/b");
  g_assert_cmpint(node->entry->type, ==, ENTRY_HARDLINK);
  g_assert_cmpstr(node->entry->target, ==, "x");
  g_assert_cmpuint(pack_file(tree_pack(tree, 0), node->index), ==, 0);
  g_assert_cmpuint(tree_kept(tree, 0)[0], ==, 3);
  g_assert_true(tree_remove(tree, "x"));
  g_assert_cmpuint(tree_kept(tree, 0)[0], ==, 2);
  g_autoptr(GBytes) content = tree_read(tree, "a/b", 10, NULL);
  g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), "one", 3);
  g_assert_true(tree_remove(tree, "a/b"));
  g_assert_cmpuint(tree_kept(tree, 0)[0], ==, 2);
}

static void
parents_are_implied_then_claimed(void)
{
  static const Member members[] = {{"d/f", ENTRY_FILE, "x", 0}, {0}}, folder[] = {{"d", ENTRY_DIRECTORY, NULL, 01777}, {0}};
  g_autoptr(Tree) tree = tree_of(members);
  g_assert_cmpuint(tree_lookup(tree, "d")->pack, ==, TREE_NO_PACK);
  g_assert_cmpuint(tree_lookup(tree, "d")->entry->mode, ==, 0755);
  guint number = add(tree, folder);
  g_autoptr(GError) error = NULL;
  g_assert_true(tree_insert(tree, number, 0, &error));
  g_assert_cmpuint(tree_lookup(tree, "d")->entry->mode, ==, 01777);
  g_assert_cmpint(tree_lookup(tree, "d")->entry->mtime, ==, 0);
  tree_set_directory(tree, &(Entry){.path = "d", .type = ENTRY_DIRECTORY, .mode = 0700, .uid = 5});
  g_assert_cmpuint(tree_lookup(tree, "d")->entry->uid, ==, 5);
  g_assert_nonnull(tree_lookup(tree, "d/f"));
}

static void
kept_follows_replacing_and_removing(void)
{
  static const Member first[] = {{"a", ENTRY_FILE, "1", 0}, {"b/c", ENTRY_FILE, "1", 0}, {"b/d", ENTRY_FILE, "1", 0}, {0}},
                      second[] = {{"a", ENTRY_FILE, "2", 0}, {0}};
  g_autoptr(Tree) tree = tree_of(first);
  g_assert_cmpuint(tree_kept(tree, 0)[0], ==, 7);
  guint number = add(tree, second);
  g_assert_cmpuint(tree_kept(tree, number)[0], ==, 0);
  g_assert_true(tree_insert(tree, number, 0, NULL));
  g_assert_cmpuint(tree_kept(tree, 0)[0], ==, 6);
  g_assert_cmpuint(tree_kept(tree, number)[0], ==, 1);
  g_assert_true(tree_remove(tree, "b"));
  g_assert_cmpuint(tree_kept(tree, 0)[0], ==, 0);
  g_assert_null(tree_lookup(tree, "b/c"));
  g_assert_cmpuint(tree_size(tree), ==, 2);
}

static void
what_cannot_be_placed_is_said(void)
{
  static const Member first[] = {{"f", ENTRY_FILE, "1", 0}, {"d/x", ENTRY_FILE, "1", 0}, {0}},
                      below_file[] = {{"f/g", ENTRY_FILE, "2", 0}, {0}}, over_folder[] = {{"d", ENTRY_FILE, "2", 0}, {0}};
  g_autoptr(Tree) tree = tree_of(first);
  g_autoptr(GError) error = NULL;
  guint number = add(tree, below_file);
  g_assert_false(tree_insert(tree, number, 0, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS);
  g_assert_nonnull(strstr(error->message, "'/f/g'"));
  g_assert_nonnull(strstr(error->message, "'/f'"));
  g_clear_error(&error);
  number = add(tree, over_folder);
  g_assert_false(tree_insert(tree, number, 0, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS);
  g_assert_true(tree_remove(tree, "d/x"));
  g_clear_error(&error);
  g_assert_true(tree_insert(tree, number, 0, &error));
}

static void
symlinks_are_followed_inside(void)
{
  static const Member members[] = {{"bin", ENTRY_SYMLINK, "usr/bin", 0777},
                                   {"usr/bin/sh", ENTRY_SYMLINK, "dash", 0777},
                                   {"usr/bin/dash", ENTRY_FILE, "elf", 0},
                                   {"usr/up", ENTRY_SYMLINK, "../../../usr", 0777},
                                   {"abs", ENTRY_SYMLINK, "/usr/./bin//sh", 0777},
                                   {"loop", ENTRY_SYMLINK, "loop", 0777},
                                   {"dangling", ENTRY_SYMLINK, "nowhere", 0777},
                                   {"file", ENTRY_SYMLINK, "usr/bin/dash/x", 0777},
                                   {0}};
  static const struct {
    const char *path, *end;
  } cases[] = {{"bin/sh", "usr/bin/dash"},
               {"/abs", "usr/bin/dash"},
               {"usr/up/bin", "usr/bin"},
               {"loop", NULL},
               {"loop/x", NULL},
               {"dangling", NULL},
               {"file", NULL},
               {"usr/bin/dash/..", NULL},
               {"bin/..", "usr"},
               {"", ""},
               {"//", ""}};
  g_autoptr(Tree) tree = tree_of(members);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *end = tree_resolve(tree, cases[i].path);
    g_assert_cmpstr(end, ==, cases[i].end);
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) content = tree_read(tree, "bin/sh", 100, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), "elf", 3);
  g_assert_null(tree_read(tree, "usr", 100, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_clear_error(&error);
  g_assert_null(tree_read(tree, "loop", 100, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
}

static void
layers_get_their_directories(void)
{
  static const Member first[] = {{"a", ENTRY_DIRECTORY, NULL, 0700},
                                 {"a/b/f", ENTRY_FILE, "1", 0},
                                 {"empty", ENTRY_DIRECTORY, NULL, 0},
                                 {0}},
                      second[] = {{"a", ENTRY_DIRECTORY, NULL, 0711}, {"c/g", ENTRY_FILE, "2", 0}, {0}};
  g_autoptr(Tree) tree = tree_of(first);
  guint number = add(tree, second);
  g_assert_true(tree_insert(tree, number, 1, NULL));
  g_autoptr(GPtrArray) one = tree_layer_directories(tree, (guint[]){0}, 1, NULL, 0);
  static const char *const of_one[] = {"", "a", "a/b", "empty"}, *const of_two[] = {"", "a", "c"};
  g_assert_cmpuint(one->len, ==, 4);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpstr(((Entry *)one->pdata[i])->path, ==, of_one[i]);
  g_autoptr(GPtrArray) two = tree_layer_directories(tree, &number, 1, NULL, 0);
  g_assert_cmpuint(two->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr(((Entry *)two->pdata[i])->path, ==, of_two[i]);
  g_assert_cmpuint(((Entry *)two->pdata[1])->mode, ==, 0700);
  g_assert_true(tree_remove(tree, "a/b/f")); /* the folder it implied still belongs to the first pack */
  g_autoptr(GPtrArray) after = tree_layer_directories(tree, (guint[]){0}, 1, NULL, 0);
  g_assert_cmpuint(after->len, ==, 4);
}

/* Grows the table many times, removes half, puts it back: every path is found where it belongs. */
static void
many_entries(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(PackWriter) writer = pack_writer_new(maker_store, PACK_ZSTD, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < N_MANY; i++) {
    g_autofree char *path = g_strdup_printf("d%02u/%u/f%06u", i % 100, i % 7, i);
    maker_add(writer, &(Member){path, ENTRY_SYMLINK, "t", 0777});
  }
  g_autoptr(Pack) pack = maker_finish(writer);
  g_autoptr(Tree) tree = tree_new();
  guint number = tree_add_pack(tree, pack);
  for (guint round = 0; round < 2; round++) {
    for (guint i = 0; i < N_MANY; i++)
      g_assert_true(tree_insert(tree, number, i, NULL));
    g_assert_cmpuint(tree_size(tree), ==, N_MANY + 1 + 100 + 700);
    for (guint i = 0; i < 100; i += 2) {
      g_autofree char *path = g_strdup_printf("d%02u", i);
      g_assert_true(tree_remove(tree, path));
    }
    for (guint i = 0; i < N_MANY; i++)
      g_assert_true((tree_lookup(tree, pack_entry(pack, i)->path) != NULL) == (i % 2 == 1));
  }
  g_autoptr(GPtrArray) nodes = tree_nodes(tree);
  g_assert_cmpuint(nodes->len, ==, N_MANY / 2 + 1 + 50 + 350);
  for (guint i = 1; i < nodes->len; i++)
    g_assert_cmpint(
      entry_path_compare(((TreeNode *)nodes->pdata[i - 1])->entry->path, ((TreeNode *)nodes->pdata[i])->entry->path), <, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  maker_open();
  g_test_add_func("/tree/empty", an_empty_tree_has_its_root);
  g_test_add_func("/tree/order", nodes_are_in_path_order);
  g_test_add_func("/tree/implied", parents_are_implied_then_claimed);
  g_test_add_func("/tree/kept", kept_follows_replacing_and_removing);
  g_test_add_func("/tree/link", a_name_of_a_file_below_is_linked);
  g_test_add_func("/tree/refused", what_cannot_be_placed_is_said);
  g_test_add_func("/tree/symlinks", symlinks_are_followed_inside);
  g_test_add_func("/tree/directories", layers_get_their_directories);
  g_test_add_func("/tree/many", many_entries);
  int status = g_test_run();
  maker_close();
  return status;
}
