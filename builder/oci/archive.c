/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/archive.h"
#include "builder/oci/blob_checks.h"
#include "builder/oci/contents.h"
#include "rootfs/tar.h"

#include <string.h>

#define MEMBER_MODE 0644

typedef struct {
  Outfile *out;
  Hasher *hasher; /* NULL: nobody wants the tarball's digest */
  guint64 size;
  gint64 epoch;
} Writer;

/* ---- members ---- */

static gboolean
put(Writer *writer, const void *data, gsize size, GError **error)
{
  if (writer->hasher != NULL)
    hasher_update(writer->hasher, data, size);
  writer->size += size;
  return outfile_write(writer->out, data, size, error);
}

static gboolean
put_header(Writer *writer, const char *name, guint64 size, GError **error)
{
  const Entry entry = {.path = name, .type = ENTRY_FILE, .mode = MEMBER_MODE, .mtime = MAX(writer->epoch, 0), .size = size};
  g_autoptr(GByteArray) header = g_byte_array_new();
  if (!tar_check(&entry, error))
    return FALSE;
  tar_append_header(header, &entry);
  return put(writer, header->data, header->len, error);
}

static gboolean
put_padding(Writer *writer, guint64 size, GError **error)
{
  static const char zeroes[TAR_BLOCK];
  return put(writer, zeroes, tar_padding(size), error);
}

static gboolean
put_text(Writer *writer, const char *name, const char *text, GError **error)
{
  gsize size = strlen(text);
  return put_header(writer, name, size, error) && put(writer, text, size, error) && put_padding(writer, size, error);
}

static gboolean
hash_piece(const void *data, gsize size, gpointer user, GError **error)
{
  hasher_update(user, data, size);
  return TRUE;
}

static gboolean
put_blob(Writer *writer, Blobs *blobs, const Digest *digest, GError **error)
{
  char name[100] = "blobs/sha256/";
  guint64 size = (guint64)blobs_size(blobs, digest);
  digest_to_hex(digest, name + strlen(name));
  if (!put_header(writer, name, size, error) || !blobs_copy(blobs, digest, writer->out, error))
    return FALSE;
  if (writer->hasher != NULL && !blobs_stream(blobs, digest, hash_piece, writer->hasher, error))
    return FALSE;
  writer->size += size;
  return put_padding(writer, size, error);
}

/* ---- the tarball ---- */

/* About how many bytes there will be: the JSON members count little. */
static guint64
blob_bytes(const Contents *contents, Blobs *blobs)
{
  guint64 total = 0;
  for (guint i = 0; i < contents->digests->len; i++)
    total += TAR_BLOCK + (guint64)blobs_size(blobs, &g_array_index(contents->digests, Digest, i));
  return total;
}

static gboolean
put_members(Writer *writer, const Contents *contents, Blobs *blobs, GCancellable *cancellable, GError **error)
{
  static const char end[TAR_END_SIZE];
  for (guint i = 0; i < contents->digests->len; i++) {
    if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
        !put_blob(writer, blobs, &g_array_index(contents->digests, Digest, i), error))
      return FALSE;
  }
  return put_text(writer, "index.json", contents->index_json, error) &&
         put_text(writer, "manifest.json", contents->manifest_json, error) &&
         put_text(writer, "oci-layout", OCI_LAYOUT_FILE, error) && put(writer, end, sizeof end, error);
}

gboolean
archive_write(const char *path, const ArchiveSpec *spec, Blobs *blobs, GCancellable *cancellable, Digest *digest, guint64 *size,
              GError **error)
{
  g_auto(Contents) contents = {0};
  if (!contents_collect(spec, blobs, &contents, error))
    return FALSE;
  g_autoptr(Hasher) hasher = digest != NULL ? hasher_new() : NULL;
  g_autoptr(Outfile) out = outfile_new(path, MEMBER_MODE, OUTFILE_REPLACE, error);
  if (out == NULL || !outfile_expect(out, blob_bytes(&contents, blobs), error))
    return FALSE;
  Writer writer = {.out = out, .hasher = hasher, .epoch = spec->epoch};
  g_autoptr(BlobChecks) checks = blob_checks_begin(blobs, contents.digests, cancellable);
  if (!put_members(&writer, &contents, blobs, cancellable, error) || !blob_checks_end(checks, error) ||
      !outfile_commit(out, error))
    return FALSE;
  if (digest != NULL)
    hasher_finish(hasher, digest);
  if (size != NULL)
    *size = writer.size;
  return TRUE;
}
