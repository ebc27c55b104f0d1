/* SPDX-License-Identifier: Apache-2.0
 *
 * The tarball: an OCI image layout with one entry in index.json, and manifest.json for `docker load`.
 * Members: blobs/sha256/HEX sorted, index.json, manifest.json, oci-layout; ustar, mode 0644, owner 0, mtime the epoch, and two
 * blocks of zeroes. Equal arguments give equal bytes.
 */
#ifndef ASHLAR_OCI_ARCHIVE_H
#define ASHLAR_OCI_ARCHIVE_H

#include "builder/oci/blobs.h"
#include "builder/oci/descriptor.h"

typedef struct {
  const char *name, *version;  /* the tarball's entry is called VERSION, and NAME:VERSION by docker, podman, containerd;
                                  NULL: what the annotations of @top call it (signing what was written before) */
  const Descriptor *top;       /* the manifest, or the index */
  const Descriptor *referrers; /* what image_sign gave; NULL: unsigned */
  gint64 epoch;
} ArchiveSpec;

/* Writes the file @path, whole or not at all; @digest and @size (may be NULL) are the tarball's own. The digest costs reading
 * every blob, which is otherwise copied in the kernel. */
gboolean archive_write(const char *path, const ArchiveSpec *spec, Blobs *blobs, GCancellable *cancellable, Digest *digest,
                       guint64 *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
