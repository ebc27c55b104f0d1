/* SPDX-License-Identifier: Apache-2.0
 *
 * The blobs of an image that is being written, signed or read, whichever way their bytes lie: in memory, in a part of an
 * open file (a tarball), in a file of a layout folder, or in the store. Nothing is written where a Blobs has no store.
 */
#ifndef ASHLAR_OCI_BLOBS_H
#define ASHLAR_OCI_BLOBS_H

#include "builder/oci/descriptor.h"
#include "rootfs/outfile.h"
#include "rootfs/store.h"
#include "signing/limits.h"

typedef struct Blobs Blobs;

/* @store (a reference is taken) or NULL: blobs that are put go there, and those not added by hand are looked for there. */
Blobs *blobs_new(Store *store);
void blobs_free(Blobs *blobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Blobs, blobs_free)

/* Bytes become a blob: of the store where there is one, else in memory. */
gboolean blobs_put(Blobs *blobs, const void *data, gsize size, Digest *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The compact text of @json becomes a blob; @out is its descriptor, of @media_type. */
gboolean blobs_put_json(Blobs *blobs, json_t *json, const char *media_type, Descriptor *out,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The blob @digest is @size bytes from @offset of descriptor @fd, which stays the caller's and must stay open. */
void blobs_add_range(Blobs *blobs, const Digest *digest, int fd, guint64 offset, guint64 size);
/* The blob @digest is the file at @path, opened when it is needed. */
void blobs_add_file(Blobs *blobs, const Digest *digest, const char *path, guint64 size);

/* The size in bytes, or -1 when there is no such blob. */
gint64 blobs_size(Blobs *blobs, const Digest *digest);
/* The blob in memory, its digest checked; one larger than @limit is an error. A missing one is ASHLAR_ERROR_VERIFY. */
GBytes *blobs_read(Blobs *blobs, const Digest *digest, LimitId limit, GError **error);
/* The JSON document @digest, as oci_json_parse takes it; a new reference. */
json_t *blobs_read_json(Blobs *blobs, const Digest *digest, GError **error);
/* Passes the bytes to @sink piece by piece, unchecked. */
typedef gboolean (*BlobSink)(const void *data, gsize size, gpointer user, GError **error);
gboolean blobs_stream(Blobs *blobs, const Digest *digest, BlobSink sink, gpointer user,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Appends the bytes to @out, in the kernel where they lie in a file; unchecked. */
gboolean blobs_copy(Blobs *blobs, const Digest *digest, Outfile *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Hashes the bytes: ASHLAR_ERROR_VERIFY that names the blob where they differ. */
gboolean blobs_check(Blobs *blobs, const Digest *digest, GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is needed to read a blob by hand; to be cleared when done. In memory: bytes is set, fd is -1. */
typedef struct {
  int fd;
  gboolean close_fd;
  guint64 offset, size;
  GBytes *bytes;
} BlobPlace;
gboolean blobs_open(Blobs *blobs, const Digest *digest, BlobPlace *place, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void blob_place_clear(BlobPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BlobPlace, blob_place_clear)

#endif
