/* SPDX-License-Identifier: Apache-2.0
 *
 * What a layer needs to know of a pack beyond pack.h: its frames, and where in them each member lies.
 */
#ifndef ASHLAR_ROOTFS_PACK_PRIVATE_H
#define ASHLAR_ROOTFS_PACK_PRIVATE_H

#include "rootfs/codec.h"
#include "rootfs/pack.h"

#define PACK_NO_ENTRY G_MAXUINT32

typedef struct {
  const guint8 *data; /* compressed, in the pack's mapping */
  gsize size;
  guint64 tar_offset;
  guint tar_size; /* 1 ... PACK_FRAME_SIZE */
} PackFrame;

guint pack_n_frames(const Pack *pack);
PackFrame pack_frame(const Pack *pack, guint number);
/* The number of the frame that holds byte @tar_offset (below pack_tar_size) of the tar stream. */
guint pack_frame_at(const Pack *pack, guint64 tar_offset);
/* Decompresses a frame into @out, which has its tar_size bytes; ASHLAR_ERROR_VERIFY naming the pack when it is damaged. */
gboolean pack_frame_decode(const Pack *pack, guint number, Codec *codec, guint8 *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whoever is done with frames for good gives the whole pages that they cover back (the one they begin in too): a mapped pack that
 * was read counts as memory of ours, though it is the kernel's cache. Who reads there again only maps it again. */
void pack_release(const guint8 *data, gsize size);

/* Entry @i: where its member starts in the tar stream, the size of its headers and of all of it (0 for directories). */
guint64 pack_member_offset(const Pack *pack, guint i);
guint pack_header_size(const Pack *pack, guint i);
guint64 pack_member_size(const Pack *pack, guint i);
/* zstd:chunked: of a file's content its CRC-64, and the digest of chunk @k when it has more than one (else NULL). */
guint64 pack_crc64(const Pack *pack, guint i);
const Digest *pack_chunk_digest(const Pack *pack, guint i, guint64 k);

#endif
