/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree.h"
#include "rootfs/pack_private.h"

#include <string.h>

/* With its end, so that no two lists of texts give the same bytes. */
static void
add_text(Hasher *hasher, const char *text)
{
  hasher_update(hasher, text, strlen(text) + 1);
}

static void
add_numbers(Hasher *hasher, const Entry *entry)
{
  const guint64 numbers[] = {entry->type,  entry->mode,           entry->uid,  entry->gid,     entry->major,
                             entry->minor, (guint64)entry->mtime, entry->size, entry->n_xattrs};
  guint64 wire[G_N_ELEMENTS(numbers)];
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    wire[i] = GUINT64_TO_LE(numbers[i]);
  hasher_update(hasher, wire, sizeof wire);
}

static void
add_xattrs(Hasher *hasher, const Entry *entry)
{
  for (guint i = 0; i < entry->n_xattrs; i++) {
    const Xattr *xattr = &entry->xattrs[i];
    guint64 size = GUINT64_TO_LE((guint64)xattr->size);
    add_text(hasher, xattr->name);
    hasher_update(hasher, &size, sizeof size);
    hasher_update(hasher, xattr->value, xattr->size);
  }
}

void
tree_digest(const Tree *tree, Digest *out)
{
  g_autoptr(Hasher) hasher = hasher_new();
  g_autoptr(GPtrArray) nodes = tree_nodes(tree);
  for (guint i = 0; i < nodes->len; i++) {
    const TreeNode *node = nodes->pdata[i];
    const Entry *entry = node->entry;
    add_text(hasher, entry->path);
    add_text(hasher, entry->target != NULL ? entry->target : "");
    add_numbers(hasher, entry);
    /* the content of a link whose file is gone is nowhere else */
    if (entry->type == ENTRY_HARDLINK) {
      const Pack *pack = tree_pack(tree, node->pack);
      entry = pack_entry(pack, pack_file(pack, node->index));
    }
    hasher_update(hasher, &entry->digest, sizeof entry->digest);
    add_xattrs(hasher, entry);
  }
  hasher_finish(hasher, out);
}
