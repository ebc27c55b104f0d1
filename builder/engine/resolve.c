/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/resolve.h"
#include "builder/engine/base_source.h"
#include "builder/sources/debian/installed.h"
#include "builder/engine/parallel.h"
#include "builder/sources/debian/solve.h"
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

static gboolean
needs_lock(const Recipe *recipe)
{
  if (recipe->debian != NULL || recipe->from.image != NULL)
    return TRUE;
  json_t *files = lock_files(recipe);
  gboolean some = json_array_size(files) > 0;
  json_decref(files);
  return some;
}

gboolean
resolve_needs_lock(const Recipe *recipe)
{
  gboolean some = needs_lock(recipe);
  for (guint i = 0; !some && i < recipe->stages->len; i++)
    some = needs_lock(recipe->stages->pdata[i]);
  return some;
}

/* Names in the first list of strings that are not in the second, "a, b" (transfer full); NULL when there is none. */
static char *
missing_names(json_t *wanted, json_t *present)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (gsize i = 0; i < json_array_size(wanted); i++) {
    json_t *name = json_array_get(wanted, i);
    gboolean found = FALSE;
    for (gsize j = 0; !found && j < json_array_size(present); j++)
      found = json_equal(name, json_array_get(present, j));
    if (!found)
      g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", json_string_value(name));
  }
  return names->len > 0 ? g_strdup(names->str) : NULL;
}

static char *
asked_difference(json_t *asked, json_t *locked)
{
  if (!json_is_object(asked) || !json_is_object(locked))
    return g_strdup("the recipe's 'debian' section came or went");
  static const char *const keys[] = {"suite", "components", "snapshot", "variant", "recommends"};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
    if (!json_equal(json_object_get(asked, keys[i]), json_object_get(locked, keys[i])))
      return g_strdup_printf("the recipe's debian.%s is another one", keys[i]);
  json_t *wanted = json_object_get(asked, "packages"), *present = json_object_get(locked, "packages");
  g_autofree char *more = missing_names(wanted, present);
  g_autofree char *less = missing_names(present, wanted);
  return g_strdup_printf("the recipe asks for %s%s%s%s", more != NULL ? more : "", more != NULL && less != NULL ? " and " : "",
                         less != NULL ? "no longer for " : "", less != NULL ? less : "");
}

/* What the lock lacks of the base (transfer full), or NULL. */
static char *
base_difference(const Recipe *recipe, const Lock *lock, const char *const *archs)
{
  const char *from = recipe->from.image, *locked = json_string_value(json_object_get(lock->base, "from"));
  Digest digest;
  if (g_strcmp0(from, locked) != 0)
    return from != NULL ? g_strdup_printf("the recipe starts from '%s'", from) : g_strdup("the recipe starts from nothing");
  for (const char *const *arch = archs; from != NULL && *arch != NULL; arch++)
    if (!lock_base(lock, *arch, &digest))
      return g_strdup_printf("it holds no base for architecture %s", *arch);
  return NULL;
}

/* What @lock lacks of the recipe or stage itself (transfer full), or NULL. */
static char *
own_difference(const Recipe *recipe, const Lock *lock, const char *const *archs)
{
  char *why = NULL;
  json_t *asked = lock_asked(recipe), *files = lock_files(recipe);
  if (!json_equal(asked, lock->asked))
    why = asked_difference(asked, lock->asked);
  else if (!json_equal(files, lock->files))
    why = g_strdup("the recipe fetches other files");
  json_decref(asked);
  json_decref(files);
  if (why == NULL)
    why = base_difference(recipe, lock, archs);
  for (const char *const *arch = archs; recipe->debian != NULL && why == NULL && *arch != NULL; arch++)
    if (lock_find_arch(lock, *arch) == NULL)
      why = g_strdup_printf("it holds nothing for architecture %s", *arch);
  return why;
}

gboolean
resolve_holds(const Recipe *recipe, const Lock *lock, const char *const *archs, char **why)
{
  *why = lock == NULL ? g_strdup("there is none") : own_difference(recipe, lock, archs);
  guint n = 0;
  for (guint i = 0; *why == NULL && i < recipe->stages->len; i++) {
    const Recipe *stage = recipe->stages->pdata[i];
    const Lock *locked = lock_stage(lock, stage->name);
    if (!needs_lock(stage))
      continue;
    n++;
    g_autofree char *lack = locked != NULL ? own_difference(stage, locked, archs) : g_strdup("it is new");
    if (lack != NULL)
      *why = g_strdup_printf("stage '%s': %s", stage->name, lack);
  }
  if (*why == NULL && n != lock->stages->len)
    *why = g_strdup("it holds stages that the recipe no longer has");
  return *why == NULL;
}

/* ---- solving ---- */

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

/* The base's packages for the solver: FALSE in *some where it has none. */
static gboolean
read_installed(const Recipe *recipe, Store *store, const Lock *lock, const char *arch, const ResolveOptions *options,
               gboolean *some, Digest *blob, GError **error)
{
  *some = FALSE;
  if (recipe->from.image == NULL)
    return TRUE;
  g_autoptr(Base) base = base_source_obtain(recipe, store, lock, arch, &options->fetch, error);
  g_autoptr(Tree) tree = tree_new();
  GError *problem = NULL;
  if (base == NULL || !base_lay(base, tree, error))
    return FALSE;
  g_autoptr(DebianInstalledSet) installed = debian_installed_read(tree, arch, &problem);
  *some = installed != NULL;
  if (problem == NULL && (!*some || debian_installed_source(installed, store, options->fetch.cancellable, blob, &problem)))
    return TRUE;
  return recipe_failure_at(error, &recipe->from.place, "base '%s': %s", base->from, problem->message);
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
  const Recipe *recipe;
  Store *store;
  DebianArchive *archive;
  const char *arch;
  const Lock *old;
  const Lock *lock; /* the new one, for its base */
  const ResolveOptions *options;
  gboolean has_installed;
  DebianIndex *index;
  GArray *ids; /* guint, in @index; NULL: it failed, and @error says why */
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

static void
solve_arch(guint i, gpointer data)
{
  Solving *solving = &g_array_index((GArray *)data, Solving, i);
  const RecipeDebian *debian = solving->recipe->debian;
  const FetchOptions *fetch = &solving->options->fetch;
  Digest installed;
  if (!read_installed(solving->recipe, solving->store, solving->lock, solving->arch, solving->options, &solving->has_installed,
                      &installed, &solving->error))
    return;
  solving->index = debian_archive_index(solving->archive, solving->store, solving->arch,
                                        solving->has_installed ? &installed : NULL, fetch, &solving->error);
  if (solving->index == NULL)
    return;
  const LockArch *before = solving->old != NULL ? lock_find_arch(solving->old, solving->arch) : NULL;
  g_autoptr(GPtrArray) kept = kept_versions(before, solving->options);
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
  solving->ids = debian_solve(solving->index, &request, &solving->error);
  parallel_leave();
  progress_finish(task, solving->ids != NULL ? PROGRESS_MADE : PROGRESS_FAILED);
}

/* Side by side; the first failure in the order of the architectures is the one that is told. */
static gboolean
solve_archs(const Recipe *recipe, Store *store, DebianArchive *archive, const char *const *archs, const Lock *old,
            const ResolveOptions *options, Lock *lock, GError **error)
{
  g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(Solving));
  g_array_set_clear_func(all, solving_clear);
  for (const char *const *arch = archs; *arch != NULL; arch++) {
    const Solving solving = {
      .recipe = recipe, .store = store, .archive = archive, .arch = *arch, .old = old, .lock = lock, .options = options};
    g_array_append_val(all, solving);
  }
  parallel_run(all->len, parallel_width(), solve_arch, all);
  for (guint i = 0; i < all->len; i++) {
    Solving *solving = &g_array_index(all, Solving, i);
    if (solving->ids == NULL) {
      g_propagate_error(error, g_steal_pointer(&solving->error));
      return FALSE;
    }
    add_solution(lock_add_arch(lock, solving->arch), recipe->debian, archive, solving->index, solving->has_installed,
                 solving->ids);
  }
  return TRUE;
}

/* ---- telling what moved ---- */

static void
tell_moves(const LockArch *before, const LockArch *after, Progress *progress)
{
  guint i = 0, j = 0, moved = 0;
  while (i < before->packages->len || j < after->packages->len) {
    const LockPackage *old = i < before->packages->len ? before->packages->pdata[i] : NULL;
    const LockPackage *new = j < after->packages->len ? after->packages->pdata[j] : NULL;
    int order = old == NULL ? 1 : new == NULL ? -1 : strcmp(old->name, new->name);
    if (order < 0)
      progress_note(progress, "  - %s %s (%s)", old->name, old->version, before->arch);
    else if (order > 0)
      progress_note(progress, "  + %s %s (%s)", new->name, new->version, after->arch);
    else if (!digest_equal(&old->sha256, &new->sha256))
      progress_note(progress, "  %s %s -> %s%s (%s)", old->name, old->version, new->version,
                    strcmp(old->version, new->version) == 0 ? ", other bytes" : "", after->arch);
    else
      moved--;
    moved++;
    i += order <= 0;
    j += order >= 0;
  }
  if (moved == 0)
    progress_note(progress, "  nothing moved (%s)", after->arch);
}

/* A base that moved, or came, or went. */
static void
tell_base(const Lock *old, const Lock *lock, const char *arch, Progress *progress)
{
  Digest was, is;
  char from[DIGEST_STRING_SIZE], to[DIGEST_STRING_SIZE];
  gboolean had = lock_base(old, arch, &was), has = lock_base(lock, arch, &is);
  const char *name = json_string_value(json_object_get((has ? lock : old)->base, "from"));
  if (had && has && !digest_equal(&was, &is))
    progress_note(progress, "  base %s %.19s -> %.19s (%s)", name, digest_to_string(&was, from), digest_to_string(&is, to),
                  arch);
  else if (had != has)
    progress_note(progress, "  %c base %s %.19s (%s)", has ? '+' : '-', name, digest_to_string(has ? &is : &was, to), arch);
}

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

/* ---- the whole ---- */

/* What is to be solved: @archs, and, where the lock's answers are no longer those to the recipe's questions, all that it has an
 * answer for (NULL-terminated, transfer full). */
static char **
archs_to_solve(const Recipe *recipe, const Lock *old, gboolean asks_the_same, const char *const *archs)
{
  g_autoptr(GStrvBuilder) solved = g_strv_builder_new();
  /* upon another recipe there is no base for architectures that are not being built */
  gboolean all = old != NULL && !asks_the_same && recipe->from.recipe == NULL;
  for (char **arch = recipe->arch; *arch != NULL; arch++)
    if (g_strv_contains(archs, *arch) || (all && lock_find_arch(old, *arch) != NULL))
      g_strv_builder_add(solved, *arch);
  return g_strv_builder_end(solved);
}

/* Architectures that the recipe has but that are not solved now stay as they were locked. */
static void
keep_other_archs(Lock *lock, const Lock *old, const Recipe *recipe)
{
  if (recipe->from.recipe != NULL && old != NULL && !json_equal(old->asked, lock->asked))
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

/* The base as it was locked, unless it is to move. */
static gboolean
lock_the_base(const Recipe *recipe, Store *store, const Lock *old, const char *const *archs, const ResolveOptions *options,
              Lock *lock, GError **error)
{
  gboolean moves = options->update && options->update_packages == NULL;
  Digest digest, is;
  for (guint i = 0; recipe->from.recipe != NULL && i < options->bases->len; i++)
    lock_set_base(lock, recipe->from.image, options->archs[i], &g_array_index(options->bases, Digest, i));
  if (recipe->from.recipe != NULL)
    moves = FALSE;
  for (char **arch = recipe->arch; old != NULL && recipe->from.image != NULL && *arch != NULL; arch++)
    if (g_strcmp0(json_string_value(json_object_get(old->base, "from")), recipe->from.image) == 0 &&
        (!moves || !g_strv_contains(archs, *arch)) && !lock_base(lock, *arch, &is) && lock_base(old, *arch, &digest))
      lock_set_base(lock, recipe->from.image, *arch, &digest);
  return recipe->from.recipe != NULL || base_source_lock(recipe, store, archs, &options->fetch, lock, error);
}

static Lock *
solve_anew(const Recipe *recipe, Store *store, const Lock *old, const char *const *archs, const ResolveOptions *options,
           GError **error)
{
  g_autoptr(Lock) lock = lock_new();
  json_decref(lock->asked);
  lock->asked = lock_asked(recipe);
  json_decref(lock->files);
  lock->files = lock_files(recipe);
  if (!lock_the_base(recipe, store, old, archs, options, lock, error))
    return NULL;
  if (recipe->debian == NULL)
    return g_steal_pointer(&lock);
  g_autoptr(DebianArchive) archive = resolve_archive(recipe, options->mirrors, error);
  if (archive == NULL)
    return NULL;
  if (!solve_archs(recipe, store, archive, archs, old, options, lock, error))
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

static void
tell_all_moves(const Lock *old, const Lock *lock, Progress *progress)
{
  for (guint i = 0; i < lock->archs->len; i++) {
    const LockArch *to = lock->archs->pdata[i], *from = lock_find_arch(old, to->arch);
    if (from == NULL)
      progress_note(progress, "  + architecture %s: %u packages", to->arch, to->packages->len);
    else if (from->packages != to->packages) /* else it was not looked at */
      tell_moves(from, to, progress);
  }
  for (guint i = 0; i < old->archs->len; i++) {
    const LockArch *from = old->archs->pdata[i];
    if (lock_find_arch(lock, from->arch) == NULL)
      progress_note(progress, "  - architecture %s", from->arch);
  }
}

/* Of the recipe or of one stage. */
static Lock *
resolve_own(const Recipe *recipe, Store *store, const Lock *old, const ResolveOptions *options, GError **error)
{
  json_t *asked = lock_asked(recipe);
  gboolean asks_the_same = old != NULL && json_equal(old->asked, asked) &&
                           base_difference(recipe, old, (const char *const[]){NULL}) == NULL;
  json_decref(asked);
  g_auto(GStrv) archs = archs_to_solve(recipe, old, asks_the_same, wanted_archs(recipe, options));
  g_autoptr(Lock) lock = solve_anew(recipe, store, old, (const char *const *)archs, options, error);
  if (lock == NULL)
    return NULL;
  /* The date gives the default epoch: where no package moved, no byte shall. */
  if (asks_the_same && same_packages(old, lock))
    lock->date = old->date;
  return g_steal_pointer(&lock);
}

static void
tell_own(const Recipe *recipe, const Lock *old, const Lock *lock, Progress *progress)
{
  for (char **arch = recipe->arch; *arch != NULL; arch++)
    tell_base(old, lock, *arch, progress);
  tell_all_moves(old, lock, progress);
}

static gboolean
resolve_stages(const Recipe *recipe, Store *store, const Lock *old, const ResolveOptions *options, Lock *lock, GError **error)
{
  for (guint i = 0; i < recipe->stages->len; i++) {
    const Recipe *stage = recipe->stages->pdata[i];
    const Lock *before = old != NULL ? lock_stage(old, stage->name) : NULL;
    if (!needs_lock(stage))
      continue;
    Lock *own = resolve_own(stage, store, before, options, error);
    if (own == NULL)
      return FALSE;
    lock_add_stage(lock, stage->name, own);
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
    tell_own(stage, before, after, progress);
  }
}

Lock *
resolve(const Recipe *recipe, Store *store, const Lock *old, const ResolveOptions *options, GError **error)
{
  g_autoptr(Lock) lock = resolve_own(recipe, store, old, options, error);
  if (lock == NULL || !resolve_stages(recipe, store, old, options, lock, error) || !check_updates(old, lock, options, error))
    return NULL;
  if (old != NULL) {
    tell_own(recipe, old, lock, options->fetch.progress);
    tell_stages(recipe, old, lock, options->fetch.progress);
  }
  return g_steal_pointer(&lock);
}

/* A word on what shapes bytes: where a compressor is another one than the lock was made with, the digests of what it
 * compresses will differ, and whoever compares them should know why. */
static void
tell_format(const Recipe *recipe, const Lock *lock, Progress *progress)
{
  json_t *current = lock_current_format();
  for (guint i = 0; i < recipe->outputs->len; i++) {
    const RecipeOutput *output = recipe->outputs->pdata[i];
    const char *encoding = pack_encoding_name(output->compression);
    const char *was = json_string_value(json_object_get(lock->format, encoding));
    const char *is = json_string_value(json_object_get(current, encoding));
    if (g_strcmp0(was, is) != 0)
      progress_warn(progress,
                    "the lock was made with %s, this ashlar has %s: digests of compressed layers will differ, diff IDs agree",
                    was != NULL ? was : "no such compressor", is);
  }
  json_decref(current);
}

static void
refuse(const Recipe *recipe, const char *path, const char *why, GError **error)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
              "%s: the lock '%s' does not hold: %s\nhint: run 'ashlar lock %s' and commit the lock file", recipe->path, path,
              why, recipe->path);
}

/* Whether the recipe that this one is built upon still gives what it gave. */
static gboolean
base_is_the_same(const Recipe *recipe, const Lock *lock, const ResolveOptions *options, char **why)
{
  Digest was;
  for (guint i = 0; recipe->from.recipe != NULL && i < options->bases->len; i++)
    if (!lock_base(lock, options->archs[i], &was) || !digest_equal(&was, &g_array_index(options->bases, Digest, i))) {
      *why = g_strdup_printf("the base '%s' gives another image now", recipe->from.image);
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
  if (old != NULL && !moves && recipe->from.recipe == NULL &&
      base_difference(recipe, old, (const char *const[]){NULL}) == NULL &&
      !base_source_check(recipe, store, old, wanted_archs(recipe, options), &options->fetch, error))
    return NULL;
  g_autofree char *why = NULL;
  gboolean holds = resolve_holds(recipe, old, wanted_archs(recipe, options), &why) &&
                   base_is_the_same(recipe, old, options, &why);
  if (holds && !options->update) {
    tell_format(recipe, old, options->fetch.progress);
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
