/* SPDX-License-Identifier: Apache-2.0
 *
 * Packages. One that is taken becomes a pack that can be opened and read, in which no path climbs; made anew in another
 * encoding, it has the same members.
 */
#include "rootfs/deb.h"
#include "tests/fuzz/fuzz.h"

#define CONTENT_MAX (1 << 20)

static Pack *
make_pack(Store *store, const Digest *deb, PackEncoding encoding, gint64 epoch)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  gboolean made = deb_to_pack(store, deb, "input", encoding, epoch, NULL, NULL, &digest, &error);
  g_assert(made == (error == NULL));
  if (!made)
    return NULL;
  Pack *pack = pack_open(store, &digest, &error);
  g_assert_no_error(error);
  return pack;
}

static void
check_entry(Pack *pack, guint i)
{
  const Entry *entry = pack_entry(pack, i);
  g_assert(entry_path_is_canonical(entry->path) && *entry->path != '\0');
  if (entry->type == ENTRY_HARDLINK)
    g_assert(entry_path_is_canonical(entry->target));
  g_assert(entry->mtime <= 0 || entry->type != ENTRY_DIRECTORY);
  if (entry->type != ENTRY_FILE || entry->size > CONTENT_MAX)
    return;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) content = pack_read(pack, i, CONTENT_MAX, &error);
  g_assert_no_error(error);
  g_assert(g_bytes_get_size(content) == entry->size);
}

static void
check_same(Pack *one, Pack *other)
{
  g_assert(pack_n_entries(one) == pack_n_entries(other));
  for (guint i = 0; i < pack_n_entries(one); i++) {
    g_assert_cmpstr(pack_entry(one, i)->path, ==, pack_entry(other, i)->path);
    g_assert(digest_equal(&pack_entry(one, i)->digest, &pack_entry(other, i)->digest));
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  Store *store = fuzz_store();
  Digest deb;
  g_autoptr(GError) error = NULL;
  g_assert(store_put(store, data, size, &deb, &error));
  g_autoptr(Pack) pack = make_pack(store, &deb, PACK_ZSTD, 1700000000);
  if (pack == NULL)
    return 0;
  for (guint i = 0; i < pack_n_entries(pack); i++)
    check_entry(pack, i);
  g_assert(pack_meta(pack, "control") != NULL && pack_meta(pack, "name") != NULL);
  g_autoptr(Pack) other = make_pack(store, &deb, PACK_ZSTD_CHUNKED, G_MAXINT64);
  g_assert(other != NULL);
  check_same(pack, other);
  return 0;
}
