/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking an image that is open, on all cores: the digest of every blob, the diff ID of every layer.
 */
#ifndef ASHLAR_OCI_CHECK_H
#define ASHLAR_OCI_CHECK_H

#include "builder/oci/open.h"

typedef struct {
  guint64 blobs, bytes; /* that were hashed */
  guint layers;         /* whose diff IDs were checked */
} CheckResult;

/* Hashes every blob (of a tarball: all; of a folder, which others may share: those of this image and its signatures), then
 * unpacks every layer and compares it with its diff ID. manifest.json, which `docker load` goes by, must name the configuration
 * and layers of one of the image's own manifests: else what is verified here and what is loaded there were two things.
 * ASHLAR_ERROR_VERIFY names a blob that is wrong. */
gboolean oci_image_check(OciImage *image, GCancellable *cancellable, CheckResult *result,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
