/* SPDX-License-Identifier: Apache-2.0
 *
 * An image that somebody made, as a tree that can be laid out: each layer unpacked once into a pack of the store, and of each path
 * the one that counts.
 */
#ifndef ASHLAR_LOOK_IMAGE_TREE_H
#define ASHLAR_LOOK_IMAGE_TREE_H

#include "builder/look/subject.h"

/* @image must be a SUBJECT_IMAGE, with its layers read. A layer whose bytes are not those of its diff ID is ASHLAR_ERROR_VERIFY. */
Tree *image_tree_new(Store *store, const Subject *image, GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
