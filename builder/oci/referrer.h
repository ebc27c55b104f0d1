/* SPDX-License-Identifier: Apache-2.0
 *
 * What is attached to an image and travels with it: OCI manifests with the image as `subject` (OCI image-spec 1.1), listed in
 * an index that is what a registry's referrers API would answer. The image's own digest does not know of them.
 */
#ifndef ASHLAR_OCI_REFERRER_H
#define ASHLAR_OCI_REFERRER_H

#include "builder/oci/blobs.h"

/* The lock file that an image was built from. */
#define REFERRER_LOCK_TYPE "application/vnd.ashlar.lock.v1+json"

/* The index @referrers, or an empty one for NULL (new reference); that it has a list of manifests, within LIMIT_MANIFESTS (each
 * is read, and one may be listed many times over), is checked. */
json_t *referrer_index(Blobs *blobs, const Descriptor *referrers, GError **error);

/* Attaches @size bytes at @data, called @title, to @top: a manifest of @artifact_type with one layer, which is they. @out
 * becomes the index @referrers (NULL: none yet) with it, in @blobs. */
typedef struct {
  const char *artifact_type; /* and the layer's media type */
  const char *title;
  const void *data;
  gsize size;
} Referrer;
gboolean referrer_attach(Blobs *blobs, const Descriptor *top, const Descriptor *referrers, const Referrer *what,
                         Descriptor *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The layer of the first manifest of @artifact_type in @referrers whose subject is @subject; ASHLAR_ERROR_NOT_FOUND where there
 * is none, ASHLAR_ERROR_INVALID for one past the limit @max. */
GBytes *referrer_read(Blobs *blobs, const Descriptor *referrers, const Digest *subject, const char *artifact_type, LimitId max,
                      GError **error);

#endif
