/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the contents of one member of two layers part. A part of mismatch.h's work.
 */
#ifndef ASHLAR_TWICE_MISMATCH_CONTENT_H
#define ASHLAR_TWICE_MISMATCH_CONTENT_H

#include "builder/oci/blobs.h"

/* So many bytes before and after the first that differs are kept. */
#define MISMATCH_AROUND 256

typedef struct {
  guint64 offset;             /* of the first byte that differs */
  GByteArray *first, *second; /* what stands around it */
  gsize at;                   /* where in both */
} MismatchContent;
void mismatch_content_clear(MismatchContent *content);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MismatchContent, mismatch_content_clear)

typedef struct {
  Blobs *blobs;
  const Digest *layer;
} MismatchLayer;

/* Of the file at @path (as Entry.path) in both; zeroed @out is filled. Nothing is in memory as a whole. */
gboolean mismatch_content(const MismatchLayer *first, const MismatchLayer *second, const char *path, GCancellable *cancellable,
                          MismatchContent *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of two texts. */
void mismatch_texts(const char *first, gsize first_size, const char *second, gsize second_size, MismatchContent *out);

#endif
