/* SPDX-License-Identifier: Apache-2.0
 *
 * Tarballs that say they are images. Digests are part of them, so what gets past the scan is mostly what the seeds had: what
 * the documents may say is the matter of fuzz-oci-image.
 */
#include "builder/oci/open.h"
#include "builder/oci/scan.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  const char *path = fuzz_file_path(data, size);
  g_auto(Scan) scan = {.fd = -1};
  g_autoptr(GError) error = NULL;
  g_assert(scan_archive(path, &scan, &error) == (error == NULL));
  for (guint i = 0; error == NULL && i < scan.digests->len; i++) {
    gint64 blob = blobs_size(scan.blobs, &g_array_index(scan.digests, Digest, i));
    g_assert(blob >= 0 && (guint64)blob <= size);
  }
  g_autoptr(GError) failure = NULL;
  g_autoptr(OciImage) image = oci_image_open(path, &failure);
  g_assert((image == NULL) == (failure != NULL));
  return 0;
}
