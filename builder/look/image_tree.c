/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/image_tree.h"
#include "builder/oci/layer_packs.h"

Tree *
image_tree_new(Store *store, const Subject *image, Progress *progress, GCancellable *cancellable, GError **error)
{
  const LayerPacksOptions options = {image->label, progress, cancellable};
  g_autoptr(GArray) packs = layer_packs_obtain(store, image->image->blobs, image->manifest, &options, error);
  g_autoptr(Tree) tree = tree_new();
  if (packs != NULL && layer_packs_lay(packs, tree, error))
    return g_steal_pointer(&tree);
  g_prefix_error(error, "'%s': ", image->label);
  return NULL;
}
