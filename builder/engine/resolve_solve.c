/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/resolve_private.h"
#include "builder/base/base_source.h"
#include "builder/executor/parallel.h"
#include "builder/sources/debian/installed.h"
#include "builder/sources/debian/solve.h"

#include <string.h>

/* "name=version" of all that is locked for @arch, but what is to move (NULL-terminated array, free with unref). */
static GPtrArray *
kept_versions(const LockArch *arch, const ResolveOptions *options)
{
  GPtrArray *kept = g_ptr_array_new_with_free_func(g_free);
  gboolean all_move = options->update && options->update_packages == NULL;
  for (guint i = 0; arch != NULL && !all_move && i < arch->packages->len; i++) {
    const LockPackage *package = arch->packages->pdata[i];
    if (options->update && g_strv_contains(options->update_packages, package->name))
      continue;
    g_ptr_array_add(kept, g_strdup_printf("%s=%s", package->name, package->version));
  }
  g_ptr_array_add(kept, NULL);
  return kept;
}

static gboolean
is_requested(const RecipeDebian *debian, const DebianPackage *package)
{
  if (debian_is_in_variant(package, debian->variant))
    return TRUE;
  for (guint i = 0; i < debian->packages->len; i++)
    if (strcmp(((const RecipePackage *)debian->packages->pdata[i])->name, package->name) == 0)
      return TRUE;
  return FALSE;
}

static void
add_solution(LockArch *arch, const RecipeDebian *debian, const DebianArchive *archive, const DebianIndex *index,
             gboolean installed, const GArray *ids)
{
  for (guint i = 0; i < ids->len; i++) {
    DebianPackage found;
    debian_index_get(index, g_array_index(ids, guint, i), &found);
    if (installed && found.suite == 0) /* the base has it */
      continue;
    LockPackage *package = g_new0(LockPackage, 1);
    *package = (LockPackage){
      .name = g_strdup(found.name),
      .version = g_strdup(found.version),
      .architecture = g_strdup(found.architecture),
      .suite = g_strdup(debian_archive_suite(archive, found.suite - installed)->suite),
      .path = g_strdup(found.filename),
      .sha256 = found.sha256,
      .size = found.size,
      .requested = is_requested(debian, &found),
    };
    g_ptr_array_add(arch->packages, package);
  }
}

/* The packages of one architecture on their way. */
typedef struct {
  const Resolving *resolving;
  const Recipe *recipe;
  DebianArchive *archive;
  const char *arch;
  const Lock *old;
  const Lock *lock; /* the new one, for its base */
  gboolean has_installed;
  DebianIndex *index;
  GArray *ids;      /* guint, in @index; NULL: it failed, and @error says why */
  Digest installed; /* of a stage: what is installed then */
  GError *error;
} Solving;

static void
solving_clear(gpointer data)
{
  Solving *solving = data;
  g_clear_pointer(&solving->index, debian_index_free);
  g_clear_pointer(&solving->ids, g_array_unref);
  g_clear_error(&solving->error);
}

/* ---- what is there already ---- */

static char *
installed_name(const Recipe *stage, const char *arch)
{
  return g_strdup_printf("%s %s", stage->name, arch);
}

/* The packages of the image that @recipe is built upon, for the solver: FALSE in *some where it has none. */
static gboolean
read_image(const Solving *solving, const Recipe *recipe, const Lock *lock, gboolean *some, Digest *blob, GError **error)
{
  Store *store = solving->resolving->store;
  const FetchOptions *fetch = &solving->resolving->options->fetch;
  g_autoptr(Base) base = base_source_obtain(recipe, store, lock, solving->arch, fetch, error);
  g_autoptr(Tree) tree = tree_new();
  GError *problem = NULL;
  if (base == NULL || !base_lay(base, tree, error))
    return FALSE;
  g_autoptr(DebianInstalledSet) installed = debian_installed_read(tree, solving->arch, &problem);
  *some = installed != NULL;
  if (problem == NULL && (!*some || debian_installed_source(installed, store, fetch->cancellable, blob, &problem)))
    return TRUE;
  return recipe_failure_at(error, &recipe->from.place, "base '%s': %s", base->from, problem->message);
}

/* The same of whatever it is built upon: the nearest stage with packages tells of all that is below it. */
static gboolean
read_installed(const Solving *solving, gboolean *some, Digest *blob, GError **error)
{
  const Resolving *resolving = solving->resolving;
  const Recipe *recipe = solving->recipe;
  const Lock *lock = solving->lock;
  *some = FALSE;
  while (recipe->from.stage != NULL) {
    recipe = recipe_stage(resolving->recipe, recipe->from.stage);
    lock = lock_stage(resolving->lock, recipe->name);
    g_autofree char *name = installed_name(recipe, solving->arch);
    const Digest *known = g_hash_table_lookup(resolving->installed, name);
    if (known != NULL)
      *blob = *known;
    *some = known != NULL;
    if (recipe->debian != NULL)
      return TRUE;
  }
  return recipe->from.image == NULL || read_image(solving, recipe, lock, some, blob, error);
}

/* ---- solving ---- */

static void
solve_arch(guint i, gpointer data)
{
  Solving *solving = &g_array_index((GArray *)data, Solving, i);
  const Resolving *resolving = solving->resolving;
  const RecipeDebian *debian = solving->recipe->debian;
  const FetchOptions *fetch = &resolving->options->fetch;
  Digest installed;
  if (!read_installed(solving, &solving->has_installed, &installed, &solving->error))
    return;
  solving->index = debian_archive_index(solving->archive, resolving->store, solving->arch,
                                        solving->has_installed ? &installed : NULL, fetch, &solving->error);
  if (solving->index == NULL)
    return;
  const LockArch *before = solving->old != NULL ? lock_find_arch(solving->old, solving->arch) : NULL;
  g_autoptr(GPtrArray) kept = kept_versions(before, resolving->options);
  DebianSolveRequest request = {
    .variant = debian->variant,
    .packages = (const RecipePackage *const *)debian->packages->pdata,
    .n_packages = debian->packages->len,
    .recommends = debian->recommends,
    .prefer = (const char *const *)kept->pdata,
    .installed = solving->has_installed,
  };
  g_autofree char *subject = g_strdup_printf("dependencies for %s", solving->arch);
  ProgressTask *task = progress_start(fetch->progress, PROGRESS_RESOLVE, subject, 0);
  parallel_enter();
  g_autoptr(GArray) ids = debian_solve(solving->index, &request, &solving->error);
  parallel_leave();
  progress_finish(task, ids != NULL ? PROGRESS_MADE : PROGRESS_FAILED);
  gboolean is_stage = solving->recipe != resolving->recipe;
  if (ids != NULL &&
      (!is_stage || debian_installed_solved(solving->index, ids, resolving->store, &solving->installed, &solving->error)))
    solving->ids = g_steal_pointer(&ids);
}

static void
take_solution(const Solving *solving, Lock *lock)
{
  const Resolving *resolving = solving->resolving;
  add_solution(lock_add_arch(lock, solving->arch), solving->recipe->debian, solving->archive, solving->index,
               solving->has_installed, solving->ids);
  if (solving->recipe != resolving->recipe && solving->ids->len > 0)
    g_hash_table_insert(resolving->installed, installed_name(solving->recipe, solving->arch),
                        g_memdup2(&solving->installed, sizeof(Digest)));
}

gboolean
resolve_solve(const Resolving *resolving, const Recipe *recipe, DebianArchive *archive, const char *const *archs,
              const Lock *old, Lock *lock, GError **error)
{
  g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(Solving));
  g_array_set_clear_func(all, solving_clear);
  for (const char *const *arch = archs; *arch != NULL; arch++) {
    const Solving solving = {
      .resolving = resolving, .recipe = recipe, .archive = archive, .arch = *arch, .old = old, .lock = lock};
    g_array_append_val(all, solving);
  }
  parallel_run(all->len, parallel_width(), solve_arch, all);
  for (guint i = 0; i < all->len; i++) {
    Solving *solving = &g_array_index(all, Solving, i);
    if (solving->ids == NULL) {
      g_propagate_error(error, g_steal_pointer(&solving->error));
      return FALSE;
    }
    take_solution(solving, lock);
  }
  return TRUE;
}
