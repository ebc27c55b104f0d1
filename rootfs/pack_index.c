/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pack_index.h"
#include "rootfs/tar.h"

#include <libdeflate.h>
#include <string.h>

#define LE32 GUINT32_FROM_LE
#define LE64 GUINT64_FROM_LE

static const guint8 zeros[8];

static void
pad(GByteArray *out, guint64 position)
{
  g_byte_array_append(out, zeros, (guint)(-position & 7));
}

guint32
pack_index_checksum(const guint8 *index, gsize size)
{
  return libdeflate_crc32(0, index, size);
}

GByteArray *
pack_index_serialize(const PackIndex *index)
{
  GByteArray *out = g_byte_array_new();
  IndexHead head = {.magic = INDEX_MAGIC,
                    .version = LE32(INDEX_VERSION),
                    .encoding = LE32(index->encoding),
                    .n_entries = LE32(index->n_entries),
                    .n_frames = LE32(index->n_frames),
                    .n_xattrs = LE32(index->n_xattrs),
                    .n_meta = LE32(index->n_meta),
                    .n_chunks = LE32(index->n_chunks),
                    .strings_size = LE64((index->strings_size + 7) & ~7ull),
                    .tar_size = LE64(index->tar_size),
                    .frames_size = LE64(index->frames_size)};
  pad(out, index->frames_size);
  guint start = out->len;
  g_byte_array_append(out, (const guint8 *)&head, sizeof head);
  g_byte_array_append(out, (const guint8 *)index->entries, index->n_entries * sizeof *index->entries);
  g_byte_array_append(out, (const guint8 *)index->frames, index->n_frames * sizeof *index->frames);
  g_byte_array_append(out, (const guint8 *)index->xattrs, index->n_xattrs * sizeof *index->xattrs);
  g_byte_array_append(out, (const guint8 *)index->meta, index->n_meta * sizeof *index->meta);
  g_byte_array_append(out, (const guint8 *)index->chunks, index->n_chunks * sizeof *index->chunks);
  g_byte_array_append(out, (const guint8 *)index->strings, (guint)index->strings_size);
  pad(out, index->strings_size);
  IndexTrailer trailer = {.index_offset = LE64(index->frames_size + start),
                          .index_size = LE64(out->len - start),
                          .crc32 = LE32(pack_index_checksum(out->data + start, out->len - start)),
                          .version = LE32(INDEX_VERSION),
                          .magic = INDEX_MAGIC};
  g_byte_array_append(out, (const guint8 *)&trailer, sizeof trailer);
  return out;
}

/* ---- checking ---- */

static gboolean
wrong(const char **fault, const char *what)
{
  *fault = what;
  return FALSE;
}

static gboolean
find_index(const guint8 *blob, gsize size, const guint8 **data, guint64 *length, const char **fault)
{
  IndexTrailer trailer;
  if (size < sizeof trailer + sizeof(IndexHead))
    return wrong(fault, "it is too short");
  memcpy(&trailer, blob + size - sizeof trailer, sizeof trailer);
  if (memcmp(trailer.magic, INDEX_MAGIC, sizeof trailer.magic) != 0)
    return wrong(fault, "its end is not that of a pack");
  if (LE32(trailer.version) != INDEX_VERSION)
    return wrong(fault, "its index has a version that this program does not know");
  guint64 offset = LE64(trailer.index_offset);
  *length = LE64(trailer.index_size);
  guint64 end = size - sizeof trailer;
  if (offset > end || *length != end - offset || *length < sizeof(IndexHead) || (offset & 7) != 0)
    return wrong(fault, "its index lies outside of it");
  *data = blob + offset;
  if (pack_index_checksum(*data, *length) != LE32(trailer.crc32))
    return wrong(fault, "the checksum of its index is wrong");
  return TRUE;
}

/* Takes @n records of @record bytes off the index. */
static const void *
take(const guint8 **at, guint64 *left, guint64 n, guint64 record)
{
  if (n > *left / record)
    return NULL;
  const guint8 *start = *at;
  *at += n * record;
  *left -= n * record;
  return start;
}

static gboolean
find_parts(const guint8 *data, guint64 length, PackIndex *out, const char **fault)
{
  IndexHead head;
  memcpy(&head, data, sizeof head);
  const guint8 *at = data + sizeof head;
  guint64 left = length - sizeof head;
  if (memcmp(head.magic, INDEX_MAGIC, sizeof head.magic) != 0 || LE32(head.version) != INDEX_VERSION)
    return wrong(fault, "its index does not begin as one");
  if (LE32(head.encoding) > PACK_ZSTD_CHUNKED)
    return wrong(fault, "its encoding is unknown");
  *out = (PackIndex){.encoding = (PackEncoding)LE32(head.encoding),
                     .n_entries = LE32(head.n_entries),
                     .n_frames = LE32(head.n_frames),
                     .n_xattrs = LE32(head.n_xattrs),
                     .n_meta = LE32(head.n_meta),
                     .n_chunks = LE32(head.n_chunks),
                     .strings_size = LE64(head.strings_size),
                     .tar_size = LE64(head.tar_size),
                     .frames_size = LE64(head.frames_size)};
  if ((out->entries = take(&at, &left, out->n_entries, sizeof *out->entries)) == NULL ||
      (out->frames = take(&at, &left, out->n_frames, sizeof *out->frames)) == NULL ||
      (out->xattrs = take(&at, &left, out->n_xattrs, sizeof *out->xattrs)) == NULL ||
      (out->meta = take(&at, &left, out->n_meta, sizeof *out->meta)) == NULL ||
      (out->chunks = take(&at, &left, out->n_chunks, sizeof *out->chunks)) == NULL)
    return wrong(fault, "its index promises more than it holds");
  out->strings = (const char *)at;
  if (left != out->strings_size || (left > 0 && at[left - 1] != '\0') || left >= G_MAXUINT32)
    return wrong(fault, "the strings of its index have the wrong size");
  return TRUE;
}

static gboolean
check_frames(const PackIndex *index, guint64 index_offset, const char **fault)
{
  guint64 offset = 0, tar_offset = 0;
  for (guint i = 0; i < index->n_frames; i++) {
    const IndexFrame *frame = &index->frames[i];
    guint32 size = LE32(frame->size), tar_size = LE32(frame->tar_size);
    if (LE64(frame->offset) != offset || LE64(frame->tar_offset) != tar_offset)
      return wrong(fault, "its frames do not follow each other");
    if (tar_size == 0 || tar_size > PACK_FRAME_SIZE || size == 0 || size > index_offset - offset)
      return wrong(fault, "a frame has an impossible size");
    offset += size;
    tar_offset += tar_size;
  }
  if (offset != index->frames_size || index_offset - offset >= 8 || tar_offset != index->tar_size)
    return wrong(fault, "its frames do not cover its content");
  return TRUE;
}

static gboolean
check_blobs(const PackIndex *index, const char **fault)
{
  for (guint i = 0; i < index->n_xattrs; i++) {
    guint64 value = LE32(index->xattrs[i].value);
    if (LE32(index->xattrs[i].name) >= index->strings_size || value + LE32(index->xattrs[i].size) > index->strings_size)
      return wrong(fault, "an extended attribute lies outside of its index");
  }
  for (guint i = 0; i < index->n_meta; i++) {
    guint64 value = LE32(index->meta[i].value);
    if (LE32(index->meta[i].key) >= index->strings_size || value + LE32(index->meta[i].size) > index->strings_size)
      return wrong(fault, "a piece of its knowledge lies outside of its index");
  }
  return TRUE;
}

static gboolean
check_link(const PackIndex *index, guint i, const char **fault)
{
  const IndexEntry *entry = &index->entries[i];
  guint32 type = LE32(entry->type), link = LE32(entry->link), target = LE32(entry->target);
  gboolean has_target = type == ENTRY_HARDLINK || type == ENTRY_SYMLINK;
  if (has_target != (target != INDEX_NONE) || (has_target && target >= index->strings_size))
    return wrong(fault, "a link without a target, or a target without a link");
  if ((type == ENTRY_HARDLINK) != (link != INDEX_NONE))
    return wrong(fault, "a hardlink leads nowhere");
  if (link == INDEX_NONE)
    return TRUE;
  if (link >= i || LE32(index->entries[link].type) != ENTRY_FILE ||
      strcmp(index->strings + target, index->strings + LE32(index->entries[link].path)) != 0)
    return wrong(fault, "a hardlink does not lead back to a file");
  return TRUE;
}

static gboolean
check_chunks(const PackIndex *index, const IndexEntry *entry, const char **fault)
{
  guint64 size = LE64(entry->size), n = (size + PACK_FRAME_SIZE - 1) / PACK_FRAME_SIZE;
  gboolean chunked = index->encoding == PACK_ZSTD_CHUNKED && n > 1;
  guint64 first = LE32(entry->first_chunk);
  if (chunked ? first == INDEX_NONE || first + n > index->n_chunks : first != INDEX_NONE)
    return wrong(fault, "a file's chunks lie outside of its index");
  return TRUE;
}

static gboolean
check_entry(const PackIndex *index, guint i, guint64 *tar_offset, const char **fault)
{
  const IndexEntry *entry = &index->entries[i];
  guint32 type = LE32(entry->type), header = LE32(entry->header_size);
  guint64 size = LE64(entry->size);
  if (type > ENTRY_FIFO || LE32(entry->mode) > 07777 || LE32(entry->path) >= index->strings_size)
    return wrong(fault, "an entry of its index is malformed");
  if (LE64(entry->tar_offset) != *tar_offset || header % TAR_BLOCK != 0 || (header == 0) != (type == ENTRY_DIRECTORY))
    return wrong(fault, "its members do not follow each other");
  if ((size != 0 && type != ENTRY_FILE) || size > index->tar_size - *tar_offset)
    return wrong(fault, "a member has an impossible size");
  guint64 member = header + size + tar_padding(size);
  if (member > index->tar_size - *tar_offset)
    return wrong(fault, "a member is larger than the pack");
  *tar_offset += member;
  if ((guint64)LE32(entry->first_xattr) + LE32(entry->n_xattrs) > index->n_xattrs)
    return wrong(fault, "extended attributes lie outside of its index");
  return check_link(index, i, fault) && check_chunks(index, entry, fault);
}

gboolean
pack_index_check(const guint8 *blob, gsize size, PackIndex *out, const char **fault)
{
  const guint8 *data;
  guint64 length, tar_offset = 0;
  if (!find_index(blob, size, &data, &length, fault) || !find_parts(data, length, out, fault) ||
      !check_frames(out, (guint64)(data - blob), fault) || !check_blobs(out, fault))
    return FALSE;
  for (guint i = 0; i < out->n_entries; i++)
    if (!check_entry(out, i, &tar_offset, fault))
      return FALSE;
  return tar_offset == out->tar_size || wrong(fault, "its members do not fill its frames");
}
