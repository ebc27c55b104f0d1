/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of packs and layers share: a store in a temporary folder, and packs filled from code.
 */
#ifndef ASHLAR_TESTS_UNIT_PACKS_H
#define ASHLAR_TESTS_UNIT_PACKS_H

#include "rootfs/pack.h"
#include "signing/error.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  char *folder;
  Store *store;
} Place;

static inline void
place_set_up(Place *place, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  place->folder = g_dir_make_tmp("ashlar-pack-XXXXXX", &error);
  g_assert_no_error(error);
  g_autofree char *path = g_build_filename(place->folder, "store", NULL);
  place->store = store_open(path, &error);
  g_assert_no_error(error);
}

static inline int
place_remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
  return remove(path);
}

static inline void
place_tear_down(Place *place, gconstpointer data)
{
  store_unref(place->store);
  g_assert_cmpint(nftw(place->folder, place_remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
  g_free(place->folder);
}

/* Bytes that compress somewhat: words of a small vocabulary, chosen by a generator with @seed. */
static inline GBytes *
words(gsize size, guint32 seed)
{
  static const char digits[] = "0123456789abcdef";
  char *out = g_malloc(size + 4);
  guint32 state = seed * 2654435761u + 1;
  for (gsize at = 0; at < size; at += 4) {
    state = state * 1664525 + 1013904223;
    const char word[4] = {digits[state >> 28], digits[state >> 24 & 15], digits[state >> 20 & 3], ' '};
    memcpy(out + at, word, sizeof word);
  }
  return g_bytes_new_take(out, size);
}

static inline void
add(PackWriter *writer, const Entry *entry)
{
  g_autoptr(GError) error = NULL;
  gboolean added = pack_writer_add(writer, entry, &error);
  g_assert_no_error(error);
  g_assert_true(added);
}

/* Adds a file with @content, passed on in uneven pieces. */
static inline void
add_file(PackWriter *writer, Entry entry, GBytes *content)
{
  g_autoptr(GError) error = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data(content, &size);
  entry.size = size;
  add(writer, &entry);
  for (gsize at = 0, part = 0; at < size; at += part) {
    part = MIN(size - at, 70001);
    gboolean written = pack_writer_data(writer, data + at, part, &error);
    g_assert_no_error(error);
    g_assert_true(written);
  }
}

static inline PackWriter *
writer_new(Store *store, PackEncoding encoding)
{
  g_autoptr(GError) error = NULL;
  PackWriter *writer = pack_writer_new(store, encoding, &error);
  g_assert_no_error(error);
  return writer;
}

static inline Digest
finish(PackWriter *writer)
{
  g_autoptr(GError) error = NULL;
  Digest digest = {{0}};
  gboolean finished = pack_writer_finish(writer, &digest, &error);
  g_assert_no_error(error);
  g_assert_true(finished);
  pack_writer_free(writer);
  return digest;
}

static inline Pack *
open_pack(Store *store, const Digest *digest)
{
  g_autoptr(GError) error = NULL;
  Pack *pack = pack_open(store, digest, &error);
  g_assert_no_error(error);
  return pack;
}

static const Xattr capability[] = {
  {"security.capability", (const guint8 *)"\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20},
  {"user.note", (const guint8 *)"x", 1},
};

/* A pack with something of everything that packages hold; a big file (of several frames), many small ones. */
static inline Digest
make_sample(Store *store, PackEncoding encoding, guint threads)
{
  PackWriter *writer = writer_new(store, encoding);
  pack_writer_set_threads(writer, threads, NULL);
  add(writer, &(Entry){.path = "usr", .type = ENTRY_DIRECTORY, .mode = 0755, .mtime = 99});
  add(writer, &(Entry){.path = "usr/bin", .type = ENTRY_DIRECTORY, .mode = 0755});
  for (guint i = 0; i < 60; i++) {
    g_autofree char *path = g_strdup_printf("usr/bin/tool-%02u", i);
    g_autoptr(GBytes) content = words(i * 997, i);
    add_file(writer, (Entry){.path = path, .mode = 0755, .mtime = 1000 + i}, content);
  }
  add(writer, &(Entry){.path = "usr/bin/hard", .target = "usr/bin/tool-07", .type = ENTRY_HARDLINK, .mode = 0755});
  add(writer, &(Entry){.path = "usr/bin/hard2", .target = "usr/bin/tool-07", .type = ENTRY_HARDLINK, .mode = 0755});
  add(writer, &(Entry){.path = "usr/bin/soft", .target = "../lib/big", .type = ENTRY_SYMLINK, .mode = 0777});
  g_autoptr(GBytes) big = words(3 * PACK_FRAME_SIZE + 12345, 77);
  add_file(writer, (Entry){.path = "usr/lib/big", .mode = 0644, .uid = 3000000, .mtime = 5000}, big);
  add(writer, &(Entry){.path = "usr/lib/big-link", .target = "usr/lib/big", .type = ENTRY_HARDLINK, .mode = 0644});
  g_autoptr(GBytes) small = g_bytes_new_static("hello\n", 6);
  add_file(writer, (Entry){.path = "usr/lib/ping", .mode = 04755, .xattrs = capability, .n_xattrs = 2}, small);
  add_file(writer, (Entry){.path = "usr/share/doc/x/changelog", .mode = 0644}, small);
  add_file(writer, (Entry){.path = "usr/share/doc/x/copyright", .mode = 0644}, small);
  add_file(writer, (Entry){.path = "usr/share/man/man1/x.1", .mode = 0644, .mtime = -5}, small);
  add(writer, &(Entry){.path = "dev/null", .type = ENTRY_CHAR, .mode = 0666, .major = 1, .minor = 3});
  add(writer, &(Entry){.path = "run/fifo", .type = ENTRY_FIFO, .mode = 0600});
  g_autoptr(GBytes) exact = words(PACK_FRAME_SIZE, 3), two = words(2 * PACK_FRAME_SIZE - 512, 4);
  add_file(writer, (Entry){.path = "var/na\xc3\xafve", .mode = 0644}, exact);
  add_file(writer, (Entry){.path = "var/two", .mode = 0644}, two);
  g_autoptr(GBytes) control = g_bytes_new_static("Package: x\n", 11);
  pack_writer_set_meta(writer, "control", control);
  pack_writer_set_meta(writer, "a", small);
  return finish(writer);
}

#endif
