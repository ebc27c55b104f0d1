/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/image/plain.h"
#include "builder/oci/layer_pack.h"
#include "builder/oci/layer_stream.h"
#include "rootfs/acl.h"
#include "rootfs/directory.h"
#include "rootfs/layer.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PIECE (256 << 10)

/* The one layer. */
typedef struct {
  const char *media_type;
  Digest digest, diff_id;
  guint64 size;
} Plain;

static gboolean
open_source(const ImageSource *source, int flags, int *fd, GError **error)
{
  *fd = open(source->rest, O_RDONLY | O_CLOEXEC | flags);
  return *fd >= 0 || error_set_errno(error, errno, "open '%s'", source->rest);
}

/* Hears of all bytes of @fd, which is read from its beginning. */
typedef gboolean (*PieceVisit)(const void *data, gsize size, gpointer user, GError **error);

static gboolean
each_piece(int fd, GCancellable *cancellable, PieceVisit visit, gpointer user, GError **error)
{
  g_autofree guint8 *buffer = g_malloc(PIECE);
  guint64 at = 0;
  for (;;) {
    ssize_t got = pread(fd, buffer, PIECE, (off_t)at);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error_set_errno(error, errno, "read");
    if (got == 0)
      return TRUE;
    if (g_cancellable_set_error_if_cancelled(cancellable, error) || !visit(buffer, (gsize)got, user, error))
      return FALSE;
    at += (guint64)got;
  }
}

/* ---- a layer of ours ---- */

/* Writes what is in @tree, which has one pack. */
static gboolean
write_tree(Store *store, const Tree *tree, GCancellable *cancellable, Plain *out, GError **error)
{
  guint number = 0;
  g_autoptr(GPtrArray) directories = tree_layer_directories(tree, &number, 1, NULL, 0);
  const LayerPart part = {.pack = tree_pack(tree, 0), .kept = tree_kept(tree, 0)};
  const LayerSpec spec = {
    .encoding = PACK_ZSTD,
    .directories = (const Entry *const *)directories->pdata,
    .n_directories = directories->len,
    .parts = &part,
    .n_parts = 1,
  };
  Layer layer;
  if (!layer_write(store, &spec, cancellable, &layer, error))
    return FALSE;
  *out = (Plain){.media_type = OCI_MEDIA_LAYER_ZSTD, .digest = layer.digest, .diff_id = layer.diff_id, .size = layer.size};
  layer_clear(&layer);
  return TRUE;
}

/* ---- a tar ---- */

static gboolean
hash_piece(const void *data, gsize size, gpointer hasher, GError **error)
{
  hasher_update(hasher, data, size);
  return TRUE;
}

static gboolean
store_piece(const void *data, gsize size, gpointer writer, GError **error)
{
  return store_writer_write(writer, data, size, error);
}

/* The file as a blob of the store: read twice where it is not there yet, for most often it is. */
static gboolean
take_file(Store *store, int fd, GCancellable *cancellable, Digest *digest, GError **error)
{
  g_autoptr(Hasher) hasher = hasher_new();
  Digest written;
  if (!each_piece(fd, cancellable, hash_piece, hasher, error))
    return FALSE;
  hasher_finish(hasher, digest);
  if (store_has(store, digest))
    return TRUE;
  g_autoptr(StoreWriter) writer = store_writer_new(store, error);
  return writer != NULL && each_piece(fd, cancellable, store_piece, writer, error) &&
         store_writer_finish(writer, digest, &written, error);
}

/* What a client knows the compression of the blob by; NULL: by nothing. */
static const char *
media_type_of(int fd)
{
  guint8 magic[262] = {0};
  ssize_t got = pread(fd, magic, sizeof magic, 0);
  if (got > 2 && memcmp(magic, "\x1f\x8b", 2) == 0)
    return OCI_MEDIA_LAYER_GZIP;
  if (got > 4 &&
      (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0 || (memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0 && magic[0] >> 4 == 5)))
    return OCI_MEDIA_LAYER_ZSTD;
  return got == sizeof magic && memcmp(magic + 257, "ustar", 5) == 0 ? OCI_MEDIA_LAYER : NULL;
}

typedef struct archive Archive;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_read_free)

static gboolean
library_error(Archive *archive, GError **error)
{
  const char *reason = archive_error_string(archive);
  g_autofree char *shown = g_strescape(reason != NULL ? reason : "it is no tar", NULL);
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, shown);
  return FALSE;
}

/* Takes the compression off; what is left is a blob of the store. */
static gboolean
decompress(Store *store, int fd, GCancellable *cancellable, Digest *tar, GError **error)
{
  g_autoptr(Archive) archive = archive_read_new();
  g_autoptr(StoreWriter) writer = store_writer_new(store, error);
  struct archive_entry *entry;
  guint64 packed = (guint64)MAX(lseek(fd, 0, SEEK_END), 0);
  if (writer == NULL)
    return FALSE;
  archive_read_support_format_raw(archive);
  archive_read_support_filter_xz(archive);
  archive_read_support_filter_bzip2(archive);
  archive_read_support_filter_lzma(archive);
  lseek(fd, 0, SEEK_SET);
  if (archive_read_open_fd(archive, fd, PIECE) != ARCHIVE_OK || archive_read_next_header(archive, &entry) != ARCHIVE_OK)
    return library_error(archive, error);
  for (;;) {
    const void *data;
    size_t size;
    la_int64_t offset;
    LimitId exceeded;
    int status = archive_read_data_block(archive, &data, &size, &offset);
    if (status == ARCHIVE_EOF)
      return store_writer_finish(writer, NULL, tar, error);
    if (status != ARCHIVE_OK)
      return library_error(archive, error);
    if (g_cancellable_set_error_if_cancelled(cancellable, error) || !store_writer_write(writer, data, size, error))
      return FALSE;
    if (!limits_allow_content(store_writer_size(writer), packed, &exceeded))
      return limits_exceed(exceeded, error);
  }
}

static gboolean
write_again(Store *store, int fd, GCancellable *cancellable, Plain *out, GError **error)
{
  Digest tar;
  g_auto(LayerPack) pack = {0};
  g_autoptr(Blobs) blobs = blobs_new(store);
  g_autoptr(Tree) tree = tree_new();
  return decompress(store, fd, cancellable, &tar, error) &&
         layer_pack_obtain(store, blobs, &tar, &tar, NULL, cancellable, &pack, error) && layer_pack_lay(&pack, tree, error) &&
         write_tree(store, tree, cancellable, out, error);
}

static gboolean
read_tar(Store *store, const ImageSource *source, GCancellable *cancellable, Plain *out, GError **error)
{
  int fd;
  if (!open_source(source, 0, &fd, error))
    return FALSE;
  out->media_type = media_type_of(fd);
  gboolean read;
  if (out->media_type == NULL) {
    read = write_again(store, fd, cancellable, out, error);
  } else {
    g_autoptr(Blobs) blobs = blobs_new(store);
    guint64 tar_size;
    read = take_file(store, fd, cancellable, &out->digest, error) &&
           layer_stream_diff_id(blobs, &out->digest, cancellable, &out->diff_id, &tar_size, error);
    out->size = (guint64)MAX(store_blob_size(store, &out->digest), 0);
  }
  close(fd);
  return read;
}

/* ---- a folder ---- */

typedef struct {
  PackWriter *writer;
  GCancellable *cancellable;
} Folder;

static gboolean
pack_piece(const void *data, gsize size, gpointer writer, GError **error)
{
  return pack_writer_data(writer, data, size, error);
}

/* Access control lists name users of this machine, as owners do. */
static void
leave_lists_out(Entry *own, GArray *xattrs)
{
  for (guint i = 0; i < own->n_xattrs; i++)
    if (!acl_is_name(own->xattrs[i].name))
      g_array_append_val(xattrs, own->xattrs[i]);
  own->xattrs = (const Xattr *)(gconstpointer)xattrs->data;
  own->n_xattrs = xattrs->len;
}

static gboolean
visit(const Entry *entry, int fd, gpointer data, GError **error)
{
  const Folder *folder = data;
  Entry own = *entry;
  g_autoptr(GArray) xattrs = g_array_new(FALSE, FALSE, sizeof(Xattr));
  own.uid = own.gid = 0;
  own.mtime = 0;
  leave_lists_out(&own, xattrs);
  if (pack_writer_add(folder->writer, &own, error) &&
      (fd < 0 || each_piece(fd, folder->cancellable, pack_piece, folder->writer, error)))
    return TRUE;
  g_autofree char *shown = g_strescape(entry->path, NULL);
  g_prefix_error(error, "'/%s': ", shown);
  return FALSE;
}

static gboolean
read_folder(Store *store, const ImageSource *source, GCancellable *cancellable, Plain *out, GError **error)
{
  int fd;
  Digest digest;
  if (!open_source(source, O_DIRECTORY, &fd, error))
    return FALSE;
  g_autoptr(PackWriter) writer = pack_writer_new(store, PACK_ZSTD, error);
  Folder folder = {.writer = writer, .cancellable = cancellable};
  const DirectoryScan scan = {.look = TRUE, .visit = visit, .data = &folder};
  gboolean read = writer != NULL && directory_scan(fd, source->rest, &scan, error) &&
                  pack_writer_finish(writer, &digest, error);
  close(fd);
  g_autoptr(Pack) pack = read ? pack_open(store, &digest, error) : NULL;
  if (pack == NULL)
    return FALSE;
  g_autoptr(Tree) tree = tree_new();
  guint number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    if (!tree_insert(tree, number, i, error))
      return FALSE;
  return write_tree(store, tree, cancellable, out, error);
}

/* ---- the image ---- */

static gboolean
write_image(Store *store, const Plain *plain, const char *arch, Digest *out, GError **error)
{
  const char *architecture, *variant;
  char diff_id[DIGEST_STRING_SIZE];
  g_autoptr(Blobs) blobs = blobs_new(store);
  g_auto(Descriptor) config = {0}, manifest = {0};
  oci_platform(arch, &architecture, &variant);
  json_auto_t *document = json_pack("{s:s, s:s, s:s*, s:{}, s:{s:s, s:[s]}}", "architecture", architecture, "os", "linux",
                                    "variant", variant, "config", "rootfs", "type", "layers", "diff_ids",
                                    digest_to_string(&plain->diff_id, diff_id));
  if (!blobs_put_json(blobs, document, OCI_MEDIA_CONFIG, &config, error))
    return FALSE;
  const Descriptor layer = {.media_type = (char *)plain->media_type, .digest = plain->digest, .size = plain->size};
  json_auto_t *json = json_pack("{s:i, s:s, s:o, s:[o]}", "schemaVersion", 2, "mediaType", OCI_MEDIA_MANIFEST, "config",
                                descriptor_to_json(&config), "layers", descriptor_to_json(&layer));
  if (!blobs_put_json(blobs, json, OCI_MEDIA_MANIFEST, &manifest, error))
    return FALSE;
  *out = manifest.digest;
  return image_remember(store, out, error);
}

gboolean
plain_image_make(Store *store, const ImageSource *source, const char *arch, const FetchOptions *options, Digest *manifest,
                 GError **error)
{
  Plain plain = {0};
  gboolean tar = source->kind == IMAGE_TAR;
  return (tar ? read_tar(store, source, options->cancellable, &plain, error)
              : read_folder(store, source, options->cancellable, &plain, error)) &&
         write_image(store, &plain, arch, manifest, error);
}
