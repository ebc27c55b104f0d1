/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/sandbox.h"
#include "rootfs/acl.h"
#include "rootfs/keeper.h"
#include "rootfs/memory.h"
#include "rootfs/runtime.h"
#include "rootfs/sandbox_private.h"
#include "rootfs/sandbox_sweep.h"
#include "rootfs/store_cache.h"
#include "rootfs/wire.h"
#include "rootfs/worktree.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a file takes in memory besides its content, and in what pieces it takes that. */
#define FILE_COST 1024
#define FILE_BLOCK 4096

static void
close_fd(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

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
  /* what is made in it is to have what the tree says, not what the host's folder does */
  acl_disinherit(path);
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
  /* the keeper opens the folder of caches: this makes it where it is not there */
  g_free(store_caches_place(store));
  g_autofree char *inputs = g_build_filename(folder, KEEPER_INPUTS_FOLDER, NULL);
  if (!lock_folder(sandbox, error) || !make_part(sandbox, KEEPER_TREE, &sandbox->tree, error) ||
      !make_part(sandbox, KEEPER_EXTRAS, &sandbox->extras, error))
    return FALSE;
  if (mkdir(inputs, 0755) != 0)
    return error_set_errno(error, errno, "make '%s'", inputs);
  acl_disinherit(inputs);
  return TRUE;
}

/* In parts, for a message is bounded and a tree is not. */
static gboolean
own_all(Sandbox *sandbox, const EntryList *rest, GError **error)
{
  guint n = entry_list_size(rest);
  for (guint from = 0; from < n; from += SANDBOX_BATCH)
    if (!sandbox_ask_simply(sandbox, "own", entry_list_to_variant(rest, from, MIN(from + SANDBOX_BATCH, n)), error))
      return FALSE;
  return TRUE;
}

static gboolean
await_keeper(Sandbox *sandbox, GError **error)
{
  g_autoptr(GVariant) ready = NULL;
  if (!sandbox_hear(sandbox, "ready", NULL, NULL, &ready, error))
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
         sandbox_ask_simply(sandbox, "mark", NULL, error);
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

Sandbox *
sandbox_new(Store *store, const Tree *tree, const SandboxOptions *options, GError **error)
{
  sandbox_sweep(store, FALSE);
  g_autoptr(Sandbox) sandbox = new_sandbox(options, error);
  if (sandbox == NULL || !make_folder(sandbox, store, error) ||
      !sandbox_start_keeper(sandbox, options->on_disk ? 0 : memory_for(tree), options, error))
    return NULL;
  if (lay_out(sandbox, tree, options, error))
    return g_steal_pointer(&sandbox);
  /* the warden removes what is being laid out: files that have gone are no news */
  (void)sandbox_lost(sandbox, error);
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
  if (sandbox == NULL || !take_kept(sandbox, folder, error) || !sandbox_start_keeper(sandbox, 0, options, error) ||
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

/* Threads that free sandboxes. */
static GMutex freeing_lock;
static GPtrArray *freeing;

static gpointer
free_in_thread(gpointer sandbox)
{
  sandbox_free(sandbox);
  return NULL;
}

void
sandbox_free_meanwhile(Sandbox *sandbox)
{
  g_mutex_lock(&freeing_lock);
  if (freeing == NULL)
    freeing = g_ptr_array_new();
  g_ptr_array_add(freeing, g_thread_new("free-sandbox", free_in_thread, sandbox));
  g_mutex_unlock(&freeing_lock);
}

void
sandbox_wait_freed(void)
{
  g_mutex_lock(&freeing_lock);
  g_autoptr(GPtrArray) threads = g_steal_pointer(&freeing);
  g_mutex_unlock(&freeing_lock);
  for (guint i = 0; threads != NULL && i < threads->len; i++)
    g_thread_join(threads->pdata[i]);
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
