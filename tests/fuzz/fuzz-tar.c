/* SPDX-License-Identifier: Apache-2.0
 *
 * Foreign archives (tar, zip, cpio). No member that is taken climbs, is there twice, or lies below what is no directory; each,
 * written as our own tar, is read again as what it was.
 */
#include "rootfs/tar.h"
#include "rootfs/unpack.h"
#include "tests/fuzz/fuzz.h"

#define CONTENT_MAX (1 << 20) /* of a file that is written again */

typedef struct {
  GByteArray *tar;
  GPtrArray *paths;
  GHashTable *types; /* path -> type + 1 */
} Copy;

static void
check_place(const Copy *copy, const Entry *entry)
{
  g_assert(entry_path_is_canonical(entry->path) && *entry->path != '\0');
  gpointer before = g_hash_table_lookup(copy->types, entry->path);
  g_assert(before == NULL || (entry->type == ENTRY_DIRECTORY && before == GUINT_TO_POINTER(ENTRY_DIRECTORY + 1u)));
  for (const char *slash = strchr(entry->path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    g_autofree char *parent = g_strndup(entry->path, (gsize)(slash - entry->path));
    gpointer type = g_hash_table_lookup(copy->types, parent);
    g_assert(type == NULL || type == GUINT_TO_POINTER(ENTRY_DIRECTORY + 1u));
  }
  if (entry->type == ENTRY_HARDLINK)
    g_assert(entry_path_is_canonical(entry->target) && g_hash_table_contains(copy->types, entry->target));
}

static gboolean
copy_member(const Entry *entry, MemberReader *reader, gpointer data, GError **error)
{
  Copy *copy = data;
  check_place(copy, entry);
  g_hash_table_replace(copy->types, g_strdup(entry->path), GUINT_TO_POINTER(entry->type + 1u));
  g_autoptr(GBytes) content = NULL;
  if (entry->type == ENTRY_FILE) {
    content = member_reader_content(reader, CONTENT_MAX, error);
    if (content == NULL)
      return FALSE;
    g_assert(g_bytes_get_size(content) == entry->size);
  }
  if (!tar_check(entry, error))
    return FALSE;
  gsize start = copy->tar->len;
  tar_append_header(copy->tar, entry);
  g_assert(copy->tar->len > start && copy->tar->len % TAR_BLOCK == 0);
  if (content != NULL)
    g_byte_array_append(copy->tar, g_bytes_get_data(content, NULL), (guint)entry->size);
  static const guint8 zeros[TAR_BLOCK];
  g_byte_array_append(copy->tar, zeros, tar_padding(entry->size));
  g_ptr_array_add(copy->paths, g_strdup(entry->path));
  return TRUE;
}

/* What our tar is read as, in the words of its own headers: reading it and writing it again changes nothing. */
static void
read_again(const GByteArray *tar, const GPtrArray *paths)
{
  static const guint8 end[TAR_END_SIZE];
  g_autoptr(GByteArray) whole = g_byte_array_new(), again = g_byte_array_new();
  g_byte_array_append(whole, tar->data, tar->len);
  g_byte_array_append(whole, end, sizeof end);
  g_autoptr(GError) error = NULL;
  g_autoptr(MemberReader) reader = member_reader_new_fd(MEMBER_TAR, "again.tar", fuzz_file(whole->data, whole->len), &error);
  g_assert_no_error(error);
  const Entry *entry = NULL;
  for (guint i = 0; i <= paths->len; i++) {
    g_assert(member_reader_next(reader, &entry, &error) || error != NULL);
    g_assert_no_error(error);
    g_assert((entry != NULL) == (i < paths->len));
    if (entry == NULL)
      break;
    g_assert_cmpstr(entry->path, ==, paths->pdata[i]);
    tar_append_header(again, entry);
    g_autoptr(GBytes) content = entry->type == ENTRY_FILE ? member_reader_content(reader, CONTENT_MAX, &error) : NULL;
    g_assert_no_error(error);
    if (content != NULL)
      g_byte_array_append(again, g_bytes_get_data(content, NULL), (guint)g_bytes_get_size(content));
    g_byte_array_append(again, end, tar_padding(entry->size));
  }
  g_assert(again->len == tar->len && memcmp(again->data, tar->data, tar->len) == 0);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(GByteArray) tar = g_byte_array_new();
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Copy copy = {tar, paths, types};
  g_autoptr(GError) error = NULL;
  g_assert(unpack_archive(fuzz_file(data, size), "input", copy_member, &copy, &error) == (error == NULL));
  if (error == NULL && paths->len > 0)
    read_again(tar, paths);
  return 0;
}
