/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a layer (OCI image-spec, layer.md) by splicing packs: directories first, once each, then the kept members of each
 * pack in order. A frame whose members are all kept is copied as it is; one with a dropped member is compressed again with
 * what is left. The bytes depend on the directories, the packs and the kept members alone: spliced from old packs or from
 * packs made anew, by one thread or many, they are the same. Hashed twice as it is written (blob digest and diff ID), never
 * read back; memory is bounded. A layer with the same inputs is remembered by the store and not written again.
 */
#ifndef ASHLAR_ROOTFS_LAYER_H
#define ASHLAR_ROOTFS_LAYER_H

#include "rootfs/pack.h"

typedef struct {
  Pack *pack;
  const guint8 *kept; /* one bit an entry (bit i%8 of byte i/8); NULL: all. Directories' bits are ignored. */
} LayerPart;

typedef struct {
  PackEncoding encoding;
  const Entry *const *directories; /* sorted by entry_path_compare, "" (the root) may be first */
  guint n_directories;
  const Entry *const *whiteouts; /* files without content, called ".wh.NAME", which say what is gone of the layers below */
  guint n_whiteouts;
  const LayerPart *parts;
  guint n_parts;
  const Watch *watch; /* or NULL: hears of compressed bytes written, and of hashing and storing */
} LayerSpec;

typedef struct {
  Digest digest; /* of the blob in the store */
  guint64 size;
  Digest diff_id; /* of the uncompressed tar */
  guint64 tar_size;
  gboolean reused;     /* remembered from before */
  json_t *annotations; /* for the descriptor (zstd:chunked), or NULL */
} Layer;

/* A kept hardlink whose target is dropped becomes a file with the target's content (the next kept link to it points there). */
gboolean layer_write(Store *store, const LayerSpec *spec, GCancellable *cancellable, Layer *out,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void layer_clear(Layer *layer);

#endif
