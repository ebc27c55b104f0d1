/* SPDX-License-Identifier: Apache-2.0
 *
 * What a sandbox's keeper says, were it not ours any more: the input is the bytes on its socket, as the answers to a list of all
 * files and to what was asked for then. Whatever it says, there is an error or a delta whose files can be written as a pack, and no
 * path in that climbs.
 */
#include "rootfs/sandbox_private.h"
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>

static const struct {
  const char *path;
  EntryType type;
  const char *content;
} before[] = {
  {"dir", ENTRY_DIRECTORY, NULL}, {"dir/file", ENTRY_FILE, "one"}, {"dir/same", ENTRY_HARDLINK, "dir/file"},
  {"link", ENTRY_SYMLINK, "dir"}, {"null", ENTRY_CHAR, NULL},      {"pipe", ENTRY_FIFO, NULL},
};

static Tree *
make_tree(Store *store)
{
  g_autoptr(PackWriter) writer = pack_writer_new(store, PACK_ZSTD, NULL);
  g_assert(writer != NULL);
  pack_writer_set_threads(writer, 1, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(before); i++) {
    gboolean file = before[i].type == ENTRY_FILE;
    Entry entry = {.path = before[i].path, .type = before[i].type, .mode = 0644};
    entry.size = file ? strlen(before[i].content) : 0;
    entry.target = file ? NULL : before[i].content;
    g_assert(pack_writer_add(writer, &entry, NULL) && (!file || pack_writer_data(writer, before[i].content, entry.size, NULL)));
  }
  Digest digest;
  g_assert(pack_writer_finish(writer, &digest, NULL));
  g_autoptr(Pack) pack = pack_open(store, &digest, NULL);
  Tree *tree = tree_new();
  guint number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    g_assert(tree_insert(tree, number, i, NULL));
  return tree;
}

static void
write_all(Sandbox *sandbox, const Delta *delta, Store *store)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(PackWriter) writer = pack_writer_new(store, PACK_ZSTD, NULL);
  Digest digest;
  g_assert(writer != NULL);
  pack_writer_set_threads(writer, 1, NULL);
  gboolean written = sandbox_write(sandbox, delta, writer, &error);
  g_assert(written == (error == NULL));
  if (!written || !pack_writer_finish(writer, &digest, NULL))
    return;
  g_autoptr(Pack) pack = pack_open(store, &digest, NULL);
  g_assert(pack != NULL);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    g_assert(entry_path_is_canonical(pack_entry(pack, i)->path));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  enum { MOST = 64 << 10 }; /* what the socket holds before anybody reads */
  int ends[2];
  Store *store = fuzz_store();
  g_autoptr(Tree) tree = make_tree(store);
  g_autoptr(GError) error = NULL;
  g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  gsize said = MIN(size, MOST);
  g_assert(said == 0 || write(ends[1], data, said) == (gssize)said);
  shutdown(ends[1], SHUT_WR);
  Sandbox sandbox = {.socket = ends[0]};
  g_autoptr(Delta) delta = sandbox_compare(&sandbox, tree, &error);
  g_assert((delta == NULL) == (error != NULL));
  if (delta != NULL)
    write_all(&sandbox, delta, store);
  close(ends[0]);
  close(ends[1]);
  return 0;
}
