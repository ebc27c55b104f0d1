/* SPDX-License-Identifier: Apache-2.0
 *
 * A layer that somebody made, unpacked once: its members as a pack, which a tree can be laid of. The store remembers the pack under
 * the layer's digest. What a hostile layer may try is refused by name: paths that climb, members below what is no folder,
 * hardlinks to what is no file, before them or in a layer below, bombs, and bytes that are not those of the diff ID. Of a member
 * that comes twice the last one counts. The layer itself is never written again: a pack of it is only for looking.
 */
#ifndef ASHLAR_OCI_LAYER_PACK_H
#define ASHLAR_OCI_LAYER_PACK_H

#include "builder/oci/blobs.h"
#include "rootfs/pack.h"
#include "rootfs/tree.h"

typedef struct {
  Pack *pack;
  Digest layer;
  guint64 tar_size; /* of the layer's tar */
  gboolean reused;  /* remembered from before */
} LayerPack;

/* @layer is one of @blobs, wherever these are, and its pack goes into @store. @diff_id: what the image's configuration says of the
 * layer; another is ASHLAR_ERROR_VERIFY; NULL: it says nothing. */
gboolean layer_pack_obtain(Store *store, Blobs *blobs, const Digest *layer, const Digest *diff_id, const Watch *watch,
                           GCancellable *cancellable, LayerPack *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void layer_pack_clear(LayerPack *pack);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LayerPack, layer_pack_clear)

/* Whether it was unpacked before. */
gboolean layer_pack_is_known(Store *store, const Digest *layer);

/* Lays the pack over what is in the @tree, whiteouts first; nothing of it is placed through a symlink. */
gboolean layer_pack_lay(const LayerPack *pack, Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
