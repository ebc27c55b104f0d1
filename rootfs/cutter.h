/* SPDX-License-Identifier: Apache-2.0
 *
 * Cuts a stream of tar members into frames by the rule of its encoding (see pack.h). The writer of a pack and the layer
 * that compresses what is left of a frame again cut with the same knife.
 *
 *   cutter_member(cutter, class, header, size, content), cutter_data ... (all of the content), cutter_member ...
 *   cutter_flush
 *
 * Frames are large, and many: whoever is done with one gives it back (cutter_reuse), and the next is cut in its memory.
 */
#ifndef ASHLAR_ROOTFS_CUTTER_H
#define ASHLAR_ROOTFS_CUTTER_H

#include "rootfs/pack.h"

/* Takes over each finished frame; @payload when it holds content of one file only (zstd:chunked). */
typedef void (*CutterFrame)(GByteArray *frame, gboolean payload, gpointer data);

typedef struct {
  PackEncoding encoding;
  CutterFrame emit;
  gpointer data;
  GByteArray *pending;
  GPtrArray *idle; /* frames that were given back, or NULL */
  guint class;
  gboolean payload; /* pending holds content of one file only */
  guint64 content;  /* what is still to come of the member's content */
  guint padding;
  gboolean alone; /* the member shares its frames with no other */
} Cutter;

void cutter_init(Cutter *cutter, PackEncoding encoding, CutterFrame emit, gpointer data);
void cutter_clear(Cutter *cutter);
/* Begins a member of @class; its content of @content bytes follows by cutter_data, its padding is added. */
void cutter_member(Cutter *cutter, guint class, const GByteArray *header, guint64 content);
/* More of the content; never more than was announced. */
void cutter_data(Cutter *cutter, const void *data, gsize size);
/* Bytes of members that were cut before, as they are: at most PACK_FRAME_SIZE between two flushes make one frame. */
void cutter_bytes(Cutter *cutter, const void *data, gsize size);
/* Takes back a frame that was emitted, on the thread that cuts. */
void cutter_reuse(Cutter *cutter, GByteArray *frame);
/* Ends the frame that is being filled, if there is one. */
void cutter_flush(Cutter *cutter);

#endif
