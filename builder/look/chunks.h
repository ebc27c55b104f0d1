/* SPDX-License-Identifier: Apache-2.0
 *
 * What of a zstd:chunked layer has to be pulled by a client that fetches single files: it reads the layer's table of contents
 * first, and then the content that it has nowhere. As podman does with containers/storage's pkg/chunked.
 */
#ifndef ASHLAR_LOOK_CHUNKS_H
#define ASHLAR_LOOK_CHUNKS_H

#include "builder/oci/blobs.h"

/* Of @layer, by a client that has files with the digests @known (Digest*, a set), its tables among it: FALSE where no table
 * of contents can be read, and the client must pull all of it. */
gboolean chunks_to_pull(Blobs *blobs, const Descriptor *layer, GHashTable *known, guint64 *bytes);

#endif
