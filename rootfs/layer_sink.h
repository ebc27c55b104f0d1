/* SPDX-License-Identifier: Apache-2.0
 *
 * The lower end of layer_write: takes the tar stream and the frames it is compressed in, side by side, hashes the one and
 * writes the other. From the second megabyte on each is done by a thread of its own, while the caller decompresses or
 * compresses what comes next. A few batches of about a megabyte are in flight at most.
 */
#ifndef ASHLAR_ROOTFS_LAYER_SINK_H
#define ASHLAR_ROOTFS_LAYER_SINK_H

#include "rootfs/pack.h"
#include "rootfs/watch.h"

typedef struct LayerSink LayerSink;
/* @out is borrowed and must not be touched until layer_sink_finish or layer_sink_free. @watch (borrowed, or NULL) hears of both
 * kinds of work. */
LayerSink *layer_sink_new(StoreWriter *out, const Watch *watch);
/* Room for the next @size (at most PACK_FRAME_SIZE) bytes of the tar stream, which the caller fills at once. */
guint8 *layer_sink_tar(LayerSink *sink, gsize size);
/* The next frame of the blob. @data is @sink's to free where @owned; else it lies in a pack's mapping, which must live until the
 * sink is finished, and whose pages are given back (pack_release) when they are written. */
void layer_sink_frame(LayerSink *sink, const guint8 *data, gsize size, gboolean owned);
/* FALSE as soon as something could not be written: what is still to come would be for nothing. The sink can then only be
 * freed. */
gboolean layer_sink_check(LayerSink *sink, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How many bytes of each it was given. */
guint64 layer_sink_tar_size(const LayerSink *sink);
guint64 layer_sink_size(const LayerSink *sink);
/* Waits until all is hashed and written; @diff_id is the digest of the tar stream. The blob is the caller's to finish. */
gboolean layer_sink_finish(LayerSink *sink, Digest *diff_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void layer_sink_free(LayerSink *sink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerSink, layer_sink_free)

#endif
