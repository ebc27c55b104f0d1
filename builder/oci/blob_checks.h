/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashing an image's blobs on all cores while they are being copied: what a store gave is what its digest says, or nothing
 * is put out.
 *
 *   g_autoptr(BlobChecks) checks = blob_checks_begin(blobs, digests, cancellable);
 *   (copy them)
 *   blob_checks_end(checks, error)       before the copy is committed
 */
#ifndef ASHLAR_OCI_BLOB_CHECKS_H
#define ASHLAR_OCI_BLOB_CHECKS_H

#include "builder/oci/blobs.h"

typedef struct BlobChecks BlobChecks;

/* Begins with @digests (Digest, borrowed until the end), the largest first. */
BlobChecks *blob_checks_begin(Blobs *blobs, const GArray *digests, GCancellable *cancellable);
/* Waits for all; a blob that is not what its digest says is ASHLAR_ERROR_VERIFY that names it. */
gboolean blob_checks_end(BlobChecks *checks, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Gives up what still runs. */
void blob_checks_free(BlobChecks *checks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlobChecks, blob_checks_free)

#endif
