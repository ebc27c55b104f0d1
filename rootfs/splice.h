/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts the members of packs into a layer: frames that hold only what is kept are copied, those that hold some of it are
 * compressed again with what is left, the others are left out.
 */
#ifndef ASHLAR_ROOTFS_SPLICE_H
#define ASHLAR_ROOTFS_SPLICE_H

#include "rootfs/codec.h"
#include "rootfs/cutter.h"
#include "rootfs/layer_plan.h"
#include "rootfs/layer_sink.h"

/* Where a frame that holds nothing but content of one file came to lie in the blob (zstd:chunked). */
typedef struct {
  guint64 offset, end;
  guint tar_size;
} SplicePlace;

typedef struct {
  PackEncoding encoding;
  LayerSink *sink;
  GCancellable *cancellable;
  const Watch *watch;
  Codec *codec;
  Cutter cutter;
  GArray *places; /* SplicePlace in the order of the tar stream; zstd:chunked only */
} Splice;

/* @sink and the rest are borrowed. */
void splice_init(Splice *splice, PackEncoding encoding, LayerSink *sink, GCancellable *cancellable, const Watch *watch);
void splice_clear(Splice *splice);
/* The members of @entries, which have no content, in frames of their own. */
void splice_directories(Splice *splice, const Entry *const *entries, guint n);
gboolean splice_part(Splice *splice, const LayerPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The two blocks of zeros, in a frame of their own. */
void splice_end(Splice *splice);

#endif
