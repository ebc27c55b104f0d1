/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers of images, plain tars and packages, as anybody made them: looked into, and as the blob of an image. No path that is told
 * climbs, each is told once and found again; a layer has one diff ID, whoever reads it.
 */
#include "builder/look/subject.h"
#include "builder/oci/layer_stream.h"
#include "tests/fuzz/fuzz.h"

static void
look_into(const char *path)
{
  g_autoptr(GError) error = NULL;
  SubjectOptions options = {.hash = TRUE, .store_path = fuzz_folder()};
  g_autoptr(Subject) subject = subject_open(path, &options, &error);
  g_assert((subject == NULL) == (error != NULL));
  for (guint i = 0; subject != NULL && i < subject->files->len; i++) {
    const SubjectFile *file = subject->files->pdata[i];
    g_assert(entry_path_is_canonical(file->entry.path));
    g_assert(subject_find(subject, file->entry.path) == file);
    g_assert((file->entry.type == ENTRY_HARDLINK || file->entry.type == ENTRY_SYMLINK) == (file->entry.target != NULL));
    g_assert(file->package >= SUBJECT_SHARED || file->package < subject->packages->len);
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(Blobs) blobs = blobs_new(NULL);
  Digest digest, diff_id, again;
  digest_of(data, size, &digest);
  blobs_add_range(blobs, &digest, fuzz_file(data, size), 0, size);
  g_autoptr(GError) problem = NULL;
  guint64 tar_size = 0;
  if (layer_stream_diff_id(blobs, &digest, NULL, &diff_id, &tar_size, &problem))
    g_assert(layer_stream_diff_id(blobs, &digest, NULL, &again, &tar_size, NULL) && digest_equal(&diff_id, &again));
  else
    g_assert(problem != NULL);
  look_into(fuzz_file_path(data, size));
  return 0;
}
