/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/crc64.h"
#include "rootfs/cutter.h"
#include "rootfs/frame_queue.h"
#include "rootfs/pack.h"
#include "rootfs/pack_index.h"
#include "rootfs/tar.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

#define LE32 GUINT32_TO_LE
#define LE64 GUINT64_TO_LE

/* The index is held in memory, and written with numbers of 32 bits. */
#define PACK_INDEX_MAX G_MAXINT32

typedef struct {
  char *key;
  GBytes *value;
} Meta;

struct PackWriter {
  PackEncoding encoding;
  FrameQueueOptions frame_options;
  StoreWriter *out;
  Cutter cutter;
  FrameQueue *queue; /* from the first frame on */
  GError *failure;   /* the first one of writing a frame */
  guint64 written;   /* bytes of frames */
  guint64 framed;    /* bytes of tar in them */

  GArray *entries, *frames, *xattrs, *chunks;
  GByteArray *strings;
  GHashTable *numbers; /* path -> number of its entry; only ever looked up */
  GPtrArray *meta;     /* Meta, sorted by key when it is written */
  guint64 tar_offset;

  guint64 left; /* of the file that is being added */
  guint64 crc64;
  Hasher *hasher;
  Hasher *chunk_hasher;
  guint64 chunk_left; /* 0: the file has no chunks */
};

static void
meta_free(gpointer data)
{
  Meta *meta = data;
  g_free(meta->key);
  g_bytes_unref(meta->value);
  g_free(meta);
}

static void
write_frame(const guint8 *data, gsize size, GByteArray *tar, gpointer user)
{
  PackWriter *writer = user;
  IndexFrame frame = {.offset = LE64(writer->written),
                      .tar_offset = LE64(writer->framed),
                      .size = LE32((guint32)size),
                      .tar_size = LE32(tar->len)};
  g_array_append_val(writer->frames, frame);
  writer->written += size;
  writer->framed += tar->len;
  cutter_reuse(&writer->cutter, tar);
  if (writer->failure == NULL && !store_writer_write(writer->out, data, size, &writer->failure))
    g_assert(writer->failure != NULL);
}

static void
queue_frame(GByteArray *tar, gboolean payload, gpointer user)
{
  PackWriter *writer = user;
  if (writer->queue == NULL)
    writer->queue = frame_queue_new(writer->encoding, &writer->frame_options, write_frame, writer);
  frame_queue_push(writer->queue, tar);
}

PackWriter *
pack_writer_new(Store *store, PackEncoding encoding, GError **error)
{
  StoreWriter *out = store_writer_new(store, error);
  if (out == NULL)
    return NULL;
  PackWriter *writer = g_new0(PackWriter, 1);
  writer->encoding = encoding;
  writer->out = out;
  cutter_init(&writer->cutter, encoding, queue_frame, writer);
  writer->entries = g_array_new(FALSE, FALSE, sizeof(IndexEntry));
  writer->frames = g_array_new(FALSE, FALSE, sizeof(IndexFrame));
  writer->xattrs = g_array_new(FALSE, FALSE, sizeof(IndexXattr));
  writer->chunks = g_array_new(FALSE, FALSE, sizeof(Digest));
  writer->strings = g_byte_array_new();
  writer->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  writer->meta = g_ptr_array_new_with_free_func(meta_free);
  writer->hasher = hasher_new();
  writer->chunk_hasher = hasher_new();
  return writer;
}

void
pack_writer_free(PackWriter *writer)
{
  g_clear_pointer(&writer->queue, frame_queue_free);
  cutter_clear(&writer->cutter);
  store_writer_free(writer->out);
  g_clear_error(&writer->failure);
  g_array_unref(writer->entries);
  g_array_unref(writer->frames);
  g_array_unref(writer->xattrs);
  g_array_unref(writer->chunks);
  g_byte_array_unref(writer->strings);
  g_hash_table_unref(writer->numbers);
  g_ptr_array_unref(writer->meta);
  hasher_free(writer->hasher);
  hasher_free(writer->chunk_hasher);
  g_free(writer);
}

void
pack_writer_set_threads(PackWriter *writer, guint threads, const gint *spare)
{
  writer->frame_options.threads = threads;
  writer->frame_options.spare = spare;
}

void
pack_writer_set_watch(PackWriter *writer, const Watch *watch)
{
  writer->frame_options.watch = watch;
}

/* ---- members ---- */

static gboolean
refuse(const char *path, const char *why, GError **error)
{
  g_autofree char *shown = g_strescape(path, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%.200s' %s", shown, why);
  return FALSE;
}

/* The file whose content is being added. */
static const char *
current_path(const PackWriter *writer)
{
  const IndexEntry *record = &g_array_index(writer->entries, IndexEntry, writer->entries->len - 1);
  return (const char *)writer->strings->data + LE32(record->path);
}

static gboolean
check_path(const Entry *entry, GError **error)
{
  const char *path = entry->path;
  if (*path == '\0')
    return entry->type == ENTRY_DIRECTORY || refuse(path, "is the root, which can only be a directory", error);
  if (!entry_path_is_canonical(path))
    return refuse(path, "is not a canonical path", error);
  /* Layers say "removed" with such names (OCI image-spec, layer.md, "Whiteouts"): nothing else can be called so. */
  if (g_str_has_prefix(path, ".wh.") || strstr(path, "/.wh.") != NULL)
    return refuse(path, "has a name that starts with '.wh.', which container layers reserve", error);
  return TRUE;
}

static gboolean
check_target(PackWriter *writer, const Entry *entry, guint32 *link, GError **error)
{
  *link = INDEX_NONE;
  gboolean wants = entry->type == ENTRY_HARDLINK || entry->type == ENTRY_SYMLINK;
  if (wants != (entry->target != NULL && *entry->target != '\0'))
    return refuse(entry->path, wants ? "is a link without a target" : "has a target but is no link", error);
  if (wants && strlen(entry->target) > limits_row(LIMIT_PATH)->most)
    return refuse(entry->path, "is a link with too long a target", error);
  if (entry->type != ENTRY_HARDLINK)
    return TRUE;
  gpointer number;
  if (!g_hash_table_lookup_extended(writer->numbers, entry->target, NULL, &number))
    return refuse(entry->path, "is a hardlink to what was not added before it", error);
  const IndexEntry *target = &g_array_index(writer->entries, IndexEntry, GPOINTER_TO_UINT(number));
  if (LE32(target->type) != ENTRY_FILE)
    return refuse(entry->path, "is a hardlink to what is not a file", error);
  *link = GPOINTER_TO_UINT(number);
  return TRUE;
}

/* Of the index as it is so far; the frames that the content will need are not in it yet. */
static guint64
index_size(const PackWriter *writer)
{
  return writer->strings->len + (guint64)writer->entries->len * sizeof(IndexEntry) +
         (guint64)writer->xattrs->len * sizeof(IndexXattr) + (guint64)writer->frames->len * sizeof(IndexFrame) +
         (guint64)writer->chunks->len * sizeof(Digest);
}

static gboolean
check_entry(PackWriter *writer, const Entry *entry, guint32 *link, GError **error)
{
  if (writer->failure != NULL) {
    g_propagate_error(error, g_error_copy(writer->failure));
    return FALSE;
  }
  if (writer->left > 0)
    return refuse(current_path(writer), "has less content than was announced", error);
  if (entry->type > ENTRY_FIFO || (entry->size > 0 && entry->type != ENTRY_FILE) || entry->mode > 07777)
    return refuse(entry->path, "is malformed", error);
  if (!check_path(entry, error) || !tar_check(entry, error) || !check_target(writer, entry, link, error))
    return FALSE;
  if (g_hash_table_contains(writer->numbers, entry->path))
    return refuse(entry->path, "is there twice", error);
  if (index_size(writer) > PACK_INDEX_MAX)
    return refuse(entry->path, "is one entry too many for a pack", error);
  return TRUE;
}

static guint32
add_string(PackWriter *writer, const void *data, gsize size)
{
  guint32 offset = writer->strings->len;
  g_byte_array_append(writer->strings, data, (guint)size);
  g_byte_array_append(writer->strings, (const guint8 *)"", 1);
  return LE32(offset);
}

static guint32
add_xattrs(PackWriter *writer, const Entry *entry)
{
  guint32 first = writer->xattrs->len;
  for (guint i = 0; i < entry->n_xattrs; i++) {
    const Xattr *xattr = &entry->xattrs[i];
    IndexXattr record = {.name = add_string(writer, xattr->name, strlen(xattr->name)),
                         .value = add_string(writer, xattr->value, xattr->size),
                         .size = LE32((guint32)xattr->size)};
    g_array_append_val(writer->xattrs, record);
  }
  return LE32(first);
}

static void
add_record(PackWriter *writer, const Entry *entry, guint32 link, guint header_size)
{
  gboolean chunked = writer->encoding == PACK_ZSTD_CHUNKED && entry->size > PACK_FRAME_SIZE;
  IndexEntry record = {.tar_offset = LE64(writer->tar_offset),
                       .size = LE64(entry->size),
                       .mtime = (gint64)LE64((guint64)entry->mtime),
                       .path = add_string(writer, entry->path, strlen(entry->path)),
                       .target = LE32(INDEX_NONE),
                       .link = LE32(link),
                       .header_size = LE32(header_size),
                       .type = LE32(entry->type),
                       .mode = LE32(entry->mode),
                       .uid = LE32(entry->uid),
                       .gid = LE32(entry->gid),
                       .major = LE32(entry->major),
                       .minor = LE32(entry->minor),
                       .first_xattr = add_xattrs(writer, entry),
                       .n_xattrs = LE32(entry->n_xattrs),
                       .first_chunk = LE32(chunked ? writer->chunks->len : INDEX_NONE)};
  if (entry->target != NULL)
    record.target = add_string(writer, entry->target, strlen(entry->target));
  g_hash_table_insert(writer->numbers, g_strdup(entry->path), GUINT_TO_POINTER(writer->entries->len));
  g_array_append_val(writer->entries, record);
  writer->tar_offset += header_size + entry->size + tar_padding(entry->size);
  writer->chunk_left = chunked ? PACK_FRAME_SIZE : 0;
}

/* The content of the last entry is complete: notes what it sums up to. */
static void
end_file(PackWriter *writer)
{
  IndexEntry *record = &g_array_index(writer->entries, IndexEntry, writer->entries->len - 1);
  hasher_finish(writer->hasher, &record->digest);
  record->crc64 = LE64(writer->crc64);
  writer->crc64 = 0;
}

gboolean
pack_writer_add(PackWriter *writer, const Entry *entry, GError **error)
{
  guint32 link;
  if (!check_entry(writer, entry, &link, error))
    return FALSE;
  if (entry->type == ENTRY_DIRECTORY) {
    add_record(writer, entry, link, 0);
    return TRUE;
  }
  g_autoptr(GByteArray) header = g_byte_array_new();
  tar_append_header(header, entry);
  add_record(writer, entry, link, header->len);
  cutter_member(&writer->cutter, pack_path_class(entry->path), header, entry->size);
  writer->left = entry->size;
  if (entry->type == ENTRY_FILE && entry->size == 0)
    end_file(writer);
  return TRUE;
}

static void
hash_chunks(PackWriter *writer, const guint8 *data, gsize size)
{
  while (size > 0) {
    gsize part = MIN(size, writer->chunk_left);
    hasher_update(writer->chunk_hasher, data, part);
    data += part;
    size -= part;
    writer->chunk_left -= part;
    writer->left -= part;
    if (writer->chunk_left > 0 && writer->left > 0)
      continue;
    Digest digest;
    hasher_finish(writer->chunk_hasher, &digest);
    g_array_append_val(writer->chunks, digest);
    writer->chunk_left = PACK_FRAME_SIZE;
  }
}

gboolean
pack_writer_data(PackWriter *writer, const void *data, gsize size, GError **error)
{
  if (size > writer->left)
    return refuse(writer->entries->len > 0 ? current_path(writer) : "", "has more content than was announced", error);
  if (size == 0)
    return TRUE;
  hasher_update(writer->hasher, data, size);
  if (writer->encoding == PACK_ZSTD_CHUNKED)
    writer->crc64 = crc64_update(writer->crc64, data, size);
  if (writer->chunk_left > 0)
    hash_chunks(writer, data, size);
  else
    writer->left -= size;
  cutter_data(&writer->cutter, data, size);
  if (writer->left == 0)
    end_file(writer);
  if (writer->failure == NULL)
    return TRUE;
  g_propagate_error(error, g_error_copy(writer->failure));
  return FALSE;
}

void
pack_writer_set_meta(PackWriter *writer, const char *key, GBytes *value)
{
  for (guint i = 0; i < writer->meta->len; i++)
    if (strcmp(((Meta *)writer->meta->pdata[i])->key, key) == 0) {
      g_ptr_array_remove_index(writer->meta, i);
      break;
    }
  Meta *meta = g_new(Meta, 1);
  *meta = (Meta){g_strdup(key), g_bytes_ref(value)};
  g_ptr_array_add(writer->meta, meta);
}

/* ---- the end ---- */

static int
compare_meta(gconstpointer a, gconstpointer b)
{
  return strcmp((*(Meta *const *)a)->key, (*(Meta *const *)b)->key);
}

static GArray *
add_meta(PackWriter *writer)
{
  GArray *records = g_array_new(FALSE, FALSE, sizeof(IndexMeta));
  g_ptr_array_sort(writer->meta, compare_meta);
  for (guint i = 0; i < writer->meta->len; i++) {
    Meta *meta = writer->meta->pdata[i];
    gsize size;
    const void *value = g_bytes_get_data(meta->value, &size);
    IndexMeta record = {.key = add_string(writer, meta->key, strlen(meta->key)),
                        .value = add_string(writer, value, size),
                        .size = LE32((guint32)size)};
    g_array_append_val(records, record);
  }
  return records;
}

static GByteArray *
make_index(PackWriter *writer)
{
  g_autoptr(GArray) meta = add_meta(writer);
  PackIndex index = {.encoding = writer->encoding,
                     .n_entries = writer->entries->len,
                     .n_frames = writer->frames->len,
                     .n_xattrs = writer->xattrs->len,
                     .n_meta = meta->len,
                     .n_chunks = writer->chunks->len,
                     .entries = (const IndexEntry *)(gconstpointer)writer->entries->data,
                     .frames = (const IndexFrame *)(gconstpointer)writer->frames->data,
                     .xattrs = (const IndexXattr *)(gconstpointer)writer->xattrs->data,
                     .meta = (const IndexMeta *)(gconstpointer)meta->data,
                     .chunks = (const Digest *)(gconstpointer)writer->chunks->data,
                     .strings = (const char *)writer->strings->data,
                     .strings_size = writer->strings->len,
                     .tar_size = writer->tar_offset,
                     .frames_size = writer->written};
  return pack_index_serialize(&index);
}

gboolean
pack_writer_seal(PackWriter *writer, GError **error)
{
  if (writer->left > 0)
    return refuse(current_path(writer), "has less content than was announced", error);
  cutter_flush(&writer->cutter);
  if (writer->queue != NULL)
    frame_queue_drain(writer->queue);
  if (writer->failure != NULL) {
    g_propagate_error(error, g_error_copy(writer->failure));
    return FALSE;
  }
  g_clear_pointer(&writer->queue, frame_queue_free);
  cutter_clear(&writer->cutter);
  g_autoptr(GByteArray) index = make_index(writer);
  if (!store_writer_write(writer->out, index->data, index->len, error))
    return FALSE;
  store_writer_begin(writer->out);
  return TRUE;
}

gboolean
pack_writer_commit(PackWriter *writer, Digest *out, GError **error)
{
  return store_writer_finish(writer->out, NULL, out, error);
}

gboolean
pack_writer_finish(PackWriter *writer, Digest *out, GError **error)
{
  return pack_writer_seal(writer, error) && pack_writer_commit(writer, out, error);
}
