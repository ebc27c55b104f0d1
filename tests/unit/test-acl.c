/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/acl.h"
#include "rootfs/member.h"
#include "rootfs/tar.h"
#include "signing/error.h"

#include <locale.h>
#include <string.h>

/* An entry of a list, in the bytes of the kernel's header. */
#define LE16(n) (n) & 0xff, (n) >> 8 & 0xff
#define ROW(tag, permissions, id) LE16(tag), LE16(permissions), LE16(id), LE16((guint32)(id) >> 16)
#define HEAD 2, 0, 0, 0
#define NONE 0xffffffffu

static const Entry file = {.path = "f", .type = ENTRY_FILE, .mode = 0674};
static const Entry folder = {.path = "d", .type = ENTRY_DIRECTORY, .mode = 0755};

static const guint8 canonical[] = {HEAD,         ROW(1, 6, NONE),  ROW(2, 7, 5),    ROW(2, 4, 0x10001), ROW(4, 4, NONE),
                                   ROW(8, 6, 5), ROW(16, 7, NONE), ROW(32, 4, NONE)};

static GByteArray *
list_of(const guint8 *bytes, gsize size)
{
  GByteArray *list = g_byte_array_new();
  return g_byte_array_append(list, bytes, (guint)size);
}

static void
assert_becomes(const char *name, const Entry *entry, const guint8 *bytes, gsize size, const guint8 *expected,
               gsize expected_size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GByteArray) list = list_of(bytes, size);
  g_assert_true(acl_canonicalize(name, entry, list, &error));
  g_assert_no_error(error);
  g_assert_cmpmem(list->data, list->len, expected, expected_size);
}

static void
assert_refused(const char *name, const Entry *entry, const guint8 *bytes, gsize size, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GByteArray) list = list_of(bytes, size);
  g_autofree char *message = g_strdup_printf("access control list '%s' %s", name, words);
  g_assert_false(acl_canonicalize(name, entry, list, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, message);
}

#define BYTES(...) (const guint8[]){__VA_ARGS__}, sizeof((const guint8[]){__VA_ARGS__})

static void
entries_are_put_in_order(void)
{
  assert_becomes(ACL_ACCESS, &file, canonical, sizeof canonical, canonical, sizeof canonical);
  assert_becomes(
    ACL_ACCESS, &file,
    BYTES(HEAD, ROW(32, 4, 0), ROW(16, 7, 9), ROW(8, 6, 5), ROW(2, 4, 0x10001), ROW(2, 7, 5), ROW(4, 4, NONE), ROW(1, 6, 0)),
    canonical, sizeof canonical);
}

/* As chmod(2) would have it, which whoever unpacks a layer calls last. */
static void
the_mode_counts(void)
{
  Entry other = file;
  other.mode = 04510;
  assert_becomes(ACL_ACCESS, &other, canonical, sizeof canonical,
                 BYTES(HEAD, ROW(1, 5, NONE), ROW(2, 7, 5), ROW(2, 4, 0x10001), ROW(4, 4, NONE), ROW(8, 6, 5), ROW(16, 1, NONE),
                       ROW(32, 0, NONE)));
  g_autoptr(GByteArray) list = list_of(canonical, sizeof canonical);
  g_assert_cmpuint(acl_mode(list, 04000), ==, 04674);
}

static void
what_says_no_more_than_the_mode_is_none(void)
{
  assert_becomes(ACL_ACCESS, &file, BYTES(HEAD, ROW(1, 7, NONE), ROW(4, 7, NONE), ROW(32, 7, NONE)), NULL, 0);
  assert_becomes(ACL_ACCESS, &file, BYTES(HEAD), NULL, 0);
  /* but of what will be made in a folder the mode says nothing, and a mask bounds the group */
  assert_becomes(ACL_DEFAULT, &folder, BYTES(HEAD, ROW(1, 7, NONE), ROW(4, 5, NONE), ROW(32, 0, NONE)),
                 BYTES(HEAD, ROW(1, 7, NONE), ROW(4, 5, NONE), ROW(32, 0, NONE)));
  assert_becomes(ACL_ACCESS, &file, BYTES(HEAD, ROW(1, 6, NONE), ROW(4, 4, NONE), ROW(16, 7, NONE), ROW(32, 4, NONE)),
                 BYTES(HEAD, ROW(1, 6, NONE), ROW(4, 4, NONE), ROW(16, 7, NONE), ROW(32, 4, NONE)));
}

static void
nonsense_is_refused(void)
{
#define ALL ROW(1, 7, NONE), ROW(4, 7, NONE), ROW(32, 7, NONE)
  const Entry link = {.path = "l", .type = ENTRY_SYMLINK, .mode = 0777, .target = "f"};
  assert_refused(ACL_ACCESS, &file, NULL, 0, "has 0 bytes, which is no list's length");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ALL, 1), "has 29 bytes, which is no list's length");
  assert_refused(ACL_ACCESS, &file, BYTES(3, 0, 0, 0, ALL), "is of version 3, and Linux knows only 2");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ALL, ROW(64, 7, NONE)), "has an entry of kind 0x40, which Linux does not know");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ALL, ROW(3, 7, NONE)), "has an entry of kind 0x3, which Linux does not know");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ALL, ROW(0, 7, NONE)), "has an entry of kind 0x0, which Linux does not know");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ALL, ROW(16, 8, NONE)),
                 "has an entry with permissions 010, which Linux does not know");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ALL, ROW(2, 7, NONE), ROW(16, 7, NONE)),
                 "names a user or group that does not exist");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ROW(1, 7, NONE), ROW(4, 7, NONE)),
                 "does not have one entry each for owner, group and others");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ALL, ROW(1, 6, NONE)),
                 "does not have one entry each for owner, group and others");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ALL, ROW(8, 7, 5)), "names users or groups, and does not have one mask");
  assert_refused(ACL_ACCESS, &file, BYTES(HEAD, ALL, ROW(8, 7, 5), ROW(8, 6, 5), ROW(16, 7, NONE)), "names the group 5 twice");
  assert_refused(ACL_DEFAULT, &file, BYTES(HEAD, ALL), "is for what is made in a folder, and this is none");
  assert_refused(ACL_ACCESS, &link, BYTES(HEAD, ALL), "is a symlink's, and symlinks have none");
}

/* ---- as they come in archives ---- */

typedef struct {
  GByteArray *bytes;
  gboolean given;
} Source;

static gssize
give(const void **piece, gpointer data, GError **error)
{
  Source *source = data;
  if (source->given)
    return 0;
  source->given = TRUE;
  *piece = source->bytes->data;
  return source->bytes->len;
}

/* The one member of @bytes, read in @format, has @expected as its list and @mode as its mode. */
static void
assert_read(GByteArray *bytes, MemberFormat format, guint32 mode, const char *name, const guint8 *expected, gsize size)
{
  g_autoptr(GError) error = NULL;
  Source source = {.bytes = bytes};
  const Entry *entry;
  g_autoptr(MemberReader) reader = member_reader_new(format, "x.tar", give, &source, &error);
  g_assert_no_error(error);
  g_assert_true(member_reader_next(reader, &entry, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(entry->mode, ==, mode);
  g_assert_cmpuint(entry->n_xattrs, ==, size > 0);
  if (size == 0)
    return;
  g_assert_cmpstr(entry->xattrs[0].name, ==, name);
  g_assert_cmpmem(entry->xattrs[0].value, entry->xattrs[0].size, expected, size);
}

/* An archive as GNU tar --acls writes it, of one file with the list @text, or a folder where it is a default one. */
static GByteArray *
tar_with_text(const char *key, const char *text, guint32 mode)
{
  gboolean inherited = strcmp(key, "SCHILY.acl.default") == 0;
  GByteArray *out = g_byte_array_new();
  guint length = (guint)(strlen(key) + strlen(text)) + 6;
  g_autofree char *record = g_strdup_printf("%u %s=%s\n", length < 100 ? length - 1 : length, key, text);
  g_assert_cmpuint(strlen(record), ==, length < 100 ? length - 1 : length);
  tar_append_header(out, &(Entry){.path = "pax", .mode = 0644, .size = strlen(record)});
  /* the kind of a member, and the sum of its header, which it is a part of */
  out->data[156] = 'x';
  guint sum = 8 * ' ';
  for (guint i = 0; i < TAR_BLOCK; i++)
    sum += i < 148 || i >= 156 ? out->data[i] : 0;
  g_snprintf((char *)out->data + 148, 8, "%06o", sum);
  g_byte_array_append(out, (const guint8 *)record, (guint)strlen(record));
  static const guint8 zeros[TAR_END_SIZE];
  g_byte_array_append(out, zeros, tar_padding(strlen(record)));
  tar_append_header(out, &(Entry){.path = "x", .mode = mode, .type = inherited ? ENTRY_DIRECTORY : ENTRY_FILE});
  return g_byte_array_append(out, zeros, sizeof zeros);
}

#define TEXT "user::rw-\nuser:65537:r--\nuser:one:rwx:5\ngroup::r--\ngroup:5:rw-\nmask::rwx\nother::r--\n"

static void
both_forms_are_read_as_one(void)
{
  const Xattr xattr = {ACL_ACCESS, canonical, sizeof canonical};
  Entry entry = file;
  entry.xattrs = &xattr;
  entry.n_xattrs = 1;
  g_autoptr(GByteArray) binary = g_byte_array_new();
  tar_append_header(binary, &entry);
  g_byte_array_append(binary, (const guint8[TAR_END_SIZE]){0}, TAR_END_SIZE);
  /* bsdtar says of the group in the header what the group has, GNU tar what the mask is */
  g_autoptr(GByteArray) gnu = tar_with_text("SCHILY.acl.access", TEXT, 0674);
  g_autoptr(GByteArray) bsd = tar_with_text("SCHILY.acl.access", TEXT, 0644);
  GByteArray *const archives[] = {binary, gnu, bsd};
  static const MemberFormat formats[] = {MEMBER_TAR, MEMBER_ANY, MEMBER_LOOK, MEMBER_LAYER};
  for (guint i = 0; i < G_N_ELEMENTS(archives); i++)
    for (guint j = 0; j < G_N_ELEMENTS(formats); j++)
      assert_read(archives[i], formats[j], 0674, ACL_ACCESS, canonical, sizeof canonical);
  g_autoptr(GByteArray) plain = tar_with_text("SCHILY.acl.access", "user::rwx,group::r-x,other::---", 0750);
  assert_read(plain, MEMBER_LAYER, 0750, NULL, NULL, 0);
  g_autoptr(GByteArray) inherited = tar_with_text("SCHILY.acl.default", "user::rwx,group::r-x,other::---", 0755);
  assert_read(inherited, MEMBER_LAYER, 0755, ACL_DEFAULT, BYTES(HEAD, ROW(1, 7, NONE), ROW(4, 5, NONE), ROW(32, 0, NONE)));
}

static void
assert_text_refused(const char *key, const char *text, const char *words)
{
  static const MemberFormat formats[] = {MEMBER_TAR, MEMBER_ANY, MEMBER_LAYER};
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) tar = tar_with_text(key, text, 0644);
    Source source = {.bytes = tar};
    const Entry *entry;
    g_autoptr(MemberReader) reader = member_reader_new(formats[i], "x.tar", give, &source, &error);
    g_assert_false(member_reader_next(reader, &entry, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    if (strstr(error->message, words) == NULL)
      g_error("'%s' does not tell '%s'", error->message, words);
  }
}

static void
lists_that_would_be_lost_are_refused(void)
{
  assert_text_refused("SCHILY.acl.access", "user::rwx,user:bin:rwx,group::r-x,mask::rwx,other::r-x",
                      "x.tar: 'x': access control list 'SCHILY.acl.access' names the user 'bin' without a number\nhint: ");
  assert_text_refused("SCHILY.acl.access", "user::rwx,group::r-x,other::r-x,group:9999999999:rwx,mask::rwx",
                      "names the group '9999999999' without a number");
  assert_text_refused("SCHILY.acl.access", "user::rwx,group::r-x,other::r-x,nobody:5:rwx", "SCHILY.acl.access");
  assert_text_refused("SCHILY.acl.access", "user::rwx,group::r-x,other::r-x,user:5:rwx",
                      "'system.posix_acl_access' names users or groups, and does not have one mask");
  assert_text_refused("SCHILY.acl.default", "user::rwx,group::r-x", "does not have one entry each for owner, group and others");
  assert_text_refused("SCHILY.acl.ace", "owner@:rwxp--aARWcCos:-------:allow,everyone@:r-----a-R-c--s:-------:allow",
                      "NFSv4 access control list, which no file on Linux has");
}

/* Who only looks is told what is there. */
static void
a_look_bears_with_all(void)
{
  static const char named[] = "user::rwx,user:bin:rwx,group::r-x,mask::rwx,other::r-x";
  g_autoptr(GByteArray) tar = tar_with_text("SCHILY.acl.access", named, 0775);
  g_autoptr(GError) error = NULL;
  Source source = {.bytes = tar};
  const Entry *entry;
  g_autoptr(MemberReader) reader = member_reader_new(MEMBER_LOOK, "x.tar", give, &source, &error);
  g_assert_true(member_reader_next(reader, &entry, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(entry->mode, ==, 0775);
  g_assert_cmpuint(entry->n_xattrs, ==, 1);
  g_assert_cmpstr(entry->xattrs[0].name, ==, "SCHILY.acl.access");
  g_autofree char *value = g_strndup((const char *)entry->xattrs[0].value, entry->xattrs[0].size);
  g_assert_nonnull(strstr(value, "user:bin:rwx"));
}

int
main(int argc, char **argv)
{
  setlocale(LC_ALL, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/acl/entries-are-put-in-order", entries_are_put_in_order);
  g_test_add_func("/acl/the-mode-counts", the_mode_counts);
  g_test_add_func("/acl/what-says-no-more-than-the-mode-is-none", what_says_no_more_than_the_mode_is_none);
  g_test_add_func("/acl/nonsense-is-refused", nonsense_is_refused);
  g_test_add_func("/acl/both-forms-are-read-as-one", both_forms_are_read_as_one);
  g_test_add_func("/acl/lists-that-would-be-lost-are-refused", lists_that_would_be_lost_are_refused);
  g_test_add_func("/acl/a-look-bears-with-all", a_look_bears_with_all);
  return g_test_run();
}
