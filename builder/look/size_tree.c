/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/size_tree.h"

#include <string.h>

/* A part is told by a colour of its own unless it is more than 1/2 of the whole: then its parts are. */
#define COLOUR_PART 2
/* All but 1/N of something. */
#define NEARLY_ALL 12

/* A node while the tree is made. */
typedef struct {
  SizeNode node; /* first: the tree is handed out as these */
  guint first, n;
  gsize prefix;    /* bytes of its items' paths that they have in common, up to a '/' */
  gboolean folder; /* there is something to tell apart in it: it is no file, nor two by one name */
  gsize shown;     /* bytes of them that its children's names leave out: as many, or none for a group */
} Part;

typedef struct {
  const SizeItem *items;
  const SizeLimits *limits;
  GPtrArray *closed; /* Part*, that could be opened */
  guint64 whole;
  guint nodes;
} Maker;

void
size_node_free(SizeNode *node)
{
  g_free(node->name);
  g_free(node->path);
  if (node->children != NULL)
    g_ptr_array_unref(node->children);
  g_free(node);
}

static void
node_free(gpointer node)
{
  size_node_free(node);
}

/* The length of the folders that all items of @part are below, with the '/': sorted as they are, the first and last tell. */
static gsize
common_prefix(const Maker *maker, const Part *part)
{
  const char *a = maker->items[part->first].path, *b = maker->items[part->first + part->n - 1].path;
  gsize length = 0;
  for (gsize i = 0; a[i] != '\0' && a[i] == b[i]; i++)
    if (a[i] == '/')
      length = i + 1;
  return length;
}

/* A node for @n items; @name is taken over. */
static Part *
part_new(Maker *maker, guint first, guint n, char *name, char *path)
{
  Part *part = g_new0(Part, 1);
  part->node.name = name;
  part->node.path = path;
  part->node.files = n;
  part->first = first;
  part->n = n;
  for (guint i = first; i < first + n; i++)
    part->node.bytes += maker->items[i].bytes;
  part->prefix = n > 0 ? common_prefix(maker, part) : 0;
  part->shown = part->prefix;
  return part;
}

/* How many items from @first on, below @end, have the same next component behind @prefix. */
static guint
same_component(const Maker *maker, guint first, guint end, gsize prefix)
{
  const char *path = maker->items[first].path;
  gsize length = strcspn(path + prefix, "/") + prefix;
  guint n = 1;
  while (first + n < end && strncmp(maker->items[first + n].path, path, length) == 0 &&
         (maker->items[first + n].path[length] == '/' || maker->items[first + n].path[length] == '\0'))
    n++;
  return n;
}

/* A child of @parent, that lies in @folder. */
static Part *
child_new(Maker *maker, const Part *parent, const Part *folder, guint first, guint n)
{
  Part *child = part_new(maker, first, n, NULL, NULL);
  const char *path = maker->items[first].path;
  child->folder = n > 1 && child->prefix > folder->prefix;
  gsize end = child->folder ? child->prefix - 1 : strlen(path);
  const char *slash = parent->shown == 0 ? "/" : "";
  child->node.name = g_strdup_printf("%s%.*s", slash, (int)(end - parent->shown), path + parent->shown);
  child->node.path = g_strdup_printf("/%.*s", (int)end, path);
  return child;
}

static gint
heavier_first(gconstpointer a, gconstpointer b)
{
  const Part *x = *(Part *const *)a, *y = *(Part *const *)b;
  if (x->node.bytes != y->node.bytes)
    return x->node.bytes > y->node.bytes ? -1 : 1;
  return x->first < y->first ? -1 : x->first > y->first;
}

/* Makes one node of the children of @part that are too light or too many; one alone stays what it is. */
static void
gather_others(Maker *maker, Part *part)
{
  GPtrArray *children = part->node.children;
  guint keep = 0;
  while (keep < MIN(children->len, maker->limits->most_children) &&
         ((Part *)children->pdata[keep])->node.bytes >= maker->whole / maker->limits->least_part)
    keep++;
  if (children->len - keep < 2)
    return;
  Part *others = g_new0(Part, 1);
  for (guint i = keep; i < children->len; i++) {
    const SizeNode *child = children->pdata[i];
    others->node.bytes += child->bytes;
    others->node.files += child->files;
  }
  others->node.name = g_strdup_printf("%u others", children->len - keep);
  others->first = G_MAXUINT;
  g_ptr_array_set_size(children, (gint)keep);
  g_ptr_array_add(children, others);
  g_ptr_array_sort(children, heavier_first);
}

/* The children of @part stand, the heaviest first: they are cut down to those that can be seen, of which @groups and folders may be opened later. */
static void
take_children(Maker *maker, Part *part, gboolean groups)
{
  gather_others(maker, part);
  maker->nodes += part->node.children->len;
  for (guint i = 0; i < part->node.children->len; i++) {
    Part *child = part->node.children->pdata[i];
    if (groups ? child->n > 0 : child->folder)
      g_ptr_array_add(maker->closed, child);
  }
}

/* Adds the children that @folder's items make to those of @part: @folder itself or a folder in it. */
static void
add_children(Maker *maker, Part *part, const Part *folder)
{
  for (guint i = folder->first, n; i < folder->first + folder->n; i += n) {
    n = same_component(maker, i, folder->first + folder->n, folder->prefix);
    g_ptr_array_add(part->node.children, child_new(maker, part, folder, i, n));
  }
  g_ptr_array_sort(part->node.children, heavier_first);
}

/* A child that is nearly all of its parent says nothing that the parent did not say: its own children stand in its place. */
static gboolean
is_nearly_all(const Part *part, const Part *child)
{
  return child->folder && child->node.bytes > part->node.bytes - part->node.bytes / NEARLY_ALL;
}

static void
open_part(Maker *maker, Part *part)
{
  GPtrArray *children = part->node.children = g_ptr_array_new_with_free_func(node_free);
  add_children(maker, part, part);
  while (children->len > 0 && is_nearly_all(part, children->pdata[0])) {
    g_autoptr(SizeNode) dissolved = g_ptr_array_steal_index(children, 0);
    add_children(maker, part, (const Part *)dissolved);
  }
  take_children(maker, part, FALSE);
}

/* Opens parts, the heaviest first, until there are nodes enough or all that can be seen is open. */
static void
open_heaviest(Maker *maker)
{
  while (maker->closed->len > 0 && maker->nodes < maker->limits->most_nodes) {
    guint heaviest = 0;
    for (guint i = 1; i < maker->closed->len; i++)
      if (heavier_first(&maker->closed->pdata[i], &maker->closed->pdata[heaviest]) < 0)
        heaviest = i;
    open_part(maker, g_ptr_array_steal_index(maker->closed, heaviest));
  }
}

/* ---- colours ---- */

static void
paint(SizeNode *node, guint colour)
{
  node->colour = colour;
  for (guint i = 0; node->children != NULL && i < node->children->len; i++)
    paint(node->children->pdata[i], colour);
}

static gboolean
is_told_further(const SizeNode *root, const SizeNode *part)
{
  return part->children != NULL && part->children->len > 1 && part->bytes >= root->bytes / COLOUR_PART;
}

/* The heaviest parts get a colour each, beginning with the children of the whole; a part that outweighs all else is told apart
 * further. */
static void
colour(SizeNode *root)
{
  g_autoptr(GPtrArray) parts = g_ptr_array_new();
  g_ptr_array_extend(parts, root->children, NULL, NULL);
  g_ptr_array_sort(parts, heavier_first);
  while (parts->len > 0 && is_told_further(root, parts->pdata[0])) {
    const SizeNode *first = g_ptr_array_steal_index(parts, 0);
    g_ptr_array_extend(parts, first->children, NULL, NULL);
    g_ptr_array_sort(parts, heavier_first);
  }
  guint number = 0;
  for (guint i = 0; i < parts->len && number < SIZE_COLOURS; i++) {
    SizeNode *node = parts->pdata[i];
    if (node->path != NULL)
      paint(node, ++number);
  }
}

/* ---- making ---- */

static SizeNode *
finish(Maker *maker, Part *root)
{
  open_heaviest(maker);
  g_ptr_array_unref(maker->closed);
  colour(&root->node);
  return &root->node;
}

SizeNode *
size_tree_by_folder(const SizeItem *items, guint n, const SizeLimits *limits)
{
  Maker maker = {.items = items, .limits = limits, .closed = g_ptr_array_new()};
  Part *root = part_new(&maker, 0, n, g_strdup("/"), g_strdup("/"));
  root->shown = 0;
  maker.whole = root->node.bytes;
  open_part(&maker, root);
  return finish(&maker, root);
}

SizeNode *
size_tree_by_group(const SizeItem *items, const SizeGroup *groups, guint n_groups, const SizeLimits *limits)
{
  Maker maker = {.items = items, .limits = limits, .closed = g_ptr_array_new()};
  Part *root = part_new(&maker, 0, 0, g_strdup("/"), g_strdup("/"));
  root->node.children = g_ptr_array_new_with_free_func(node_free);
  for (guint i = 0; i < n_groups; i++) {
    Part *part = part_new(&maker, groups[i].first, groups[i].n, g_strdup(groups[i].name), g_strdup(groups[i].name));
    part->shown = 0;
    root->node.bytes += part->node.bytes;
    root->node.files += part->n;
    g_ptr_array_add(root->node.children, part);
  }
  maker.whole = root->node.bytes;
  g_ptr_array_sort(root->node.children, heavier_first);
  take_children(&maker, root, TRUE);
  return finish(&maker, root);
}
