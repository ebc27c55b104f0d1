/* SPDX-License-Identifier: Apache-2.0
 *
 * Packages indexes: into the table, every package of it looked at and found by its name, and the first one solved for.
 */
#include "builder/sources/debian/index.h"
#include "builder/sources/debian/relation.h"
#include "builder/sources/debian/solve.h"
#include "builder/sources/debian/version.h"
#include "tests/fuzz/fuzz.h"

static void
check_package(const DebianIndex *index, guint id)
{
  DebianPackage package;
  guint first;
  debian_index_get(index, id, &package);
  guint n = debian_index_find(index, package.name, &first);
  g_assert(n > 0 && id >= first && id - first < n);
  g_assert(package.priority >= DEBIAN_REQUIRED && package.priority <= DEBIAN_EXTRA && package.suite == 0);
  g_assert(fuzz_path_stays(package.filename));
  if (id > first) {
    DebianPackage newer;
    debian_index_get(index, id - 1, &newer);
    g_assert(debian_version_compare(newer.version, package.version) >= 0);
  }
  g_autoptr(GPtrArray) provides = relation_parse(package.provides, NULL);
  for (guint i = 0; provides != NULL && i < provides->len; i++) {
    const Relation *relation = ((GPtrArray *)provides->pdata[i])->pdata[0];
    guint n_providers;
    debian_index_providers(index, relation->name, &n_providers);
    g_assert(n_providers > 0);
  }
}

static void
solve_first(const DebianIndex *index)
{
  DebianPackage package;
  debian_index_get(index, 0, &package);
  RecipePackage asked = {.name = (char *)package.name, .place = {.file = "recipe", .line = 1, .column = 1}};
  const RecipePackage *const packages[] = {&asked};
  DebianSolveRequest request = {.packages = packages, .n_packages = 1, .recommends = TRUE};
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) ids = debian_solve(index, &request, &error);
  g_assert((ids == NULL) == (error != NULL));
  for (guint i = 1; ids != NULL && i < ids->len; i++)
    g_assert(g_array_index(ids, guint32, i - 1) < g_array_index(ids, guint32, i));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  Store *store = fuzz_store();
  DebianIndexSource source = {.label = "stone/main"};
  g_assert(store_put(store, data, size, &source.blob, NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(DebianIndex) index = debian_index_open(store, "amd64", &source, 1, NULL, &error);
  g_assert((index == NULL) == (error != NULL));
  if (index == NULL)
    return 0;
  for (guint id = 0; id < debian_index_size(index); id++)
    check_package(index, id);
  g_auto(GStrv) similar = debian_index_similar(index, "libc", 3);
  g_assert(g_strv_length(similar) <= 3);
  if (debian_index_size(index) > 0)
    solve_first(index);
  return 0;
}
