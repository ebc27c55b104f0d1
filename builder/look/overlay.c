/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/overlay.h"

#include <string.h>

/* On the way down to a path: what lies in lower layers than @level is hidden below @folder. */
typedef struct {
  const char *folder;
  guint level;
} Cover;

static gint
compare_items(gconstpointer a, gconstpointer b)
{
  return entry_path_compare(((const ReadingItem *)a)->path, ((const ReadingItem *)b)->path);
}

/* Stable: of one path, the items of lower layers come first, and within a layer what came first. */
static GArray *
sorted_items(const GPtrArray *readings)
{
  GArray *all = g_array_new(FALSE, FALSE, sizeof(ReadingItem));
  for (guint i = 0; i < readings->len; i++) {
    const Reading *reading = readings->pdata[i];
    g_array_append_vals(all, reading->items->data, reading->items->len);
  }
  gboolean sorted = TRUE;
  for (guint i = 1; sorted && i < all->len; i++)
    sorted = compare_items(&g_array_index(all, ReadingItem, i - 1), &g_array_index(all, ReadingItem, i)) <= 0;
  if (!sorted)
    g_array_sort(all, compare_items);
  return all;
}

static gboolean
is_below(const char *path, const char *folder)
{
  gsize length = strlen(folder);
  return length == 0 ? path[0] != '\0' : strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Drops the covers that @path is not below; returns the level of the nearest that is left. */
static guint
level_at(GArray *covers, const char *path)
{
  while (covers->len > 0 && !is_below(path, g_array_index(covers, Cover, covers->len - 1).folder))
    g_array_set_size(covers, covers->len - 1);
  return covers->len > 0 ? g_array_index(covers, Cover, covers->len - 1).level : 0;
}

/* One path: items[0 ... n). Adds the file that is seen, and what it covers below. */
static void
take_path(const ReadingItem *items, guint n, GArray *covers, GPtrArray *files)
{
  guint level = level_at(covers, items->path), own = level, below = level;
  SubjectFile *seen = NULL;
  for (guint i = 0; i < n; i++)
    if (items[i].kind == READING_WHITEOUT)
      own = MAX(own, items[i].layer);
  for (guint i = 0; i < n; i++) {
    const SubjectFile *file = items[i].file;
    if (file == NULL || file->entry.type != ENTRY_DIRECTORY)
      below = MAX(below, items[i].layer);
    if (file != NULL && items[i].layer >= own)
      seen = items[i].file;
  }
  if (seen != NULL)
    g_ptr_array_add(files, seen);
  if (below > level) {
    Cover cover = {.folder = items->path, .level = below};
    g_array_append_val(covers, cover);
  }
}

/* ---- hardlinks ---- */

guint
overlay_find(const GPtrArray *files, const char *path, gboolean *found)
{
  guint low = 0, high = files->len;
  gboolean same = FALSE;
  while (low < high && !same) {
    guint middle = low + (high - low) / 2;
    int order = entry_path_compare(((const SubjectFile *)files->pdata[middle])->entry.path, path);
    same = order == 0;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
    if (same)
      low = middle;
  }
  if (found != NULL)
    *found = same;
  return low;
}

static SubjectFile *
find(const GPtrArray *files, const char *path)
{
  gboolean found;
  guint place = overlay_find(files, path, &found);
  return found ? files->pdata[place] : NULL;
}

/* A link whose file is seen no more stands for it: the first of them as a file. @heirs: the hidden file -> that link. */
static void
settle_link(const GPtrArray *files, const ReadingLink *link, GHashTable *heirs)
{
  SubjectFile *file = link->link;
  if (find(files, file->entry.path) != file)
    return;
  const SubjectFile *at_target = find(files, file->entry.target);
  if (link->target == NULL && at_target != NULL && at_target->entry.type == ENTRY_FILE)
    reading_link(file, at_target);
  if (link->target == NULL || at_target == link->target)
    return;
  const SubjectFile *heir = g_hash_table_lookup(heirs, link->target);
  if (heir != NULL) {
    file->entry.target = heir->entry.path;
    return;
  }
  file->entry.type = ENTRY_FILE;
  file->entry.target = NULL;
  g_hash_table_insert(heirs, (gpointer)link->target, file);
}

GPtrArray *
overlay_files(const GPtrArray *readings)
{
  g_autoptr(GArray) items = sorted_items(readings);
  g_autoptr(GArray) covers = g_array_new(FALSE, FALSE, sizeof(Cover));
  g_autoptr(GHashTable) heirs = g_hash_table_new(NULL, NULL);
  GPtrArray *files = g_ptr_array_sized_new(items->len);
  for (guint i = 0, n; i < items->len; i += n) {
    const ReadingItem *first = &g_array_index(items, ReadingItem, i);
    for (n = 1; i + n < items->len && strcmp(first[n].path, first->path) == 0; n++)
      continue;
    take_path(first, n, covers, files);
  }
  for (guint i = 0; i < readings->len; i++) {
    const Reading *reading = readings->pdata[i];
    for (guint j = 0; j < reading->links->len; j++)
      settle_link(files, &g_array_index(reading->links, ReadingLink, j), heirs);
  }
  return files;
}
