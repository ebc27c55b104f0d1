/* SPDX-License-Identifier: Apache-2.0
 *
 * A pack: one package (or set of files) in finished form. Its members are canonical tar members, compressed in independent
 * frames that can be copied into a layer as they are; an index tells path, metadata, digest and place of each. A pack is a
 * blob of the store, a pure function of what was added in the order it was added, and immutable.
 *
 * How members are cut into frames belongs to the encoding (PackEncoding) and to the content, never to threads:
 *   zstd, gzip    small members share a frame of at most PACK_FRAME_SIZE bytes of tar; a larger member is cut alone in
 *                 pieces of that size; a frame holds members of one class only (see pack_path_class), so that leaving out
 *                 documentation, say, drops whole frames
 *   zstd:chunked  each file's content is a frame of its own, headers and padding are frames between (FORMATS: zstd:chunked)
 * Directories are in the index only: a layer writes them first, once each (see layer.h).
 */
#ifndef ASHLAR_ROOTFS_PACK_H
#define ASHLAR_ROOTFS_PACK_H

#include "rootfs/entry.h"
#include "rootfs/store.h"
#include "rootfs/watch.h"

typedef enum {
  PACK_ZSTD,
  PACK_GZIP,
  PACK_ZSTD_CHUNKED,
} PackEncoding;

#define PACK_FRAME_SIZE (1 << 20)
/* Raised by whatever changes the bytes of a pack or layer made of the same inputs (member order, cuts, compressor). */
#define PACK_FORMAT 1

/* "zstd", "gzip", "zstd:chunked". */
const char *pack_encoding_name(PackEncoding encoding);
gboolean pack_encoding_parse(const char *name, PackEncoding *out);
/* The compressor and its version as the lock names it: "zstd 1.5.4 level 3". */
const char *pack_encoding_compressor(PackEncoding encoding);

/* ---- writing ---- */

typedef struct PackWriter PackWriter;
PackWriter *pack_writer_new(Store *store, PackEncoding encoding, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How many threads compress (0, the default: one a processor, four at most). The bytes do not depend on it. With @spare (may
 * be NULL) they do so while the number that it points to is above 0; else the caller's own thread does. */
void pack_writer_set_threads(PackWriter *writer, guint threads, const gint *spare);
/* @watch (borrowed, or NULL) hears of the compressing. */
void pack_writer_set_watch(PackWriter *writer, const Watch *watch);
/* Adds a member. A file's content follows by pack_writer_data, exactly entry->size bytes (entry->digest is ignored: it is
 * computed). A path twice, a hardlink whose target is no file added before, ".wh." names: ASHLAR_ERROR_INVALID. */
gboolean pack_writer_add(PackWriter *writer, const Entry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pack_writer_data(PackWriter *writer, const void *data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A named piece of knowledge that travels in the index but is no member (a package's control file). */
void pack_writer_set_meta(PackWriter *writer, const char *key, GBytes *value);
gboolean pack_writer_finish(PackWriter *writer, Digest *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same in two steps, for who writes many packs: what the processor does (memory is given back, the disk has begun), and what
 * waits for the disk. */
gboolean pack_writer_seal(PackWriter *writer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pack_writer_commit(PackWriter *writer, Digest *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pack_writer_free(PackWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackWriter, pack_writer_free)

/* ---- reading ---- */

typedef struct Pack Pack;
/* Maps the pack and checks its index (checksum, bounds, order): a damaged one is ASHLAR_ERROR_VERIFY naming the blob. */
Pack *pack_open(Store *store, const Digest *digest, GError **error) G_GNUC_WARN_UNUSED_RESULT;
Pack *pack_ref(Pack *pack);
void pack_unref(Pack *pack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pack, pack_unref)
const Digest *pack_digest(const Pack *pack);
PackEncoding pack_encoding(const Pack *pack);
guint pack_n_entries(const Pack *pack);
/* Entry @i, valid as long as the pack. In the order they were added; directories included. */
const Entry *pack_entry(const Pack *pack, guint i);
/* The entry of the file that hardlink @i is a further name of. */
guint pack_link(const Pack *pack, guint i);
/* The same, and @i itself where it is no hardlink: the entry that has the attributes and the content. */
guint pack_file(const Pack *pack, guint i);
/* The latest mtime of all entries but directories: whether an epoch clamps anything. */
gint64 pack_latest_mtime(const Pack *pack);
/* Compressed size of the frames, and size of the tar members they hold. */
guint64 pack_compressed_size(const Pack *pack);
guint64 pack_tar_size(const Pack *pack);
/* NULL when it has none of that key (borrowed). */
GBytes *pack_meta(const Pack *pack, const char *key);
/* The content of file @i (through a hardlink too), checked against its digest. More than @max bytes is an error. */
GBytes *pack_read(Pack *pack, guint i, gsize max, GError **error);
/* Passes the content of file @i to @sink piece by piece, memory bounded; only when TRUE is returned was it what the index
 * says. The bytes are @sink's until it returns or reads from a pack itself. */
typedef gboolean (*PackSink)(const void *data, gsize size, gpointer user, GError **error);
gboolean pack_stream(Pack *pack, guint i, PackSink sink, gpointer user, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same members in another encoding. */
gboolean pack_encode(Store *store, Pack *pack, PackEncoding encoding, Digest *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Files of no interest to a running image share frames with nothing else: 0 for what is, else the class (usr/share/doc,
 * its copyright files, man, info, locale, lintian ...). */
guint pack_path_class(const char *path);

#endif
