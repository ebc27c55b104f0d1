/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies in a tarball or layout folder that somebody made: which blobs, where, and the bytes of index.json. Names that
 * climb, members twice, blobs that are not named by a digest, links, and (of a tarball) too many members are errors; content is
 * not looked at.
 */
#ifndef ASHLAR_OCI_SCAN_H
#define ASHLAR_OCI_SCAN_H

#include "builder/oci/blobs.h"

typedef struct {
  int fd; /* of the tarball, which the blobs lie in; -1 for a folder */
  Blobs *blobs;
  GArray *digests; /* Digest, of all blobs, in the order they were found */
  GBytes *index;   /* index.json */
  GBytes *docker;  /* manifest.json, or NULL */
  gint64 mtime;    /* of index.json in a tarball, else -1 */
} Scan;

gboolean scan_archive(const char *path, Scan *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean scan_folder(const char *path, Scan *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void scan_clear(Scan *scan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scan, scan_clear)

#endif
