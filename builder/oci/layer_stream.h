/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a layer blob, ours or anybody's: decompressed (none, gzip, zstd) as it is read, never as a whole in memory.
 */
#ifndef ASHLAR_OCI_LAYER_STREAM_H
#define ASHLAR_OCI_LAYER_STREAM_H

#include "builder/oci/blobs.h"

typedef struct LayerStream LayerStream;
/* @blobs is borrowed. Errors name the layer. */
LayerStream *layer_stream_new(Blobs *blobs, const Digest *layer, GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
void layer_stream_free(LayerStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerStream, layer_stream_free)
/* The next piece of the uncompressed tar (valid until the next call), its size: 0 at the end, -1 with @error set, which is so
 * beyond LIMIT_UNPACKED and LIMIT_RATIO too. A MemberSource: @stream is a LayerStream. */
gssize layer_stream_read(const void **piece, gpointer stream, GError **error);
/* Reads what is left of it; then the digest of the uncompressed tar, and its size. */
gboolean layer_stream_finish(LayerStream *stream, Digest *diff_id, guint64 *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All of that at once. */
gboolean layer_stream_diff_id(Blobs *blobs, const Digest *layer, GCancellable *cancellable, Digest *diff_id, guint64 *size,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
