/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/crc64.h"
#include "rootfs/pack_index.h"
#include "rootfs/pack_private.h"
#include "rootfs/tar.h"
#include "signing/limits.h"
#include "tests/unit/packs.h"

#include <sys/stat.h>

static const PackEncoding encodings[] = {PACK_ZSTD, PACK_GZIP, PACK_ZSTD_CHUNKED};

static guint
find(const Pack *pack, const char *path)
{
  for (guint i = 0; i < pack_n_entries(pack); i++)
    if (strcmp(pack_entry(pack, i)->path, path) == 0)
      return i;
  g_error("no entry '%s'", path);
}

static void
assert_content(Pack *pack, const char *path, GBytes *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) content = pack_read(pack, find(pack, path), 64 << 20, &error);
  g_assert_no_error(error);
  g_assert_true(g_bytes_equal(content, expected));
}

static void
reads_back(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    Digest digest = make_sample(place->store, encodings[e], 0);
    g_autoptr(Pack) pack = open_pack(place->store, &digest);
    g_assert_cmpint(pack_encoding(pack), ==, encodings[e]);
    g_assert_cmpint(pack_latest_mtime(pack), ==, 5000);
    const Entry *ping = pack_entry(pack, find(pack, "usr/lib/ping"));
    g_assert_cmpuint(ping->mode, ==, 04755);
    g_assert_cmpuint(ping->n_xattrs, ==, 2);
    g_assert_cmpstr(ping->xattrs[0].name, ==, "security.capability");
    g_assert_cmpmem(ping->xattrs[0].value, ping->xattrs[0].size, capability[0].value, 20);
    g_assert_cmpstr(pack_entry(pack, find(pack, "usr/bin/soft"))->target, ==, "../lib/big");
    g_assert_cmpuint(pack_entry(pack, find(pack, "dev/null"))->minor, ==, 3);
    g_autoptr(GBytes) tool = words(7 * 997, 7), big = words(3 * PACK_FRAME_SIZE + 12345, 77), none = words(0, 0);
    g_autoptr(GBytes) exact = words(PACK_FRAME_SIZE, 3), two = words(2 * PACK_FRAME_SIZE - 512, 4);
    assert_content(pack, "usr/bin/tool-00", none);
    assert_content(pack, "usr/bin/tool-07", tool);
    assert_content(pack, "usr/bin/hard2", tool);
    assert_content(pack, "usr/lib/big-link", big);
    assert_content(pack, "var/na\xc3\xafve", exact);
    assert_content(pack, "var/two", two);
    g_assert_cmpstr(g_bytes_get_data(pack_meta(pack, "control"), NULL), ==, "Package: x\n");
    g_assert_cmpuint(g_bytes_get_size(pack_meta(pack, "a")), ==, 6);
    g_assert_null(pack_meta(pack, "b"));
  }
}

static void
bytes_do_not_depend_on_threads(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    Digest first = make_sample(place->store, encodings[e], 1);
    for (guint threads = 2; threads < 6; threads += 3) {
      Place other;
      place_set_up(&other, NULL);
      Digest again = make_sample(other.store, encodings[e], threads);
      g_assert_true(digest_equal(&first, &again));
      place_tear_down(&other, NULL);
    }
  }
}

/* Every frame is full or ends where the rule says; one class a frame. */
static void
cuts_by_the_rule(Place *place, gconstpointer data)
{
  Digest digest = make_sample(place->store, PACK_ZSTD, 0);
  g_autoptr(Pack) pack = open_pack(place->store, &digest);
  guint big = find(pack, "usr/lib/big"), changelog = find(pack, "usr/share/doc/x/changelog");
  guint frame = pack_frame_at(pack, pack_member_offset(pack, big));
  g_assert_cmpuint(pack_frame(pack, frame).tar_offset, ==, pack_member_offset(pack, big));
  for (guint k = 0; k < 3; k++)
    g_assert_cmpuint(pack_frame(pack, frame + k).tar_size, ==, PACK_FRAME_SIZE);
  g_assert_cmpuint(pack_frame(pack, frame + 4).tar_offset, ==, pack_member_offset(pack, big + 1));
  for (guint k = 0; k < 3; k++) {
    guint64 offset = pack_member_offset(pack, changelog + k);
    g_assert_cmpuint(pack_frame(pack, pack_frame_at(pack, offset)).tar_offset, ==, offset);
  }
}

static void
chunked_content_has_frames_of_its_own(Place *place, gconstpointer data)
{
  Digest digest = make_sample(place->store, PACK_ZSTD_CHUNKED, 0);
  g_autoptr(Pack) pack = open_pack(place->store, &digest);
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const Entry *entry = pack_entry(pack, i);
    if (entry->type != ENTRY_FILE || entry->size == 0)
      continue;
    guint64 start = pack_member_offset(pack, i) + pack_header_size(pack, i), left = entry->size;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) content = pack_read(pack, i, 64 << 20, &error);
    g_assert_no_error(error);
    const guint8 *bytes = g_bytes_get_data(content, NULL);
    g_assert_cmphex(crc64_update(0, bytes, entry->size), ==, pack_crc64(pack, i));
    for (guint64 k = 0; left > 0; k++) {
      PackFrame frame = pack_frame(pack, pack_frame_at(pack, start));
      g_assert_cmpuint(frame.tar_offset, ==, start);
      g_assert_cmpuint(frame.tar_size, ==, MIN(left, PACK_FRAME_SIZE));
      g_assert_cmpint(pack_chunk_digest(pack, i, k) != NULL, ==, entry->size > PACK_FRAME_SIZE);
      if (entry->size > PACK_FRAME_SIZE) {
        Digest chunk;
        digest_of(bytes + k * PACK_FRAME_SIZE, frame.tar_size, &chunk);
        g_assert_true(digest_equal(&chunk, pack_chunk_digest(pack, i, k)));
      }
      start += frame.tar_size;
      left -= frame.tar_size;
    }
  }
}

static void
empty_pack(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    Digest digest = finish(writer_new(place->store, encodings[e]));
    g_autoptr(Pack) pack = open_pack(place->store, &digest);
    g_assert_cmpuint(pack_n_entries(pack), ==, 0);
    g_assert_cmpuint(pack_tar_size(pack) + pack_compressed_size(pack), ==, 0);
  }
}

static void
refused(PackWriter *writer, const Entry *entry, const char *message)
{
  g_autoptr(GError) error = NULL;
  g_assert_false(pack_writer_add(writer, entry, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, message);
}

static void
refuses(Place *place, gconstpointer data)
{
  g_autoptr(PackWriter) writer = writer_new(place->store, PACK_ZSTD);
  add(writer, &(Entry){.path = "f", .mode = 0644});
  add(writer, &(Entry){.path = "d", .type = ENTRY_DIRECTORY, .mode = 0755});
  refused(writer, &(Entry){.path = "f"}, "'f' is there twice");
  refused(writer, &(Entry){.path = ""}, "'' is the root, which can only be a directory");
  refused(writer, &(Entry){.path = "./a"}, "'./a' is not a canonical path");
  refused(writer, &(Entry){.path = "a/../b"}, "'a/../b' is not a canonical path");
  refused(writer, &(Entry){.path = "d/.wh.x"}, "'d/.wh.x' has a name that starts with '.wh.', which container layers reserve");
  refused(writer, &(Entry){.path = "h", .type = ENTRY_HARDLINK, .target = "g"},
          "'h' is a hardlink to what was not added before it");
  refused(writer, &(Entry){.path = "h", .type = ENTRY_HARDLINK, .target = "d"}, "'h' is a hardlink to what is not a file");
  refused(writer, &(Entry){.path = "h", .type = ENTRY_SYMLINK}, "'h' is a link without a target");
  g_autofree char *far = g_strnfill(limits_row(LIMIT_PATH)->most + 1, 'x');
  refused(writer, &(Entry){.path = "h", .type = ENTRY_SYMLINK, .target = far}, "'h' is a link with too long a target");
  refused(writer, &(Entry){.path = "h", .target = "f"}, "'h' has a target but is no link");
  refused(writer, &(Entry){.path = "h", .type = ENTRY_FIFO, .size = 1}, "'h' is malformed");
  add(writer, &(Entry){.path = "g", .mode = 0644, .size = 2});
  g_autoptr(GError) error = NULL;
  g_assert_false(pack_writer_data(writer, "abc", 3, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, "'g' has more content than was announced");
  g_clear_error(&error);
  g_assert_true(pack_writer_data(writer, "a", 1, &error));
  refused(writer, &(Entry){.path = "i"}, "'g' has less content than was announced");
  Digest digest;
  g_assert_false(pack_writer_finish(writer, &digest, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, "'g' has less content than was announced");
}

static void
too_large_to_read(Place *place, gconstpointer data)
{
  Digest digest = make_sample(place->store, PACK_ZSTD, 0);
  g_autoptr(Pack) pack = open_pack(place->store, &digest);
  g_autoptr(GError) error = NULL;
  g_assert_null(pack_read(pack, find(pack, "usr/lib/ping"), 5, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_clear_error(&error);
  g_assert_null(pack_read(pack, find(pack, "dev/null"), 5, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
}

/* ---- damage ---- */

static GBytes *
sample_bytes(Place *place, PackEncoding encoding)
{
  g_autoptr(GError) error = NULL;
  Digest digest = make_sample(place->store, encoding, 0);
  GBytes *bytes = store_read_blob(place->store, &digest, &error);
  g_assert_no_error(error);
  return bytes;
}

/* Puts damaged bytes into the store under their own name: what is wrong then is only what is in them. */
static Pack *
open_bytes(Place *place, const guint8 *bytes, gsize size, GError **error)
{
  Digest digest;
  g_assert_true(store_put(place->store, bytes, size, &digest, NULL));
  return pack_open(place->store, &digest, error);
}

static void
damaged_index_is_found(Place *place, gconstpointer data)
{
  g_autoptr(GBytes) whole = sample_bytes(place, PACK_ZSTD);
  gsize size;
  const guint8 *bytes = g_bytes_get_data(whole, &size);
  IndexTrailer trailer;
  memcpy(&trailer, bytes + size - sizeof trailer, sizeof trailer);
  g_autofree guint8 *copy = g_memdup2(bytes, size);
  for (gsize at = trailer.index_offset; at < size; at += 37) {
    const char *fault;
    PackIndex index;
    copy[at] ^= 0x40;
    g_assert_false(pack_index_check(copy, size, &index, &fault));
    copy[at] ^= 0x40;
  }
  g_autoptr(GError) error = NULL;
  copy[size - 40] ^= 1;
  g_assert_null(open_bytes(place, copy, size, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_nonnull(strstr(error->message, "is damaged: the checksum of its index is wrong"));
}

/* Cut short anywhere it is an error, never a read beyond its end (the sanitizers look on). */
static void
cut_short(Place *place, gconstpointer data)
{
  g_autoptr(GBytes) whole = sample_bytes(place, PACK_GZIP);
  gsize size;
  const guint8 *bytes = g_bytes_get_data(whole, &size);
  for (gsize length = 0; length < size; length += length < 200 ? 1 : 10007) {
    const char *fault;
    PackIndex index;
    g_autofree guint8 *front = g_memdup2(bytes, length), *back = g_memdup2(bytes + size - length, length);
    g_assert_false(pack_index_check(front, length, &index, &fault));
    g_assert_false(pack_index_check(back, length, &index, &fault));
  }
}

/* An index that lies, with a checksum that is right: every field of every part is set to hostile values; what is accepted
 * must be usable without harm. */
static void
hostile_index(Place *place, gconstpointer data)
{
  g_autoptr(GBytes) whole = sample_bytes(place, PACK_ZSTD_CHUNKED);
  gsize size;
  const guint8 *bytes = g_bytes_get_data(whole, &size);
  g_autofree guint8 *copy = g_memdup2(bytes, size);
  IndexTrailer trailer;
  memcpy(&trailer, bytes + size - sizeof trailer, sizeof trailer);
  static const guint32 evil[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
  guint accepted = 0, refused_ones = 0;
  for (gsize at = trailer.index_offset; at < size - sizeof trailer; at += 4 * (at > trailer.index_offset + 4000 ? 61 : 1))
    for (guint k = 0; k < G_N_ELEMENTS(evil); k++) {
      const char *fault;
      PackIndex index;
      memcpy(copy + at, &evil[k], 4);
      trailer.crc32 = pack_index_checksum(copy + trailer.index_offset, trailer.index_size);
      memcpy(copy + size - sizeof trailer, &trailer, sizeof trailer);
      if (pack_index_check(copy, size, &index, &fault)) {
        accepted++;
        for (guint i = 0; i < index.n_entries; i++)
          g_assert_cmpuint(strlen(index.strings + index.entries[i].path), <, index.strings_size);
      } else
        refused_ones++;
      memcpy(copy + at, bytes + at, 4);
    }
  g_assert_cmpuint(accepted, >, 100);
  g_assert_cmpuint(refused_ones, >, 1000);
}

static void
damaged_content_is_found(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    g_autoptr(GBytes) whole = sample_bytes(place, encodings[e]);
    gsize size;
    const guint8 *bytes = g_bytes_get_data(whole, &size);
    g_autofree guint8 *copy = g_memdup2(bytes, size);
    copy[5000] ^= 1;
    g_autoptr(GError) error = NULL;
    g_autoptr(Pack) pack = open_bytes(place, copy, size, &error);
    g_assert_no_error(error);
    guint failures = 0;
    for (guint i = 0; i < pack_n_entries(pack); i++) {
      if (pack_entry(pack, i)->type != ENTRY_FILE)
        continue;
      g_autoptr(GBytes) content = pack_read(pack, i, 64 << 20, &error);
      if (content == NULL) {
        g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
        g_assert_nonnull(strstr(error->message, "is damaged"));
        g_clear_error(&error);
        failures++;
      }
    }
    g_assert_cmpuint(failures, >, 0);
  }
}

/* ---- small things ---- */

static void
crc64_vectors(void)
{
  g_assert_cmphex(crc64_update(0, "", 0), ==, 0);
  g_assert_cmphex(crc64_update(0, "123456789", 9), ==, 0xb90956c775a41001);
  g_assert_cmphex(crc64_update(crc64_update(0, "1234", 4), "56789", 5), ==, 0xb90956c775a41001);
  g_assert_cmphex(crc64_update(0, "abcdefghij", 10), ==, 0x7f5b6e21b002d367);
}

static void
classes(void)
{
  g_assert_cmpuint(pack_path_class("usr/bin/env"), ==, 0);
  g_assert_cmpuint(pack_path_class("usr/share/documents"), ==, 0);
  g_assert_cmpuint(pack_path_class("usr/share/zoneinfo/UTC"), ==, 0);
  static const char *const apart[] = {"usr/share/doc/a/README", "usr/share/doc/a/copyright", "usr/share/man/man1/a.1",
                                      "usr/share/info/a",       "usr/share/locale/de/a.mo",  "usr/share/lintian/overrides/a"};
  for (guint i = 0; i < G_N_ELEMENTS(apart); i++) {
    g_assert_cmpuint(pack_path_class(apart[i]), !=, 0);
    for (guint k = 0; k < i; k++)
      g_assert_cmpuint(pack_path_class(apart[i]), !=, pack_path_class(apart[k]));
  }
}

static void
encoding_names(void)
{
  PackEncoding parsed;
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    g_assert_true(pack_encoding_parse(pack_encoding_name(encodings[e]), &parsed));
    g_assert_cmpint(parsed, ==, encodings[e]);
    g_assert_nonnull(strstr(pack_encoding_compressor(encodings[e]), " level "));
  }
  g_assert_false(pack_encoding_parse("lzma", &parsed));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define CASE(path, function) g_test_add(path, Place, NULL, place_set_up, function, place_tear_down)
  CASE("/pack/reads-back", reads_back);
  CASE("/pack/threads", bytes_do_not_depend_on_threads);
  CASE("/pack/cuts", cuts_by_the_rule);
  CASE("/pack/chunked-frames", chunked_content_has_frames_of_its_own);
  CASE("/pack/empty", empty_pack);
  CASE("/pack/refuses", refuses);
  CASE("/pack/too-large", too_large_to_read);
  CASE("/pack/damaged-index", damaged_index_is_found);
  CASE("/pack/cut-short", cut_short);
  CASE("/pack/hostile-index", hostile_index);
  CASE("/pack/damaged-content", damaged_content_is_found);
  g_test_add_func("/pack/crc64", crc64_vectors);
  g_test_add_func("/pack/classes", classes);
  g_test_add_func("/pack/encodings", encoding_names);
  return g_test_run();
}
