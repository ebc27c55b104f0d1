/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tar.h"
#include "rootfs/unpack.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

static gboolean
count(const Entry *entry, MemberReader *reader, gpointer data, GError **error)
{
  *(guint *)data += 1;
  return TRUE;
}

/* Unpacks @bytes, which must be refused in @words after @visited members. */
static void
assert_refused(const void *bytes, gsize size, guint visited, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  guint n = 0;
  int fd = g_file_open_tmp("ashlar-unpack-XXXXXX", &path, NULL);
  g_assert_cmpint(write(fd, bytes, size), ==, (gssize)size);
  g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
  g_assert_false(unpack_archive(fd, "x.tar", count, &n, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  if (!g_str_has_prefix(error->message, "x.tar: ") || strstr(error->message, words) == NULL)
    g_error("'%s' does not tell '%s'", error->message, words);
  g_assert_cmpuint(n, ==, visited);
  close(fd);
  g_unlink(path);
}

/* The sizes are told by headers alone: nothing of the content is there. */
static void
bombs_are_refused(void)
{
  const struct {
    guint64 size;
    const char *words;
  } cases[] = {{limits_get(LIMIT_RATIO_FREE) * 2, "'bomb': more than 1000 times its own size (limit 'ratio')"},
               {limits_get(LIMIT_UNPACKED) + 1, "'bomb': more than 64 GiB of content (limit 'unpacked')"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) tar = g_byte_array_new();
    tar_append_header(tar, &(Entry){.path = "first", .mode = 0644});
    tar_append_header(tar, &(Entry){.path = "bomb", .mode = 0644, .size = cases[i].size});
    assert_refused(tar->data, tar->len, 1, cases[i].words);
  }
}

/* Each member of 4 KB implies two thousand folders with names of 4 MB: memory has to be bounded by those. */
static void
implied_folders_are_bounded(void)
{
  g_autoptr(GByteArray) tar = g_byte_array_new();
  g_autoptr(GString) deep = g_string_new(NULL);
  while (deep->len < limits_get(LIMIT_PATH) - 8)
    g_string_append(deep, "/d");
  gsize implied = 0;
  for (gsize length = 1; length < deep->len; length += 2)
    implied += length + 4;
  guint fit = (guint)(limits_get(LIMIT_NAMES) / MAX(implied, 1));
  for (guint i = 0; i < fit + 2; i++) {
    g_autofree char *path = g_strdup_printf("%04u%s", i, deep->str);
    tar_append_header(tar, &(Entry){.path = path, .mode = 0644});
  }
  assert_refused(tar->data, tar->len, fit, "more than 256 MiB of paths (limit 'names')");
}

#define CPIO_HEAD "070701%08x000081a400000000000000000000000200000000%08x00000000000000000000000000000000%08x00000000"

/* cpio keeps the content of a file with two names beside the second: it must not come out empty in silence. */
static void
hardlink_with_content_is_refused(void)
{
  g_autofree char *cpio = g_strdup_printf(CPIO_HEAD "a%c" CPIO_HEAD "b%chey\n", 7, 0, 2, 0, 7, 4, 2, 0);
  gsize head = 110 + 2;
  assert_refused(cpio, 2 * head + 4, 1, "'b' is a hardlink with content of its own");
}

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/unpack/bombs", bombs_are_refused);
  g_test_add_func("/unpack/implied-folders", implied_folders_are_bounded);
  g_test_add_func("/unpack/hardlink-with-content", hardlink_with_content_is_refused);
  return g_test_run();
}
