/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/readers.h"
#include "signing/limits.h"

gboolean
read_tree(const Tree *tree, Reading *reading, GError **error)
{
  g_autoptr(GPtrArray) nodes = tree_nodes(tree);
  for (guint i = 0; i < nodes->len; i++) {
    const TreeNode *node = nodes->pdata[i];
    SubjectFile *file;
    if (!reading_add(reading, node->entry, &file, error))
      return FALSE;
    if (file == NULL)
      continue;
    file->has_digest = node->entry->type == ENTRY_FILE;
    if (!reading_wants(node->entry))
      continue;
    GBytes *content = pack_read(tree_pack(tree, node->pack), node->index, limits_get(LIMIT_DATABASE), error);
    if (content == NULL || !reading_keep(reading, file, content, error))
      return FALSE;
  }
  reading_finish(reading);
  return TRUE;
}
