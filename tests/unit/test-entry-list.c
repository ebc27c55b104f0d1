/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/entry_list.h"
#include "signing/error.h"

#include <string.h>

static const Xattr xattrs[] = {{"security.capability", (const guint8 *)"\0\1\0", 3}, {"user.empty", (const guint8 *)"", 0}};

static const Entry samples[] = {
  {.path = "", .type = ENTRY_DIRECTORY, .mode = 01777, .mtime = -5},
  {.path = "bin/\xff\xfe",
   .type = ENTRY_FILE,
   .mode = 04755,
   .uid = 4294967294u,
   .gid = 1,
   .size = G_MAXUINT64 / 2,
   .digest = {{1, 2, 3}},
   .xattrs = xattrs,
   .n_xattrs = 2},
  {.path = "bin/sh", .type = ENTRY_HARDLINK, .target = "bin/\xff\xfe"},
  {.path = "dev/null", .type = ENTRY_CHAR, .mode = 0666, .major = 1, .minor = 3},
  {.path = "link", .type = ENTRY_SYMLINK, .mode = 0777, .target = "../x"},
};

static EntryList *
samples_list(void)
{
  EntryList *list = entry_list_new();
  for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
    entry_list_add(list, &samples[i]);
  return list;
}

static void
assert_same(const Entry *a, const Entry *b)
{
  g_assert_cmpstr(a->path, ==, b->path);
  g_assert_cmpstr(a->target, ==, b->target);
  g_assert_cmpuint(a->type, ==, b->type);
  g_assert_cmpuint(a->mode, ==, b->mode);
  g_assert_cmpuint(a->uid, ==, b->uid);
  g_assert_cmpuint(a->gid, ==, b->gid);
  g_assert_cmpuint(a->major, ==, b->major);
  g_assert_cmpuint(a->minor, ==, b->minor);
  g_assert_cmpint(a->mtime, ==, b->mtime);
  g_assert_cmpuint(a->size, ==, b->size);
  g_assert_true(digest_equal(&a->digest, &b->digest));
  g_assert_cmpuint(a->n_xattrs, ==, b->n_xattrs);
  for (guint i = 0; i < a->n_xattrs; i++) {
    g_assert_cmpstr(a->xattrs[i].name, ==, b->xattrs[i].name);
    g_assert_cmpmem(a->xattrs[i].value, a->xattrs[i].size, b->xattrs[i].value, b->xattrs[i].size);
  }
}

static void
everything_survives_the_way(void)
{
  g_autoptr(EntryList) list = samples_list(), read = entry_list_new();
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) first = g_variant_ref_sink(entry_list_to_variant(list, 0, 2));
  g_autoptr(GVariant) second = g_variant_ref_sink(entry_list_to_variant(list, 2, entry_list_size(list)));
  g_assert_true(entry_list_add_variant(read, first, &error));
  g_assert_true(entry_list_add_variant(read, second, &error));
  g_assert_cmpuint(entry_list_size(read), ==, G_N_ELEMENTS(samples));
  for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
    assert_same(entry_list_get(read, i), &samples[i]);
}

static void
assert_refused(const Entry *entry)
{
  g_autoptr(EntryList) list = entry_list_new(), read = entry_list_new();
  g_autoptr(GError) error = NULL;
  entry_list_add(list, entry);
  g_autoptr(GVariant) variant = g_variant_ref_sink(entry_list_to_variant(list, 0, 1));
  g_assert_false(entry_list_add_variant(read, variant, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
}

static void
what_no_entry_is_is_refused(void)
{
  static const Xattr disorder[] = {{"b", (const guint8 *)"", 0}, {"a", (const guint8 *)"", 0}};
  static const Entry bad[] = {
    {.path = "../out", .type = ENTRY_FILE},
    {.path = "/absolute", .type = ENTRY_FILE},
    {.path = "a", .type = (EntryType)7},
    {.path = "a", .type = ENTRY_SYMLINK},
    {.path = "a", .type = ENTRY_HARDLINK, .target = "../a"},
    {.path = "a", .type = ENTRY_FILE, .target = "b"},
    {.path = "a", .type = ENTRY_FILE, .mode = 010000},
    {.path = "a", .type = ENTRY_DIRECTORY, .size = 1},
    {.path = "a", .type = ENTRY_FILE, .xattrs = disorder, .n_xattrs = 2},
  };
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
    assert_refused(&bad[i]);
}

/* Any prefix, and any byte changed: refused or read, never more than is there. */
static void
damaged_bytes_are_refused_or_read(void)
{
  g_autoptr(EntryList) list = samples_list();
  g_autoptr(GVariant) whole = g_variant_ref_sink(entry_list_to_variant(list, 0, entry_list_size(list)));
  gsize size = g_variant_get_size(whole);
  g_assert_cmpuint(size, >, 0);
  for (gsize i = 0; i < 2 * size; i++) {
    g_autofree guint8 *bytes = g_memdup2(g_variant_get_data(whole), size);
    bytes[i % size] ^= 0x55;
    g_autoptr(GBytes) data = g_bytes_new(bytes, i < size ? size : i - size);
    g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(ENTRY_LIST_TYPE), data, FALSE));
    g_autoptr(EntryList) read = entry_list_new();
    (void)!entry_list_add_variant(read, variant, NULL);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/entry-list/way", everything_survives_the_way);
  g_test_add_func("/entry-list/refused", what_no_entry_is_is_refused);
  g_test_add_func("/entry-list/damaged", damaged_bytes_are_refused_or_read);
  return g_test_run();
}
