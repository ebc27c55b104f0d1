/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/worktree.h"
#include "rootfs/pack_private.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a thread writes at a time: enough not to be asked for more too often, little enough that none is left with all. */
#define JOB_BYTES (8 << 20)

typedef struct {
  const Tree *tree;
  int folder;
  const WorktreeOptions *options;
  gboolean gives; /* root outside is somebody else than who writes */
  GMutex lock;
  GError *error; /* the first; under the lock */
  gint failed;
} Layout;

/* Files of one pack, in its order. */
typedef struct {
  const TreeNode **nodes;
  guint n;
} Job;

static gboolean
failed(const Entry *entry, const char *action, GError **error)
{
  int saved = errno;
  g_autofree char *shown = g_strescape(entry->path, NULL);
  return error_set_errno(error, saved, "%s '/%s' for a step to run in", action, shown);
}

/* Whether all there is to it can be set from outside. */
static gboolean
is_plain(const Entry *entry)
{
  return entry->uid == 0 && entry->gid == 0 && entry->n_xattrs == 0;
}

static gboolean
is_device(const Entry *entry)
{
  return entry->type == ENTRY_CHAR || entry->type == ENTRY_BLOCK;
}

static gboolean
set_times(const Layout *layout, const Entry *entry)
{
  const struct timespec times[] = {{entry->mtime, 0}, {entry->mtime, 0}};
  return utimensat(layout->folder, *entry->path != '\0' ? entry->path : ".", times, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Gives what lies at the entry's path to who stands for root. */
static gboolean
give(const Layout *layout, const Entry *entry)
{
  return !layout->gives || fchownat(layout->folder, *entry->path != '\0' ? entry->path : ".", layout->options->uid,
                                    layout->options->gid, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- files ---- */

static gboolean
write_piece(const void *data, gsize size, gpointer user, GError **error)
{
  int fd = *(int *)user;
  for (const char *at = data; size > 0;) {
    ssize_t written = write(fd, at, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return error_set_errno(error, errno, "write a file for a step to run in");
    at += written;
    size -= (gsize)written;
  }
  return TRUE;
}

static gboolean
finish_file(const Layout *layout, const Entry *entry, int fd)
{
  const struct timespec times[] = {{entry->mtime, 0}, {entry->mtime, 0}};
  return (!layout->gives || fchown(fd, layout->options->uid, layout->options->gid) == 0) &&
         (!is_plain(entry) || fchmod(fd, entry->mode) == 0) && futimens(fd, times) == 0;
}

/* The content of a hardlink is that of the file it leads to. */
static gboolean
write_file(Layout *layout, const TreeNode *node, GError **error)
{
  const Entry *entry = node->entry;
  int fd = openat(layout->folder, entry->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return failed(entry, "make", error);
  gboolean done = pack_stream(tree_pack(layout->tree, node->pack), node->index, write_piece, &fd, error) &&
                  (finish_file(layout, entry, fd) || failed(entry, "finish", error));
  if (close(fd) != 0 && done)
    return failed(entry, "write", error);
  if (done)
    watch_advance(layout->options->watch, entry->size);
  return done;
}

static void
run_job(gpointer data, gpointer user)
{
  Job *job = data;
  Layout *layout = user;
  GError *problem = NULL;
  for (guint i = 0; i < job->n && g_atomic_int_get(&layout->failed) == 0; i++)
    if (g_cancellable_set_error_if_cancelled(layout->options->cancellable, &problem) ||
        !write_file(layout, job->nodes[i], &problem))
      g_atomic_int_set(&layout->failed, 1);
  g_free(job);
  if (problem == NULL)
    return;
  g_mutex_lock(&layout->lock);
  if (layout->error == NULL)
    layout->error = g_steal_pointer(&problem);
  g_mutex_unlock(&layout->lock);
  g_clear_error(&problem);
}

static gint
compare_places(gconstpointer a, gconstpointer b)
{
  const TreeNode *x = *(const TreeNode *const *)a, *y = *(const TreeNode *const *)b;
  if (x->pack != y->pack)
    return x->pack < y->pack ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

/* Cuts @files, sorted by their places, into jobs of one pack and about JOB_BYTES each. */
static void
push_jobs(GThreadPool *pool, GPtrArray *files)
{
  for (guint from = 0, to; from < files->len; from = to) {
    guint64 bytes = 0;
    const TreeNode *first = files->pdata[from];
    for (to = from; to < files->len && bytes < JOB_BYTES; to++) {
      const TreeNode *node = files->pdata[to];
      if (node->pack != first->pack)
        break;
      bytes += node->entry->size;
    }
    Job *job = g_new0(Job, 1);
    *job = (Job){.nodes = (const TreeNode **)(gpointer)&files->pdata[from], .n = to - from};
    g_thread_pool_push(pool, job, NULL);
  }
}

static gboolean
write_files(Layout *layout, GPtrArray *files, GError **error)
{
  g_ptr_array_sort(files, compare_places);
  GThreadPool *pool = g_thread_pool_new(run_job, layout, (gint)g_get_num_processors(), FALSE, NULL);
  push_jobs(pool, files);
  g_thread_pool_free(pool, FALSE, TRUE);
  if (layout->error == NULL)
    return TRUE;
  if (g_error_matches(layout->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
  else
    g_propagate_error(error, g_error_copy(layout->error));
  g_clear_error(&layout->error);
  return FALSE;
}

/* ---- hardlinks ---- */

static gboolean
is_kept(const Tree *tree, guint pack, guint index)
{
  return (tree_kept(tree, pack)[index / 8] >> index % 8 & 1) != 0;
}

/* Where the file of a link is gone, the first link is the file, and the others lead there. */
static gboolean
make_link(Layout *layout, const TreeNode *node, GHashTable *heirs, EntryList *rest, GError **error)
{
  const Pack *pack = tree_pack(layout->tree, node->pack);
  guint file = pack_file(pack, node->index);
  gpointer key = (gpointer)pack_entry(pack, file);
  const char *target = is_kept(layout->tree, node->pack, file) ? pack_entry(pack, file)->path : g_hash_table_lookup(heirs, key);
  if (target == NULL) {
    g_hash_table_insert(heirs, key, (gpointer)node->entry->path);
    if (!is_plain(node->entry))
      entry_list_add(rest, node->entry)->type = ENTRY_FILE;
    return write_file(layout, node, error);
  }
  return linkat(layout->folder, target, layout->folder, node->entry->path, 0) == 0 || failed(node->entry, "link", error);
}

static gboolean
make_links(Layout *layout, GPtrArray *links, EntryList *rest, GError **error)
{
  g_ptr_array_sort(links, compare_places);
  g_autoptr(GHashTable) heirs = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < links->len; i++)
    if (!make_link(layout, links->pdata[i], heirs, rest, error))
      return FALSE;
  return TRUE;
}

/* ---- the rest ---- */

static gboolean
make_folder(const Layout *layout, const Entry *entry, GError **error)
{
  gboolean made = *entry->path == '\0' || mkdirat(layout->folder, entry->path, 0700) == 0;
  return (made && give(layout, entry)) || failed(entry, "make the folder", error);
}

static gboolean
make_special(const Layout *layout, const Entry *entry, GError **error)
{
  gboolean made = entry->type == ENTRY_SYMLINK ? symlinkat(entry->target, layout->folder, entry->path) == 0
                                               : mkfifoat(layout->folder, entry->path, 0600) == 0;
  if (!made || !give(layout, entry) ||
      (entry->type == ENTRY_FIFO && is_plain(entry) && fchmodat(layout->folder, entry->path, entry->mode, 0) != 0))
    return failed(entry, "make", error);
  return set_times(layout, entry) || failed(entry, "set the times of", error);
}

/* Folders get their modes when all is in them, the innermost first. */
static gboolean
finish_folders(const Layout *layout, const GPtrArray *nodes, GError **error)
{
  for (guint i = nodes->len; i > 0; i--) {
    const Entry *entry = ((const TreeNode *)nodes->pdata[i - 1])->entry;
    if (entry->type != ENTRY_DIRECTORY)
      continue;
    const char *path = *entry->path != '\0' ? entry->path : ".";
    if (!set_times(layout, entry) || (is_plain(entry) && fchmodat(layout->folder, path, entry->mode, 0) != 0))
      return failed(entry, "finish the folder", error);
  }
  return TRUE;
}

/* Folders, symlinks and pipes are made on the way; files and links are kept for later. */
static gboolean
sort_out(Layout *layout, const GPtrArray *nodes, GPtrArray *files, GPtrArray *links, EntryList *rest, GError **error)
{
  for (guint i = 0; i < nodes->len; i++) {
    const TreeNode *node = nodes->pdata[i];
    const Entry *entry = node->entry;
    if (is_device(entry))
      continue;
    if (!is_plain(entry) && entry->type != ENTRY_HARDLINK)
      entry_list_add(rest, entry);
    if (entry->type == ENTRY_FILE)
      g_ptr_array_add(files, (gpointer)node);
    else if (entry->type == ENTRY_HARDLINK)
      g_ptr_array_add(links, (gpointer)node);
    else if (!(entry->type == ENTRY_DIRECTORY ? make_folder(layout, entry, error) : make_special(layout, entry, error)))
      return FALSE;
  }
  return TRUE;
}

gboolean
worktree_lay_out(const Tree *tree, int folder, const WorktreeOptions *options, EntryList *rest, GError **error)
{
  Layout layout = {.tree = tree, .folder = folder, .options = options, .gives = options->uid != geteuid()};
  g_mutex_init(&layout.lock);
  g_autoptr(GPtrArray) nodes = tree_nodes(tree), files = g_ptr_array_new(), links = g_ptr_array_new();
  gboolean done = sort_out(&layout, nodes, files, links, rest, error) && write_files(&layout, files, error) &&
                  make_links(&layout, links, rest, error) && finish_folders(&layout, nodes, error);
  g_mutex_clear(&layout.lock);
  return done;
}
