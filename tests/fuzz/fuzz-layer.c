/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers of images, as blobs that anybody made. No member that is told climbs; a layer has one diff ID, whoever reads it.
 */
#include "builder/oci/layer_stream.h"
#include "tests/fuzz/fuzz.h"

static gboolean
see_entry(const Entry *entry, gpointer user, GError **error)
{
  guint64 *seen = user;
  g_assert(entry_path_is_canonical(entry->path));
  g_assert((entry->type == ENTRY_HARDLINK || entry->type == ENTRY_SYMLINK) == (entry->target != NULL));
  *seen += 1;
  return TRUE;
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(Blobs) blobs = blobs_new(NULL);
  Digest digest, diff_id, again;
  digest_of(data, size, &digest);
  blobs_add_range(blobs, &digest, fuzz_file(data, size), 0, size);
  g_autoptr(GError) problem = NULL, failure = NULL;
  guint64 seen = 0, tar_size = 0;
  if (layer_stream_diff_id(blobs, &digest, NULL, &diff_id, &tar_size, &problem))
    g_assert(layer_stream_diff_id(blobs, &digest, NULL, &again, &tar_size, NULL) && digest_equal(&diff_id, &again));
  else
    g_assert(problem != NULL);
  g_assert(layer_stream_entries(blobs, &digest, see_entry, &seen, NULL, &failure) == (failure == NULL));
  return 0;
}
