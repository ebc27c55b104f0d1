/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/resolve.h"
#include "builder/base/base_source.h"
#include "builder/engine/resolve_private.h"
#include "signing/error.h"

#include <string.h>

DebianArchive *
resolve_archive(const Recipe *recipe, const char *const *mirrors, GError **error)
{
  const RecipeDebian *debian = recipe->debian;
  DebianArchiveRequest request = {
    .suite = debian->suite,
    .components = (const char *const *)debian->components,
    .mirrors = mirrors != NULL ? mirrors : (const char *const *)debian->mirrors,
    .snapshot = debian->snapshot,
    .keyring = debian->keyring,
    .check_valid_until = debian->check_valid_until,
    .apt_root = "/",
  };
  return debian_archive_new(&request, error);
}

static gboolean
check_arch(const Recipe *recipe, const char *arch, GError **error)
{
  if (g_strv_contains((const char *const *)recipe->arch, arch))
    return TRUE;
  g_autofree char *known = g_strjoinv(", ", recipe->arch);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--arch: '%s' is not among the recipe's: %s", arch, known);
  return FALSE;
}

char **
resolve_archs(const Recipe *recipe, const char *const *given, GError **error)
{
  if (given == NULL)
    return g_strdupv(recipe->arch);
  g_autofree char *joined = g_strjoinv(",", (char **)given);
  g_auto(GStrv) named = g_strsplit(joined, ",", -1);
  if (named[0] == NULL && !check_arch(recipe, "", error)) /* --arch '' */
    return NULL;
  for (char **arch = named; *arch != NULL; arch++)
    if (!check_arch(recipe, *arch, error))
      return NULL;
  g_autoptr(GStrvBuilder) archs = g_strv_builder_new();
  for (char **arch = recipe->arch; *arch != NULL; arch++)
    if (g_strv_contains((const char *const *)named, *arch))
      g_strv_builder_add(archs, *arch);
  return g_strv_builder_end(archs);
}

/* ---- solving anew ---- */

static gboolean
same_packages(const Lock *a, const Lock *b)
{
  if (a == NULL || a->archs->len != b->archs->len)
    return FALSE;
  for (guint i = 0; i < a->archs->len; i++) {
    const LockArch *x = a->archs->pdata[i], *y = b->archs->pdata[i];
    if (strcmp(x->arch, y->arch) != 0 || x->packages->len != y->packages->len)
      return FALSE;
    for (guint j = 0; j < x->packages->len; j++) {
      const LockPackage *p = x->packages->pdata[j], *q = y->packages->pdata[j];
      if (strcmp(p->name, q->name) != 0 || !digest_equal(&p->sha256, &q->sha256))
        return FALSE;
    }
  }
  return TRUE;
}

/* Whether it is built upon what is made here: there is no base then for architectures that are not being built. */
static gboolean
is_upon_own(const Recipe *recipe)
{
  return recipe->from.recipe != NULL || recipe->from.stage != NULL;
}

/* What is to be solved: @archs, and, where the lock's answers are no longer those to the recipe's questions, all that it has an
 * answer for (NULL-terminated, transfer full). */
static char **
archs_to_solve(const Recipe *recipe, const Lock *old, gboolean asks_the_same, const char *const *archs)
{
  g_autoptr(GStrvBuilder) solved = g_strv_builder_new();
  gboolean all = old != NULL && !asks_the_same && !is_upon_own(recipe);
  for (char **arch = recipe->arch; *arch != NULL; arch++)
    if (g_strv_contains(archs, *arch) || (all && lock_find_arch(old, *arch) != NULL))
      g_strv_builder_add(solved, *arch);
  return g_strv_builder_end(solved);
}

/* Architectures that the recipe has but that are not solved now stay as they were locked. */
static void
keep_other_archs(Lock *lock, const Lock *old, const Recipe *recipe)
{
  if (is_upon_own(recipe) && old != NULL && !json_equal(old->asked, lock->asked))
    return;
  for (guint i = 0; old != NULL && i < old->archs->len; i++) {
    const LockArch *arch = old->archs->pdata[i];
    if (lock_find_arch(lock, arch->arch) != NULL || !g_strv_contains((const char *const *)recipe->arch, arch->arch))
      continue;
    LockArch *copy = lock_add_arch(lock, arch->arch);
    g_ptr_array_unref(copy->packages);
    copy->packages = g_ptr_array_ref(arch->packages);
  }
}

/* What came of the recipe that @recipe is built upon (borrowed), or NULL. */
static const GArray *
find_manifests(const Recipe *recipe, const ResolveOptions *options)
{
  for (guint i = 0; options->bases != NULL && i < options->bases->len; i++) {
    const ResolveBase *base = options->bases->pdata[i];
    if (base->recipe == recipe)
      return base->manifests;
  }
  return NULL;
}

static void
lock_what_is_made(const Resolving *resolving, const Recipe *recipe, const char *const *archs, Lock *lock)
{
  const ResolveOptions *options = resolving->options;
  const GArray *manifests = find_manifests(recipe, options);
  for (guint i = 0; manifests != NULL && i < manifests->len; i++)
    lock_set_base(lock, recipe->from.image, options->archs[i], &g_array_index(manifests, Digest, i));
  for (const char *const *arch = archs; recipe->from.stage != NULL && *arch != NULL; arch++) {
    Digest below;
    resolve_below(resolving->recipe, resolving->lock, recipe, *arch, &below);
    lock_set_base(lock, recipe->from.image, *arch, &below);
  }
}

/* The base as it was locked, unless it is to move. */
static gboolean
lock_the_base(const Resolving *resolving, const Recipe *recipe, const Lock *old, const char *const *archs, Lock *lock,
              GError **error)
{
  const ResolveOptions *options = resolving->options;
  gboolean moves = options->update && options->update_packages == NULL && !is_upon_own(recipe);
  Digest digest, is;
  if (!resolve_locks_base(recipe))
    return TRUE;
  if (is_upon_own(recipe))
    lock_what_is_made(resolving, recipe, archs, lock);
  for (char **arch = recipe->arch; old != NULL && *arch != NULL; arch++)
    if (g_strcmp0(json_string_value(json_object_get(old->base, "from")), recipe->from.image) == 0 &&
        (!moves || !g_strv_contains(archs, *arch)) && !lock_base(lock, *arch, &is) && lock_base(old, *arch, &digest))
      lock_set_base(lock, recipe->from.image, *arch, &digest);
  return is_upon_own(recipe) || base_source_lock(recipe, resolving->store, archs, &options->fetch, lock, error);
}

static Lock *
solve_anew(const Resolving *resolving, const Recipe *recipe, const Lock *old, const char *const *archs, GError **error)
{
  g_autoptr(Lock) lock = lock_new();
  json_decref(lock->asked);
  lock->asked = lock_asked(recipe);
  json_decref(lock->files);
  lock->files = lock_files(recipe);
  if (!lock_the_base(resolving, recipe, old, archs, lock, error))
    return NULL;
  if (recipe->debian == NULL)
    return g_steal_pointer(&lock);
  g_autoptr(DebianArchive) archive = resolve_archive(recipe, resolving->options->mirrors, error);
  if (archive == NULL || !resolve_solve(resolving, recipe, archive, archs, old, lock, error))
    return NULL;
  lock->date = debian_archive_date(archive);
  keep_other_archs(lock, old, recipe);
  return g_steal_pointer(&lock);
}

static const char *const *
wanted_archs(const Recipe *recipe, const ResolveOptions *options)
{
  return options->archs != NULL ? options->archs : (const char *const *)recipe->arch;
}

/* Whether it is anywhere in @lock, of whatever architecture and stage. */
static gboolean
names_package(const Lock *lock, const char *name)
{
  gboolean found = FALSE;
  for (guint i = 0; !found && i < lock->archs->len; i++)
    found = lock_find_package(lock->archs->pdata[i], name) != NULL;
  for (guint i = 0; !found && i < lock->stages->len; i++)
    found = names_package(((const LockStage *)lock->stages->pdata[i])->lock, name);
  return found;
}

/* A package that is to move must be somewhere. */
static gboolean
check_updates(const Lock *old, const Lock *lock, const ResolveOptions *options, GError **error)
{
  for (const char *const *name = options->update ? options->update_packages : NULL; name != NULL && *name != NULL; name++) {
    if (names_package(lock, *name) || (old != NULL && names_package(old, *name)))
      continue;
    g_autofree char *shown = g_strescape(*name, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                "--update: package '%s' is not in the lock\nhint: recipe files end in .yaml", shown);
    return FALSE;
  }
  return TRUE;
}

/* Of the recipe or of one stage. */
static Lock *
resolve_own(const Resolving *resolving, const Recipe *recipe, const Lock *old, GError **error)
{
  json_t *asked = lock_asked(recipe);
  gboolean asks_the_same = old != NULL && json_equal(old->asked, asked) && resolve_names_base(recipe, old);
  json_decref(asked);
  g_auto(GStrv) archs = archs_to_solve(recipe, old, asks_the_same, wanted_archs(recipe, resolving->options));
  g_autoptr(Lock) lock = solve_anew(resolving, recipe, old, (const char *const *)archs, error);
  if (lock == NULL)
    return NULL;
  /* The date gives the default epoch: where no package moved, no byte shall. */
  if (asks_the_same && same_packages(old, lock))
    lock->date = old->date;
  return g_steal_pointer(&lock);
}

/* Each after those that it is built upon, which is their order. */
static gboolean
resolve_stages(const Resolving *resolving, const Lock *old, GError **error)
{
  for (guint i = 0; i < resolving->recipe->stages->len; i++) {
    const Recipe *stage = resolving->recipe->stages->pdata[i];
    const Lock *before = old != NULL ? lock_stage(old, stage->name) : NULL;
    if (!resolve_needs_own_lock(stage))
      continue;
    Lock *own = resolve_own(resolving, stage, before, error);
    if (own == NULL)
      return FALSE;
    lock_add_stage(resolving->lock, stage->name, own);
  }
  return TRUE;
}

static void
tell_stages(const Recipe *recipe, const Lock *old, const Lock *lock, Progress *progress)
{
  for (guint i = 0; i < recipe->stages->len; i++) {
    const Recipe *stage = recipe->stages->pdata[i];
    const Lock *before = lock_stage(old, stage->name), *after = lock_stage(lock, stage->name);
    if (before == NULL || after == NULL)
      continue;
    progress_note(progress, "stage '%s':", stage->name);
    resolve_tell_moves(stage, before, after, progress);
  }
}

Lock *
resolve(const Recipe *recipe, Store *store, const Lock *old, const ResolveOptions *options, GError **error)
{
  g_autoptr(Lock) stages = lock_new();
  g_autoptr(GHashTable) installed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const Resolving resolving = {recipe, store, options, stages, installed};
  g_autoptr(Lock) lock = resolve_stages(&resolving, old, error) ? resolve_own(&resolving, recipe, old, error) : NULL;
  if (lock == NULL)
    return NULL;
  GPtrArray *none = lock->stages;
  lock->stages = stages->stages;
  stages->stages = none;
  if (!check_updates(old, lock, options, error))
    return NULL;
  if (old != NULL) {
    resolve_tell_moves(recipe, old, lock, options->fetch.progress);
    tell_stages(recipe, old, lock, options->fetch.progress);
  }
  return g_steal_pointer(&lock);
}

/* ---- the file ---- */

static void
refuse(const Recipe *recipe, const char *path, const char *why, GError **error)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
              "%s: the lock '%s' does not hold: %s\nhint: run 'ashlar lock %s' and commit the lock file", recipe->path, path,
              why, recipe->path);
}

/* What a recipe below gives as another one than it gave (transfer full), or NULL. @lock: @recipe's part of it. */
static char *
other_base(const Recipe *recipe, const Lock *lock, const ResolveOptions *options)
{
  const GArray *manifests = find_manifests(recipe, options);
  Digest was;
  for (guint i = 0; manifests != NULL && i < manifests->len; i++)
    if (!lock_base(lock, options->archs[i], &was) || !digest_equal(&was, &g_array_index(manifests, Digest, i)))
      return g_strdup_printf("the base '%s' gives another image now", recipe->from.image);
  return NULL;
}

/* Whether the recipes that this one and its stages are built upon still give what they gave. */
static gboolean
bases_are_the_same(const Recipe *recipe, const Lock *lock, const ResolveOptions *options, char **why)
{
  *why = other_base(recipe, lock, options);
  for (guint i = 0; *why == NULL && i < recipe->stages->len; i++) {
    const Recipe *stage = recipe->stages->pdata[i];
    g_autofree char *other = stage->from.recipe != NULL ? other_base(stage, lock_stage(lock, stage->name), options) : NULL;
    if (other != NULL)
      *why = g_strdup_printf("stage '%s': %s", stage->name, other);
  }
  return *why == NULL;
}

/* Whether the images that @recipe and its stages start from are still those of @old. */
static gboolean
check_images(const Recipe *recipe, Store *store, const Lock *old, const ResolveOptions *options, GError **error)
{
  for (guint i = 0; i <= recipe->stages->len; i++) {
    const Recipe *one = i == 0 ? recipe : recipe->stages->pdata[i - 1];
    const Lock *own = i == 0 ? old : lock_stage(old, one->name);
    if (own == NULL || is_upon_own(one) || !resolve_names_base(one, own))
      continue;
    if (!base_source_check(one, store, own, wanted_archs(one, options), &options->fetch, error))
      return FALSE;
  }
  return TRUE;
}

static Lock *
lock_file(const Recipe *recipe, Store *store, const char *path, const ResolveOptions *options, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(Lock) old = lock_load(path, &failure);
  if (old == NULL && !g_error_matches(failure, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
  }
  /* which only `--update` of all takes as it is */
  gboolean moves = options->update && options->update_packages == NULL;
  if (old != NULL && !moves && !check_images(recipe, store, old, options, error))
    return NULL;
  g_autofree char *why = NULL;
  gboolean holds = resolve_holds(recipe, old, wanted_archs(recipe, options), &why) &&
                   bases_are_the_same(recipe, old, options, &why);
  if (holds && !options->update) {
    resolve_tell_format(recipe, old, options->fetch.progress);
    return g_steal_pointer(&old);
  }
  if (options->locked && !holds) {
    refuse(recipe, path, why, error);
    return NULL;
  }
  g_autoptr(Lock) lock = resolve(recipe, store, old, options, error);
  if (lock == NULL || !lock_save(lock, path, error))
    return NULL;
  if (old == NULL)
    progress_note(options->fetch.progress, "locked: %s (new; commit it beside the recipe)", path);
  return g_steal_pointer(&lock);
}

/* A recipe that several others are built upon has its file made once. */
Lock *
resolve_lock_file(const Recipe *recipe, Store *store, const char *path, const ResolveOptions *options, GError **error)
{
  Digest key;
  g_autofree char *absolute = g_canonicalize_filename(path, NULL);
  digest_of(absolute, strlen(absolute), &key);
  if (!store_claim_waiting(store, &key, options->fetch.cancellable, error))
    return NULL;
  Lock *lock = lock_file(recipe, store, path, options, error);
  store_release(store, &key);
  return lock;
}
