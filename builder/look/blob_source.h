/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of a blob for who reads its members (see rootfs/member.h):
 *
 *   g_auto(BlobSource) source = {0};
 *   blob_source_init(&source, &place, cancellable);
 *   member_reader_new(MEMBER_LOOK, label, blob_source_read, &source, error);
 */
#ifndef ASHLAR_LOOK_BLOB_SOURCE_H
#define ASHLAR_LOOK_BLOB_SOURCE_H

#include "builder/oci/blobs.h"

typedef struct {
  const BlobPlace *place; /* borrowed, as is the cancellable */
  guint64 done;
  guint8 *buffer;
  GCancellable *cancellable;
} BlobSource;

void blob_source_init(BlobSource *source, const BlobPlace *place, GCancellable *cancellable);
void blob_source_clear(BlobSource *source);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BlobSource, blob_source_clear)

/* A MemberSource; @data is the BlobSource. */
gssize blob_source_read(const void **piece, gpointer data, GError **error);

#endif
