/* SPDX-License-Identifier: Apache-2.0
 *
 * All layers of an image as packs, and the tree that they come to.
 */
#ifndef ASHLAR_OCI_LAYER_PACKS_H
#define ASHLAR_OCI_LAYER_PACKS_H

#include "builder/oci/layer_pack.h"
#include "builder/oci/open.h"
#include "builder/progress/progress.h"

typedef struct {
  const char *name; /* of the image, as people know it */
  Progress *progress;
  GCancellable *cancellable;
} LayerPacksOptions;

/* LayerPack, one for each layer of @manifest, the lowest first (transfer full). Those that @store has not unpacked yet are unpacked out of
 * @blobs, on all cores; what another thread is about to unpack is waited for. */
GArray *layer_packs_obtain(Store *store, Blobs *blobs, const OciManifest *manifest, const LayerPacksOptions *options,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Lays all of them into the empty @tree: its packs 0, 1, 2 ... */
gboolean layer_packs_lay(const GArray *packs, Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
