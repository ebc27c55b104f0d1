/* SPDX-License-Identifier: Apache-2.0
 *
 * The same image as a folder (OCI image-spec, image-layout.md): what the tarball holds, as files.
 */
#ifndef ASHLAR_OCI_LAYOUT_H
#define ASHLAR_OCI_LAYOUT_H

#include "builder/oci/archive.h"

/* Makes the folder @path, built aside and renamed whole. A layout that is there is exchanged for the new one and removed; any
 * other file or folder that is there is an error (ASHLAR_ERROR_EXISTS). */
gboolean layout_write(const char *path, const ArchiveSpec *spec, Blobs *blobs, GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
