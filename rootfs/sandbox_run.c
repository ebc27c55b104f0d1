/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/sandbox_private.h"
#include "rootfs/cgroup.h"
#include "rootfs/covered.h"
#include "rootfs/keeper_inside.h"
#include "rootfs/runtime.h"
#include "rootfs/sandbox_mounts.h"
#include "rootfs/sandbox_terminal.h"
#include "rootfs/wire.h"
#include "signing/error.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A step may not take the last of the disk: this much is left, or half of what there is if that is less. */
#define DISK_RESERVE (G_GUINT64_CONSTANT(512) << 20)
#define OUTPUT_PIECE 4096

/* What one pipe holds; whether it held anything. */
static gboolean
pass_pipe(const struct pollfd *watched, gboolean is_error, const SandboxStep *step)
{
  char data[OUTPUT_PIECE];
  ssize_t size = (watched->revents & POLLIN) != 0 ? read(watched->fd, data, sizeof data) : 0;
  if (size > 0 && step->output != NULL)
    step->output(data, (gsize)size, is_error, step->data);
  return size > 0;
}

/* Passes on what programs print until the keeper answers; what they printed last is there before it does. */
static void
pass_output(const Sandbox *sandbox, const SandboxStep *step)
{
  struct pollfd watched[] = {{.fd = sandbox->output, .events = POLLIN},
                             {.fd = sandbox->errors, .events = POLLIN},
                             {.fd = sandbox->socket, .events = POLLIN}};
  for (;;) {
    if (poll(watched, G_N_ELEMENTS(watched), -1) < 0 && errno != EINTR)
      return;
    gboolean more = pass_pipe(&watched[0], FALSE, step);
    more = pass_pipe(&watched[1], TRUE, step) || more;
    if (!more && watched[2].revents != 0)
      return;
  }
}

static guint64
disk_reserve(const Sandbox *sandbox)
{
  struct statvfs status;
  if (fstatvfs(sandbox->tree, &status) != 0)
    return 0;
  guint64 available = (guint64)status.f_bavail * status.f_frsize;
  /* memory is filled so fast that it has to be noticed early */
  return sandbox->in_memory ? available / 4 : MIN(DISK_RESERVE, available / 2);
}

static GVariant *
secrets_of(const SandboxStep *step)
{
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE("a(say)"));
  for (guint i = 0; i < step->n_secrets; i++) {
    gsize size;
    gconstpointer value = g_bytes_get_data(step->secrets[i].value, &size);
    g_variant_builder_add(&builder, "(s@ay)", step->secrets[i].name,
                          g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, value, size, 1));
  }
  return g_variant_builder_end(&builder);
}

static char *
config_of(const Sandbox *sandbox, const SandboxStep *step)
{
  g_autoptr(GArray) mounts = g_array_new(FALSE, FALSE, sizeof(RuntimeMount));
  g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
  sandbox_mounts_configure(step, mounts, strings);
  guint rows, columns;
  sandbox_terminal_size(&rows, &columns);
  const RuntimeSpec spec = {
    .command = step->command,
    .environment = step->environment,
    .folder = step->folder,
    .uid = step->uid,
    .gid = step->gid,
    .groups = step->groups,
    .n_groups = step->n_groups,
    .network = step->network,
    .terminal = step->terminal,
    .rows = rows,
    .columns = columns,
    .alone = !sandbox->many_users,
    .tree = KEEPER_BUNDLE_TREE,
    .mounts = (const RuntimeMount *)(gpointer)mounts->data,
    .n_mounts = mounts->len,
  };
  json_t *config = runtime_config(&spec);
  char *text = json_dumps(config, JSON_COMPACT);
  json_decref(config);
  return text;
}

static GVariant *
order_of(const Sandbox *sandbox, const SandboxStep *step)
{
  char *config = config_of(sandbox, step);
  GVariantDict order;
  g_variant_dict_init(&order, NULL);
  g_variant_dict_insert(&order, "runtime", "s", sandbox->runtime);
  g_variant_dict_insert(&order, "config", "s", config);
  g_variant_dict_insert(&order, "apart", "b", step->apart || step->interactive);
  g_variant_dict_insert(&order, "reads", "b", step->interactive && !step->terminal);
  g_variant_dict_insert(&order, "terminal", "b", step->terminal);
  g_variant_dict_insert(&order, "seconds", "u", step->seconds);
  g_variant_dict_insert(&order, "reserve", "t", disk_reserve(sandbox));
  g_variant_dict_insert(&order, "reader", "(uu)", step->uid, step->gid);
  g_variant_dict_insert_value(&order, "points", sandbox_mounts_points(step, TRUE));
  g_variant_dict_insert_value(&order, "empty", sandbox_mounts_points(step, FALSE));
  g_variant_dict_insert_value(&order, "owned", sandbox_mounts_owned(step));
  g_variant_dict_insert_value(&order, "secrets", secrets_of(step));
  free(config);
  return g_variant_dict_end(&order);
}

/* Bounds the memory that the step may take; *cgroup, where there is one, is to be freed. */
static gboolean
bound_memory(const Sandbox *sandbox, guint64 bytes, Cgroup **cgroup, GError **error)
{
  *cgroup = cgroup_find(sandbox->name);
  if ((*cgroup != NULL && cgroup_limit_memory(*cgroup, bytes)) || bytes == 0)
    return TRUE;
  g_set_error(
    error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
    "the step's memory cannot be limited: this user may make no control group for it\n"
    "hint: run as root, or in a session whose control group is delegated (systemd-run --user --scope -p Delegate=yes)");
  return FALSE;
}

static gboolean
pass_all(Sandbox *sandbox, const SandboxStep *step)
{
  if (step->interactive)
    sandbox_terminal_pass(&sandbox->input, &sandbox->output, &sandbox->errors, sandbox->socket);
  else
    pass_output(sandbox, step);
  return TRUE;
}

/* @answer is set where the program could not even be begun. */
static gboolean
stand_in(Sandbox *sandbox, GVariant **answer, GError **error)
{
  gboolean ended;
  g_autoptr(GVariant) heard = NULL;
  if (!sandbox_hear(sandbox, "console", "exit", &ended, &heard, error))
    return FALSE;
  if (ended) {
    *answer = g_steal_pointer(&heard);
    return TRUE;
  }
  int master = wire_receive_fd(sandbox->socket, error);
  if (master < 0)
    return sandbox_lost(sandbox, error);
  sandbox_terminal_stand_in(master, sandbox->output, sandbox->socket);
  return TRUE;
}

/* @fault is what the runtime said. */
static gboolean
tell_fault(const Sandbox *sandbox, const char *fault, GError **error)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "%s: %s", sandbox->runtime, fault);
  if (strstr(fault, "mount") != NULL && strstr(fault, "ot permitted") != NULL)
    covered_explain(strstr(fault, "sysfs") != NULL ? "/sys" : "/proc", error);
  return FALSE;
}

static gboolean
run_bounded(Sandbox *sandbox, const SandboxStep *step, const Cgroup *cgroup, SandboxResult *result, GError **error)
{
  g_autoptr(GVariant) answer = NULL;
  const char *stopped = "", *fault = "";
  guint64 kills = cgroup != NULL ? cgroup_memory_kills(cgroup) : 0;
  if (!sandbox_ask(sandbox, "run", order_of(sandbox, step), error))
    return FALSE;
  if (!(step->terminal ? stand_in(sandbox, &answer, error) : pass_all(sandbox, step)))
    return FALSE;
  if (answer == NULL && !sandbox_hear(sandbox, "exit", NULL, NULL, &answer, error))
    return FALSE;
  g_variant_lookup(answer, "status", "i", &result->status);
  g_variant_lookup(answer, "stopped", "&s", &stopped);
  g_variant_lookup(answer, "fault", "&s", &fault);
  gboolean starved = step->memory > 0 && cgroup != NULL && cgroup_memory_kills(cgroup) > kills;
  result->end = strcmp(stopped, "time") == 0   ? SANDBOX_TIME
                : strcmp(stopped, "disk") == 0 ? SANDBOX_DISK
                : starved                      ? SANDBOX_MEMORY
                                               : SANDBOX_ENDED;
  if (result->end != SANDBOX_ENDED || result->status == 0 || *fault == '\0')
    return TRUE;
  return tell_fault(sandbox, fault, error);
}

gboolean
sandbox_run(Sandbox *sandbox, const SandboxStep *step, SandboxResult *result, GError **error)
{
  Cgroup *cgroup;
  *result = (SandboxResult){0};
  gboolean done = bound_memory(sandbox, step->memory, &cgroup, error) && run_bounded(sandbox, step, cgroup, result, error);
  if (cgroup != NULL)
    cgroup_free(cgroup, FALSE);
  return done;
}
