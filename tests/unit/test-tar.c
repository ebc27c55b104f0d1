/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tar.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

static const guint8 zeros[TAR_END_SIZE];

/* An archive of @n members; a file's content is @size zeros, when they are few. */
static GByteArray *
archive_of(const Entry *entries, guint n)
{
  GByteArray *out = g_byte_array_new();
  for (guint i = 0; i < n; i++) {
    g_autoptr(GError) error = NULL;
    gboolean fine = tar_check(&entries[i], &error);
    g_assert_no_error(error);
    g_assert_true(fine);
    tar_append_header(out, &entries[i]);
    g_assert_cmpuint(out->len % TAR_BLOCK, ==, 0);
    g_assert_cmpuint(entries[i].size, <=, sizeof zeros);
    g_byte_array_append(out, zeros, (guint)entries[i].size);
    g_byte_array_append(out, zeros, tar_padding(entries[i].size));
  }
  g_byte_array_append(out, zeros, TAR_END_SIZE);
  return out;
}

static void
assert_digest(const GByteArray *bytes, const char *hex)
{
  Digest digest;
  char text[DIGEST_HEX_LENGTH + 1];
  digest_of(bytes->data, bytes->len, &digest);
  digest_to_hex(&digest, text);
  g_assert_cmpstr(text, ==, hex);
}

/* The form that Go's archive/tar and GNU tar --format=ustar give, with the shortest end. */
static void
known_vector(void)
{
  g_autoptr(GByteArray) out = g_byte_array_new();
  tar_append_header(out, &(Entry){.path = "etc", .type = ENTRY_DIRECTORY, .mode = 0755});
  tar_append_header(out, &(Entry){.path = "etc/hello", .mode = 0644, .size = 3});
  g_byte_array_append(out, (const guint8 *)"hi\n", 3);
  g_byte_array_append(out, zeros, tar_padding(3));
  g_byte_array_append(out, zeros, TAR_END_SIZE);
  assert_digest(out, "af8f2abec51c20eb2a538f7d4c173900ee1f72cab8a7e394794a7394b29715f7");
}

static void
empty_archive(void)
{
  g_autoptr(GByteArray) out = archive_of(NULL, 0);
  assert_digest(out, "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
}

static void
compare_xattrs(struct archive_entry *found, const Entry *expected)
{
  g_assert_cmpint(archive_entry_xattr_reset(found), ==, (int)expected->n_xattrs);
  for (guint i = 0; i < expected->n_xattrs; i++) {
    const char *name;
    const void *value;
    size_t size;
    gboolean seen = FALSE;
    archive_entry_xattr_reset(found);
    while (!seen && archive_entry_xattr_next(found, &name, &value, &size) == ARCHIVE_OK)
      seen = strcmp(name, expected->xattrs[i].name) == 0;
    g_assert_true(seen);
    g_assert_cmpmem(value, size, expected->xattrs[i].value, expected->xattrs[i].size);
  }
}

/* What libarchive reads back is what was written. */
static void
assert_reads_back(const Entry *expected)
{
  g_autoptr(GByteArray) bytes = archive_of(expected, 1);
  struct archive *reader = archive_read_new();
  struct archive_entry *found;
  archive_read_support_format_tar(reader);
  g_assert_cmpint(archive_read_open_memory(reader, bytes->data, bytes->len), ==, ARCHIVE_OK);
  g_assert_cmpint(archive_read_next_header(reader, &found), ==, ARCHIVE_OK);
  g_autofree char *name = tar_member_name(expected);
  g_assert_cmpstr(archive_entry_pathname(found), ==, name);
  if (expected->type == ENTRY_SYMLINK)
    g_assert_cmpstr(archive_entry_symlink(found), ==, expected->target);
  else if (expected->type == ENTRY_HARDLINK)
    g_assert_cmpstr(archive_entry_hardlink(found), ==, expected->target);
  g_assert_cmpint(archive_entry_uid(found), ==, expected->uid);
  g_assert_cmpint(archive_entry_gid(found), ==, expected->gid);
  g_assert_cmpint(archive_entry_mtime(found), ==, expected->mtime);
  g_assert_cmpint(archive_entry_size(found), ==, (gint64)expected->size);
  g_assert_cmpuint(archive_entry_perm(found), ==, expected->mode);
  if (expected->type == ENTRY_CHAR || expected->type == ENTRY_BLOCK) {
    g_assert_cmpuint(archive_entry_rdevmajor(found), ==, expected->major);
    g_assert_cmpuint(archive_entry_rdevminor(found), ==, expected->minor);
  }
  compare_xattrs(found, expected);
  g_assert_cmpint(archive_read_next_header(reader, &found), ==, ARCHIVE_EOF);
  archive_read_free(reader);
}

static char *
repeat(const char *part, guint n)
{
  GString *text = g_string_new(NULL);
  while (n-- > 0)
    g_string_append(text, part);
  return g_string_free(text, FALSE);
}

static void
long_names(void)
{
  static const guint lengths[] = {98, 99, 100, 101, 154, 155, 156, 157, 254, 255, 256, 257, 1000, 4000};
  for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
    g_autofree char *deep = repeat("abcd/", lengths[i] / 5);
    g_autofree char *path = g_strdup_printf("%s%.*s", deep, (int)(lengths[i] - strlen(deep)) + 5, "wxyzvwxyzv");
    assert_reads_back(&(Entry){.path = path, .mode = 0644, .size = 1});
    assert_reads_back(&(Entry){.path = path, .type = ENTRY_DIRECTORY, .mode = 0755});
    assert_reads_back(&(Entry){.path = "l", .target = path, .type = ENTRY_SYMLINK, .mode = 0777});
    assert_reads_back(&(Entry){.path = "l", .target = path, .type = ENTRY_HARDLINK, .mode = 0644});
    g_autofree char *flat = g_strnfill(MIN(lengths[i], 255), 'n');
    assert_reads_back(&(Entry){.path = flat, .mode = 0644});
  }
}

static void
foreign_names(void)
{
  static const char *const names[] = {"na\xc3\xafve", "\xff\xfe not utf-8", "tab\tnewline\n", "back\\slash", "a=b"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    assert_reads_back(&(Entry){.path = names[i], .mode = 0644});
    assert_reads_back(&(Entry){.path = "l", .target = names[i], .type = ENTRY_SYMLINK, .mode = 0777});
  }
}

static void
large_numbers(void)
{
  static const gint64 times[] = {0, 1, -1, -2147483649ll, 8589934591, 8589934592, 253402300799};
  for (guint i = 0; i < G_N_ELEMENTS(times); i++)
    assert_reads_back(&(Entry){.path = "t", .mode = 0600, .mtime = times[i]});
  static const guint32 ids[] = {0, 65534, 2097151, 2097152, 4294967294};
  for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
    assert_reads_back(&(Entry){.path = "i", .mode = 07777, .uid = ids[i], .gid = ids[i]});
  assert_reads_back(&(Entry){.path = "d", .type = ENTRY_CHAR, .mode = 0666, .major = 4095, .minor = 1048575});
  assert_reads_back(&(Entry){.path = "d", .type = ENTRY_BLOCK, .mode = 0660, .major = 8});
  assert_reads_back(&(Entry){.path = "p", .type = ENTRY_FIFO, .mode = 0600});
}

static void
large_sizes(void)
{
  static const guint64 sizes[] = {8589934591, 8589934592, 1ull << 40};
  for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    tar_append_header(bytes, &(Entry){.path = "big", .mode = 0644, .size = sizes[i]});
    g_assert_cmpuint(bytes->len, ==, i == 0 ? TAR_BLOCK : 3 * TAR_BLOCK);
    struct archive *reader = archive_read_new();
    struct archive_entry *found;
    archive_read_support_format_tar(reader);
    g_assert_cmpint(archive_read_open_memory(reader, bytes->data, bytes->len), ==, ARCHIVE_OK);
    g_assert_cmpint(archive_read_next_header(reader, &found), ==, ARCHIVE_OK);
    g_assert_cmpint(archive_entry_size(found), ==, (gint64)sizes[i]);
    archive_read_free(reader);
  }
}

static void
xattrs(void)
{
  g_autofree guint8 *large = g_malloc0(60000);
  const Xattr some[] = {{"security.capability", (const guint8 *)"\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20},
                        {"user.empty", (const guint8 *)"", 0},
                        {"user.large", large, 60000},
                        {"user.newline", (const guint8 *)"a\nb=c\n", 6}};
  assert_reads_back(&(Entry){.path = "x", .mode = 0755, .size = 5, .xattrs = some, .n_xattrs = G_N_ELEMENTS(some)});
}

/* The length of a record counts its own digits: walks over the sizes where they become more. */
static void
record_lengths(void)
{
  g_autofree guint8 *value = g_malloc0(1100);
  for (gsize size = 0; size < 1100; size++) {
    const Xattr one = {"user.x", value, size};
    assert_reads_back(&(Entry){.path = "x", .mode = 0644, .xattrs = &one, .n_xattrs = 1});
  }
}

static void
refused(const Entry *entry, const char *message)
{
  g_autoptr(GError) error = NULL;
  g_assert_false(tar_check(entry, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, message);
}

static void
what_cannot_be_said(void)
{
  const guint8 *v = (const guint8 *)"";
  const Xattr equals = {"user.a=b", v, 0}, unsorted[] = {{"user.b", v, 0}, {"user.a", v, 0}}, huge = {"user.h", v, 1 << 20};
  refused(&(Entry){.path = "a\n", .type = ENTRY_CHAR, .major = 1u << 21},
          "'a\\n': its device number is too large for a tar archive");
  refused(&(Entry){.path = "a", .mtime = G_MAXINT64}, "'a': its modification time is thousands of years away");
  refused(&(Entry){.path = "a", .size = G_MAXUINT64}, "'a': its size is absurd");
  refused(&(Entry){.path = "a", .xattrs = &equals, .n_xattrs = 1},
          "'a': the name of an extended attribute cannot be written in a tar archive");
  refused(&(Entry){.path = "a", .xattrs = unsorted, .n_xattrs = 2},
          "'a': its extended attributes are not sorted, or one is there twice");
  refused(&(Entry){.path = "a", .xattrs = &huge, .n_xattrs = 1}, "'a': its extended attributes take more than 512 KiB");
}

/* ---- paths ---- */

static void
path_order(void)
{
  static const char *const sorted[] = {"", "a", "a/b", "a/b/c", "a/b-c", "a\x01", "a-b", "a.b", "ab", "b", "\xc3\xa9"};
  for (guint i = 0; i < G_N_ELEMENTS(sorted); i++)
    for (guint k = 0; k < G_N_ELEMENTS(sorted); k++) {
      int order = entry_path_compare(sorted[i], sorted[k]);
      g_assert_cmpint((order > 0) - (order < 0), ==, (i > k) - (i < k));
    }
}

static void
canonical_paths(void)
{
  static const char *const cases[][2] = {
    {".", ""},        {"./", ""},       {"/", ""},      {"./usr//bin/./env", "usr/bin/env"},
    {"/etc/", "etc"}, {"a/.b", "a/.b"}, {"...", "..."}, {"..a/b..", "..a/b.."},
    {"././a/.", "a"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *path = entry_canonical_path(cases[i][0], &error);
    g_assert_no_error(error);
    g_assert_cmpstr(path, ==, cases[i][1]);
    g_assert_true(entry_path_is_canonical(path));
    g_assert_cmpint(entry_path_is_canonical(cases[i][0]), ==, strcmp(cases[i][0], cases[i][1]) == 0);
  }
}

static void
bad_paths(void)
{
  g_autofree char *long_path = g_strnfill(limits_get(LIMIT_PATH) + 1, 'x');
  const char *const bad[] = {"", "..", "../a", "a/..", "a/../b", "./..", long_path};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(entry_canonical_path(bad[i], &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    /* the root; and what was believed once, under whichever limit, stays a path */
    g_assert_cmpint(entry_path_is_canonical(bad[i]), ==, *bad[i] == '\0' || bad[i] == long_path);
  }
  g_autofree char *longer = g_strnfill(limits_row(LIMIT_PATH)->most + 1, 'x');
  g_assert_false(entry_path_is_canonical(longer));
}

int
main(int argc, char **argv)
{
  setlocale(LC_ALL, "C.UTF-8"); /* libarchive converts names to the locale */
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tar/known-vector", known_vector);
  g_test_add_func("/tar/empty", empty_archive);
  g_test_add_func("/tar/long-names", long_names);
  g_test_add_func("/tar/foreign-names", foreign_names);
  g_test_add_func("/tar/large-numbers", large_numbers);
  g_test_add_func("/tar/large-sizes", large_sizes);
  g_test_add_func("/tar/xattrs", xattrs);
  g_test_add_func("/tar/record-lengths", record_lengths);
  g_test_add_func("/tar/what-cannot-be-said", what_cannot_be_said);
  g_test_add_func("/entry/order", path_order);
  g_test_add_func("/entry/canonical", canonical_paths);
  g_test_add_func("/entry/bad-paths", bad_paths);
  return g_test_run();
}
