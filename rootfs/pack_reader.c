/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pack_index.h"
#include "rootfs/pack_private.h"
#include "rootfs/tar.h"
#include "signing/error.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* How much of a mapped pack is kept at hand while a file is read out of it; whole pages. */
#define READ_WINDOW (2 * 1024 * 1024)

#define LE32 GUINT32_FROM_LE
#define LE64 GUINT64_FROM_LE

struct Pack {
  gint refs;
  Digest digest;
  GBytes *blob; /* mapped */
  const guint8 *data;
  PackIndex index;
  Entry *entries;
  Xattr *xattrs;
  GBytes **meta;
  gint64 latest_mtime;
};

/* ---- opening ---- */

static gboolean
damaged(const Digest *digest, const char *fault, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
              "pack %s is damaged: %s\nhint: run 'ashlar store verify --repair', then build again",
              digest_to_string(digest, text), fault);
  return FALSE;
}

static gboolean
map(Pack *pack, Store *store, GError **error)
{
  guint64 size;
  int fd = store_open_blob(store, &pack->digest, &size, error);
  if (fd < 0)
    return FALSE;
  g_autoptr(GError) cause = NULL;
  g_autoptr(GMappedFile) mapping = g_mapped_file_new_from_fd(fd, FALSE, &cause);
  close(fd);
  if (mapping == NULL) {
    char text[DIGEST_STRING_SIZE];
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "map pack %s: %s", digest_to_string(&pack->digest, text),
                cause->message);
    return FALSE;
  }
  pack->blob = g_mapped_file_get_bytes(mapping);
  gsize mapped;
  pack->data = g_bytes_get_data(pack->blob, &mapped);
  const char *fault;
  return pack_index_check(pack->data, mapped, &pack->index, &fault) || damaged(&pack->digest, fault, error);
}

static void
build_xattrs(Pack *pack)
{
  const PackIndex *index = &pack->index;
  pack->xattrs = g_new(Xattr, index->n_xattrs);
  for (guint i = 0; i < index->n_xattrs; i++) {
    const IndexXattr *record = &index->xattrs[i];
    pack->xattrs[i] = (Xattr){.name = index->strings + LE32(record->name),
                              .value = (const guint8 *)index->strings + LE32(record->value),
                              .size = LE32(record->size)};
  }
}

static gboolean
build_entry(Pack *pack, guint i, GError **error)
{
  const PackIndex *index = &pack->index;
  const IndexEntry *record = &index->entries[i];
  guint32 target = LE32(record->target), n_xattrs = LE32(record->n_xattrs);
  Entry *entry = &pack->entries[i];
  *entry = (Entry){.path = index->strings + LE32(record->path),
                   .target = target != INDEX_NONE ? index->strings + target : NULL,
                   .type = (EntryType)LE32(record->type),
                   .mode = LE32(record->mode),
                   .uid = LE32(record->uid),
                   .gid = LE32(record->gid),
                   .major = LE32(record->major),
                   .minor = LE32(record->minor),
                   .mtime = (gint64)LE64((guint64)record->mtime),
                   .size = LE64(record->size),
                   .xattrs = n_xattrs > 0 ? pack->xattrs + LE32(record->first_xattr) : NULL,
                   .n_xattrs = n_xattrs,
                   .digest = record->digest};
  if (!entry_path_is_canonical(entry->path) || (*entry->path == '\0' && entry->type != ENTRY_DIRECTORY))
    return damaged(&pack->digest, "a path of its index is not canonical", error);
  if (!tar_check(entry, NULL))
    return damaged(&pack->digest, "an entry of its index cannot be written in a tar archive", error);
  if (entry->type != ENTRY_DIRECTORY && entry->mtime > pack->latest_mtime)
    pack->latest_mtime = entry->mtime;
  return TRUE;
}

static gboolean
build(Pack *pack, GError **error)
{
  const PackIndex *index = &pack->index;
  build_xattrs(pack);
  pack->latest_mtime = G_MININT64;
  pack->entries = g_new(Entry, index->n_entries);
  for (guint i = 0; i < index->n_entries; i++)
    if (!build_entry(pack, i, error))
      return FALSE;
  gsize strings = (gsize)((const guint8 *)index->strings - pack->data);
  pack->meta = g_new0(GBytes *, index->n_meta);
  for (guint i = 0; i < index->n_meta; i++)
    pack->meta[i] = g_bytes_new_from_bytes(pack->blob, strings + LE32(index->meta[i].value), LE32(index->meta[i].size));
  return TRUE;
}

Pack *
pack_open(Store *store, const Digest *digest, GError **error)
{
  g_autoptr(Pack) pack = g_new0(Pack, 1);
  pack->refs = 1;
  pack->digest = *digest;
  if (!map(pack, store, error) || !build(pack, error))
    return NULL;
  return g_steal_pointer(&pack);
}

Pack *
pack_ref(Pack *pack)
{
  g_atomic_int_inc(&pack->refs);
  return pack;
}

void
pack_unref(Pack *pack)
{
  if (!g_atomic_int_dec_and_test(&pack->refs))
    return;
  for (guint i = 0; pack->meta != NULL && i < pack->index.n_meta; i++)
    g_bytes_unref(pack->meta[i]);
  g_free(pack->meta);
  g_free(pack->entries);
  g_free(pack->xattrs);
  g_clear_pointer(&pack->blob, g_bytes_unref);
  g_free(pack);
}

/* ---- what it is ---- */

const Digest *
pack_digest(const Pack *pack)
{
  return &pack->digest;
}

PackEncoding
pack_encoding(const Pack *pack)
{
  return pack->index.encoding;
}

guint
pack_n_entries(const Pack *pack)
{
  return pack->index.n_entries;
}

const Entry *
pack_entry(const Pack *pack, guint i)
{
  g_return_val_if_fail(i < pack->index.n_entries, NULL);
  return &pack->entries[i];
}

gint64
pack_latest_mtime(const Pack *pack)
{
  return pack->latest_mtime;
}

guint64
pack_compressed_size(const Pack *pack)
{
  return pack->index.frames_size;
}

guint64
pack_tar_size(const Pack *pack)
{
  return pack->index.tar_size;
}

GBytes *
pack_meta(const Pack *pack, const char *key)
{
  for (guint i = 0; i < pack->index.n_meta; i++)
    if (strcmp(pack->index.strings + LE32(pack->index.meta[i].key), key) == 0)
      return pack->meta[i];
  return NULL;
}

/* ---- frames and members ---- */

guint
pack_n_frames(const Pack *pack)
{
  return pack->index.n_frames;
}

PackFrame
pack_frame(const Pack *pack, guint number)
{
  const IndexFrame *frame = &pack->index.frames[number];
  return (PackFrame){.data = pack->data + LE64(frame->offset),
                     .size = LE32(frame->size),
                     .tar_offset = LE64(frame->tar_offset),
                     .tar_size = LE32(frame->tar_size)};
}

guint
pack_frame_at(const Pack *pack, guint64 tar_offset)
{
  guint low = 0, high = pack->index.n_frames;
  while (high - low > 1) {
    guint middle = low + (high - low) / 2;
    if (LE64(pack->index.frames[middle].tar_offset) <= tar_offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

void
pack_release(const guint8 *data, gsize size)
{
  gsize page = (gsize)sysconf(_SC_PAGESIZE), begin = (gsize)data / page * page, end = ((gsize)data + size) / page * page;
  if (end > begin)
    (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

/* The frames of a file are read one after another: what lies behind @number is given back. */
static void
release_behind(const Pack *pack, guint number)
{
  guint64 begin = LE64(pack->index.frames[number].offset), end = begin + LE32(pack->index.frames[number].size);
  guint64 window = begin / READ_WINDOW;
  if (window > 0 && end / READ_WINDOW > window)
    pack_release(pack->data + (window - 1) * READ_WINDOW, READ_WINDOW);
}

gboolean
pack_frame_decode(const Pack *pack, guint number, Codec *codec, guint8 *out, GError **error)
{
  PackFrame frame = pack_frame(pack, number);
  if (codec_decompress(codec, frame.data, frame.size, out, frame.tar_size))
    return TRUE;
  g_autofree char *fault = g_strdup_printf("its frame %u does not decompress", number);
  return damaged(&pack->digest, fault, error);
}

guint64
pack_member_offset(const Pack *pack, guint i)
{
  return LE64(pack->index.entries[i].tar_offset);
}

guint
pack_header_size(const Pack *pack, guint i)
{
  return LE32(pack->index.entries[i].header_size);
}

guint64
pack_member_size(const Pack *pack, guint i)
{
  const Entry *entry = &pack->entries[i];
  return pack_header_size(pack, i) + entry->size + tar_padding(entry->size);
}

guint
pack_link(const Pack *pack, guint i)
{
  return LE32(pack->index.entries[i].link);
}

guint
pack_file(const Pack *pack, guint i)
{
  return pack_link(pack, i) != PACK_NO_ENTRY ? pack_link(pack, i) : i;
}

guint64
pack_crc64(const Pack *pack, guint i)
{
  return LE64(pack->index.entries[i].crc64);
}

const Digest *
pack_chunk_digest(const Pack *pack, guint i, guint64 k)
{
  guint32 first = LE32(pack->index.entries[i].first_chunk);
  return first != INDEX_NONE ? &pack->index.chunks[first + k] : NULL;
}

/* ---- contents ---- */

/* The frame that was decompressed last by this thread. Small files share frames, and are read one after the other: without
 * this each would cost the decompression of its neighbours. One frame a thread, known by what it is, so that it keeps no
 * pack alive and cannot be stale. */
typedef struct {
  Digest pack;
  guint number;
  gboolean valid;
  guint8 data[PACK_FRAME_SIZE];
} FrameCache;

static FrameCache *
frame_cache(void)
{
  static GPrivate key = G_PRIVATE_INIT(g_free);
  FrameCache *cache = g_private_get(&key);
  if (cache == NULL) {
    cache = g_new0(FrameCache, 1);
    g_private_set(&key, cache);
  }
  return cache;
}

static const guint8 *
read_frame(const Pack *pack, guint number, GError **error)
{
  FrameCache *cache = frame_cache();
  if (cache->valid && cache->number == number && digest_equal(&cache->pack, &pack->digest))
    return cache->data;
  cache->valid = FALSE;
  release_behind(pack, number);
  if (!pack_frame_decode(pack, number, codec_of_thread(pack->index.encoding), cache->data, error))
    return NULL;
  cache->pack = pack->digest;
  cache->number = number;
  cache->valid = TRUE;
  return cache->data;
}

/* Hands on @size bytes of the tar stream from @offset. */
static gboolean
stream_range(Pack *pack, guint64 offset, guint64 size, PackSink sink, gpointer user, Hasher *hasher, GError **error)
{
  for (guint number = pack_frame_at(pack, offset); size > 0; number++) {
    PackFrame frame = pack_frame(pack, number);
    const guint8 *data = read_frame(pack, number, error);
    if (data == NULL)
      return FALSE;
    gsize skip = (gsize)(offset - frame.tar_offset), part = MIN(frame.tar_size - skip, size);
    hasher_update(hasher, data + skip, part);
    if (!sink(data + skip, part, user, error))
      return FALSE;
    offset += part;
    size -= part;
  }
  return TRUE;
}

gboolean
pack_stream(Pack *pack, guint i, PackSink sink, gpointer user, GError **error)
{
  g_return_val_if_fail(i < pack->index.n_entries, FALSE);
  guint file = pack_file(pack, i);
  const Entry *entry = &pack->entries[file];
  g_autofree char *shown = g_strescape(entry->path, NULL);
  if (entry->type != ENTRY_FILE) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is no file: it has no content", shown);
    return FALSE;
  }
  g_autoptr(Hasher) hasher = hasher_new();
  guint64 start = pack_member_offset(pack, file) + pack_header_size(pack, file);
  if (!stream_range(pack, start, entry->size, sink, user, hasher, error))
    return FALSE;
  Digest digest;
  hasher_finish(hasher, &digest);
  if (digest_equal(&digest, &entry->digest))
    return TRUE;
  g_autofree char *fault = g_strdup_printf("the content of '%s' has another digest than its index says", shown);
  return damaged(&pack->digest, fault, error);
}

static gboolean
collect(const void *data, gsize size, gpointer user, GError **error)
{
  g_byte_array_append(user, data, (guint)size);
  return TRUE;
}

GBytes *
pack_read(Pack *pack, guint i, gsize max, GError **error)
{
  g_return_val_if_fail(i < pack->index.n_entries, NULL);
  guint file = pack_file(pack, i);
  guint64 size = pack->entries[file].size;
  if (size > MIN(max, G_MAXINT32)) {
    g_autofree char *shown = g_strescape(pack->entries[file].path, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
                "'%s' is too large: %" G_GUINT64_FORMAT " bytes, at most %" G_GSIZE_FORMAT " are taken", shown, size, max);
    return NULL;
  }
  g_autoptr(GByteArray) content = g_byte_array_sized_new((guint)size);
  if (!pack_stream(pack, i, collect, content, error))
    return NULL;
  return g_byte_array_free_to_bytes(g_steal_pointer(&content));
}
