/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/crc64.h"
#include "rootfs/layer.h"
#include "rootfs/tar.h"
#include "tests/unit/packs.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <zstd.h>

static const PackEncoding encodings[] = {PACK_ZSTD, PACK_GZIP, PACK_ZSTD_CHUNKED};

static const Entry root = {.path = "", .type = ENTRY_DIRECTORY, .mode = 0755};
static const Entry usr = {.path = "usr", .type = ENTRY_DIRECTORY, .mode = 0755};
static const Entry usr_bin = {.path = "usr/bin", .type = ENTRY_DIRECTORY, .mode = 02750, .uid = 5, .gid = 6};
static const Entry *const directories[] = {&root, &usr, &usr_bin};

static Layer
write_layer(Store *store, const LayerSpec *spec)
{
  Layer layer;
  g_autoptr(GError) error = NULL;
  gboolean written = layer_write(store, spec, NULL, &layer, &error);
  g_assert_no_error(error);
  g_assert_true(written);
  return layer;
}

static LayerSpec
spec_of(PackEncoding encoding, const LayerPart *parts, guint n)
{
  return (LayerSpec){
    .encoding = encoding, .directories = directories, .n_directories = G_N_ELEMENTS(directories), .parts = parts, .n_parts = n};
}

static GBytes *
blob(Store *store, const Layer *layer)
{
  g_autoptr(GError) error = NULL;
  GBytes *bytes = store_read_blob(store, &layer->digest, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(g_bytes_get_size(bytes), ==, layer->size);
  return bytes;
}

/* ---- libarchive as the judge ---- */

static struct archive *
open_archive(GBytes *bytes, gboolean raw)
{
  struct archive *reader = archive_read_new();
  archive_read_support_filter_all(reader);
  if (raw)
    archive_read_support_format_raw(reader);
  else
    archive_read_support_format_tar(reader);
  g_assert_cmpint(archive_read_open_memory(reader, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)), ==, ARCHIVE_OK);
  return reader;
}

static GByteArray *
read_data(struct archive *reader)
{
  GByteArray *out = g_byte_array_new();
  guint8 buffer[65536];
  for (la_ssize_t n; (n = archive_read_data(reader, buffer, sizeof buffer)) != 0;) {
    g_assert_cmpint(n, >, 0);
    g_byte_array_append(out, buffer, (guint)n);
  }
  return out;
}

/* The tar stream, by libarchive's decompressors. */
static GByteArray *
decompress(GBytes *bytes)
{
  struct archive *reader = open_archive(bytes, TRUE);
  struct archive_entry *entry;
  g_assert_cmpint(archive_read_next_header(reader, &entry), ==, ARCHIVE_OK);
  GByteArray *out = read_data(reader);
  archive_read_free(reader);
  return out;
}

static void
compare_member(struct archive *reader, struct archive_entry *found, const Entry *expected)
{
  g_autofree char *name = tar_member_name(expected);
  g_assert_cmpstr(archive_entry_pathname(found), ==, name);
  g_assert_cmpstr(archive_entry_symlink(found), ==, expected->type == ENTRY_SYMLINK ? expected->target : NULL);
  g_assert_cmpstr(archive_entry_hardlink(found), ==, expected->type == ENTRY_HARDLINK ? expected->target : NULL);
  g_assert_cmpuint(archive_entry_perm(found), ==, expected->mode);
  g_assert_cmpint(archive_entry_uid(found), ==, expected->uid);
  g_assert_cmpint(archive_entry_gid(found), ==, expected->gid);
  g_assert_cmpint(archive_entry_mtime(found), ==, expected->mtime);
  g_assert_cmpint(archive_entry_size(found), ==, (gint64)expected->size);
  static const guint kinds[] = {AE_IFREG, AE_IFREG, AE_IFLNK, AE_IFCHR, AE_IFBLK, AE_IFDIR, AE_IFIFO};
  if (expected->type != ENTRY_HARDLINK)
    g_assert_cmpuint(archive_entry_filetype(found), ==, kinds[expected->type]);
  g_assert_cmpint(archive_entry_xattr_reset(found), ==, (int)expected->n_xattrs);
  for (guint i = expected->n_xattrs; i-- > 0;) { /* libarchive gives them last first */
    const char *key;
    const void *value;
    size_t size;
    g_assert_cmpint(archive_entry_xattr_next(found, &key, &value, &size), ==, ARCHIVE_OK);
    g_assert_cmpstr(key, ==, expected->xattrs[i].name);
    g_assert_cmpmem(value, size, expected->xattrs[i].value, expected->xattrs[i].size);
  }
  if (expected->type != ENTRY_FILE)
    return;
  Digest digest;
  g_autoptr(GByteArray) content = read_data(reader);
  digest_of(content->data, content->len, &digest);
  g_assert_true(digest_equal(&digest, &expected->digest));
}

static void
assert_holds(GBytes *bytes, const Entry *expected, guint n)
{
  struct archive *reader = open_archive(bytes, FALSE);
  struct archive_entry *found;
  for (guint i = 0; i < n; i++) {
    g_assert_cmpint(archive_read_next_header(reader, &found), ==, ARCHIVE_OK);
    compare_member(reader, found, &expected[i]);
  }
  g_assert_cmpint(archive_read_next_header(reader, &found), ==, ARCHIVE_EOF);
  archive_read_free(reader);
}

/* The directories, then what is kept of @pack (all without @kept); hardlinks stand as they are. */
static GArray *
expect(const Pack *pack, const guint8 *kept)
{
  GArray *out = g_array_new(FALSE, FALSE, sizeof(Entry));
  for (guint i = 0; i < G_N_ELEMENTS(directories); i++)
    g_array_append_val(out, *directories[i]);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    if (pack_entry(pack, i)->type != ENTRY_DIRECTORY && (kept == NULL || kept[i / 8] >> i % 8 & 1))
      g_array_append_val(out, *pack_entry(pack, i));
  return out;
}

static guint
find(const Pack *pack, const char *path)
{
  for (guint i = 0; i < pack_n_entries(pack); i++)
    if (strcmp(pack_entry(pack, i)->path, path) == 0)
      return i;
  g_error("no entry '%s'", path);
}

static guint8 *
all_but(const Pack *pack, const char *const *dropped)
{
  guint n = pack_n_entries(pack) / 8 + 1;
  guint8 *kept = g_malloc(n);
  memset(kept, 0xff, n);
  for (; *dropped != NULL; dropped++) {
    guint i = find(pack, *dropped);
    kept[i / 8] &= (guint8) ~(1 << i % 8);
  }
  return kept;
}

static void
assert_diff_id(GBytes *bytes, const Layer *layer)
{
  Digest digest;
  g_autoptr(GByteArray) tar = decompress(bytes);
  digest_of(tar->data, tar->len, &digest);
  g_assert_true(digest_equal(&digest, &layer->diff_id));
  g_assert_cmpuint(tar->len, ==, layer->tar_size);
}

static void
holds_what_the_pack_holds(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    Digest digest = make_sample(place->store, encodings[e], 0);
    g_autoptr(Pack) pack = open_pack(place->store, &digest);
    LayerPart part = {.pack = pack};
    LayerSpec spec = spec_of(encodings[e], &part, 1);
    Layer layer = write_layer(place->store, &spec);
    g_autoptr(GBytes) bytes = blob(place->store, &layer);
    g_autoptr(GArray) expected = expect(pack, NULL);
    assert_holds(bytes, (const Entry *)(gpointer)expected->data, expected->len);
    assert_diff_id(bytes, &layer);
    g_assert_cmpint(layer.annotations != NULL, ==, encodings[e] == PACK_ZSTD_CHUNKED);
    layer_clear(&layer);
  }
}

static void
empty_layer(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    char hex[DIGEST_HEX_LENGTH + 1];
    LayerSpec spec = {.encoding = encodings[e]};
    Layer layer = write_layer(place->store, &spec);
    digest_to_hex(&layer.diff_id, hex);
    g_assert_cmpstr(hex, ==, "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
    layer_clear(&layer);
  }
}

static const char *const dropped[] = {"usr/bin/tool-00",        "usr/bin/tool-31", "usr/lib/ping",
                                      "usr/share/man/man1/x.1", "var/two",         NULL};

static void
drops_members(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    Digest digest = make_sample(place->store, encodings[e], 0);
    g_autoptr(Pack) pack = open_pack(place->store, &digest);
    g_autofree guint8 *kept = all_but(pack, dropped);
    LayerPart part = {.pack = pack, .kept = kept};
    LayerSpec spec = spec_of(encodings[e], &part, 1);
    Layer layer = write_layer(place->store, &spec);
    g_autoptr(GBytes) bytes = blob(place->store, &layer);
    g_autoptr(GArray) expected = expect(pack, kept);
    assert_holds(bytes, (const Entry *)(gpointer)expected->data, expected->len);
    assert_diff_id(bytes, &layer);
    layer_clear(&layer);
  }
}

/* The first kept link to a file that is gone becomes the file, the next one leads to the first. */
static void
hardlinks_survive_their_target(Place *place, gconstpointer data)
{
  static const char *const targets[] = {"usr/bin/tool-07", "usr/lib/big", NULL};
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    Digest digest = make_sample(place->store, encodings[e], 0);
    g_autoptr(Pack) pack = open_pack(place->store, &digest);
    g_autofree guint8 *kept = all_but(pack, targets);
    LayerPart part = {.pack = pack, .kept = kept};
    LayerSpec spec = spec_of(encodings[e], &part, 1);
    Layer layer = write_layer(place->store, &spec);
    g_autoptr(GBytes) bytes = blob(place->store, &layer);
    g_autoptr(GArray) expected = expect(pack, kept);
    for (guint i = 0; i < expected->len; i++) {
      Entry *entry = &g_array_index(expected, Entry, i);
      const char *path = entry->path;
      if (strcmp(path, "usr/bin/hard") == 0 || strcmp(path, "usr/lib/big-link") == 0) {
        *entry = *pack_entry(pack, find(pack, entry->target));
        entry->path = path;
      } else if (strcmp(path, "usr/bin/hard2") == 0)
        entry->target = "usr/bin/hard";
    }
    assert_holds(bytes, (const Entry *)(gpointer)expected->data, expected->len);
    assert_diff_id(bytes, &layer);
    layer_clear(&layer);
  }
}

static void
nothing_kept(Place *place, gconstpointer data)
{
  Digest digest = make_sample(place->store, PACK_ZSTD, 0);
  g_autoptr(Pack) pack = open_pack(place->store, &digest);
  g_autofree guint8 *none = g_malloc0(pack_n_entries(pack) / 8 + 1);
  LayerPart part = {.pack = pack, .kept = none};
  LayerSpec spec = spec_of(PACK_ZSTD, &part, 1);
  Layer layer = write_layer(place->store, &spec);
  g_autoptr(GBytes) bytes = blob(place->store, &layer);
  g_autoptr(GArray) expected = expect(pack, none);
  g_assert_cmpuint(expected->len, ==, G_N_ELEMENTS(directories));
  assert_holds(bytes, (const Entry *)(gpointer)expected->data, expected->len);
  layer_clear(&layer);
}

/* From packs made anew elsewhere, by another number of threads, comes the same layer, with and without drops. */
static void
spliced_is_made_anew(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++)
    for (guint drop = 0; drop < 2; drop++) {
      Digest blobs[2];
      for (guint round = 0; round < 2; round++) {
        Place other;
        place_set_up(&other, NULL);
        Digest digest = make_sample(other.store, encodings[e], round == 0 ? 1 : 3);
        g_autoptr(Pack) pack = open_pack(other.store, &digest);
        g_autofree guint8 *kept = drop ? all_but(pack, dropped) : NULL;
        LayerPart part = {.pack = pack, .kept = kept};
        LayerSpec spec = spec_of(encodings[e], &part, 1);
        Layer layer = write_layer(other.store, &spec);
        blobs[round] = layer.digest;
        layer_clear(&layer);
        place_tear_down(&other, NULL);
      }
      g_assert_true(digest_equal(&blobs[0], &blobs[1]));
    }
}

/* What a layer's Watch heard. */
typedef struct {
  gint64 written, hashed, stored; /* the last two are told by threads */
} Heard;

/* One stretch of work, and where its bytes count. */
typedef struct {
  gint64 *sum;
} Stretch;

static void
hear_written(guint64 bytes, gpointer data)
{
  ((Heard *)data)->written += (gint64)bytes;
}

static gpointer
hear_begin(WatchStep step, gpointer data)
{
  Heard *heard = data;
  Stretch *stretch = g_new(Stretch, 1);
  stretch->sum = step == WATCH_HASH ? &heard->hashed : step == WATCH_STORE ? &heard->stored : &heard->written;
  return stretch;
}

static void
hear_end(gpointer begun, guint64 bytes)
{
  *((Stretch *)begun)->sum += (gint64)bytes; /* a kind of step has one thread at a time */
  g_free(begun);
}

static void
remembers(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    Digest digest = make_sample(place->store, encodings[e], 0);
    g_autoptr(Pack) pack = open_pack(place->store, &digest);
    g_autofree guint8 *all = all_but(pack, (const char *const[]){NULL});
    LayerPart part = {.pack = pack}, same = {.pack = pack, .kept = all};
    LayerSpec spec = spec_of(encodings[e], &part, 1), again_spec = spec_of(encodings[e], &same, 1);
    Heard heard = {0};
    Watch watch = {hear_written, hear_begin, hear_end, &heard};
    spec.watch = &watch;
    g_autoptr(GError) error = NULL;
    Layer first, again;
    g_assert_true(layer_write(place->store, &spec, NULL, &first, &error));
    g_assert_false(first.reused);
    g_assert_cmpint(heard.written, >, (gint64)first.size / 2);
    /* the last batch may be too small to be told */
    g_assert_cmpint(heard.hashed, <=, (gint64)first.tar_size);
    g_assert_cmpint(heard.hashed + WATCH_BYTES_MIN, >, (gint64)first.tar_size);
    g_assert_cmpint(heard.stored, <=, (gint64)first.size);
    again = write_layer(place->store, &again_spec);
    g_assert_true(again.reused);
    g_assert_true(digest_equal(&first.digest, &again.digest) && digest_equal(&first.diff_id, &again.diff_id));
    g_assert_cmpuint(first.size, ==, again.size);
    g_assert_cmpuint(first.tar_size, ==, again.tar_size);
    g_assert_cmpint(first.annotations == NULL ? again.annotations == NULL : json_equal(first.annotations, again.annotations),
                    ==, TRUE);
    layer_clear(&again);
    g_assert_true(store_remove_blob(place->store, &first.digest, &error));
    again = write_layer(place->store, &spec);
    g_assert_false(again.reused);
    g_assert_true(digest_equal(&first.digest, &again.digest));
    layer_clear(&first);
    layer_clear(&again);
  }
}

static gpointer
write_on_thread(gpointer data)
{
  const LayerPart *part = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("ashlar-layer-XXXXXX", &error);
  Place place = {.folder = folder};
  g_autofree char *path = g_build_filename(folder, "store", NULL);
  place.store = store_open(path, &error);
  g_assert_no_error(error);
  LayerSpec spec = spec_of(PACK_ZSTD, part, 1);
  Layer layer = write_layer(place.store, &spec);
  Digest *digest = g_memdup2(&layer.digest, sizeof layer.digest);
  layer_clear(&layer);
  store_unref(place.store);
  g_assert_cmpint(nftw(folder, place_remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
  return digest;
}

static void
many_at_once(Place *place, gconstpointer data)
{
  Digest digest = make_sample(place->store, PACK_ZSTD, 0);
  g_autoptr(Pack) pack = open_pack(place->store, &digest);
  LayerPart part = {.pack = pack};
  GThread *threads[4];
  Digest *results[4];
  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new("layer", write_on_thread, &part);
  for (guint i = 0; i < 4; i++) {
    results[i] = g_thread_join(threads[i]);
    g_assert_true(digest_equal(results[0], results[i]));
  }
  for (guint i = 0; i < 4; i++)
    g_free(results[i]);
}

static void
fails(Store *store, const LayerSpec *spec, GCancellable *cancellable, GQuark domain, int code, const char *message)
{
  Layer layer;
  g_autoptr(GError) error = NULL;
  g_assert_false(layer_write(store, spec, cancellable, &layer, &error));
  g_assert_error(error, domain, code);
  if (message != NULL)
    g_assert_nonnull(strstr(error->message, message));
}

static void
refuses(Place *place, gconstpointer data)
{
  static const Entry file = {.path = "usr"};
  static const Entry *const not_sorted[] = {&usr_bin, &usr}, *const no_directory[] = {&file};
  LayerSpec spec = {.encoding = PACK_ZSTD, .directories = not_sorted, .n_directories = 2};
  fails(place->store, &spec, NULL, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'usr' is out of place");
  spec = (LayerSpec){.encoding = PACK_ZSTD, .directories = no_directory, .n_directories = 1};
  fails(place->store, &spec, NULL, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'usr' is out of place");
  Digest digest = make_sample(place->store, PACK_GZIP, 0);
  g_autoptr(Pack) pack = open_pack(place->store, &digest);
  LayerPart part = {.pack = pack};
  spec = spec_of(PACK_ZSTD, &part, 1);
  fails(place->store, &spec, NULL, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "is compressed as gzip, the layer as zstd");
  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  g_cancellable_cancel(cancellable);
  spec = spec_of(PACK_GZIP, &part, 1);
  fails(place->store, &spec, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
}

static void
damaged_pack_is_named(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    g_autoptr(GError) error = NULL;
    Digest digest = make_sample(place->store, encodings[e], 0);
    g_autoptr(GBytes) whole = store_read_blob(place->store, &digest, &error);
    gsize size = g_bytes_get_size(whole);
    g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(whole, NULL), size);
    copy[5000] ^= 1;
    g_assert_true(store_put(place->store, copy, size, &digest, &error));
    g_autoptr(Pack) pack = open_pack(place->store, &digest);
    LayerPart part = {.pack = pack};
    LayerSpec spec = spec_of(encodings[e], &part, 1);
    char text[DIGEST_STRING_SIZE];
    fails(place->store, &spec, NULL, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, digest_to_string(&digest, text));
  }
}

/* ---- zstd:chunked, by hand as a client does it ---- */

static GByteArray *
unpack(const guint8 *data, gsize size, gsize expected)
{
  GByteArray *out = g_byte_array_new();
  g_byte_array_set_size(out, (guint)expected);
  g_assert_cmpuint(ZSTD_decompress(out->data, expected, data, size), ==, expected);
  return out;
}

static void
assert_text_digest(const char *text, const void *data, gsize size)
{
  char found[DIGEST_STRING_SIZE];
  Digest digest;
  digest_of(data, size, &digest);
  g_assert_cmpstr(digest_to_string(&digest, found), ==, text);
}

static GByteArray *
table(const Layer *layer, GBytes *bytes, const char *key, guint64 *position)
{
  guint64 size, plain;
  const char *value = json_string_value(json_object_get(layer->annotations, key));
  g_assert_nonnull(value);
  g_assert_cmpint(sscanf(value, "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, position, &size, &plain), ==,
                  3);
  const guint8 *data = g_bytes_get_data(bytes, NULL);
  g_assert_cmpmem(data + *position - 8, 4, "\x50\x2a\x4d\x18", 4);
  return unpack(data + *position, size, plain);
}

static gint64
number(json_t *object, const char *key)
{
  return json_integer_value(json_object_get(object, key));
}

/* Fetches a file as the table of contents tells it: each chunk by itself. Returns how many entries of the table it took. */
static guint
fetch_file(json_t *entries, guint i, GBytes *bytes, GByteArray *content)
{
  const guint8 *data = g_bytes_get_data(bytes, NULL);
  json_t *file = json_array_get(entries, i), *chunk = file;
  guint taken = 0;
  gint64 size = number(file, "size");
  do {
    gint64 offset = number(chunk, "offset"), end = number(chunk, "endOffset"), length = number(chunk, "chunkSize");
    if (length == 0)
      length = size;
    json_t *next = json_array_get(entries, i + taken + 1);
    gboolean more = next != NULL && strcmp(json_string_value(json_object_get(next, "type")), "chunk") == 0;
    if (more && taken == 0)
      end = number(next, "offset"); /* the file's own endOffset is that of all its chunks */
    g_autoptr(GByteArray) part = unpack(data + offset, (gsize)(end - offset), (gsize)length);
    g_assert_cmpint(number(chunk, "chunkOffset"), ==, content->len);
    if (number(chunk, "chunkSize") != 0)
      assert_text_digest(json_string_value(json_object_get(chunk, "chunkDigest")), part->data, part->len);
    g_byte_array_append(content, part->data, part->len);
    taken++;
    chunk = more ? next : NULL;
  } while (chunk != NULL);
  g_assert_cmpuint(content->len, ==, (guint)size);
  assert_text_digest(json_string_value(json_object_get(file, "digest")), content->data, content->len);
  return taken;
}

typedef struct {
  char **lines;
  guint line;
  GByteArray *tar;
} Assembly;

static json_t *
next_line(Assembly *assembly, gint64 type)
{
  json_t *line = json_loads(assembly->lines[assembly->line], 0, NULL);
  g_assert_nonnull(line);
  g_assert_cmpint(number(line, "position"), ==, assembly->line++);
  g_assert_cmpint(number(line, "type"), ==, type);
  return line;
}

static void
append_segment(Assembly *assembly)
{
  json_t *line = next_line(assembly, 2);
  gsize size;
  g_autofree guint8 *segment = g_base64_decode(json_string_value(json_object_get(line, "payload")), &size);
  g_byte_array_append(assembly->tar, segment, (guint)size);
  json_decref(line);
}

static void
append_file(Assembly *assembly, const char *name, const GByteArray *content)
{
  json_t *line = next_line(assembly, 1);
  g_assert_cmpstr(json_string_value(json_object_get(line, "name")), ==, name);
  g_assert_cmpint(number(line, "size"), ==, content->len);
  json_t *payload = json_object_get(line, "payload");
  if (content->len == 0)
    g_assert_true(json_is_null(payload));
  else {
    gsize size;
    g_autofree guint8 *found = g_base64_decode(json_string_value(payload), &size);
    guint64 crc = GUINT64_TO_BE(crc64_update(0, content->data, content->len));
    g_assert_cmpmem(found, size, &crc, sizeof crc);
  }
  g_byte_array_append(assembly->tar, content->data, content->len);
  json_decref(line);
}

/* Puts the tar stream together from the tables and single fetched files: it must be the layer's. */
static void
assert_chunked(GBytes *bytes, const Layer *layer)
{
  guint64 toc_at, split_at;
  g_autoptr(GByteArray) toc_text = table(layer, bytes, "io.github.containers.zstd-chunked.manifest-position", &toc_at);
  g_autoptr(GByteArray) split = table(layer, bytes, "io.github.containers.zstd-chunked.tarsplit-position", &split_at);
  const guint8 *data = g_bytes_get_data(bytes, NULL);
  guint32 size;
  memcpy(&size, data + toc_at - 4, 4);
  assert_text_digest(
    json_string_value(json_object_get(layer->annotations, "io.github.containers.zstd-chunked.manifest-checksum")),
    data + toc_at, GUINT32_FROM_LE(size));
  json_t *toc = json_loadb((const char *)toc_text->data, toc_text->len, JSON_REJECT_DUPLICATES, NULL);
  g_assert_nonnull(toc);
  g_assert_cmpint(number(toc, "version"), ==, 1);
  memcpy(&size, data + split_at - 4, 4);
  assert_text_digest(json_string_value(json_object_get(toc, "tarSplitDigest")), data + split_at, GUINT32_FROM_LE(size));
  g_byte_array_append(split, (const guint8 *)"", 1);
  Assembly assembly = {.lines = g_strsplit((const char *)split->data, "\n", -1), .tar = g_byte_array_new()};
  json_t *entries = json_object_get(toc, "entries");
  for (guint i = 0; i < json_array_size(entries);) {
    json_t *entry = json_array_get(entries, i);
    g_autoptr(GByteArray) content = g_byte_array_new();
    i += number(entry, "size") > 0 ? fetch_file(entries, i, bytes, content) : 1;
    append_segment(&assembly);
    append_file(&assembly, json_string_value(json_object_get(entry, "name")), content);
  }
  append_segment(&assembly);
  Digest digest;
  digest_of(assembly.tar->data, assembly.tar->len, &digest);
  g_assert_true(digest_equal(&digest, &layer->diff_id));
  json_decref(toc);
  g_strfreev(assembly.lines);
  g_byte_array_unref(assembly.tar);
}

static void
chunked_tables(Place *place, gconstpointer data)
{
  static const char *const targets[] = {"usr/lib/big", "usr/bin/tool-20", "usr/share/doc/x/changelog", NULL};
  Digest digest = make_sample(place->store, PACK_ZSTD_CHUNKED, 0);
  g_autoptr(Pack) pack = open_pack(place->store, &digest);
  for (guint drop = 0; drop < 2; drop++) {
    g_autofree guint8 *kept = drop ? all_but(pack, targets) : NULL;
    LayerPart part = {.pack = pack, .kept = kept};
    LayerSpec spec = spec_of(PACK_ZSTD_CHUNKED, &part, 1);
    Layer layer = write_layer(place->store, &spec);
    g_autoptr(GBytes) bytes = blob(place->store, &layer);
    gsize size = g_bytes_get_size(bytes);
    g_assert_cmpmem((const guint8 *)g_bytes_get_data(bytes, NULL) + size - 8, 8, "GNUlInUx", 8);
    assert_chunked(bytes, &layer);
    layer_clear(&layer);
  }
}

/* A name that JSON cannot say: the layer is then an ordinary one. */
static void
chunked_without_tables(Place *place, gconstpointer data)
{
  PackWriter *writer = writer_new(place->store, PACK_ZSTD_CHUNKED);
  g_autoptr(GBytes) content = g_bytes_new_static("x", 1);
  add_file(writer, (Entry){.path = "caf\xe9", .mode = 0644}, content);
  Digest digest = finish(writer);
  g_autoptr(Pack) pack = open_pack(place->store, &digest);
  LayerPart part = {.pack = pack};
  LayerSpec spec = spec_of(PACK_ZSTD_CHUNKED, &part, 1);
  Layer layer = write_layer(place->store, &spec);
  g_assert_null(layer.annotations);
  g_autoptr(GBytes) bytes = blob(place->store, &layer);
  assert_diff_id(bytes, &layer);
  layer_clear(&layer);
}

/* ---- other people's programs ---- */

static void
run(const char *file, const char *const *command)
{
  g_autofree char *program = g_find_program_in_path(command[0]);
  if (program == NULL)
    return;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  for (; *command != NULL; command++)
    g_ptr_array_add(argv, (gpointer)*command);
  g_ptr_array_add(argv, (gpointer)file);
  g_ptr_array_add(argv, NULL);
  int status;
  g_autofree char *complaints = NULL;
  g_assert_true(g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                             NULL, &complaints, &status, &error));
  g_assert_no_error(error);
  g_assert_cmpstr(complaints, ==, "");
  g_assert_true(g_spawn_check_wait_status(status, &error));
}

static void
other_programs_read_it(Place *place, gconstpointer data)
{
  for (guint e = 0; e < G_N_ELEMENTS(encodings); e++) {
    Digest digest = make_sample(place->store, encodings[e], 0);
    g_autoptr(Pack) pack = open_pack(place->store, &digest);
    g_autofree guint8 *kept = all_but(pack, dropped);
    LayerPart part = {.pack = pack, .kept = kept};
    LayerSpec spec = spec_of(encodings[e], &part, 1);
    Layer layer = write_layer(place->store, &spec);
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&layer.digest, hex);
    g_autofree char *file = g_build_filename(store_path(place->store), "blobs", "sha256", hex, NULL);
    gboolean gzip = encodings[e] == PACK_GZIP;
    run(file, (const char *const[]){"bsdtar", "-tvf", NULL});
    run(file, gzip ? (const char *const[]){"tar", "-tvzf", NULL} : (const char *const[]){"tar", "--zstd", "-tvf", NULL});
    if (gzip)
      run(file, (const char *const[]){"sh", "-c", "gzip -tc < \"$0\"", NULL});
    else
      run(file, (const char *const[]){"zstd", "-qt", NULL});
    layer_clear(&layer);
  }
}

static void
count_bytes(guint64 bytes, gpointer data)
{
  *(guint64 *)data += bytes;
}

/* A file may not exceed a megabyte, as if the disk were full: the rest of the layer must not be gone through for nothing. */
static void
full_disk_is_told_at_once(Place *place, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree guint32 *noise = g_new(guint32, 8 << 20);
  for (guint i = 0; i < 8 << 20; i++)
    noise[i] = g_random_int();
  g_autoptr(GBytes) content = g_bytes_new_static(noise, 32 << 20);
  PackWriter *writer = writer_new(place->store, PACK_ZSTD);
  add_file(writer, (Entry){.path = "noise", .mode = 0644}, content);
  Digest digest = finish(writer);
  g_autoptr(Pack) pack = open_pack(place->store, &digest);
  LayerPart part = {.pack = pack};
  LayerSpec spec = spec_of(PACK_ZSTD, &part, 1);
  Layer layer;
  guint64 done = 0;
  struct rlimit before, small;
  g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
  small = (struct rlimit){1 << 20, before.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
  Watch watch = {.advance = count_bytes, .data = &done};
  spec.watch = &watch;
  gboolean written = layer_write(place->store, &spec, NULL, &layer, &error);
  g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
  g_assert_false(written);
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED);
  g_assert_nonnull(strstr(error->message, store_path(place->store)));
  g_assert_cmpuint(done, <, 16 << 20);
}

int
main(int argc, char **argv)
{
  setlocale(LC_ALL, "C.UTF-8"); /* libarchive converts names to the locale */
  g_test_init(&argc, &argv, NULL);
#define CASE(path, function) g_test_add(path, Place, NULL, place_set_up, function, place_tear_down)
  CASE("/layer/holds-what-the-pack-holds", holds_what_the_pack_holds);
  CASE("/layer/empty", empty_layer);
  CASE("/layer/drops", drops_members);
  CASE("/layer/hardlinks", hardlinks_survive_their_target);
  CASE("/layer/nothing-kept", nothing_kept);
  CASE("/layer/spliced-is-made-anew", spliced_is_made_anew);
  CASE("/layer/remembers", remembers);
  CASE("/layer/many-at-once", many_at_once);
  CASE("/layer/refuses", refuses);
  CASE("/layer/damaged-pack", damaged_pack_is_named);
  CASE("/layer/chunked-tables", chunked_tables);
  CASE("/layer/chunked-without-tables", chunked_without_tables);
  CASE("/layer/other-programs", other_programs_read_it);
  CASE("/layer/full-disk", full_disk_is_told_at_once);
  return g_test_run();
}
