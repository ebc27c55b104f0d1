/* SPDX-License-Identifier: Apache-2.0
 *
 * Images in layouts and tarballs of this machine: image.h's work for those two.
 */
#ifndef ASHLAR_SOURCES_IMAGE_LOCAL_H
#define ASHLAR_SOURCES_IMAGE_LOCAL_H

#include "builder/sources/image/image.h"

gboolean local_image_resolve(const ImageSource *source, const char *arch, Digest *out,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean local_image_obtain(Store *store, const ImageSource *source, const char *arch, const Digest *manifest,
                            const FetchOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
