/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/install.h"
#include "builder/steps/install_base.h"
#include "builder/steps/install_private.h"
#include "builder/steps/lay_out.h"
#include "builder/steps/outcome.h"
#include "builder/sources/debian/merge.h"
#include "signing/error.h"

#include <time.h>

/* ---- trees ---- */

/* The packages of the first @n batches, merged over the base without dpkg; @changes gets what the packages do not hold themselves. */
static Tree *
merge_batches(const Install *install, guint n, Changes **changes, GError **error)
{
  g_autoptr(GPtrArray) packs = g_ptr_array_new();
  for (guint i = 0; i < n; i++) {
    const DebianBatch *batch = install->batches->pdata[i];
    for (guint k = 0; k < batch->units->len; k++)
      g_ptr_array_add(packs, ((const DebianUnit *)batch->units->pdata[k])->pack);
  }
  g_autoptr(DebianSystem) system = debian_system_new((Pack *const *)packs->pdata, packs->len, install->options->arch, error);
  if (system == NULL)
    return NULL;
  g_autoptr(DebianInstalledSet) installed = NULL;
  g_autoptr(Tree) tree = install_base_lay(install->base, install->options->arch, &installed, error);
  if (tree == NULL)
    return NULL;
  system->installed = installed;
  *changes = changes_new(tree);
  const RecipeDebian *debian = install->recipe->debian;
  const DebianMergeOptions options = {
    .exclude = (const char *const *)debian->exclude,
    .include = (const char *const *)debian->include,
  };
  if (debian_merge(system, tree, &options, *changes, error))
    return g_steal_pointer(&tree);
  g_clear_pointer(changes, changes_free);
  return NULL;
}

/* What dpkg expects to be there before it has installed anything. */
static void
put_empty_database(Changes *changes)
{
  static const char *const folders[] = {"var/lib/dpkg/alternatives", "var/lib/dpkg/info", "var/lib/dpkg/parts",
                                        "var/lib/dpkg/triggers", "var/lib/dpkg/updates"};
  for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
    changes_put_directory(changes, folders[i], 0755, 0, 0);
  changes_put_text(changes, "var/lib/dpkg/status", "");
  changes_put_text(changes, "var/lib/dpkg/available", "");
}

static gboolean
insert_changes(const Install *install, Tree *tree, const Changes *changes, GError **error)
{
  Outcome outcome = {.has_pack = TRUE, .removed = g_ptr_array_new()};
  guint number;
  gboolean inserted = changes_to_pack(changes, install->store, install->options->encoding, install->options->epoch,
                                      &outcome.pack, error) &&
                      outcome_insert(install->store, tree, install->options->encoding, &outcome, &number, error);
  outcome_clear(&outcome);
  return inserted;
}

/* The base, or the first packages' files, so that there is a dpkg to install them. */
static Tree *
first_tree(const Install *install, GError **error)
{
  g_autoptr(DebianInstalledSet) installed = NULL;
  if (install->base != NULL)
    return install_base_lay(install->base, install->options->arch, &installed, error);
  g_autoptr(Changes) changes = NULL;
  g_autoptr(Tree) tree = merge_batches(install, 1, &changes, error);
  if (tree == NULL)
    return NULL;
  tree_remove(tree, "var/lib/dpkg/info");
  put_empty_database(changes);
  return insert_changes(install, tree, changes, error) ? g_steal_pointer(&tree) : NULL;
}

/* What the first @n batches came to. */
static Tree *
known_tree(const Install *install, guint n, const Outcome *outcome, GError **error)
{
  g_autoptr(Changes) changes = NULL;
  guint number;
  g_autoptr(Tree) tree = merge_batches(install, n, &changes, error);
  return tree != NULL && outcome_insert(install->store, tree, install->options->encoding, outcome, &number, error)
           ? g_steal_pointer(&tree)
           : NULL;
}

static gboolean
make_sandbox(Install *install, const Tree *tree, GError **error)
{
  const FetchOptions *fetch = &install->options->fetch;
  const SandboxOptions options = {
    .runtime = install->options->runtime, .on_disk = install->on_disk, .cancellable = fetch->cancellable};
  install->sandbox = lay_out(install->store, tree, &options, fetch->progress, "files for dpkg", error);
  install->began = time(NULL);
  return install->sandbox != NULL;
}

/* ---- batches ---- */

static gboolean
write_outcome(Install *install, guint n, Outcome *outcome, GError **error)
{
  g_autoptr(Changes) changes = NULL;
  g_autoptr(Tree) tree = merge_batches(install, n + 1, &changes, error);
  g_autoptr(Delta) delta = tree != NULL ? sandbox_compare_whole(install->sandbox, tree, error) : NULL;
  const OutcomeOptions options = {
    .encoding = install->options->encoding, .began = install->began, .epoch = install->options->epoch};
  return delta != NULL && outcome_write(install->store, install->sandbox, delta, &options, outcome, error) &&
         outcome_keep(install->store, &install->keys[n], outcome, error);
}

static gboolean
run_batch(Install *install, guint n, Outcome *outcome, GError **error)
{
  const DebianBatch *batch = install->batches->pdata[n];
  g_autofree char *subject = g_strdup_printf("dpkg installs %u packages", batch->units->len);
  g_autoptr(GPtrArray) hidden = g_ptr_array_new();
  g_autoptr(StepLog) log = step_log_new(install->options->fetch.progress, subject, FALSE, hidden);
  ProgressTask *task = progress_start(install->options->fetch.progress, PROGRESS_RUN, subject, 0);
  gboolean done = install_write_debs(install, batch, error) && install_run_dpkg(install, n, log, error);
  install_remove_debs(install, batch);
  done = done && write_outcome(install, n, outcome, error);
  progress_finish(task, done ? PROGRESS_MADE : PROGRESS_FAILED);
  return done;
}

/* The number of batches whose outcome is known, which is the last one's. */
static guint
find_known(const Install *install, Outcome *outcome)
{
  for (guint n = install->batches->len; n > 0; n--)
    if (outcome_find(install->store, &install->keys[n - 1], outcome))
      return n;
  return 0;
}

static void
release_first(Install *install)
{
  if (install->has_first)
    store_release(install->store, &install->keys[0]);
  install->has_first = FALSE;
}

static gboolean
install_all(Install *install, Outcome *outcome, GError **error)
{
  guint known = find_known(install, outcome);
  if (known > 0)
    release_first(install);
  for (guint i = 0; i < install->batches->len; i++)
    progress_cache(install->options->fetch.progress, PROGRESS_CACHE_STEP, i < known);
  if (known == install->batches->len)
    return TRUE;
  g_autoptr(Tree) tree = known > 0 ? known_tree(install, known, outcome, error) : first_tree(install, error);
  if (tree == NULL || !make_sandbox(install, tree, error))
    return FALSE;
  for (guint n = known; n < install->batches->len; n++) {
    outcome_clear(outcome);
    if (run_batch(install, n, outcome, error)) {
      release_first(install);
      continue;
    }
    if (!install->again)
      return FALSE;
    /* what the batches so far came to is known by now */
    outcome_clear(outcome);
    g_clear_pointer(&install->sandbox, sandbox_free);
    install->on_disk = TRUE;
    return install_all(install, outcome, error);
  }
  return TRUE;
}

/* Another thread may be about to install just this, or the first batch, which many recipes share: either is waited for. Whoever has
 * the first waits for nobody. */
static gboolean
install_once(Install *install, Outcome *outcome, GError **error)
{
  guint n = install->batches->len;
  GCancellable *cancellable = install->options->fetch.cancellable;
  if (n == 0)
    return install_all(install, outcome, error);
  if (!store_claim_waiting(install->store, &install->keys[n - 1], cancellable, error))
    return FALSE;
  install->has_first = n > 1 && store_claim_waiting(install->store, &install->keys[0], cancellable, error);
  gboolean done = (n == 1 || install->has_first) && install_all(install, outcome, error);
  release_first(install);
  store_release(install->store, &install->keys[n - 1]);
  return done;
}

/* Scripts may take it for granted that the essential packages are there (Debian policy 3.8), and dpkg is one of them. */
static gboolean
check_essential(const Install *install, GError **error)
{
  if (install->base != NULL)
    return install_base_check(install->recipe, install->base, install->system->installed, error);
  if (debian_system_find(install->system, "dpkg") != NULL && debian_system_find(install->system, "dash") != NULL)
    return TRUE;
  return recipe_error_at(error, &install->recipe->debian->place,
                         "maintainer scripts need the essential packages, which the image does not have\n"
                         "hint: write 'variant: essential' or 'variant: minbase' under debian:, or 'scripts: skip'");
}

gboolean
install_packages(Store *store, const Recipe *recipe, const LockArch *locked, const DebianSystem *system, const Base *base,
                 Tree *tree, const StepsOptions *options, guint *number, GError **error)
{
  Install install = {.store = store,
                     .recipe = recipe,
                     .locked = locked,
                     .system = system,
                     .base = base,
                     .options = options,
                     .on_disk = options->keep};
  *number = TREE_NO_PACK;
  /* a base may have all that is asked for */
  if (base != NULL && system->n_units == 0)
    return TRUE;
  if (!check_essential(&install, error))
    return FALSE;
  Outcome outcome = {0};
  install.batches = install_batches(recipe, locked, system);
  install.keys = g_new0(Digest, install.batches->len);
  for (guint n = 0; n < install.batches->len; n++)
    install_key(&install, n, &install.keys[n]);
  gboolean done = install_once(&install, &outcome, error);
  g_clear_pointer(&install.sandbox, sandbox_free_meanwhile);
  done = done && outcome_insert(store, tree, options->encoding, &outcome, number, error);
  outcome_clear(&outcome);
  g_ptr_array_unref(install.batches);
  g_free(install.keys);
  return done;
}
