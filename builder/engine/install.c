/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/install.h"
#include "builder/engine/executor.h"
#include "builder/engine/outcome.h"
#include "builder/engine/step_log.h"
#include "builder/sources/debian/install_plan.h"
#include "builder/sources/debian/merge.h"
#include "builder/sources/debian/native.h"
#include "builder/sources/debian/tidy.h"
#include "rootfs/deb_write.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DPKG "dpkg --force-unsafe-io --force-confold --force-confdef"

typedef struct {
  Store *store;
  const Recipe *recipe;
  const LockArch *locked;
  const DebianSystem *system;
  const StepsOptions *options;
  GPtrArray *batches; /* DebianBatch* */
  Digest *keys;       /* of the batches */
  Sandbox *sandbox;   /* NULL, or one that holds what the batches so far came to */
  gint64 began;       /* when it was made */
  gboolean on_disk;   /* where its files are to be */
  gboolean again;     /* a batch did not fit into memory */
  gboolean has_first; /* the first batch's key is claimed */
} Install;

static const char *const environment[] = {
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "LC_ALL=C.UTF-8",
  "TZ=UTC0",
  "DEBIAN_FRONTEND=noninteractive",
  "DEBCONF_NONINTERACTIVE_SEEN=true",
  "DEBCONF_NOWARNINGS=yes",
};

/* With SOURCE_DATE_EPOCH (transfer full). */
static char **
environment_of(const Install *install)
{
  GStrvBuilder *builder = g_strv_builder_new();
  for (guint i = 0; i < G_N_ELEMENTS(environment); i++)
    g_strv_builder_add(builder, environment[i]);
  g_autofree char *epoch = g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, install->options->epoch);
  g_strv_builder_add(builder, epoch);
  char **all = g_strv_builder_end(builder);
  g_strv_builder_unref(builder);
  return all;
}

/* ---- what decides it ---- */

static json_t *
texts_of(char **texts)
{
  json_t *list = json_array();
  for (char **text = texts; text != NULL && *text != NULL; text++)
    json_array_append_new(list, json_string(*text));
  return list;
}

static json_t *
describe_packages(const Install *install, const DebianBatch *batch)
{
  json_t *list = json_array();
  for (guint i = 0; i < batch->units->len; i++) {
    const DebianUnit *unit = batch->units->pdata[i];
    const LockPackage *package = install->locked->packages->pdata[unit->input];
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&package->sha256, hex);
    json_array_append_new(list, json_string(hex));
  }
  return list;
}

/* All that decides what batch @n and those before it come to. */
static void
batch_key(const Install *install, guint n, Digest *key)
{
  char before[DIGEST_HEX_LENGTH + 1] = "";
  if (n > 0)
    digest_to_hex(&install->keys[n - 1], before);
  g_auto(GStrv) variables = environment_of(install);
  g_autofree char *tidy = debian_tidy_script();
  const RecipeDebian *debian = install->recipe->debian;
  json_t *description = json_pack("{s:s, s:i, s:i, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s}", "action", "install", "format",
                                  PACK_FORMAT, "rules", INSTALL_RULES, "before", before, "packages",
                                  describe_packages(install, install->batches->pdata[n]), "exclude", texts_of(debian->exclude),
                                  "include", texts_of(debian->include), "environment", texts_of(variables), "dpkg", DPKG,
                                  "tidy", tidy, "arch", install->options->arch);
  store_action_key(description, key);
  json_decref(description);
}

/* ---- trees ---- */

/* The packages of the first @n batches, merged without dpkg; @changes gets what the packages do not hold themselves. */
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
  g_autoptr(Tree) tree = tree_new();
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

/* The first packages' files, so that there is a dpkg to install them. */
static Tree *
first_tree(const Install *install, GError **error)
{
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
  Progress *progress = install->options->fetch.progress;
  ProgressTask *task = progress_start(progress, PROGRESS_LAY, "files for dpkg", 0);
  const Watch watch = progress_watch(task);
  const SandboxOptions options = {
    .runtime = install->options->runtime,
    .on_disk = install->on_disk,
    .watch = &watch,
    .cancellable = install->options->fetch.cancellable,
  };
  install->sandbox = sandbox_new(install->store, tree, &options, error);
  install->began = time(NULL);
  progress_finish(task, install->sandbox != NULL ? PROGRESS_MADE : PROGRESS_FAILED);
  return install->sandbox != NULL;
}

/* ---- packages as files ---- */

typedef struct {
  const DebianUnit *unit;
  int folder;
} DebJob;

static char *
deb_name(const DebianUnit *unit)
{
  return g_strconcat(unit->name, ".deb", NULL);
}

static gboolean
write_deb(gpointer data, GCancellable *cancellable, GError **error)
{
  const DebJob *job = data;
  g_autofree char *name = deb_name(job->unit);
  int fd = openat(job->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0)
    return error_set_errno(error, errno, "make '%s'", name);
  gboolean written = deb_write(job->unit->pack, fd, error);
  if (!written)
    g_prefix_error(error, "package '%s': ", job->unit->name);
  (void)fchmod(fd, 0644);
  close(fd);
  return written;
}

static gboolean
write_debs(const Install *install, const DebianBatch *batch, GError **error)
{
  g_autofree DebJob *jobs = g_new0(DebJob, batch->units->len);
  g_autoptr(Executor) executor = executor_new(install->options->fetch.cancellable);
  for (guint i = 0; i < batch->units->len; i++) {
    jobs[i] = (DebJob){batch->units->pdata[i], sandbox_extras(install->sandbox)};
    executor_push(executor, write_deb, &jobs[i]);
  }
  return executor_wait(executor, error);
}

static void
remove_debs(const Install *install, const DebianBatch *batch)
{
  for (guint i = 0; i < batch->units->len; i++) {
    g_autofree char *name = deb_name(batch->units->pdata[i]);
    (void)unlinkat(sandbox_extras(install->sandbox), name, 0);
  }
}

/* ---- dpkg ---- */

static void
append_dpkg(const Install *install, GString *script, const char *options)
{
  g_string_append(script, DPKG);
  const RecipeDebian *debian = install->recipe->debian;
  const struct {
    const char *option;
    char **globs;
  } filters[] = {{"--path-exclude", debian->exclude}, {"--path-include", debian->include}};
  for (guint i = 0; i < G_N_ELEMENTS(filters); i++)
    for (char **glob = filters[i].globs; glob != NULL && *glob != NULL; glob++) {
      g_autofree char *quoted = g_shell_quote(*glob);
      g_string_append_printf(script, " %s=%s", filters[i].option, quoted);
    }
  g_string_append_printf(script, " %s", options);
}

static void
append_names(GString *script, const GPtrArray *units, const char *before, const char *after)
{
  for (guint i = 0; i < units->len; i++)
    g_string_append_printf(script, " %s%s%s", before, ((const DebianUnit *)units->pdata[i])->name, after);
  g_string_append_c(script, '\n');
}

/* In our order, and not in dpkg's own: accounts have the numbers that are free when they are made. The first packages are
 * configured as they are unpacked, and others before a wave. */
static void
append_configure(const Install *install, const DebianBatch *batch, gboolean first, GString *script)
{
  g_autoptr(GPtrArray) units = g_ptr_array_copy(batch->units, NULL, NULL);
  for (guint i = 0; i < batch->waves->len; i++) {
    const DebianWave *wave = batch->waves->pdata[i];
    for (guint k = 0; k < wave->configure->len; k++)
      g_ptr_array_remove(units, wave->configure->pdata[k]);
  }
  if (first || units->len == 0)
    return;
  append_dpkg(install, script, "--configure");
  append_names(script, units, "", "");
}

/* No service is started in a sandbox: policy-rc.d says so (invoke-rc.d(8)), unless a package brings its own. */
static void
append_commands(const Install *install, const DebianBatch *batch, gboolean first, GString *script)
{
  g_string_append(script,
                  "policy=/usr/sbin/policy-rc.d\n"
                  "if [ -e \"$policy\" ]; then policy=; else echo 'exit 101' >\"$policy\"; chmod 755 \"$policy\"; fi\n");
  for (guint i = 0; i < batch->waves->len; i++) {
    const DebianWave *wave = batch->waves->pdata[i];
    if (wave->configure->len > 0) {
      append_dpkg(install, script, "--configure");
      append_names(script, wave->configure, "", "");
    }
    append_dpkg(install, script, first ? "--install --force-depends" : "--unpack");
    append_names(script, wave->units, SANDBOX_EXTRAS "/", ".deb");
  }
  append_configure(install, batch, first, script);
  append_dpkg(install, script, "--configure --pending\n");
  g_string_append(script, "[ -z \"$policy\" ] || rm -f \"$policy\"\n");
  g_autofree char *tidy = debian_tidy_script();
  g_string_append(script, tidy);
}

static gboolean
tell_failure(const Install *install, const SandboxResult *result, StepLog *log, GError **error)
{
  g_autofree char *said = step_log_until(log, "dpkg: error processing"), *kept = step_log_keep(log, install->store);
  g_autoptr(GString) hints = g_string_new(NULL);
  if (kept != NULL)
    g_string_append_printf(hints, "\nhint: all that dpkg printed is in '%s'", kept);
  if (install->options->keep)
    g_string_append_printf(hints, "\nhint: what it left is in '%s/root'; ashlar store gc removes it",
                           sandbox_keep(install->sandbox));
  const RecipePlace *place = &install->recipe->debian->place;
  if (result->end == SANDBOX_DISK)
    return recipe_failure_at(error, place, "installing the packages filled the disk, and was ended%s", hints->str);
  return recipe_failure_at(error, place, "the packages cannot be installed: dpkg failed with status %d:\n%s%s", result->status,
                           said, hints->str);
}

static gboolean
run_dpkg(Install *install, guint n, StepLog *log, GError **error)
{
  g_autoptr(GString) script = g_string_new(NULL);
  g_auto(GStrv) variables = environment_of(install);
  append_commands(install, install->batches->pdata[n], n == 0, script);
  const char *const command[] = {"/bin/sh", "-e", "-c", script->str, "install", NULL};
  const SandboxStep step = {
    .command = command,
    .environment = (const char *const *)variables,
    .folder = "/",
    .extras = TRUE,
    .output = step_log_add,
    .data = log,
  };
  SandboxResult result;
  if (!sandbox_run(install->sandbox, &step, &result, error))
    return FALSE;
  step_log_end(log);
  install->again = result.end == SANDBOX_DISK && sandbox_in_memory(install->sandbox);
  if (install->again)
    return FALSE;
  return (result.end == SANDBOX_ENDED && result.status == 0) || tell_failure(install, &result, log, error);
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
  gboolean done = write_debs(install, batch, error) && run_dpkg(install, n, log, error);
  remove_debs(install, batch);
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
  if (debian_system_find(install->system, "dpkg") != NULL && debian_system_find(install->system, "dash") != NULL)
    return TRUE;
  return recipe_error_at(error, &install->recipe->debian->place,
                         "maintainer scripts need the essential packages, which the image does not have\n"
                         "hint: write 'variant: essential' or 'variant: minbase' under debian:, or 'scripts: skip'");
}

json_t *
install_rules(void)
{
  return json_pack("[i, i]", INSTALL_RULES, NATIVE_RULES);
}

GPtrArray *
install_batches(const Recipe *recipe, const LockArch *locked, const DebianSystem *system)
{
  g_autoptr(GPtrArray) asked = g_ptr_array_new(), variant = g_ptr_array_new();
  for (guint i = 0; i < recipe->debian->packages->len; i++)
    g_ptr_array_add(asked, ((const RecipePackage *)recipe->debian->packages->pdata[i])->name);
  for (guint i = 0; i < locked->packages->len; i++) {
    const LockPackage *package = locked->packages->pdata[i];
    if (package->requested && !g_ptr_array_find_with_equal_func(asked, package->name, g_str_equal, NULL))
      g_ptr_array_add(variant, package->name);
  }
  g_ptr_array_add(asked, NULL);
  g_ptr_array_add(variant, NULL);
  return debian_install_plan(system, (const char *const *)variant->pdata, (const char *const *)asked->pdata);
}

gboolean
install_packages(Store *store, const Recipe *recipe, const LockArch *locked, const DebianSystem *system, Tree *tree,
                 const StepsOptions *options, guint *number, GError **error)
{
  Install install = {
    .store = store, .recipe = recipe, .locked = locked, .system = system, .options = options, .on_disk = options->keep};
  if (!check_essential(&install, error))
    return FALSE;
  Outcome outcome = {0};
  install.batches = install_batches(recipe, locked, system);
  install.keys = g_new0(Digest, install.batches->len);
  for (guint n = 0; n < install.batches->len; n++)
    batch_key(&install, n, &install.keys[n]);
  gboolean done = install_once(&install, &outcome, error);
  g_clear_pointer(&install.sandbox, sandbox_free);
  done = done && outcome_insert(store, tree, options->encoding, &outcome, number, error);
  outcome_clear(&outcome);
  g_ptr_array_unref(install.batches);
  g_free(install.keys);
  return done;
}
