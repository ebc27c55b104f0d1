/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a zstd:chunked layer: three skippable frames (table of contents, tar-split, footer) after the tar stream, and
 * the annotations of the layer's descriptor that lead a client to them, so that it can fetch single files and still make
 * out the tar stream's digest. As containers/storage's pkg/chunked reads them.
 */
#ifndef ASHLAR_ROOTFS_CHUNKED_H
#define ASHLAR_ROOTFS_CHUNKED_H

#include "rootfs/codec.h"
#include "rootfs/layer_plan.h"
#include "rootfs/splice.h"

/* "OFFSET:SIZE:PLAIN-SIZE" of the frames that hold the table of contents (then ":1", its type) and tar-split. */
#define CHUNKED_ANNOTATION "io.github.containers.zstd-chunked."
#define CHUNKED_CONTENTS_ANNOTATION CHUNKED_ANNOTATION "manifest-position"
#define CHUNKED_SPLIT_ANNOTATION CHUNKED_ANNOTATION "tarsplit-position"

typedef struct {
  const LayerSpec *spec;
  const LayerPlan *plans; /* one a part */
  const SplicePlace *places;
  guint n_places;
  guint64 offset; /* of the blob so far */
} ChunkedInput;

/* Makes the frames to append and the annotations. Names that are not UTF-8 cannot be said in the table: TRUE then with
 * both NULL, and the layer is an ordinary zstd one. Frames that do not fit the packs' files are ASHLAR_ERROR_VERIFY. */
gboolean chunked_make(const ChunkedInput *input, Codec *codec, GByteArray **frames, json_t **annotations,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
