/* SPDX-License-Identifier: Apache-2.0
 *
 * The compressors of packs and layers. A frame (a gzip member, a zstd frame) is compressed in one go with fixed parameters,
 * so that its bytes are a function of its content and of the library's version alone. A Codec belongs to one thread at a
 * time; making one is dear, using it again is cheap: whoever has no reason to own one takes that of its thread.
 */
#ifndef ASHLAR_ROOTFS_CODEC_H
#define ASHLAR_ROOTFS_CODEC_H

#include "rootfs/pack.h"

typedef struct Codec Codec;
Codec *codec_new(PackEncoding encoding);
void codec_free(Codec *codec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Codec, codec_free)
/* The calling thread's own (borrowed), kept until the thread ends. */
Codec *codec_of_thread(PackEncoding encoding);

/* Room that a frame of @size bytes needs at most. */
gsize codec_bound(Codec *codec, gsize size);
/* Compresses into @out, which has codec_bound(@size) bytes; returns the size of the frame. Cannot fail: a library that
 * runs out of memory ends the program, as GLib's allocations do. */
gsize codec_compress(Codec *codec, const void *data, gsize size, void *out);
/* Decompresses a frame that must be whole and give exactly @out_size bytes; FALSE when it is damaged. */
gboolean codec_decompress(Codec *codec, const void *frame, gsize frame_size, void *out,
                          gsize out_size) G_GNUC_WARN_UNUSED_RESULT;

#endif
