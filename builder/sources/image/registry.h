/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading images from a registry (OCI distribution-spec, "Pull"): image.h's work for docker://. Without credentials first; where
 * the registry asks who we are, with a token (anonymous, or for the user of credentials.h) or with Basic. By https, and by http on
 * this machine alone. Every document is checked against its digest, blobs as fetch.h has it.
 */
#ifndef ASHLAR_SOURCES_IMAGE_REGISTRY_H
#define ASHLAR_SOURCES_IMAGE_REGISTRY_H

#include "builder/sources/image/image.h"

gboolean registry_image_resolve(Store *store, const ImageSource *source, const char *arch, const FetchOptions *options,
                                Digest *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean registry_image_obtain(Store *store, const ImageSource *source, const Digest *manifest, const FetchOptions *options,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
