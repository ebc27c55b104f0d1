/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes: generated files, links and directories above a tree, in memory until they become a pack of their own. What is put
 * later replaces what was put before; everything can be read back, so that a file can be added to piece by piece.
 *
 *   g_autoptr(Changes) changes = changes_new(tree);
 *   changes_put_text(changes, "etc/motd", "hello\n") ...
 *   changes_to_pack(changes, store, PACK_ZSTD, epoch, &digest, error)
 *   (then the caller opens the pack and inserts all its entries into the tree, replacing what is there)
 *
 * Paths are spelled as Entry.path; a parent that is a symlink (in the changes or in the tree) is followed, the last
 * component is not.
 */
#ifndef ASHLAR_ROOTFS_CHANGES_H
#define ASHLAR_ROOTFS_CHANGES_H

#include "rootfs/tree.h"

typedef struct Changes Changes;

/* @below (borrowed, may be NULL) must live as long as the changes; it is only looked at. */
Changes *changes_new(const Tree *below);
void changes_free(Changes *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Changes, changes_free)

void changes_put_file(Changes *changes, const char *path, guint32 mode, guint32 uid, guint32 gid, GBytes *content);
/* A file of root with mode 0644. */
void changes_put_text(Changes *changes, const char *path, const char *text);
/* Adds to the file at @path (in the changes, else in the tree, else a new one as by changes_put_text); FALSE when the file
 * that is there cannot be read. */
gboolean changes_append_text(Changes *changes, const char *path, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void changes_put_symlink(Changes *changes, const char *path, const char *target);
void changes_put_directory(Changes *changes, const char *path, guint32 mode, guint32 uid, guint32 gid);
/* A copy of @entry at @path, whatever its type but a hardlink; @content (a file's only) is what it holds. */
void changes_put_copy(Changes *changes, const char *path, const Entry *entry, GBytes *content);
/* Forgets what was put at @path; what the tree has there shows again. */
void changes_drop(Changes *changes, const char *path);

/* Forgets what was put where the tree has just the same already: content, attributes, a link's target. */
void changes_drop_same(Changes *changes);

/* What is at exactly @path, in the changes, else in the tree; NULL: nothing. */
const Entry *changes_lookup(const Changes *changes, const char *path);
/* As tree_resolve, over both. */
char *changes_resolve(const Changes *changes, const char *path);
/* The content of the file that @path leads to. */
GBytes *changes_read(const Changes *changes, const char *path, gsize max, GError **error);
/* Names of what lies directly in the folder that @path leads to, in byte order: NULL-terminated (transfer full). */
char **changes_list(const Changes *changes, const char *path);
/* Number of things put. */
guint changes_size(const Changes *changes);

/* One pack of all, in the order of entry_path_compare, every mtime @epoch; @writer's other members and metadata are the
 * caller's business. */
gboolean changes_write(const Changes *changes, PackWriter *writer, gint64 epoch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean changes_to_pack(const Changes *changes, Store *store, PackEncoding encoding, gint64 epoch, Digest *out,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
