/* SPDX-License-Identifier: Apache-2.0
 *
 * solve-sets STORE ARCH PACKAGES-FILE...: reads package sets from standard input, one a line:
 *
 *   NAME VARIANT RECOMMENDS PACKAGE...      ("none", "essential" ...; "yes" or "no"; "name" or "name=version")
 *
 * and prints "NAME name=version" for each package of each solution, or "NAME error"; times in microseconds go to standard error.
 */
#include "builder/sources/debian/solve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
fail(const char *what, const GError *error)
{
  fprintf(stderr, "solve-sets: %s: %s\n", what, error ? error->message : "?");
  exit(2);
}

static DebianIndex *
open_index(Store *store, const char *arch, char **files)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) sources = g_array_new(FALSE, TRUE, sizeof(DebianIndexSource));
  for (guint i = 0; files[i]; i++) {
    g_autofree char *text = NULL;
    gsize size = 0;
    DebianIndexSource source = {.suite = i};
    if (!g_file_get_contents(files[i], &text, &size, &error) || !store_put(store, text, size, &source.blob, &error))
      fail(files[i], error);
    g_array_append_val(sources, source);
  }
  DebianIndex *index = debian_index_open(store, arch, (const DebianIndexSource *)(gpointer)sources->data, sources->len, NULL,
                                         &error);
  if (!index)
    fail("index", error);
  return index;
}

static RecipeVariant
variant_of(const char *name)
{
  static const char *const names[] = {"none", "essential", "minbase", "standard"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(name, names[i]) == 0)
      return (RecipeVariant)i;
  fail(name, NULL);
  return RECIPE_VARIANT_NONE;
}

static void
solve_line(const DebianIndex *index, const char *line)
{
  g_auto(GStrv) words = g_strsplit_set(line, " \t\n", -1);
  g_autoptr(GPtrArray) fields = g_ptr_array_new(), packages = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; words[i]; i++)
    if (*words[i])
      g_ptr_array_add(fields, words[i]);
  if (fields->len < 3)
    fail(line, NULL);
  for (guint i = 3; i < fields->len; i++) {
    RecipePackage *package = g_new0(RecipePackage, 1);
    char *equals = strchr(fields->pdata[i], '=');
    package->name = fields->pdata[i];
    if (equals) {
      *equals = '\0';
      package->version = equals + 1;
    }
    g_ptr_array_add(packages, package);
  }
  const char *name = fields->pdata[0];
  const DebianSolveRequest request = {.variant = variant_of(fields->pdata[1]),
                                      .packages = (const RecipePackage *const *)packages->pdata,
                                      .n_packages = packages->len,
                                      .recommends = strcmp(fields->pdata[2], "yes") == 0};
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time();
  g_autoptr(GArray) ids = debian_solve(index, &request, &error);
  fprintf(stderr, "%s %" G_GINT64_FORMAT "\n", name, g_get_monotonic_time() - start);
  if (!ids) {
    printf("%s error\n", name);
    fprintf(stderr, "%s: %s\n", name, error->message);
    return;
  }
  for (guint i = 0; i < ids->len; i++) {
    DebianPackage package;
    debian_index_get(index, g_array_index(ids, guint32, i), &package);
    printf("%s %s=%s\n", name, package.name, package.version);
  }
}

int
main(int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  if (argc < 4)
    fail("usage: solve-sets STORE ARCH PACKAGES-FILE...", NULL);
  g_autoptr(Store) store = store_open(argv[1], &error);
  if (!store)
    fail(argv[1], error);
  g_autoptr(DebianIndex) index = open_index(store, argv[2], argv + 3);
  char line[4096];
  while (fgets(line, sizeof line, stdin))
    if (*line != '#' && *line != '\n')
      solve_line(index, line);
  return 0;
}
