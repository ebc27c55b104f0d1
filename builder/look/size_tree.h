/* SPDX-License-Identifier: Apache-2.0
 *
 * What takes the space: files added up by folder, or first by group (package) and then by folder, and cut down to as many nodes
 * as a picture can show. The heaviest nodes are opened first; what is too light to be seen stands together as "others".
 * Folders that hold nothing but one folder are one node with it ("usr/lib"). Equal items give equal trees.
 */
#ifndef ASHLAR_LOOK_SIZE_TREE_H
#define ASHLAR_LOOK_SIZE_TREE_H

#include <glib.h>

typedef struct {
  const char *path; /* "usr/bin/env"; must live as long as the tree is being made */
  guint64 bytes;
} SizeItem;

/* Items that belong together: @n of them from @first on, sorted by entry_path_compare. */
typedef struct {
  const char *name;
  guint first, n;
} SizeGroup;

typedef struct {
  guint most_nodes;    /* of the whole tree */
  guint most_children; /* of one node, "others" not counted */
  guint least_part;    /* a node lighter than this part of the whole, 1/N, goes to the others */
} SizeLimits;

typedef struct SizeNode SizeNode;
struct SizeNode {
  char *name;          /* beside its siblings: "usr/lib", "libc.so.6"; "12 others" */
  char *path;          /* in full, "/usr/lib"; of a group its name; NULL for others */
  guint64 bytes;       /* of all below */
  guint files;         /* of all below */
  guint colour;        /* 1 to SIZE_COLOURS, the same for all of a large part of the whole; 0: of none */
  GPtrArray *children; /* SizeNode*, the heaviest first; NULL for a file, and for what was not opened */
};

#define SIZE_COLOURS 10

/* All by folder; @items is sorted by entry_path_compare. */
SizeNode *size_tree_by_folder(const SizeItem *items, guint n, const SizeLimits *limits);
/* First by group, then by folder. */
SizeNode *size_tree_by_group(const SizeItem *items, const SizeGroup *groups, guint n_groups, const SizeLimits *limits);
void size_node_free(SizeNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SizeNode, size_node_free)

#endif
