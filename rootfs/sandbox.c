/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/sandbox.h"
#include "rootfs/cgroup.h"
#include "rootfs/keeper.h"
#include "rootfs/keeper_inside.h"
#include "rootfs/memory.h"
#include "rootfs/runtime.h"
#include "rootfs/sandbox_mounts.h"
#include "rootfs/sandbox_sweep.h"
#include "rootfs/sandbox_terminal.h"
#include "rootfs/store_cache.h"
#include "rootfs/wire.h"
#include "rootfs/worktree.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* A step may not take the last of the disk: this much is left, or half of what there is if that is less. */
#define DISK_RESERVE (G_GUINT64_CONSTANT(512) << 20)
#define OUTPUT_PIECE 4096
/* What a file takes in memory besides its content, and in what pieces it takes that. */
#define FILE_COST 1024
#define FILE_BLOCK 4096
/* Entries that one message speaks of. */
#define BATCH 1024

struct Sandbox {
  char *folder; /* absolute */
  char *name;   /* of the folder, and of the control group */
  char *runtime;
  int tree; /* the folder of the files */
  int extras;
  int hold; /* its lock, until the warden has it */
  int socket, lifeline, output, errors, input;
  GPid warden;
  guint32 uid, gid; /* who stand for root */
  gboolean many_users;
  gboolean in_memory; /* the tree */
  gboolean kept;      /* its folder stays */
  gboolean broken;    /* the keeper did not answer as it should: nothing more is asked of it */
  GCancellable *cancellable;
  gulong cancelled; /* the handler's number */
};

/* ---- the keeper ---- */

static void
close_fd(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static gboolean
ask(Sandbox *sandbox, const char *verb, GVariant *value, GError **error)
{
  if (!sandbox->broken && wire_send(sandbox->socket, verb, value, error))
    return TRUE;
  g_variant_unref(g_variant_ref_sink(value != NULL ? value : g_variant_new_boolean(TRUE)));
  sandbox->broken = TRUE;
  return FALSE;
}

/* The keeper is gone; that is why, if it is because the user wants to stop. */
static gboolean
lost(Sandbox *sandbox, GError **error)
{
  sandbox->broken = TRUE;
  if (g_cancellable_is_cancelled(sandbox->cancellable)) {
    g_clear_error(error);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
  }
  return FALSE;
}

/* The next answer, which may be @verb or @other (NULL: none), and is told by *is_other; "error" is an error. */
static gboolean
hear(Sandbox *sandbox, const char *verb, const char *other, gboolean *is_other, GVariant **value, GError **error)
{
  g_autofree char *said = NULL;
  g_autoptr(GVariant) heard = NULL;
  if (!wire_receive(sandbox->socket, &said, &heard, error))
    return lost(sandbox, error);
  if (strcmp(said, "error") == 0) {
    wire_set_error(heard, error);
    return FALSE;
  }
  gboolean second = other != NULL && strcmp(said, other) == 0;
  if (is_other != NULL)
    *is_other = second;
  if (second || strcmp(said, verb) == 0) {
    *value = g_steal_pointer(&heard);
    return TRUE;
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "the sandbox's keeper answered '%s'", said);
  return lost(sandbox, error);
}

static gboolean
ask_simply(Sandbox *sandbox, const char *verb, GVariant *value, GError **error)
{
  g_autoptr(GVariant) answer = NULL;
  return ask(sandbox, verb, value, error) && hear(sandbox, "ok", NULL, NULL, &answer, error);
}

/* Its end wakes whoever waits for an answer. */
static void
on_cancelled(GCancellable *cancellable, gpointer data)
{
  (void)shutdown(((Sandbox *)data)->socket, SHUT_RDWR);
}

/* The end that stays becomes @ours. */
static gboolean
make_pipe(int *ours, int *theirs, gboolean reads, GError **error)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return error_set_errno(error, errno, "make a pipe");
  *ours = ends[reads ? 0 : 1];
  *theirs = ends[reads ? 1 : 0];
  return TRUE;
}

static gboolean
make_channels(Sandbox *sandbox, int *speech, int *life, int *output, int *errors, int *input, GError **error)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return error_set_errno(error, errno, "make a socket");
  sandbox->socket = ends[0];
  *speech = ends[1];
  return make_pipe(&sandbox->lifeline, life, FALSE, error) && make_pipe(&sandbox->output, output, TRUE, error) &&
         make_pipe(&sandbox->errors, errors, TRUE, error) && make_pipe(&sandbox->input, input, FALSE, error);
}

static gboolean
start_keeper(Sandbox *sandbox, guint64 memory, GError **error)
{
  g_autofree char *bytes = g_strdup_printf("%" G_GUINT64_FORMAT, memory);
  const char *arguments[] = {"/proc/self/exe", KEEPER_NAME, KEEPER_KEEPS, sandbox->folder, sandbox->name, bytes, NULL};
  int ours[] = {-1, -1, -1, -1, -1, sandbox->hold};
  const int theirs[] = {KEEPER_SOCKET, KEEPER_LIFELINE, KEEPER_OUTPUT, KEEPER_ERRORS, KEEPER_INPUT, KEEPER_HOLD};
  gboolean started =
    make_channels(sandbox, &ours[0], &ours[1], &ours[2], &ours[3], &ours[4], error) &&
    g_spawn_async_with_pipes_and_fds(NULL, arguments, NULL, G_SPAWN_FILE_AND_ARGV_ZERO | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                     -1, -1, -1, ours, theirs, G_N_ELEMENTS(ours), &sandbox->warden, NULL, NULL, NULL, error);
  for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
    if (ours[i] >= 0)
      close(ours[i]);
  sandbox->hold = -1;
  return started;
}

/* ---- making one ---- */

/* Bytes that @tree may take in memory, or 0: it had better be on the disk. What is in it may be a quarter of the memory that is to
 * be had, and it may grow to half. */
static guint64
memory_for(const Tree *tree)
{
  g_autoptr(GPtrArray) nodes = tree_nodes(tree);
  guint64 bytes = 0, available = memory_available();
  for (guint i = 0; i < nodes->len; i++)
    bytes += FILE_COST + (((const TreeNode *)nodes->pdata[i])->entry->size / FILE_BLOCK + 1) * FILE_BLOCK;
  return bytes <= available / 4 ? available / 2 : 0;
}

/* Locked as long as anybody lives who will remove it. */
static gboolean
lock_folder(Sandbox *sandbox, GError **error)
{
  g_autofree char *path = g_build_filename(sandbox->folder, KEEPER_LOCK, NULL);
  sandbox->hold = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return (sandbox->hold >= 0 && flock(sandbox->hold, LOCK_EX | LOCK_NB) == 0) ||
         error_set_errno(error, errno, "lock '%s'", path);
}

static gboolean
make_part(const Sandbox *sandbox, const char *name, int *fd, GError **error)
{
  g_autofree char *path = g_build_filename(sandbox->folder, name, NULL);
  if (mkdir(path, 0755) != 0)
    return error_set_errno(error, errno, "make '%s'", path);
  *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return *fd >= 0 || error_set_errno(error, errno, "open '%s'", path);
}

static gboolean
make_folder(Sandbox *sandbox, Store *store, GError **error)
{
  g_autofree char *above = sandbox_place(store);
  /* the sandbox's root goes through it, and nobody else is to */
  if (mkdir(above, 0711) != 0 && errno != EEXIST)
    return error_set_errno(error, errno, "make '%s'", above);
  char *folder = g_build_filename(above, "ashlar-XXXXXX", NULL);
  if (g_mkdtemp_full(folder, 0711) == NULL) {
    error_set_errno(error, errno, "make a folder in '%s'", above);
    g_free(folder);
    return FALSE;
  }
  sandbox->folder = folder;
  sandbox->name = g_path_get_basename(folder);
  g_autofree char *caches = store_caches_place(store), *inputs = g_build_filename(folder, KEEPER_INPUTS_FOLDER, NULL);
  if (!lock_folder(sandbox, error) || !make_part(sandbox, KEEPER_TREE, &sandbox->tree, error) ||
      !make_part(sandbox, KEEPER_EXTRAS, &sandbox->extras, error))
    return FALSE;
  return mkdir(inputs, 0755) == 0 || error_set_errno(error, errno, "make '%s'", inputs);
}

/* In parts, for a message is bounded and a tree is not. */
static gboolean
own_all(Sandbox *sandbox, const EntryList *rest, GError **error)
{
  guint n = entry_list_size(rest);
  for (guint from = 0; from < n; from += BATCH)
    if (!ask_simply(sandbox, "own", entry_list_to_variant(rest, from, MIN(from + BATCH, n)), error))
      return FALSE;
  return TRUE;
}

static gboolean
await_keeper(Sandbox *sandbox, GError **error)
{
  g_autoptr(GVariant) ready = NULL;
  if (!hear(sandbox, "ready", NULL, NULL, &ready, error))
    return FALSE;
  g_variant_get(ready, "(uubb)", &sandbox->uid, &sandbox->gid, &sandbox->many_users, &sandbox->in_memory);
  close_fd(&sandbox->tree);
  sandbox->tree = wire_receive_fd(sandbox->socket, error);
  return sandbox->tree >= 0;
}

static gboolean
lay_out(Sandbox *sandbox, const Tree *tree, const SandboxOptions *options, GError **error)
{
  g_autoptr(EntryList) rest = entry_list_new();
  if (!await_keeper(sandbox, error))
    return FALSE;
  const WorktreeOptions laying = {
    .uid = sandbox->uid, .gid = sandbox->gid, .watch = options->watch, .cancellable = options->cancellable};
  return worktree_lay_out(tree, sandbox->tree, &laying, rest, error) && own_all(sandbox, rest, error) &&
         ask_simply(sandbox, "mark", NULL, error);
}

/* Without a folder yet; NULL where there is no runtime. */
static Sandbox *
new_sandbox(const SandboxOptions *options, GError **error)
{
  char *runtime = runtime_find(options->runtime, error);
  if (runtime == NULL)
    return NULL;
  Sandbox *sandbox = g_new0(Sandbox, 1);
  sandbox->hold = sandbox->tree = sandbox->extras = sandbox->socket = sandbox->lifeline = sandbox->output = -1;
  sandbox->errors = sandbox->input = -1;
  sandbox->runtime = runtime;
  return sandbox;
}

static gboolean
start(Sandbox *sandbox, guint64 memory, const SandboxOptions *options, GError **error)
{
  if (!start_keeper(sandbox, memory, error))
    return FALSE;
  if (options->cancellable != NULL) {
    sandbox->cancellable = g_object_ref(options->cancellable);
    sandbox->cancelled = g_cancellable_connect(sandbox->cancellable, G_CALLBACK(on_cancelled), sandbox, NULL);
  }
  return TRUE;
}

Sandbox *
sandbox_new(Store *store, const Tree *tree, const SandboxOptions *options, GError **error)
{
  sandbox_sweep(store, FALSE);
  g_autoptr(Sandbox) sandbox = new_sandbox(options, error);
  if (sandbox == NULL || !make_folder(sandbox, store, error) ||
      !start(sandbox, options->on_disk ? 0 : memory_for(tree), options, error))
    return NULL;
  if (lay_out(sandbox, tree, options, error))
    return g_steal_pointer(&sandbox);
  /* the warden removes what is being laid out: files that have gone are no news */
  (void)lost(sandbox, error);
  return NULL;
}

/* What was kept has its mark and its lock, which nobody may hold. */
static gboolean
take_kept(Sandbox *sandbox, const char *folder, GError **error)
{
  g_autofree char *mark = g_build_filename(folder, KEEPER_KEEP, NULL), *lock = g_build_filename(folder, KEEPER_LOCK, NULL);
  g_autofree char *tree = g_build_filename(folder, KEEPER_TREE, NULL);
  if (access(mark, F_OK) != 0) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' is nothing that a build kept with --keep-on-error", folder);
    return FALSE;
  }
  sandbox->hold = open(lock, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  sandbox->tree = open(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (sandbox->hold < 0 || sandbox->tree < 0)
    return error_set_errno(error, errno, "open '%s'", folder);
  if (flock(sandbox->hold, LOCK_EX | LOCK_NB) != 0) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS, "'%s' is in use by another process", folder);
    return FALSE;
  }
  sandbox->kept = TRUE;
  sandbox->folder = g_canonicalize_filename(folder, NULL);
  sandbox->name = g_path_get_basename(sandbox->folder);
  return TRUE;
}

Sandbox *
sandbox_open_kept(const char *folder, const SandboxOptions *options, GError **error)
{
  g_autoptr(Sandbox) sandbox = new_sandbox(options, error);
  if (sandbox == NULL || !take_kept(sandbox, folder, error) || !start(sandbox, 0, options, error) ||
      !await_keeper(sandbox, error))
    return NULL;
  return g_steal_pointer(&sandbox);
}

void
sandbox_free(Sandbox *sandbox)
{
  if (sandbox->cancelled != 0)
    g_cancellable_disconnect(sandbox->cancellable, sandbox->cancelled);
  g_clear_object(&sandbox->cancellable);
  close_fd(&sandbox->socket);
  close_fd(&sandbox->lifeline);
  close_fd(&sandbox->output);
  close_fd(&sandbox->errors);
  close_fd(&sandbox->input);
  close_fd(&sandbox->tree);
  close_fd(&sandbox->extras);
  close_fd(&sandbox->hold);
  int status = -1;
  if (sandbox->warden > 0) {
    while (waitpid(sandbox->warden, &status, 0) < 0 && errno == EINTR)
      ;
    g_spawn_close_pid(sandbox->warden);
  }
  /* there was no warden, it was killed itself, or files were still being laid out while it removed them */
  if (sandbox->folder != NULL && !sandbox->kept && (status != 0 || access(sandbox->folder, F_OK) == 0))
    sandbox_sweep_folder(sandbox->folder);
  g_free(sandbox->folder);
  g_free(sandbox->name);
  g_free(sandbox->runtime);
  g_free(sandbox);
}

gboolean
sandbox_add_input(Sandbox *sandbox, const char *name, const Tree *tree, GError **error)
{
  const WorktreeOptions laying = {.uid = sandbox->uid, .gid = sandbox->gid, .cancellable = sandbox->cancellable};
  g_autoptr(EntryList) rest = entry_list_new();
  g_autofree char *path = g_build_filename(sandbox->folder, KEEPER_INPUTS_FOLDER, name, NULL);
  if (mkdir(path, 0755) != 0)
    return errno == EEXIST || error_set_errno(error, errno, "make '%s'", path);
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0)
    return error_set_errno(error, errno, "open '%s'", path);
  gboolean done = worktree_lay_out(tree, folder, &laying, rest, error);
  g_assert(!done || entry_list_size(rest) == 0); /* all of an input is root's */
  close(folder);
  return done;
}

gboolean
sandbox_in_memory(const Sandbox *sandbox)
{
  return sandbox->in_memory;
}

int
sandbox_extras(const Sandbox *sandbox)
{
  return sandbox->extras;
}

const char *
sandbox_keep(Sandbox *sandbox)
{
  g_autofree char *path = g_build_filename(sandbox->folder, KEEPER_KEEP, NULL);
  sandbox->kept = g_file_set_contents(path, "", 0, NULL);
  return sandbox->folder;
}

/* ---- running ---- */

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
  if (!hear(sandbox, "console", "exit", &ended, &heard, error))
    return FALSE;
  if (ended) {
    *answer = g_steal_pointer(&heard);
    return TRUE;
  }
  int master = wire_receive_fd(sandbox->socket, error);
  if (master < 0)
    return lost(sandbox, error);
  sandbox_terminal_stand_in(master, sandbox->output, sandbox->socket);
  return TRUE;
}

static gboolean
run_bounded(Sandbox *sandbox, const SandboxStep *step, const Cgroup *cgroup, SandboxResult *result, GError **error)
{
  g_autoptr(GVariant) answer = NULL;
  const char *stopped = "", *fault = "";
  guint64 kills = cgroup != NULL ? cgroup_memory_kills(cgroup) : 0;
  if (!ask(sandbox, "run", order_of(sandbox, step), error))
    return FALSE;
  if (!(step->terminal ? stand_in(sandbox, &answer, error) : pass_all(sandbox, step)))
    return FALSE;
  if (answer == NULL && !hear(sandbox, "exit", NULL, NULL, &answer, error))
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
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "%s: %s", sandbox->runtime, fault);
  return FALSE;
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

/* ---- what it left ---- */

static Delta *
compare(Sandbox *sandbox, const Tree *tree, gboolean whole, GError **error)
{
  g_autoptr(EntryList) now = entry_list_new();
  if (!ask(sandbox, "list", g_variant_new_boolean(whole), error))
    return NULL;
  for (;;) {
    g_autoptr(GVariant) entries = NULL;
    gboolean end;
    if (!hear(sandbox, "entries", "end", &end, &entries, error))
      return NULL;
    if (end)
      return delta_new(tree, g_steal_pointer(&now));
    if (!entry_list_add_variant(now, entries, error))
      return NULL;
  }
}

Delta *
sandbox_compare(Sandbox *sandbox, const Tree *tree, GError **error)
{
  return compare(sandbox, tree, FALSE, error);
}

Delta *
sandbox_compare_whole(Sandbox *sandbox, const Tree *tree, GError **error)
{
  return compare(sandbox, tree, TRUE, error);
}

/* One file's content, which must be what was listed. */
static gboolean
write_content(Sandbox *sandbox, const Entry *entry, PackWriter *writer, GError **error)
{
  guint64 left = entry->size;
  for (;;) {
    g_autoptr(GVariant) piece = NULL;
    gboolean end;
    if (!hear(sandbox, "data", "end", &end, &piece, error))
      return FALSE;
    if (end && left == 0)
      return TRUE;
    gsize size = end ? 0 : g_variant_get_size(piece);
    if (size == 0 || size > left) {
      sandbox->broken = TRUE;
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "'/%s' changed after the step had ended", entry->path);
      return FALSE;
    }
    if (!pack_writer_data(writer, g_variant_get_data(piece), size, error)) {
      sandbox->broken = TRUE;
      return FALSE;
    }
    left -= size;
  }
}

/* The entries of @changed from @from up to, not including, @to. */
static gboolean
write_batch(Sandbox *sandbox, const GPtrArray *changed, guint from, guint to, PackWriter *writer, GError **error)
{
  g_autoptr(GPtrArray) paths = g_ptr_array_new();
  for (guint i = from; i < to; i++) {
    const Entry *entry = changed->pdata[i];
    if (entry->type == ENTRY_FILE)
      g_ptr_array_add(paths, (gpointer)entry->path);
  }
  if (!ask(sandbox, "send", g_variant_new_bytestring_array((const char *const *)paths->pdata, paths->len), error))
    return FALSE;
  for (guint i = from; i < to; i++) {
    const Entry *entry = changed->pdata[i];
    if (!pack_writer_add(writer, entry, error))
      return sandbox->broken = TRUE, FALSE;
    if (entry->type == ENTRY_FILE && !write_content(sandbox, entry, writer, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
sandbox_write(Sandbox *sandbox, const Delta *delta, PackWriter *writer, GError **error)
{
  guint n = delta->changed->len;
  for (guint from = 0; from < n; from += BATCH)
    if (!write_batch(sandbox, delta->changed, from, MIN(from + BATCH, n), writer, error))
      return FALSE;
  return TRUE;
}
