/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/delta.h"
#include "rootfs/pack_private.h"

#include <string.h>

/* The names of one file, by their place in the list; most have one. */
typedef struct {
  GArray *members; /* guint; the first is the file itself */
  gboolean changed;
} Group;

typedef struct {
  const Tree *tree;
  const EntryList *now;
  Group *groups;     /* by the place of the file */
  guint32 *group_of; /* of each entry: the place of its file */
  GHashTable *files; /* path -> place + 1, of files that have further names */
} Comparison;

/* ---- one entry against what the tree has there ---- */

/* The file that a node of the tree is or leads to. */
static const Entry *
file_of(const Tree *tree, const TreeNode *node)
{
  if (node->entry->type != ENTRY_HARDLINK)
    return node->entry;
  const Pack *pack = tree_pack(tree, node->pack);
  return pack_entry(pack, pack_file(pack, node->index));
}

static gboolean
same_content(const Entry *was, const Entry *is)
{
  static const Digest unread;
  return digest_equal(&is->digest, &unread) || (was->size == is->size && digest_equal(&was->digest, &is->digest));
}

static gboolean
same_attributes(const Entry *was, const Entry *is)
{
  /* a symlink has no mode that counts */
  return was->uid == is->uid && was->gid == is->gid && (was->type == ENTRY_SYMLINK || was->mode == is->mode) &&
         entry_same_xattrs(was, is);
}

static gboolean
is_same(const Tree *tree, const TreeNode *node, const Entry *is)
{
  const Entry *was = file_of(tree, node);
  if (was->type != is->type || !same_attributes(was, is))
    return FALSE;
  switch (is->type) {
  case ENTRY_FILE:
    return same_content(was, is);
  case ENTRY_SYMLINK:
    return strcmp(was->target, is->target) == 0;
  default:
    return TRUE;
  }
}

/* ---- files with several names ---- */

static void
find_groups(Comparison *comparison)
{
  guint n = entry_list_size(comparison->now);
  for (guint i = 0; i < n; i++) {
    const Entry *entry = entry_list_get(comparison->now, i);
    comparison->group_of[i] = i;
    if (entry->type == ENTRY_HARDLINK) {
      gpointer place = g_hash_table_lookup(comparison->files, entry->target);
      g_assert(place != NULL);
      comparison->group_of[i] = GPOINTER_TO_UINT(place) - 1;
    } else if (entry->type == ENTRY_FILE)
      g_hash_table_insert(comparison->files, (gpointer)entry->path, GUINT_TO_POINTER(i + 1));
    GArray **members = &comparison->groups[comparison->group_of[i]].members;
    if (*members == NULL)
      *members = g_array_new(FALSE, FALSE, sizeof(guint));
    g_array_append_val(*members, i);
  }
}

/* Whether the names were those of one file in the tree too, and of no more. */
static gboolean
same_names(const Comparison *comparison, const Group *group)
{
  const Entry *one = NULL;
  for (guint i = 0; i < group->members->len; i++) {
    const Entry *entry = entry_list_get(comparison->now, g_array_index(group->members, guint, i));
    const TreeNode *node = tree_lookup(comparison->tree, entry->path);
    const Entry *file = node != NULL ? file_of(comparison->tree, node) : NULL;
    if (file == NULL || (one != NULL && file != one))
      return FALSE;
    one = file;
  }
  return TRUE;
}

/* Names that were one file in the tree, and are several now, have changed though none of them shows it. */
static void
find_splits(Comparison *comparison)
{
  g_autoptr(GHashTable) owners = g_hash_table_new(NULL, NULL); /* file of the tree -> place of its first group, plus one */
  guint n = entry_list_size(comparison->now);
  for (guint i = 0; i < n; i++) {
    const TreeNode *node = tree_lookup(comparison->tree, entry_list_get(comparison->now, i)->path);
    if (node == NULL || (node->entry->type != ENTRY_FILE && node->entry->type != ENTRY_HARDLINK))
      continue;
    gpointer file = (gpointer)file_of(comparison->tree, node);
    guint group = comparison->group_of[i], owner = GPOINTER_TO_UINT(g_hash_table_lookup(owners, file));
    if (owner == 0)
      g_hash_table_insert(owners, file, GUINT_TO_POINTER(group + 1));
    else if (owner != group + 1)
      comparison->groups[owner - 1].changed = comparison->groups[group].changed = TRUE;
  }
}

static gboolean
group_changed(const Comparison *comparison, guint first)
{
  const Group *group = &comparison->groups[first];
  const Entry *entry = entry_list_get(comparison->now, first);
  const TreeNode *node = tree_lookup(comparison->tree, entry->path);
  if (node == NULL || !is_same(comparison->tree, node, entry))
    return TRUE;
  g_assert(group->members != NULL); /* the entry itself is one */
  return group->members->len > 1 && !same_names(comparison, group);
}

/* ---- what is gone ---- */

static gboolean
is_device(const Entry *entry)
{
  return entry->type == ENTRY_CHAR || entry->type == ENTRY_BLOCK;
}

static gboolean
is_below(const char *path, const char *folder)
{
  gsize length = strlen(folder);
  return strncmp(path, folder, length) == 0 && path[length] == '/';
}

static void
find_removed(const Comparison *comparison, Delta *delta)
{
  g_autoptr(GPtrArray) nodes = tree_nodes(comparison->tree);
  const char *last = NULL;
  guint at = 0, n = entry_list_size(comparison->now);
  for (guint i = 0; i < nodes->len; i++) {
    const TreeNode *node = nodes->pdata[i];
    const char *path = node->entry->path;
    while (at < n && entry_path_compare(entry_list_get(comparison->now, at)->path, path) < 0)
      at++;
    const Entry *there = at < n ? entry_list_get(comparison->now, at) : NULL;
    gboolean here = there != NULL && strcmp(there->path, path) == 0;
    /* what takes the place of a folder can only come when it is gone */
    gboolean gone = !here || (node->entry->type == ENTRY_DIRECTORY && there->type != ENTRY_DIRECTORY);
    if (!gone || is_device(node->entry) || (last != NULL && is_below(path, last)))
      continue;
    last = path;
    g_ptr_array_add(delta->removed, g_strdup(path));
  }
}

/* ---- the whole ---- */

static void
find_changed(Comparison *comparison, Delta *delta)
{
  guint n = entry_list_size(comparison->now);
  for (guint i = 0; i < n; i++) {
    guint first = comparison->group_of[i];
    if (first == i)
      comparison->groups[i].changed = comparison->groups[i].changed || group_changed(comparison, i);
    if (comparison->groups[first].changed)
      g_ptr_array_add(delta->changed, (gpointer)entry_list_get(comparison->now, i));
  }
}

Delta *
delta_new(const Tree *tree, EntryList *now)
{
  guint n = entry_list_size(now);
  Delta *delta = g_new0(Delta, 1);
  delta->changed = g_ptr_array_new();
  delta->removed = g_ptr_array_new_with_free_func(g_free);
  delta->entries = now;
  g_autoptr(GHashTable) files = g_hash_table_new(g_str_hash, g_str_equal);
  Comparison comparison = {
    .tree = tree, .now = now, .groups = g_new0(Group, n), .group_of = g_new0(guint32, n), .files = files};
  find_groups(&comparison);
  find_splits(&comparison);
  find_changed(&comparison, delta);
  find_removed(&comparison, delta);
  for (guint i = 0; i < n; i++)
    g_clear_pointer(&comparison.groups[i].members, g_array_unref);
  g_free(comparison.groups);
  g_free(comparison.group_of);
  return delta;
}

void
delta_free(Delta *delta)
{
  g_ptr_array_unref(delta->changed);
  g_ptr_array_unref(delta->removed);
  entry_list_free(delta->entries);
  g_free(delta);
}
