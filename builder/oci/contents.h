/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies in a tarball or layout folder besides oci-layout: every blob that can be reached from the image and its
 * referrers, index.json, and manifest.json for `docker load`.
 */
#ifndef ASHLAR_OCI_CONTENTS_H
#define ASHLAR_OCI_CONTENTS_H

#include "builder/oci/archive.h"

#define OCI_LAYOUT_FILE "{\"imageLayoutVersion\":\"1.0.0\"}"

typedef struct {
  GArray *digests; /* Digest, sorted, each once */
  char *index_json, *manifest_json;
} Contents;

/* Reads manifests and indexes; ASHLAR_ERROR_VERIFY names a blob that is missing or of another size than its descriptor says. */
gboolean contents_collect(const ArchiveSpec *spec, Blobs *blobs, Contents *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void contents_clear(Contents *contents);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Contents, contents_clear)

#endif
