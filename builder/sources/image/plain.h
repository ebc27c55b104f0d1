/* SPDX-License-Identifier: Apache-2.0
 *
 * Root file systems that are no image yet, made one of one layer: image.h's work for tar: and dir:.
 *
 * A tar that is plain, or compressed as layers may be (gzip, zstd), is the layer as it stands, byte for byte. One in another
 * compression, and a folder, are written as layers of ours are. Of a folder counts what is no accident of the machine: names,
 * modes, contents, links and extended attributes, but no access control lists; everything is root's, and as old as can be.
 * Neither tells an architecture: it is the recipe's.
 */
#ifndef ASHLAR_SOURCES_IMAGE_PLAIN_H
#define ASHLAR_SOURCES_IMAGE_PLAIN_H

#include "builder/sources/image/image.h"

/* The whole of it goes into @store. */
gboolean plain_image_make(Store *store, const ImageSource *source, const char *arch, const FetchOptions *options,
                          Digest *manifest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
