/* SPDX-License-Identifier: Apache-2.0
 *
 * An in-memory filesystem: paths -> entries whose content lies in packs. Merging packs is inserting their entries; who wins
 * a path is the caller's rule. Knows which entries of each pack are still reachable, which is what a layer splices. A tree
 * may be read by many threads while none changes it.
 */
#ifndef ASHLAR_ROOTFS_TREE_H
#define ASHLAR_ROOTFS_TREE_H

#include "rootfs/layer.h"

typedef struct Tree Tree;

typedef struct {
  const Entry *entry;
  guint pack;  /* the pack's number in the tree; TREE_NO_PACK for a directory that was only implied or overridden */
  guint index; /* of the entry in its pack; of one that tree_link made, the file's */
} TreeNode;
#define TREE_NO_PACK G_MAXUINT

/* An empty tree: only the root directory "", which is always there (and counted by tree_size). */
Tree *tree_new(void);
void tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)

/* Makes @pack known (a reference is taken) and returns its number: 0, 1, 2 ... Inserts nothing yet. */
guint tree_add_pack(Tree *tree, Pack *pack);
Pack *tree_pack(const Tree *tree, guint number);
guint tree_n_packs(const Tree *tree);

/* The node at exactly @path (no symlink is followed), or NULL. Valid until the tree is changed. */
const TreeNode *tree_lookup(const Tree *tree, const char *path);
/* Puts entry @index of pack @number at its path, replacing what is there (a directory that is replaced by something else
 * must be empty: else FALSE, ASHLAR_ERROR_EXISTS). Missing parents are implied as root-owned 0755 directories; a directory
 * over a directory changes its attributes. A parent that is no directory is an error naming both. The entry of a directory's
 * node is the tree's own, with mtime 0. */
gboolean tree_insert(Tree *tree, guint number, guint index, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Puts a further name of file @index of pack @number at @path, in the same way: a hardlink of another pack than the file, as a layer
 * has that is laid over others. */
gboolean tree_link(Tree *tree, const char *path, guint number, guint index, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Overrides the attributes of a directory that is there (the strings of @entry are copied); else does nothing. */
void tree_set_directory(Tree *tree, const Entry *entry);
/* Removes @path and all below it (of "" all below the root); FALSE when nothing is there. */
gboolean tree_remove(Tree *tree, const char *path);

/* All nodes in the order of entry_path_compare (transfer container). */
GPtrArray *tree_nodes(const Tree *tree);
guint tree_size(const Tree *tree);
/* The nodes directly in the folder at @path, by name (transfer container); empty where there is none. */
GPtrArray *tree_children(const Tree *tree, const char *path);

/* Where @path leads when every symlink on the way (and at its end) is followed inside the root, or NULL when it leads
 * nowhere (transfer full). */
char *tree_resolve(const Tree *tree, const char *path);
/* The same over anything that can look a path up. */
typedef const Entry *(*TreeLookup)(gconstpointer data, const char *path);
char *tree_resolve_through(TreeLookup lookup, gconstpointer data, const char *path);
/* The content of the file that @path leads to. */
GBytes *tree_read(const Tree *tree, const char *path, gsize max, GError **error);

/* A digest of all that is in the tree: paths, attributes, times, contents; not of how it is packed. */
void tree_digest(const Tree *tree, Digest *out);

/* Which entries of pack @number are in the tree, as LayerPart.kept wants it (valid until the tree is changed). */
const guint8 *tree_kept(const Tree *tree, guint number);
/* The directories that a layer made of @numbers must hold: all ancestors of its kept members, directories that those packs
 * brought or implied, and the directories at @paths with their ancestors (transfer container; elements belong to the tree).
 * Attributes are the merged tree's, mtime 0. */
GPtrArray *tree_layer_directories(const Tree *tree, const guint *numbers, guint n, const char *const *paths, guint n_paths);

#endif
