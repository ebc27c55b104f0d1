/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/root.h"
#include "builder/check/globs.h"
#include "builder/steps/install.h"
#include "builder/engine/configured.h"
#include "builder/engine/script_note.h"
#include "builder/steps/steps.h"
#include "builder/engine/users.h"
#include "builder/sources/debian/dpkgdb.h"
#include "builder/sources/debian/merge.h"
#include "builder/sources/files.h"
#include "signing/error.h"

#include <string.h>

/* A root in the making. */
typedef struct {
  Store *store;
  const Recipe *recipe;
  const char *arch;
  const LockArch *locked;
  const PackagesOptions *options;
  const RootOptions *all;
  guint files;                   /* number of the recipe's files in the tree, or TREE_NO_PACK */
  DebianSystem *system;          /* NULL without packages */
  DebianInstalledSet *installed; /* the base's packages, or NULL */
  Changes *changes;              /* owned, as accounts are: begun anew where dpkg configures the packages after all */
  Accounts *accounts;
  Root *root;
  GPtrArray *packs; /* NULL without packages */
  gboolean runs;    /* dpkg configures the packages */
  ProgressTask *task;
} Making;

static void
part_free(gpointer data)
{
  RootPart *part = data;
  g_free(part->title);
  g_free(part);
}

/* @title is taken. */
static void
add_part(Root *root, char *title, guint number)
{
  RootPart *part = g_new0(RootPart, 1);
  *part = (RootPart){title, number};
  g_ptr_array_add(root->parts, part);
}

void
root_free(Root *root)
{
  g_clear_pointer(&root->tree, tree_free);
  g_ptr_array_unref(root->parts);
  g_ptr_array_unref(root->skipped);
  g_ptr_array_unref(root->scripts);
  g_free(root);
}

/* How programs are run. */
static StepsOptions
steps_options(const Making *making)
{
  return (StepsOptions){
    .encoding = making->options->encoding,
    .epoch = making->options->epoch,
    .runtime = making->all->runtime,
    .arch = making->arch,
    .keep = making->all->keep,
    .steps = making->all->steps,
    .ran = making->all->ran,
    .fetch = making->options->fetch,
  };
}

/* ---- packages ---- */

static void
add_packages(Making *making)
{
  Root *root = making->root;
  const GPtrArray *locked = making->locked->packages;
  for (guint i = 0; i < locked->len; i++) {
    const LockPackage *package = locked->pdata[i];
    add_part(root, g_strdup_printf("%s %s", package->name, package->version), TREE_NO_PACK);
  }
  root->n_packages = locked->len;
  for (guint i = 0; i < making->system->n_units; i++) {
    const DebianUnit *unit = making->system->units[i];
    ((RootPart *)root->parts->pdata[unit->input])->number = unit->number;
  }
}

/* The digests are the lock's, the names beside them are told to people: they must be the same packages. */
static gboolean
check_identity(const Making *making, GError **error)
{
  for (guint i = 0; i < making->system->n_units; i++) {
    const DebianUnit *unit = making->system->units[i];
    const LockPackage *locked = making->locked->packages->pdata[unit->input];
    if (strcmp(unit->name, locked->name) == 0 && strcmp(unit->version, locked->version) == 0 &&
        strcmp(unit->architecture, locked->architecture) == 0)
      continue;
    g_autofree char *version = g_strescape(unit->version, NULL);
    g_set_error(
      error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
      "the lock's package '%s' %s (%s) is really '%s' %s (%s)\nhint: the lock file was changed by hand, or the archive lies",
      locked->name, locked->version, locked->architecture, unit->name, version, unit->architecture);
    return FALSE;
  }
  return TRUE;
}

static gboolean
read_installed(Making *making, GError **error)
{
  GError *problem = NULL;
  if (making->all->base == NULL)
    return TRUE;
  making->system->installed = making->installed = debian_installed_read(making->root->tree, making->arch, &problem);
  if (problem == NULL)
    return TRUE;
  g_propagate_prefixed_error(error, problem, "base '%s': ", making->all->base->from);
  return FALSE;
}

static gboolean
merge_packages(Making *making, GError **error)
{
  GPtrArray *packs = making->packs;
  const RecipeDebian *debian = making->recipe->debian;
  making->system = debian_system_new((Pack *const *)packs->pdata, packs->len, making->arch, error);
  if (making->system == NULL || !check_identity(making, error) || !read_installed(making, error))
    return FALSE;
  DebianMergeOptions options = {
    .exclude = (const char *const *)debian->exclude,
    .include = (const char *const *)debian->include,
  };
  if (!debian_merge(making->system, making->root->tree, &options, making->changes, error))
    return FALSE;
  add_packages(making);
  return TRUE;
}

/* Tells what becomes of the scripts of a first installation. */
static void
note_scripts(Making *making, const DebianScriptReport *report)
{
  gboolean skips = making->recipe->debian->scripts == RECIPE_SCRIPTS_SKIP, all = report->n_left_out == 0;
  for (guint i = 0; i < report->notes->len; i++) {
    const DebianScriptNote *note = report->notes->pdata[i];
    ScriptHow how = skips && !note->native ? SCRIPT_SKIPPED : skips || all ? SCRIPT_NATIVE : SCRIPT_RUN;
    g_ptr_array_add(making->root->scripts, script_note_new(note->package, note->script, how, note->missing));
    if (how == SCRIPT_SKIPPED)
      g_ptr_array_add(making->root->skipped, g_strdup_printf("%s %s%s%s", note->package, note->script,
                                                             *note->missing != '\0' ? ": " : "", note->missing));
  }
  if (skips || all)
    return;
  g_autofree char *unknown = debian_script_report_unknown(report);
  progress_note(making->options->fetch.progress, "dpkg runs all maintainer scripts, since %u of %u are not known natively:%s",
                report->n_left_out, report->notes->len, unknown);
}

/* All are run by dpkg. */
static gboolean
note_runs(Making *making, GError **error)
{
  static const char *const kinds[] = {"postinst", "preinst"};
  for (guint i = 0; i < making->system->n_units; i++)
    for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
      GError *failure = NULL;
      g_autofree char *text = debian_unit_file(making->system->units[i], kinds[k], &failure);
      if (failure != NULL) {
        g_propagate_error(error, failure);
        return FALSE;
      }
      if (text != NULL)
        g_ptr_array_add(making->root->scripts, script_note_new(making->system->units[i]->name, kinds[k], SCRIPT_RUN, ""));
    }
  return TRUE;
}

/* Does what is known of the packages' scripts; *all tells whether that is everything they do. */
static gboolean
configure_natively(Making *making, gboolean *all, GError **error)
{
  const Base *base = making->all->base;
  const RecipeDebian *debian = making->recipe->debian;
  g_autoptr(GPtrArray) batches = install_batches(making->recipe, making->locked, making->system);
  const ConfiguredOptions options = {
    .store = making->store,
    .debian = debian,
    .system = making->system,
    .tree = making->root->tree,
    .base = base != NULL ? &base->manifest->descriptor.digest : NULL,
    .follow = {.epoch = making->options->epoch, .batches = batches, .leave_out = debian->scripts == RECIPE_SCRIPTS_SKIP},
  };
  g_autoptr(DebianScriptReport) report = debian_script_report_new();
  if (!configured_follow(&options, &making->changes, &making->accounts, report, error))
    return FALSE;
  *all = report->n_left_out == 0;
  note_scripts(making, report);
  return TRUE;
}

/* Everything that was thought of besides the packages' files is forgotten: dpkg does it itself. */
static void
begin_anew(Making *making)
{
  changes_free(making->changes);
  accounts_free(making->accounts);
  making->changes = changes_new(making->root->tree);
  making->accounts = accounts_new();
}

static gboolean
run_scripts(Making *making, GError **error)
{
  Root *root = making->root;
  const StepsOptions options = steps_options(making);
  begin_anew(making);
  if (!install_packages(making->store, making->recipe, making->locked, making->system, making->all->base, root->tree, &options,
                        &root->installed, error))
    return FALSE;
  if (root->installed != TREE_NO_PACK)
    add_part(root, g_strdup("configuration by dpkg"), root->installed);
  return accounts_load(making->accounts, making->changes, error);
}

static gboolean
configure_packages(Making *making, GError **error)
{
  RecipeScripts scripts = making->recipe->debian->scripts;
  gboolean all = FALSE;
  /* what a base has installed may have triggers of its own, which only dpkg knows */
  gboolean natively = scripts == RECIPE_SCRIPTS_SKIP || (scripts == RECIPE_SCRIPTS_AUTO && making->all->base == NULL);
  if (!natively && !note_runs(making, error))
    return FALSE;
  natively = natively || (scripts == RECIPE_SCRIPTS_AUTO && making->root->scripts->len == 0);
  if (natively && !configure_natively(making, &all, error))
    return FALSE;
  making->runs = scripts != RECIPE_SCRIPTS_SKIP && !all;
  return !making->runs || run_scripts(making, error);
}

static gboolean
write_database(Making *making, GError **error)
{
  g_autoptr(GPtrArray) requested = g_ptr_array_new();
  for (guint i = 0; i < making->locked->packages->len; i++) {
    const LockPackage *package = making->locked->packages->pdata[i];
    if (package->requested)
      g_ptr_array_add(requested, package->name);
  }
  g_ptr_array_add(requested, NULL);
  DebianDatabaseOptions options = {.asked = (const char *const *)requested->pdata};
  if (!making->runs)
    return debian_write_database(making->system, making->changes, &options, error);
  debian_write_states(making->system, making->changes, &options);
  return TRUE;
}

/* ---- what comes on top ---- */

/* Puts all of @digest's pack into the tree, over what is there; *number is left alone where that is nothing. */
static gboolean
insert_pack(Making *making, const Digest *digest, const char *title, guint *number, GError **error)
{
  g_autoptr(Pack) pack = pack_open(making->store, digest, error);
  if (pack == NULL)
    return FALSE;
  if (pack_n_entries(pack) == 0)
    return TRUE;
  *number = tree_add_pack(making->root->tree, pack);
  add_part(making->root, g_strdup(title), *number);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    if (!tree_insert(making->root->tree, *number, i, error))
      return FALSE;
  return TRUE;
}

static gboolean
insert_system(Making *making, GError **error)
{
  /* what a base says already need not be said again */
  if (making->all->base != NULL)
    changes_drop_same(making->changes);
  if (changes_size(making->changes) == 0)
    return TRUE;
  Digest digest;
  return changes_to_pack(making->changes, making->store, making->options->encoding, making->options->epoch, &digest, error) &&
         insert_pack(making, &digest, "system configuration", &making->root->system, error);
}

/* Takes away what one pattern of the recipe's `remove` names, but for what the recipe itself put there. */
static void
remove_matching(Making *making, const char *pattern)
{
  const char *const patterns[] = {pattern, NULL};
  g_autoptr(CheckGlobs) globs = check_globs_new(patterns);
  g_autoptr(GPtrArray) nodes = tree_nodes(making->root->tree);
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < nodes->len; i++) {
    const TreeNode *node = nodes->pdata[i];
    if ((node->pack == TREE_NO_PACK || node->pack != making->files) && check_globs_match(globs, node->entry->path))
      g_ptr_array_add(paths, g_strdup(node->entry->path));
  }
  for (guint i = 0; i < paths->len; i++)
    tree_remove(making->root->tree, paths->pdata[i]);
  if (paths->len == 0)
    progress_warn(making->options->fetch.progress, "remove: '%s' is nothing in the image for %s", pattern, making->arch);
}

static gboolean
find_user(const char *name, guint32 *uid, guint32 *gid, gpointer data)
{
  return accounts_find_user(((const Making *)data)->accounts, name, uid, gid);
}

static gboolean
find_group(const char *name, guint32 *gid, gpointer data)
{
  return accounts_find_group(((const Making *)data)->accounts, name, gid);
}

/* The nearest folder above (or at) @path that is there decides: what is below it is not there yet. */
static char *
find_folder(const char *path, gpointer data)
{
  const Tree *tree = ((const Making *)data)->root->tree;
  g_autofree char *above = g_strdup(path);
  for (;;) {
    g_autofree char *real = tree_resolve(tree, above);
    const TreeNode *node = real != NULL ? tree_lookup(tree, real) : NULL;
    const char *rest = path + strlen(above);
    if (node != NULL)
      return node->entry->type != ENTRY_DIRECTORY ? g_strdup(path)
                                                  : g_strconcat(real, *real == '\0' ? rest + (*rest == '/') : rest, NULL);
    char *slash = strrchr(above, '/');
    if (slash == NULL)
      return g_strdup(path);
    *slash = '\0';
  }
}

static Pack *
take_from_stage(const RecipeFile *file, char **base, gpointer data, GError **error)
{
  return stage_keys_open_taken(((const Making *)data)->all->stages, file, base, error);
}

static gboolean
insert_files(Making *making, GError **error)
{
  if (making->recipe->files->len == 0 && making->recipe->links->len == 0)
    return TRUE;
  FilesImage image = {.user = find_user, .group = find_group, .folder = find_folder, .stage = take_from_stage, .data = making};
  Digest digest;
  return files_pack(making->store, making->recipe, &image, making->options->epoch, making->options->encoding,
                    &making->options->fetch, &digest, error) &&
         insert_pack(making, &digest, "files of the recipe", &making->files, error);
}

static void
remove_all(Making *making)
{
  for (char **pattern = making->recipe->remove; pattern != NULL && *pattern != NULL; pattern++)
    remove_matching(making, *pattern);
}

/* ---- steps ---- */

static gboolean
run_steps(Making *making, GError **error)
{
  g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));
  const StepsOptions options = steps_options(making);
  if (!steps_run(making->store, making->recipe, making->root->tree, &options, numbers, error))
    return FALSE;
  for (guint i = 0; i < numbers->len; i++) {
    const RecipeStep *step = making->recipe->steps->pdata[i];
    guint number = g_array_index(numbers, guint, i);
    if (number != TREE_NO_PACK)
      add_part(making->root, g_strdup_printf("step '%s'", step->name), number);
  }
  return TRUE;
}

/* ---- the whole ---- */

/* Does @work, which is told as a step. */
static gboolean
step(Making *making, const char *subject, gboolean (*work)(Making *making, GError **error), GError **error)
{
  ProgressTask *task = progress_step(making->task, PROGRESS_MERGE, subject);
  gboolean done = work(making, error);
  progress_finish(task, done ? PROGRESS_MADE : PROGRESS_FAILED);
  return done;
}

static gboolean
lay_base(Making *making, GError **error)
{
  return base_lay(making->all->base, making->root->tree, error) && accounts_load(making->accounts, making->changes, error);
}

static gboolean
make_root(Making *making, GError **error)
{
  gboolean packages = making->packs != NULL;
  if (making->all->base != NULL && !step(making, making->all->base->from, lay_base, error))
    return FALSE;
  if (packages &&
      (!step(making, "packages", merge_packages, error) || !step(making, "configuration", configure_packages, error)))
    return FALSE;
  if (!users_apply(making->recipe, making->accounts, making->changes, error))
    return FALSE;
  /* an image of files alone has nobody in it, and what dpkg left stays as it is */
  const Recipe *recipe = making->recipe;
  if (making->runs ? recipe->users->len + recipe->groups->len > 0 : packages || accounts_n_users(making->accounts) > 0)
    accounts_write(making->accounts, making->changes, making->options->epoch);
  if (packages && !step(making, "dpkg's database", write_database, error))
    return FALSE;
  if (!step(making, "system files", insert_system, error))
    return FALSE;
  /* steps may still need what is removed; without any, the recipe's files come into what is left */
  gboolean steps = making->recipe->steps->len > 0;
  if (!steps)
    remove_all(making);
  if (!step(making, "files of the recipe", insert_files, error) || (steps && !run_steps(making, error)))
    return FALSE;
  if (steps && making->all->steps == NULL)
    remove_all(making);
  return TRUE;
}

Root *
root_assemble(Store *store, const Recipe *recipe, const char *arch, const LockArch *locked, GPtrArray *packs,
              const RootOptions *options, GError **error)
{
  g_autoptr(Root) root = g_new0(Root, 1);
  root->tree = tree_new();
  root->skipped = g_ptr_array_new_with_free_func(g_free);
  root->scripts = g_ptr_array_new_with_free_func(script_note_free);
  root->system = root->installed = TREE_NO_PACK;
  root->parts = g_ptr_array_new_with_free_func(part_free);
  Making making = {
    .store = store,
    .recipe = recipe,
    .arch = arch,
    .locked = locked,
    .options = options->packages,
    .all = options,
    .files = TREE_NO_PACK,
    .changes = changes_new(root->tree),
    .accounts = accounts_new(),
    .root = root,
    .packs = packs,
    .task = progress_start(options->packages->fetch.progress, PROGRESS_MERGE, arch, 0),
  };
  gboolean made = make_root(&making, error);
  progress_finish(making.task, made ? PROGRESS_MADE : PROGRESS_FAILED);
  g_clear_pointer(&making.system, debian_system_free);
  g_clear_pointer(&making.installed, debian_installed_free);
  changes_free(making.changes);
  accounts_free(making.accounts);
  return made ? g_steal_pointer(&root) : NULL;
}
