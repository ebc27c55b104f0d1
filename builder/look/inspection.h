/* SPDX-License-Identifier: Apache-2.0
 *
 * All that is told of a subject, as JSON, which the text is printed from. Members may be added, none is renamed:
 *
 *   kind, name?, version?, created?                "image", "layer" ... (see subject.h)
 *   digest, mediaType, annotations?                of the manifest or index; of images only, as are:
 *   images       [{platform?, digest, imageID, config?, layers, packages, files, bytes}]   one a manifest
 *   signatures   [{subject, key?, reference?, annotations?}]
 *   lock         {digest, size, date?, format, packages: {ARCH: number}} or null: none is attached
 *   layers, packages, files, bytes                 of what is no image; else they are in images
 *
 *   layers       [{digest?, size, mediaType?, diffID?, holds?, unpackedSize, files, bytes, packages: [name ...]}]
 *   packages     [{name, version, architecture, source, files, bytes}]
 */
#ifndef ASHLAR_LOOK_INSPECTION_H
#define ASHLAR_LOOK_INSPECTION_H

#include "builder/look/subject.h"

/* Of an image with several manifests the others are read with @options too (new reference). */
json_t *inspection_of(const Subject *subject, const SubjectOptions *options, GError **error);

/* The exact bytes of the lock file that an image was built from; ASHLAR_ERROR_NOT_FOUND where none is attached. */
GBytes *inspection_lock(const OciImage *image, GError **error);

#endif
