/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree.h"
#include "signing/error.h"

#include <stdlib.h>
#include <string.h>

#define NONE G_MAXUINT32
#define ARENA_BLOCK (64 * 1024)

/* Nodes lie in one array and name each other by number, so that growing it moves them without harm. */
typedef struct {
  TreeNode node;
  guint32 hash;
  guint32 parent, first_child, next, previous; /* siblings in no order; a free item's next is the next free one */
  guint32 origin;                              /* the pack that brought the node, even when it is only implied */
} Item;

struct Tree {
  Item *items;
  guint32 n_items, room, first_free;
  guint size;
  guint32 *slots; /* open addressing, linear probing; at most half full */
  guint32 slot_mask;
  guint64 seed; /* of the hash: foreign paths cannot be chosen to collide */
  guint32 last_parent;
  GPtrArray *packs;
  GPtrArray *kept;  /* guint8* a pack */
  GPtrArray *arena; /* blocks */
  gsize arena_used;
};

/* ---- memory ---- */

static void *
arena_take(Tree *tree, gsize size)
{
  size = (size + 7) & ~(gsize)7;
  if (size > ARENA_BLOCK / 4) { /* a block of its own, below the one that is being filled */
    void *block = g_malloc(size);
    g_ptr_array_insert(tree->arena, 0, block);
    return block;
  }
  if (tree->arena->len == 0 || tree->arena_used + size > ARENA_BLOCK) {
    g_ptr_array_add(tree->arena, g_malloc(ARENA_BLOCK));
    tree->arena_used = 0;
  }
  void *at = (char *)tree->arena->pdata[tree->arena->len - 1] + tree->arena_used;
  tree->arena_used += size;
  return at;
}

static char *
arena_string(Tree *tree, const char *text, gsize length)
{
  char *copy = arena_take(tree, length + 1);
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

/* ---- the hash table ---- */

static guint32
hash_path(const Tree *tree, const char *path, gsize length)
{
  guint64 hash = tree->seed ^ length;
  while (length > 0) {
    guint64 word = 0;
    gsize take = MIN(length, sizeof word);
    memcpy(&word, path, take);
    hash = (hash ^ word) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    hash ^= hash >> 32;
    path += take;
    length -= take;
  }
  return (guint32)(hash ^ hash >> 16);
}

static guint32
find(const Tree *tree, const char *path, gsize length, guint32 hash)
{
  for (guint32 slot = hash & tree->slot_mask;; slot = (slot + 1) & tree->slot_mask) {
    guint32 number = tree->slots[slot];
    if (number == NONE)
      return NONE;
    const Item *item = &tree->items[number];
    const char *there = item->node.entry->path;
    if (item->hash == hash && strncmp(there, path, length) == 0 && there[length] == '\0')
      return number;
  }
}

static void
fill_slot(Tree *tree, guint32 number)
{
  guint32 slot = tree->items[number].hash & tree->slot_mask;
  while (tree->slots[slot] != NONE)
    slot = (slot + 1) & tree->slot_mask;
  tree->slots[slot] = number;
}

static void
make_slots(Tree *tree, guint32 n)
{
  g_free(tree->slots);
  tree->slots = g_new(guint32, n);
  memset(tree->slots, 0xff, sizeof *tree->slots * n);
  tree->slot_mask = n - 1;
}

static void
grow_slots(Tree *tree)
{
  guint32 old_n = tree->slot_mask + 1;
  g_autofree guint32 *old = g_steal_pointer(&tree->slots);
  make_slots(tree, old_n * 2);
  for (guint32 i = 0; i < old_n; i++)
    if (old[i] != NONE)
      fill_slot(tree, old[i]);
}

/* Empties the slot of @number and moves what follows it up, so that no probe ends too early. */
static void
empty_slot(Tree *tree, guint32 number)
{
  guint32 mask = tree->slot_mask;
  guint32 hole = tree->items[number].hash & mask;
  while (tree->slots[hole] != number)
    hole = (hole + 1) & mask;
  for (guint32 next = (hole + 1) & mask; tree->slots[next] != NONE; next = (next + 1) & mask) {
    guint32 home = tree->items[tree->slots[next]].hash & mask;
    if (((next - home) & mask) < ((next - hole) & mask))
      continue;
    tree->slots[hole] = tree->slots[next];
    hole = next;
  }
  tree->slots[hole] = NONE;
}

/* ---- items ---- */

static guint32
take_item(Tree *tree)
{
  if (tree->first_free != NONE) {
    guint32 number = tree->first_free;
    tree->first_free = tree->items[number].next;
    return number;
  }
  if (tree->n_items == tree->room) {
    tree->room = MAX(1024, tree->room * 2);
    tree->items = g_renew(Item, tree->items, tree->room);
  }
  return tree->n_items++;
}

static guint32
add_item(Tree *tree, const TreeNode *node, guint32 hash, guint32 parent, guint32 origin)
{
  guint32 number = take_item(tree);
  Item *item = &tree->items[number];
  *item = (Item){
    .node = *node, .hash = hash, .parent = parent, .first_child = NONE, .previous = NONE, .next = NONE, .origin = origin};
  if (parent != NONE) {
    guint32 sibling = tree->items[parent].first_child;
    item->next = sibling;
    if (sibling != NONE)
      tree->items[sibling].previous = number;
    tree->items[parent].first_child = number;
  }
  if (++tree->size > tree->slot_mask / 2)
    grow_slots(tree);
  fill_slot(tree, number);
  return number;
}

static void
unlink_item(Tree *tree, guint32 number)
{
  const Item *item = &tree->items[number];
  if (item->previous != NONE)
    tree->items[item->previous].next = item->next;
  else
    tree->items[item->parent].first_child = item->next;
  if (item->next != NONE)
    tree->items[item->next].previous = item->previous;
}

/* A name that tree_link gave is no entry of the pack. */
static gboolean
is_of_pack(const Tree *tree, const TreeNode *node)
{
  return node->pack != TREE_NO_PACK &&
         (node->entry->type != ENTRY_HARDLINK || pack_entry(tree->packs->pdata[node->pack], node->index) == node->entry);
}

static void
set_kept(Tree *tree, const TreeNode *node, gboolean kept)
{
  if (!is_of_pack(tree, node))
    return;
  guint8 *byte = (guint8 *)tree->kept->pdata[node->pack] + node->index / 8;
  guint8 bit = (guint8)(1u << node->index % 8);
  *byte = kept ? *byte | bit : *byte & (guint8)~bit;
}

/* Gives an item without children back. */
static void
drop_item(Tree *tree, guint32 number)
{
  Item *item = &tree->items[number];
  set_kept(tree, &item->node, FALSE);
  empty_slot(tree, number);
  item->node.entry = NULL;
  item->next = tree->first_free;
  tree->first_free = number;
  tree->size--;
}

/* ---- directories: their entries are the tree's own, with mtime 0 ---- */

static const Xattr *
copy_xattrs(Tree *tree, const Entry *entry)
{
  if (entry->n_xattrs == 0)
    return NULL;
  Xattr *xattrs = arena_take(tree, sizeof *xattrs * entry->n_xattrs);
  for (guint i = 0; i < entry->n_xattrs; i++) {
    const Xattr *from = &entry->xattrs[i];
    xattrs[i].name = arena_string(tree, from->name, strlen(from->name));
    xattrs[i].value = (const guint8 *)arena_string(tree, (const char *)from->value, from->size);
    xattrs[i].size = from->size;
  }
  return xattrs;
}

/* @path must live as long as the tree; the xattrs of @from are borrowed. */
static Entry *
new_directory(Tree *tree, const char *path, const Entry *from)
{
  Entry *own = arena_take(tree, sizeof *own);
  *own = (Entry){.path = path,
                 .type = ENTRY_DIRECTORY,
                 .mode = from->mode,
                 .uid = from->uid,
                 .gid = from->gid,
                 .xattrs = from->xattrs,
                 .n_xattrs = from->n_xattrs};
  return own;
}

static guint32
imply_directory(Tree *tree, const char *path, gsize length, guint32 hash, guint32 parent, guint32 origin)
{
  static const Entry plain = {.mode = 0755};
  TreeNode node = {new_directory(tree, arena_string(tree, path, length), &plain), TREE_NO_PACK, 0};
  return add_item(tree, &node, hash, parent, origin);
}

static gsize
parent_length(const char *path, gsize length)
{
  while (length > 0 && path[length - 1] != '/')
    length--;
  return length > 0 ? length - 1 : 0;
}

static gboolean
refuse_parent(const Tree *tree, guint32 number, const char *path, GError **error)
{
  g_autofree char *shown = g_strescape(path, NULL);
  g_autofree char *parent = g_strescape(tree->items[number].node.entry->path, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS, "'/%s' cannot be placed: '/%s' is no directory", shown, parent);
  return FALSE;
}

/* The directory that holds @path; implied, with all above it, where it is missing. Siblings come one after the other, so
 * the last answer is tried first. */
static gboolean
find_parent(Tree *tree, const char *path, guint32 origin, guint32 *parent, GError **error)
{
  gsize length = parent_length(path, strlen(path));
  const Entry *last = tree->items[tree->last_parent].node.entry;
  if (last != NULL && last->type == ENTRY_DIRECTORY && strncmp(last->path, path, length) == 0 && last->path[length] == '\0') {
    *parent = tree->last_parent;
    return TRUE;
  }
  guint32 number;
  gsize there = length;
  while ((number = find(tree, path, there, hash_path(tree, path, there))) == NONE)
    there = parent_length(path, there);
  if (tree->items[number].node.entry->type != ENTRY_DIRECTORY)
    return refuse_parent(tree, number, path, error);
  while (there < length) {
    gsize from = there > 0 ? there + 1 : 0;
    there = from + strcspn(path + from, "/");
    number = imply_directory(tree, path, there, hash_path(tree, path, there), number, origin);
  }
  *parent = tree->last_parent = number;
  return TRUE;
}

/* ---- the public face ---- */

Tree *
tree_new(void)
{
  Tree *tree = g_new0(Tree, 1);
  tree->first_free = NONE;
  tree->seed = (guint64)g_random_int() << 32 | g_random_int();
  tree->packs = g_ptr_array_new_with_free_func((GDestroyNotify)pack_unref);
  tree->kept = g_ptr_array_new_with_free_func(g_free);
  tree->arena = g_ptr_array_new_with_free_func(g_free);
  make_slots(tree, 4096);
  imply_directory(tree, "", 0, hash_path(tree, "", 0), NONE, NONE);
  return tree;
}

void
tree_free(Tree *tree)
{
  g_free(tree->items);
  g_free(tree->slots);
  g_ptr_array_unref(tree->kept);
  g_ptr_array_unref(tree->packs);
  g_ptr_array_unref(tree->arena);
  g_free(tree);
}

guint
tree_add_pack(Tree *tree, Pack *pack)
{
  g_ptr_array_add(tree->packs, pack_ref(pack));
  g_ptr_array_add(tree->kept, g_malloc0(pack_n_entries(pack) / 8 + 1));
  return tree->packs->len - 1;
}

Pack *
tree_pack(const Tree *tree, guint number)
{
  return tree->packs->pdata[number];
}

guint
tree_n_packs(const Tree *tree)
{
  return tree->packs->len;
}

const TreeNode *
tree_lookup(const Tree *tree, const char *path)
{
  gsize length = strlen(path);
  guint32 number = find(tree, path, length, hash_path(tree, path, length));
  return number == NONE ? NULL : &tree->items[number].node;
}

static gboolean
may_replace(const Item *item, const Entry *entry, GError **error)
{
  if (item->node.entry->type != ENTRY_DIRECTORY || entry->type == ENTRY_DIRECTORY)
    return TRUE;
  if (item->first_child == NONE && entry->path[0] != '\0')
    return TRUE;
  g_autofree char *shown = g_strescape(entry->path, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS, "'/%s' is a directory that is not empty, and cannot become a file",
              shown);
  return FALSE;
}

/* Puts @node at the path of its entry. */
static gboolean
place(Tree *tree, const TreeNode *node, GError **error)
{
  const Entry *entry = node->entry;
  gsize length = strlen(entry->path);
  guint32 hash = hash_path(tree, entry->path, length);
  guint32 at = find(tree, entry->path, length, hash);
  guint32 parent = NONE;
  if (at != NONE ? !may_replace(&tree->items[at], entry, error) : !find_parent(tree, entry->path, node->pack, &parent, error))
    return FALSE;
  if (at == NONE) {
    add_item(tree, node, hash, parent, node->pack);
  } else {
    set_kept(tree, &tree->items[at].node, FALSE);
    tree->items[at].node = *node;
    tree->items[at].origin = node->pack;
  }
  set_kept(tree, node, TRUE);
  return TRUE;
}

gboolean
tree_insert(Tree *tree, guint number, guint index, GError **error)
{
  const Entry *entry = pack_entry(tree->packs->pdata[number], index);
  TreeNode node = {entry, number, index};
  if (entry->type == ENTRY_DIRECTORY)
    node.entry = new_directory(tree, entry->path, entry);
  return place(tree, &node, error);
}

gboolean
tree_link(Tree *tree, const char *path, guint number, guint index, GError **error)
{
  const Entry *file = pack_entry(tree->packs->pdata[number], index);
  Entry *own = arena_take(tree, sizeof *own);
  *own = *file;
  own->path = arena_string(tree, path, strlen(path));
  own->target = file->path;
  own->type = ENTRY_HARDLINK;
  own->size = 0;
  memset(&own->digest, 0, sizeof own->digest);
  return place(tree, &(TreeNode){own, number, index}, error);
}

void
tree_set_directory(Tree *tree, const Entry *entry)
{
  gsize length = strlen(entry->path);
  guint32 at = find(tree, entry->path, length, hash_path(tree, entry->path, length));
  if (at == NONE || tree->items[at].node.entry->type != ENTRY_DIRECTORY)
    return;
  Item *item = &tree->items[at];
  Entry *own = new_directory(tree, item->node.entry->path, entry);
  own->xattrs = copy_xattrs(tree, entry);
  set_kept(tree, &item->node, FALSE);
  item->node = (TreeNode){own, TREE_NO_PACK, 0};
}

/* Drops all below @top, leaves first, without recursion: a path may have two thousand components. */
static void
drop_children(Tree *tree, guint32 top)
{
  guint32 at = top;
  while (tree->items[top].first_child != NONE) {
    while (tree->items[at].first_child != NONE)
      at = tree->items[at].first_child;
    guint32 parent = tree->items[at].parent;
    unlink_item(tree, at);
    drop_item(tree, at);
    at = parent;
  }
}

gboolean
tree_remove(Tree *tree, const char *path)
{
  gsize length = strlen(path);
  guint32 at = find(tree, path, length, hash_path(tree, path, length));
  if (at == NONE)
    return FALSE;
  drop_children(tree, at);
  tree->last_parent = 0;
  if (at == 0) /* the root itself stays */
    return TRUE;
  unlink_item(tree, at);
  drop_item(tree, at);
  return TRUE;
}

/* All names in one folder share the path before them, so comparing whole paths orders by name, later names first. */
static int
compare_later_first(gconstpointer a, gconstpointer b, gpointer data)
{
  const Tree *tree = data;
  const Item *x = &tree->items[*(const guint32 *)a], *y = &tree->items[*(const guint32 *)b];
  gsize skip = strlen(tree->items[x->parent].node.entry->path);
  return strcmp(y->node.entry->path + skip, x->node.entry->path + skip);
}

static void
push_children(const Tree *tree, guint32 number, GArray *stack)
{
  guint before = stack->len;
  for (guint32 child = tree->items[number].first_child; child != NONE; child = tree->items[child].next)
    g_array_append_val(stack, child);
  if (stack->len - before > 1)
    g_qsort_with_data(stack->data + before * sizeof number, (int)(stack->len - before), sizeof number, compare_later_first,
                      (gpointer)tree);
}

GPtrArray *
tree_nodes(const Tree *tree)
{
  GPtrArray *nodes = g_ptr_array_sized_new(tree->size);
  g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(guint32));
  guint32 number = 0;
  g_array_append_val(stack, number);
  while (stack->len > 0) {
    number = g_array_index(stack, guint32, stack->len - 1);
    g_array_set_size(stack, stack->len - 1);
    g_ptr_array_add(nodes, &tree->items[number].node);
    push_children(tree, number, stack);
  }
  return nodes;
}

GPtrArray *
tree_children(const Tree *tree, const char *path)
{
  GPtrArray *nodes = g_ptr_array_new();
  g_autoptr(GArray) children = g_array_new(FALSE, FALSE, sizeof(guint32));
  gsize length = strlen(path);
  guint32 at = find(tree, path, length, hash_path(tree, path, length));
  if (at != NONE)
    push_children(tree, at, children);
  for (guint i = children->len; i-- > 0;) /* they are pushed later names first */
    g_ptr_array_add(nodes, &tree->items[g_array_index(children, guint32, i)].node);
  return nodes;
}

guint
tree_size(const Tree *tree)
{
  return tree->size;
}

/* ---- what a layer needs ---- */

const guint8 *
tree_kept(const Tree *tree, guint number)
{
  return tree->kept->pdata[number];
}

/* @number, a directory, and all above it go into @found, once each (@seen: one byte an item). */
static void
mark_directory(const Tree *tree, guint32 number, guint8 *seen, GPtrArray *found)
{
  for (; number != NONE && !seen[number]; number = tree->items[number].parent) {
    seen[number] = TRUE;
    g_ptr_array_add(found, (gpointer)tree->items[number].node.entry);
  }
}

static void
mark_pack(const Tree *tree, guint number, guint8 *seen, GPtrArray *found)
{
  const Pack *pack = tree->packs->pdata[number];
  const guint8 *kept = tree->kept->pdata[number];
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const Entry *entry = pack_entry(pack, i);
    if (entry->type != ENTRY_DIRECTORY && !(kept[i / 8] & 1u << i % 8))
      continue;
    gsize length = strlen(entry->path);
    guint32 at = find(tree, entry->path, length, hash_path(tree, entry->path, length));
    if (at == NONE)
      continue;
    gboolean directory = tree->items[at].node.entry->type == ENTRY_DIRECTORY;
    mark_directory(tree, directory ? at : tree->items[at].parent, seen, found);
  }
}

static int
compare_entries(gconstpointer a, gconstpointer b)
{
  return entry_path_compare((*(const Entry *const *)a)->path, (*(const Entry *const *)b)->path);
}

GPtrArray *
tree_layer_directories(const Tree *tree, const guint *numbers, guint n, const char *const *paths, guint n_paths)
{
  GPtrArray *found = g_ptr_array_new();
  g_autofree guint8 *seen = g_malloc0(tree->n_items);
  g_autofree guint8 *wanted = g_malloc0(tree->packs->len + 1);
  for (guint i = 0; i < n; i++) {
    wanted[numbers[i]] = TRUE;
    mark_pack(tree, numbers[i], seen, found);
  }
  for (guint i = 0; i < n_paths; i++) {
    gsize length = strlen(paths[i]);
    guint32 at = find(tree, paths[i], length, hash_path(tree, paths[i], length));
    if (at != NONE && tree->items[at].node.entry->type == ENTRY_DIRECTORY)
      mark_directory(tree, at, seen, found);
  }
  /* Directories that one of the packs implied and that are empty by now. */
  for (guint32 i = 0; i < tree->n_items; i++) {
    const Item *item = &tree->items[i];
    if (item->node.entry != NULL && item->node.entry->type == ENTRY_DIRECTORY && item->origin != NONE && wanted[item->origin])
      mark_directory(tree, i, seen, found);
  }
  g_ptr_array_sort(found, compare_entries);
  return found;
}
