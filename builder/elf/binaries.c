/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/elf/binaries.h"
#include "builder/executor/executor.h"

#include <string.h>

/* The work on one pack. */
typedef struct {
  Pack *pack;
  GPtrArray *files; /* const TreeNode*, in the pack's order: those that share a frame are read one after the other */
  GPtrArray *found; /* FoundBinary* */
} PackJob;

static void
found_free(gpointer data)
{
  FoundBinary *found = data;
  g_clear_pointer(&found->binary, binary_free);
  g_free(found->fault);
  g_free(found);
}

static void
job_free(gpointer data)
{
  PackJob *job = data;
  g_ptr_array_unref(job->files);
  g_clear_pointer(&job->found, g_ptr_array_unref);
  g_free(job);
}

/* ---- one file ---- */

typedef struct {
  char bytes[4];
  gsize size;
} Head;

/* Ends the reading of a file as soon as its first bytes are there. */
static gboolean
take_head(const void *data, gsize size, gpointer user, GError **error)
{
  Head *head = user;
  gsize part = MIN(size, sizeof head->bytes - head->size);
  memcpy(head->bytes + head->size, data, part);
  head->size += part;
  return head->size < sizeof head->bytes;
}

static gboolean
begins_as_elf(Pack *pack, const TreeNode *file, gboolean *elf, GError **error)
{
  Head head = {.size = 0};
  GError *failure = NULL;
  if (!pack_stream(pack, file->index, take_head, &head, &failure) && failure != NULL) {
    g_propagate_error(error, failure);
    return FALSE;
  }
  *elf = head.size == sizeof head.bytes && memcmp(head.bytes, BINARY_MAGIC, sizeof head.bytes) == 0;
  return TRUE;
}

static gboolean
read_binary(PackJob *job, const TreeNode *file, GError **error)
{
  FoundBinary *found = g_new0(FoundBinary, 1);
  found->path = file->entry->path;
  g_ptr_array_add(job->found, found);
  if (file->entry->size > BINARIES_SIZE_MAX) {
    found->fault = g_strdup("it is too large to be looked through");
    return TRUE;
  }
  g_autoptr(GBytes) content = pack_read(job->pack, file->index, BINARIES_SIZE_MAX, error);
  if (content == NULL)
    return FALSE;
  g_autoptr(GError) fault = NULL;
  found->binary = binary_read(content, &fault);
  found->fault = fault != NULL ? g_strdup(fault->message) : NULL;
  return TRUE;
}

/* ---- all files ---- */

static gboolean
read_pack(gpointer data, GCancellable *cancellable, GError **error)
{
  PackJob *job = data;
  for (guint i = 0; i < job->files->len; i++) {
    gboolean elf;
    if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
        !begins_as_elf(job->pack, job->files->pdata[i], &elf, error) || (elf && !read_binary(job, job->files->pdata[i], error)))
      return FALSE;
  }
  return TRUE;
}

static gint
by_index(gconstpointer a, gconstpointer b)
{
  const TreeNode *x = *(TreeNode *const *)a, *y = *(TreeNode *const *)b;
  return x->index < y->index ? -1 : x->index > y->index;
}

static gint
by_path(gconstpointer a, gconstpointer b)
{
  return entry_path_compare((*(FoundBinary *const *)a)->path, (*(FoundBinary *const *)b)->path);
}

/* One job a pack, with the files of it that are long enough. */
static GPtrArray *
make_jobs(const Tree *tree)
{
  GPtrArray *jobs = g_ptr_array_new_with_free_func(job_free);
  for (guint i = 0; i < tree_n_packs(tree); i++) {
    PackJob *job = g_new0(PackJob, 1);
    *job = (PackJob){.pack = tree_pack(tree, i), .files = g_ptr_array_new(), .found = g_ptr_array_new()};
    g_ptr_array_add(jobs, job);
  }
  g_autoptr(GPtrArray) nodes = tree_nodes(tree);
  for (guint i = 0; i < nodes->len; i++) {
    const TreeNode *node = nodes->pdata[i];
    if (node->entry->type == ENTRY_FILE && node->entry->size >= strlen(BINARY_MAGIC))
      g_ptr_array_add(((PackJob *)jobs->pdata[node->pack])->files, (gpointer)node);
  }
  return jobs;
}

GPtrArray *
binaries_find(const Tree *tree, GCancellable *cancellable, GError **error)
{
  g_autoptr(GPtrArray) jobs = make_jobs(tree), all = g_ptr_array_new_with_free_func(found_free);
  g_autoptr(Executor) executor = executor_new(cancellable);
  for (guint i = 0; i < jobs->len; i++) {
    PackJob *job = jobs->pdata[i];
    g_ptr_array_sort(job->files, by_index);
    executor_push(executor, read_pack, job);
  }
  gboolean read = executor_wait(executor, error);
  for (guint i = 0; i < jobs->len; i++)
    g_ptr_array_extend_and_steal(all, g_steal_pointer(&((PackJob *)jobs->pdata[i])->found));
  g_ptr_array_sort(all, by_path);
  return read ? g_steal_pointer(&all) : NULL;
}
