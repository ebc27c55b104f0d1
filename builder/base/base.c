/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/base/base.h"
#include "signing/error.h"

#include <string.h>

void
base_free(Base *base)
{
  g_clear_pointer(&base->layers, g_array_unref);
  g_clear_pointer(&base->image, oci_image_free);
  g_free(base->from);
  g_free(base);
}

static gboolean
open_manifest(Store *store, const Digest *manifest, Base *base, GError **error)
{
  base->image = oci_image_open_stored(store, manifest, error);
  if (base->image == NULL)
    return FALSE;
  if (base->image->manifests->len == 1)
    base->manifest = base->image->manifests->pdata[0];
  if (base->manifest != NULL && base->manifest->config != NULL)
    return TRUE;
  base->manifest = NULL;
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "it is no image of one architecture");
  return FALSE;
}

Base *
base_open_stored(Store *store, const Digest *manifest, const char *from, const BaseOptions *options, GError **error)
{
  g_autoptr(Base) base = g_new0(Base, 1);
  base->from = g_strdup(from);
  const LayerPacksOptions unpacking = {from, options->progress, options->cancellable};
  if (open_manifest(store, manifest, base, error))
    base->layers = layer_packs_obtain(store, base->image->blobs, base->manifest, &unpacking, error);
  if (base->layers != NULL)
    return g_steal_pointer(&base);
  g_prefix_error(error, "base '%s': ", from);
  return NULL;
}

/* ---- the tree ---- */

gboolean
base_lay(const Base *base, Tree *tree, GError **error)
{
  if (layer_packs_lay(base->layers, tree, error))
    return TRUE;
  g_prefix_error(error, "base '%s': ", base->from);
  return FALSE;
}

static gboolean
is_below(const char *path, const char *folder)
{
  gsize length = strlen(folder);
  return strncmp(path, folder, length) == 0 && path[length] == '/';
}

static gboolean
same_attributes(const Entry *a, const Entry *b)
{
  return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && entry_same_xattrs(a, b);
}

static void
compare_trees(const Tree *before, const Tree *tree, BaseDifference *out)
{
  g_autoptr(GPtrArray) nodes = tree_nodes(before);
  const char *covered = NULL; /* all below it needs no word */
  for (guint i = 0; i < nodes->len; i++) {
    const Entry *was = ((const TreeNode *)nodes->pdata[i])->entry;
    if (covered != NULL && is_below(was->path, covered))
      continue;
    const TreeNode *node = tree_lookup(tree, was->path);
    gboolean folder = was->type == ENTRY_DIRECTORY;
    if (node == NULL)
      g_ptr_array_add(out->gone, g_strdup(was->path));
    else if (folder && node->entry->type == ENTRY_DIRECTORY && !same_attributes(was, node->entry))
      g_ptr_array_add(out->folders, (gpointer)node->entry);
    /* what takes the place of a folder hides all that was in it */
    if (node == NULL || (folder && node->entry->type != ENTRY_DIRECTORY))
      covered = was->path;
  }
}

gboolean
base_compare(const Base *base, const Tree *tree, BaseDifference *out, GError **error)
{
  out->gone = g_ptr_array_new_with_free_func(g_free);
  out->folders = g_ptr_array_new();
  g_autoptr(Tree) before = tree_new();
  if (!base_lay(base, before, error)) {
    base_difference_clear(out);
    return FALSE;
  }
  compare_trees(before, tree, out);
  return TRUE;
}

void
base_difference_clear(BaseDifference *difference)
{
  g_clear_pointer(&difference->gone, g_ptr_array_unref);
  g_clear_pointer(&difference->folders, g_ptr_array_unref);
}
