/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/twice/same.h"

#include <string.h>

static gint
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted (transfer full). */
static GPtrArray *
names_in(const char *folder, GError **error)
{
  GDir *dir = g_dir_open(folder, 0, error);
  if (dir == NULL)
    return NULL;
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
    g_ptr_array_add(names, g_strdup(name));
  g_dir_close(dir);
  g_ptr_array_sort(names, compare_names);
  return names;
}

static gboolean
same_folders(const char *first, const char *second, gboolean *same, GError **error)
{
  g_autoptr(GPtrArray) a = names_in(first, error);
  g_autoptr(GPtrArray) b = a != NULL ? names_in(second, error) : NULL;
  if (b == NULL)
    return FALSE;
  *same = a->len == b->len;
  for (guint i = 0; *same && i < a->len; i++) {
    g_autofree char *x = g_build_filename(first, a->pdata[i], NULL), *y = g_build_filename(second, a->pdata[i], NULL);
    *same = strcmp(a->pdata[i], b->pdata[i]) == 0;
    if (*same && !same_bytes(x, y, same, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
same_files(const char *first, const char *second, gboolean *same, GError **error)
{
  GMappedFile *a = g_mapped_file_new(first, FALSE, error);
  GMappedFile *b = a != NULL ? g_mapped_file_new(second, FALSE, error) : NULL;
  gboolean read = b != NULL;
  if (read) {
    gsize size = g_mapped_file_get_length(a);
    *same = size == g_mapped_file_get_length(b) &&
            (size == 0 || memcmp(g_mapped_file_get_contents(a), g_mapped_file_get_contents(b), size) == 0);
  }
  g_clear_pointer(&a, g_mapped_file_unref);
  g_clear_pointer(&b, g_mapped_file_unref);
  return read;
}

gboolean
same_bytes(const char *first, const char *second, gboolean *same, GError **error)
{
  gboolean folder = g_file_test(first, G_FILE_TEST_IS_DIR);
  *same = FALSE;
  if (folder != g_file_test(second, G_FILE_TEST_IS_DIR))
    return TRUE;
  return folder ? same_folders(first, second, same, error) : same_files(first, second, same, error);
}
