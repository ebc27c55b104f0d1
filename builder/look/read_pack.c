/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/readers.h"

gboolean
read_pack(const Pack *pack, Reading *reading, GError **error)
{
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const Entry *entry = pack_entry(pack, i);
    SubjectFile *file;
    if (!reading_add(reading, entry, &file, error))
      return FALSE;
    if (file != NULL)
      file->has_digest = entry->type == ENTRY_FILE;
  }
  reading->tar_size = pack_tar_size(pack);
  reading_finish(reading);
  return TRUE;
}
