/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/install_private.h"
#include "builder/executor/executor.h"
#include "builder/sources/debian/tidy.h"
#include "rootfs/deb_write.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

gboolean
install_write_debs(const Install *install, const DebianBatch *batch, GError **error)
{
  g_autofree DebJob *jobs = g_new0(DebJob, batch->units->len);
  g_autoptr(Executor) executor = executor_new(install->options->fetch.cancellable);
  for (guint i = 0; i < batch->units->len; i++) {
    jobs[i] = (DebJob){batch->units->pdata[i], sandbox_extras(install->sandbox)};
    executor_push(executor, write_deb, &jobs[i]);
  }
  return executor_wait(executor, error);
}

void
install_remove_debs(const Install *install, const DebianBatch *batch)
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
  g_string_append(script, install->base != NULL ? INSTALL_DPKG_ON_BASE : INSTALL_DPKG);
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
  gboolean based = install->base != NULL;
  g_autofree char *begin = based ? debian_tidy_begin_script() : g_strdup("");
  g_autofree char *end = based ? debian_tidy_end_script() : debian_tidy_script();
  g_string_append(script, begin);
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
  g_string_append(script, end);
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

gboolean
install_run_dpkg(Install *install, guint n, StepLog *log, GError **error)
{
  g_autoptr(GString) script = g_string_new(NULL);
  g_auto(GStrv) variables = install_environment(install);
  append_commands(install, install->batches->pdata[n], n == 0 && install->base == NULL, script);
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
