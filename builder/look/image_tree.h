/* SPDX-License-Identifier: Apache-2.0
 *
 * An image that somebody made, as a tree that can be laid out: each layer unpacked once into a pack of the store, and of each path
 * the one that counts.
 */
#ifndef ASHLAR_LOOK_IMAGE_TREE_H
#define ASHLAR_LOOK_IMAGE_TREE_H

#include "builder/look/subject.h"
#include "builder/progress/progress.h"
#include "rootfs/tree.h"

/* @image must be a SUBJECT_IMAGE. A layer whose bytes are not those of its diff ID is ASHLAR_ERROR_VERIFY, one that holds what no
 * layer may (see layer_pack.h) ASHLAR_ERROR_INVALID. */
Tree *image_tree_new(Store *store, const Subject *image, Progress *progress, GCancellable *cancellable,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
