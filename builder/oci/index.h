/* SPDX-License-Identifier: Apache-2.0
 *
 * The index of an image for several architectures (OCI image-spec, image-index.md).
 */
#ifndef ASHLAR_OCI_INDEX_H
#define ASHLAR_OCI_INDEX_H

#include "builder/oci/image.h"

/* Puts an index of @n manifests, in their order, into @blobs; its annotations are those of @spec (of which only the names,
 * the epoch, the labels and annotations count). */
gboolean index_write(Blobs *blobs, const ImageSpec *spec, const Descriptor *manifests, guint n, Descriptor *index,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
