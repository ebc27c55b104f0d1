/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/size_tree.h"

#include <string.h>

static const SizeLimits wide = {.most_nodes = 1000, .most_children = 50, .least_part = 100000};

/* "name bytes files(child ...)" for a node and all below it. */
static void
append_node(GString *out, const SizeNode *node)
{
  g_string_append_printf(out, "%s %" G_GUINT64_FORMAT " %u", node->name, node->bytes, node->files);
  for (guint i = 0; node->children != NULL && i < node->children->len; i++) {
    g_string_append(out, i == 0 ? "(" : ", ");
    append_node(out, node->children->pdata[i]);
  }
  if (node->children != NULL && node->children->len > 0)
    g_string_append_c(out, ')');
}

static void
assert_tree(const SizeNode *node, const char *expected)
{
  g_autoptr(GString) out = g_string_new(NULL);
  append_node(out, node);
  g_assert_cmpstr(out->str, ==, expected);
}

static void
folders_add_up(void)
{
  static const SizeItem items[] = {
    {"etc/passwd", 30}, {"usr/bin/a", 5}, {"usr/bin/b", 17}, {"usr/lib/x/y/one", 50}, {"usr/lib/x/y/two", 40}};
  g_autoptr(SizeNode) root = size_tree_by_folder(items, G_N_ELEMENTS(items), &wide);
  assert_tree(root, "/ 142 5(/usr 112 4(lib/x/y 90 2(one 50 1, two 40 1), bin 22 2(b 17 1, a 5 1)), /etc/passwd 30 1)");
  const SizeNode *lib = ((SizeNode *)((SizeNode *)root->children->pdata[0])->children->pdata[0]);
  g_assert_cmpstr(lib->path, ==, "/usr/lib/x/y");
  g_assert_cmpstr(((SizeNode *)lib->children->pdata[1])->path, ==, "/usr/lib/x/y/two");
}

static void
one_folder_within_another_is_one_node(void)
{
  static const SizeItem items[] = {{"usr/share/a", 3}, {"usr/share/b", 4}};
  g_autoptr(SizeNode) root = size_tree_by_folder(items, G_N_ELEMENTS(items), &wide);
  assert_tree(root, "/ 7 2(/usr/share/b 4 1, /usr/share/a 3 1)");
}

static void
a_folder_that_is_nearly_all_stands_aside(void)
{
  static const SizeItem items[] = {{"etc/a", 1}, {"usr/bin/b", 3}, {"usr/lib/x/c", 50}, {"usr/lib/x/d", 45}, {"usr/lib/y", 1}};
  g_autoptr(SizeNode) root = size_tree_by_folder(items, G_N_ELEMENTS(items), &wide);
  assert_tree(root, "/ 100 5(/usr/lib/x/c 50 1, /usr/lib/x/d 45 1, /usr/bin/b 3 1, /etc/a 1 1, /usr/lib/y 1 1)");
}

static void
groups_come_first(void)
{
  static const SizeItem items[] = {{"usr/bin/git", 100}, {"usr/lib/git/a", 20}, {"usr/lib/git/b", 30}, {"init", 60}};
  static const SizeGroup groups[] = {{"git", 0, 3}, {"tiny", 3, 1}};
  g_autoptr(SizeNode) root = size_tree_by_group(items, groups, G_N_ELEMENTS(groups), &wide);
  assert_tree(root, "/ 210 4(git 150 3(/usr/bin/git 100 1, /usr/lib/git 50 2(b 30 1, a 20 1)), tiny 60 1(/init 60 1))");
}

static void
what_is_too_light_stands_together(void)
{
  static const SizeItem items[] = {{"a", 1000}, {"b", 9}, {"c", 9}, {"d", 400}, {"e", 0}};
  static const SizeLimits limits = {.most_nodes = 100, .most_children = 10, .least_part = 10};
  g_autoptr(SizeNode) root = size_tree_by_folder(items, G_N_ELEMENTS(items), &limits);
  assert_tree(root, "/ 1418 5(/a 1000 1, /d 400 1, 3 others 18 3)");
  g_assert_null(((SizeNode *)root->children->pdata[2])->path);

  /* too many may outweigh those that are shown */
  static const SizeLimits few = {.most_nodes = 100, .most_children = 1, .least_part = 1000};
  g_autoptr(SizeNode) two = size_tree_by_folder(items + 1, 3, &few);
  assert_tree(two, "/ 418 3(/d 400 1, 2 others 18 2)");
}

/* A million files in a thousand folders: as many nodes as were asked for, the heaviest among them, and nothing lost. */
static void
a_million_files_are_cut_down(void)
{
  enum { FOLDERS = 1000, FILES = 1000 };
  g_autofree SizeItem *items = g_new(SizeItem, FOLDERS * FILES);
  g_autoptr(GStringChunk) names = g_string_chunk_new(1 << 16);
  guint64 bytes = 0;
  for (guint i = 0; i < FOLDERS * FILES; i++) {
    char path[32];
    g_snprintf(path, sizeof path, "f%03u/%03u", i / FILES, i % FILES);
    items[i] = (SizeItem){g_string_chunk_insert(names, path), i % 977 * (i / FILES == 7 ? 1000 : 1)};
    bytes += items[i].bytes;
  }
  static const SizeLimits limits = {.most_nodes = 500, .most_children = 40, .least_part = 2000};
  g_autoptr(SizeNode) root = size_tree_by_folder(items, FOLDERS * FILES, &limits);
  g_assert_cmpuint(root->bytes, ==, bytes);
  g_assert_cmpuint(root->children->len, ==, 41);
  guint64 sum = 0;
  guint files = 0;
  for (guint i = 0; i < root->children->len; i++) {
    const SizeNode *child = root->children->pdata[i];
    sum += child->bytes;
    files += child->files;
    g_assert_true(i == 0 || child->bytes <= ((SizeNode *)root->children->pdata[i - 1])->bytes);
  }
  g_assert_cmpuint(sum, ==, bytes);
  g_assert_cmpuint(files, ==, FOLDERS * FILES);
  const SizeNode *first = root->children->pdata[0];
  g_assert_cmpstr(first->name, ==, "/f007");
  g_assert_cmpuint(first->children->len, ==, 41);
}

static void
colours_tell_the_large_parts_apart(void)
{
  static const SizeItem items[] = {{"etc/a", 40}, {"usr/bin/a", 50}, {"usr/bin/b", 50}, {"usr/lib/c", 60}, {"usr/lib/d", 70}};
  g_autoptr(SizeNode) root = size_tree_by_folder(items, G_N_ELEMENTS(items), &wide);
  const SizeNode *usr = root->children->pdata[0], *etc = root->children->pdata[1];
  const SizeNode *lib = usr->children->pdata[0], *bin = usr->children->pdata[1];
  g_assert_cmpuint(usr->colour, ==, 0);
  g_assert_cmpuint(lib->colour, ==, 1);
  g_assert_cmpuint(((SizeNode *)lib->children->pdata[1])->colour, ==, 1);
  g_assert_cmpuint(bin->colour, ==, 2);
  g_assert_cmpuint(etc->colour, ==, 3);
}

static void
nothing_at_all(void)
{
  g_autoptr(SizeNode) folders = size_tree_by_folder(NULL, 0, &wide);
  assert_tree(folders, "/ 0 0");
  g_autoptr(SizeNode) groups = size_tree_by_group(NULL, NULL, 0, &wide);
  assert_tree(groups, "/ 0 0");
  /* a name twice, as a layer may have it, is no folder */
  static const SizeItem twice[] = {{"a/b", 1}, {"a/b", 2}, {"c", 3}};
  g_autoptr(SizeNode) root = size_tree_by_folder(twice, 3, &wide);
  assert_tree(root, "/ 6 3(/a 3 2(b 3 2), /c 3 1)");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/size-tree/folders-add-up", folders_add_up);
  g_test_add_func("/size-tree/one-folder-within-another-is-one-node", one_folder_within_another_is_one_node);
  g_test_add_func("/size-tree/a-folder-that-is-nearly-all-stands-aside", a_folder_that_is_nearly_all_stands_aside);
  g_test_add_func("/size-tree/groups-come-first", groups_come_first);
  g_test_add_func("/size-tree/what-is-too-light-stands-together", what_is_too_light_stands_together);
  g_test_add_func("/size-tree/a-million-files-are-cut-down", a_million_files_are_cut_down);
  g_test_add_func("/size-tree/colours-tell-the-large-parts-apart", colours_tell_the_large_parts_apart);
  g_test_add_func("/size-tree/nothing-at-all", nothing_at_all);
  return g_test_run();
}
