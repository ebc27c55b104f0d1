/* SPDX-License-Identifier: Apache-2.0
 *
 * What the store remembers of images: an assembled image by all that went into it, and an output file by what was written
 * there and how the file looked right after; and which images passed which tests.
 */
#ifndef ASHLAR_ENGINE_MEMO_H
#define ASHLAR_ENGINE_MEMO_H

#include "builder/engine/assemble.h"

/* The image that was assembled under @key, with all its blobs still in the store, or NULL. */
Assembled *memo_find_image(Store *store, const Digest *key);
gboolean memo_keep_image(Store *store, const Digest *key, const Assembled *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether what @key stands for, an image and its tests, passed. */
gboolean memo_find_passed(Store *store, const Digest *key);
gboolean memo_keep_passed(Store *store, const Digest *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @path holds exactly what was written there under @key, going by the file's identity, size and times; @top becomes the
 * digest of the image in it. A folder is judged by its index.json and all its blobs. */
gboolean memo_find_output(Store *store, const Digest *key, const char *path, Digest *top);
gboolean memo_keep_output(Store *store, const Digest *key, const char *path, const Digest *top,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
