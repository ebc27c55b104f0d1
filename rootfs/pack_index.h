/* SPDX-License-Identifier: Apache-2.0
 *
 * The index at the end of a pack's blob, as it lies on disk. Numbers are little-endian; every part starts at a multiple of
 * eight bytes; the parts follow each other without gaps:
 *
 *   frames | zeros up to 8 | IndexHead, entries, frames, xattrs, meta, chunk digests, strings | IndexTrailer
 *
 * Offsets of names and values are into the strings, each of which ends with a NUL. The tar stream of a pack is its members
 * without the directories, one after the other; entries and frames both cover it without gaps. A reader takes nothing on
 * trust: see pack_index_check.
 */
#ifndef ASHLAR_ROOTFS_PACK_INDEX_H
#define ASHLAR_ROOTFS_PACK_INDEX_H

#include "rootfs/pack.h"

#define INDEX_MAGIC "ASHLRPCK"
#define INDEX_VERSION 1
#define INDEX_NONE G_MAXUINT32

typedef struct {
  char magic[8];
  guint32 version, encoding;
  guint32 n_entries, n_frames, n_xattrs, n_meta, n_chunks, reserved;
  guint64 strings_size;
  guint64 tar_size, frames_size;
} IndexHead;

typedef struct {
  guint64 tar_offset; /* of the member's headers; of a directory: where it would be */
  guint64 size;
  gint64 mtime;
  guint64 crc64;       /* CRC-64/GO-ISO of the content (zstd:chunked only) */
  guint32 path;        /* offset into the strings */
  guint32 target;      /* the same, or INDEX_NONE */
  guint32 link;        /* hardlink: the number of the file's entry; else INDEX_NONE */
  guint32 header_size; /* 0 for a directory */
  guint32 type, mode, uid, gid, major, minor;
  guint32 first_xattr, n_xattrs;
  guint32 first_chunk; /* zstd:chunked, content of more than one frame: number of its first chunk digest; else INDEX_NONE */
  guint32 reserved;
  Digest digest;
} IndexEntry;

typedef struct {
  guint64 offset;     /* in the blob */
  guint64 tar_offset; /* in the tar stream */
  guint32 size, tar_size;
} IndexFrame;

typedef struct {
  guint32 name, value, size, reserved;
} IndexXattr;

typedef struct {
  guint32 key, value, size, reserved;
} IndexMeta;

typedef struct {
  guint64 index_offset, index_size;
  guint32 crc32; /* of the index */
  guint32 version;
  char magic[8];
} IndexTrailer;

G_STATIC_ASSERT(sizeof(IndexHead) == 64);
G_STATIC_ASSERT(sizeof(IndexEntry) == 120);
G_STATIC_ASSERT(sizeof(IndexFrame) == 24);
G_STATIC_ASSERT(sizeof(IndexXattr) == 16 && sizeof(IndexMeta) == 16);
G_STATIC_ASSERT(sizeof(IndexTrailer) == 32);

/* The parts of an index in memory: what a reader found, or a writer is about to write. */
typedef struct {
  PackEncoding encoding;
  guint n_entries, n_frames, n_xattrs, n_meta, n_chunks;
  const IndexEntry *entries;
  const IndexFrame *frames;
  const IndexXattr *xattrs;
  const IndexMeta *meta;
  const Digest *chunks;
  const char *strings;
  guint64 strings_size;
  guint64 tar_size;    /* of all members */
  guint64 frames_size; /* of all frames, from the start of the blob */
} PackIndex;

/* The index and trailer as they follow @frames_size bytes of frames (numbers are written as they stand: the arrays must
 * already be little-endian). */
GByteArray *pack_index_serialize(const PackIndex *index);

/* The checksum in the trailer. */
guint32 pack_index_checksum(const guint8 *index, gsize size);

/* Finds the parts of the index in a whole pack and checks every number in it: sizes, offsets, order, that entries and
 * frames cover the tar stream, that links lead back to files. FALSE and a phrase in @fault for what is wrong. */
gboolean pack_index_check(const guint8 *blob, gsize size, PackIndex *out, const char **fault) G_GNUC_WARN_UNUSED_RESULT;

#endif
