/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pack.h"

static gboolean
pass_on(const void *data, gsize size, gpointer user, GError **error)
{
  return pack_writer_data(user, data, size, error);
}

gboolean
pack_encode(Store *store, Pack *pack, PackEncoding encoding, Digest *out, GError **error)
{
  if (pack_encoding(pack) == encoding) {
    *out = *pack_digest(pack);
    return TRUE;
  }
  g_autoptr(PackWriter) writer = pack_writer_new(store, encoding, error);
  if (writer == NULL)
    return FALSE;
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const Entry *entry = pack_entry(pack, i);
    if (!pack_writer_add(writer, entry, error) || (entry->type == ENTRY_FILE && !pack_stream(pack, i, pass_on, writer, error)))
      return FALSE;
  }
  return pack_writer_finish(writer, out, error);
}
