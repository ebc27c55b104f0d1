/* SPDX-License-Identifier: Apache-2.0
 *
 * Hands every file of a fuzz target's corpus to it: tests/fuzz/corpus/NAME for fuzz-NAME, or the files and folders named on
 * the command line. One test a file; a target that finds something wrong ends the program.
 */
#include "tests/fuzz/fuzz.h"

static void
replay(gconstpointer path)
{
  g_autofree char *content = NULL;
  gsize size;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &content, &size, &error);
  g_assert_no_error(error);
  /* a copy without a byte beyond its end, so that sanitizers see who reads there */
  g_autofree guint8 *data = size > 0 ? g_malloc(size) : NULL;
  if (size > 0)
    memcpy(data, content, size);
  g_assert_cmpint(LLVMFuzzerTestOneInput(data, size), ==, 0);
}

static void
add_file(const char *target, const char *path)
{
  g_autofree char *base = g_path_get_basename(path);
  g_autofree char *name = g_strdup_printf("/%s/%s", target, base);
  g_test_add_data_func_full(name, g_strdup(path), replay, g_free);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_folder(const char *target, const char *path)
{
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  if (folder == NULL)
    g_error("there is no corpus '%s'", path);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (const char *name = g_dir_read_name(folder); name != NULL; name = g_dir_read_name(folder))
    g_ptr_array_add(names, g_build_filename(path, name, NULL));
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++)
    add_file(target, names->pdata[i]);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autofree char *program = g_path_get_basename(argv[0]);
  const char *target = g_str_has_prefix(program, "fuzz-") ? program + strlen("fuzz-") : program;
  g_autofree char *corpus = g_build_filename("tests/fuzz/corpus", target, NULL);
  if (argc < 2)
    add_folder(target, corpus);
  for (int i = 1; i < argc; i++) {
    if (g_file_test(argv[i], G_FILE_TEST_IS_DIR))
      add_folder(target, argv[i]);
    else
      add_file(target, argv[i]);
  }
  return g_test_run();
}
