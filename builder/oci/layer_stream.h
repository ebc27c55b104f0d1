/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a layer blob, ours or anybody's: decompressed (none, gzip, zstd) as it is read, never as a whole in memory.
 */
#ifndef ASHLAR_OCI_LAYER_STREAM_H
#define ASHLAR_OCI_LAYER_STREAM_H

#include "builder/oci/blobs.h"

/* The digest of the uncompressed tar, and its size. */
gboolean layer_stream_diff_id(Blobs *blobs, const Digest *layer, GCancellable *cancellable, Digest *diff_id, guint64 *size,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
