/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/delta.h"
#include "signing/error.h"
#include "tests/unit/pack-maker.h"

/* The tree that all cases start from. */
static const Member before[] = {{"a", ENTRY_FILE, "one", 0},
                                {"b", ENTRY_HARDLINK, "a", 0},
                                {"dir", ENTRY_DIRECTORY, NULL, 0},
                                {"dir/deep", ENTRY_DIRECTORY, NULL, 0},
                                {"dir/deep/file", ENTRY_FILE, "two", 0},
                                {"dir.d", ENTRY_FILE, "three", 0},
                                {"link", ENTRY_SYMLINK, "a", 0777},
                                {"pipe", ENTRY_FIFO, NULL, 0},
                                {0}};

static Tree *
tree_of(const Member *members)
{
  g_autoptr(Pack) pack = maker_pack(members, NULL);
  Tree *tree = tree_new();
  guint number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    g_assert_true(tree_insert(tree, number, i, NULL));
  return tree;
}

static Entry *
see(EntryList *now, const char *path, EntryType type, const char *content)
{
  gboolean file = type == ENTRY_FILE, link = type == ENTRY_SYMLINK || type == ENTRY_HARDLINK;
  Entry entry = {.path = path, .type = type, .mode = type == ENTRY_DIRECTORY ? 0755 : 0644, .mtime = 99};
  if (file) {
    entry.size = strlen(content);
    digest_of(content, strlen(content), &entry.digest);
  }
  entry.target = link ? content : NULL;
  return entry_list_add(now, &entry);
}

/* What the folder holds when nothing was changed. */
static EntryList *
unchanged(void)
{
  EntryList *now = entry_list_new();
  see(now, "", ENTRY_DIRECTORY, NULL);
  for (const Member *member = before; member->path != NULL; member++)
    see(now, member->path, member->type, member->content);
  return now;
}

static Entry *
find(EntryList *now, const char *path)
{
  for (guint i = 0; i < entry_list_size(now); i++)
    if (strcmp(entry_list_get(now, i)->path, path) == 0)
      return (Entry *)entry_list_get(now, i);
  g_assert_not_reached();
}

/* "+PATH" of what changed, "-PATH" of what is gone. */
static void
assert_delta(EntryList *now, const char *expected)
{
  g_autoptr(Tree) tree = tree_of(before);
  g_autoptr(Delta) delta = delta_new(tree, now, NULL);
  g_assert_nonnull(delta);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < delta->changed->len; i++)
    g_string_append_printf(text, " +%s", ((const Entry *)delta->changed->pdata[i])->path);
  for (guint i = 0; i < delta->removed->len; i++)
    g_string_append_printf(text, " -%s", (const char *)delta->removed->pdata[i]);
  g_assert_cmpstr(text->str, ==, expected);
}

static void
times_alone_are_no_change(void)
{
  assert_delta(unchanged(), "");
}

static void
unread_files_are_the_same(void)
{
  EntryList *now = unchanged();
  find(now, "dir.d")->digest = (Digest){0};
  assert_delta(now, "");
}

static void
content_mode_owner_and_target_are(void)
{
  EntryList *now = unchanged();
  digest_of("2wo", 3, &find(now, "dir/deep/file")->digest);
  find(now, "dir/deep")->mode = 0700;
  find(now, "dir.d")->uid = 7;
  find(now, "link")->target = "b";
  find(now, "pipe")->mode = 0600;
  assert_delta(now, " +dir/deep +dir/deep/file +dir.d +link +pipe");
}

static void
a_symlink_has_no_mode(void)
{
  EntryList *now = unchanged();
  find(now, "link")->mode = 0700;
  assert_delta(now, "");
}

static void
attributes_count(void)
{
  static const Xattr xattr = {"user.x", (const guint8 *)"1", 1};
  EntryList *now = unchanged();
  Entry *entry = find(now, "dir.d");
  entry->xattrs = &xattr;
  entry->n_xattrs = 1;
  assert_delta(now, " +dir.d");
}

static void
a_changed_file_takes_all_its_names_along(void)
{
  EntryList *now = unchanged();
  digest_of("uno", 3, &find(now, "a")->digest);
  assert_delta(now, " +a +b");
}

static void
a_new_name_takes_its_file_along(void)
{
  EntryList *now = unchanged();
  see(now, "zz", ENTRY_HARDLINK, "dir.d");
  assert_delta(now, " +dir.d +zz");
}

static void
a_name_that_became_a_copy_has_changed(void)
{
  EntryList *now = entry_list_new();
  see(now, "", ENTRY_DIRECTORY, NULL);
  see(now, "a", ENTRY_FILE, "one");
  see(now, "b", ENTRY_FILE, "one");
  see(now, "dir", ENTRY_DIRECTORY, NULL);
  see(now, "dir/deep", ENTRY_DIRECTORY, NULL);
  see(now, "dir/deep/file", ENTRY_FILE, "two");
  see(now, "dir.d", ENTRY_FILE, "three");
  see(now, "link", ENTRY_SYMLINK, "a");
  see(now, "pipe", ENTRY_FIFO, NULL);
  /* each alone is as it was; a layer that holds neither would make them one again */
  assert_delta(now, " +a +b");
}

static void
what_is_gone_is_told_from_the_top(void)
{
  EntryList *now = entry_list_new();
  see(now, "", ENTRY_DIRECTORY, NULL);
  see(now, "b", ENTRY_FILE, "one");
  see(now, "dir.d", ENTRY_FILE, "three");
  see(now, "link", ENTRY_SYMLINK, "a");
  assert_delta(now, " -a -dir -pipe");
}

static void
a_folder_makes_way_for_a_file(void)
{
  EntryList *now = entry_list_new();
  see(now, "", ENTRY_DIRECTORY, NULL);
  see(now, "a", ENTRY_FILE, "one");
  see(now, "b", ENTRY_HARDLINK, "a");
  see(now, "dir", ENTRY_FILE, "now a file");
  see(now, "dir.d", ENTRY_FILE, "three");
  see(now, "link", ENTRY_DIRECTORY, NULL);
  see(now, "link/in", ENTRY_FILE, "x");
  see(now, "pipe", ENTRY_FIFO, NULL);
  assert_delta(now, " +dir +link +link/in -dir");
}

/* As a keeper would send that is not ours any more. */
static void
a_list_in_disorder_is_refused(void)
{
  static const struct {
    const char *first, *second;
    EntryType type;
  } lists[] = {{"b", "a", ENTRY_FILE}, {"a", "a", ENTRY_FILE}, {"a", "b", ENTRY_HARDLINK}};
  g_autoptr(Tree) tree = tree_of(before);
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
    EntryList *now = entry_list_new();
    g_autoptr(GError) error = NULL;
    see(now, lists[i].first, ENTRY_FILE, "x");
    see(now, lists[i].second, lists[i].type, "c");
    g_assert_null(delta_new(tree, now, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  static const struct {
    const char *name;
    void (*test)(void);
  } tests[] = {
    {"times-alone", times_alone_are_no_change},
    {"unread", unread_files_are_the_same},
    {"all-else", content_mode_owner_and_target_are},
    {"mode-of-a-symlink", a_symlink_has_no_mode},
    {"attributes", attributes_count},
    {"names-of-a-changed-file", a_changed_file_takes_all_its_names_along},
    {"new-name", a_new_name_takes_its_file_along},
    {"link-became-copy", a_name_that_became_a_copy_has_changed},
    {"gone", what_is_gone_is_told_from_the_top},
    {"folder-became-file", a_folder_makes_way_for_a_file},
    {"disorder", a_list_in_disorder_is_refused},
  };
  maker_open();
  for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
    g_autofree char *path = g_strconcat("/delta/", tests[i].name, NULL);
    g_test_add_func(path, tests[i].test);
  }
  int status = g_test_run();
  maker_close();
  return status;
}
