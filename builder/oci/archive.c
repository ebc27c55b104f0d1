/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/archive.h"
#include "builder/oci/blob_checks.h"
#include "builder/oci/contents.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 512
#define MEMBER_MODE 0644
#define OCTAL_SIZE_MAX 077777777777u

typedef struct {
  Outfile *out;
  Hasher *hasher; /* NULL: nobody wants the tarball's digest */
  guint64 size;
  gint64 epoch;
} Writer;

/* ---- members ---- */

/* POSIX.1-2017, pax, "ustar Interchange Format". */
typedef struct {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2], uname[32],
    gname[32], major[8], minor[8], prefix[155], padding[12];
} TarHeader;
G_STATIC_ASSERT(sizeof(TarHeader) == BLOCK);

static void
set_octal(char *field, gsize width, guint64 value)
{
  for (gsize i = width - 1; i-- > 0; value >>= 3)
    field[i] = (char)('0' + (value & 7));
}

/* Blobs of 8 GiB and more: the number in binary, as GNU tar, Go and libarchive write and read it. */
static void
set_size(char field[12], guint64 size)
{
  if (size <= OCTAL_SIZE_MAX) {
    set_octal(field, 12, size);
    return;
  }
  field[0] = (char)0x80;
  for (int i = 11; i > 0; i--, size >>= 8)
    field[i] = (char)(size & 0xff);
}

static void
make_header(TarHeader *header, const char *name, guint64 size, gint64 mtime)
{
  memset(header, 0, sizeof *header);
  memcpy(header->name, name, strlen(name));
  set_octal(header->mode, sizeof header->mode, MEMBER_MODE);
  set_octal(header->uid, sizeof header->uid, 0);
  set_octal(header->gid, sizeof header->gid, 0);
  set_size(header->size, size);
  set_octal(header->mtime, sizeof header->mtime, (guint64)CLAMP(mtime, 0, (gint64)OCTAL_SIZE_MAX));
  header->type = '0';
  memcpy(header->magic, "ustar", 6);
  memcpy(header->version, "00", 2);
  set_octal(header->major, sizeof header->major, 0);
  set_octal(header->minor, sizeof header->minor, 0);
  memset(header->checksum, ' ', sizeof header->checksum);
  guint sum = 0;
  for (gsize i = 0; i < sizeof *header; i++)
    sum += ((const guint8 *)header)[i];
  set_octal(header->checksum, 7, sum);
}

static gboolean
put(Writer *writer, const void *data, gsize size, GError **error)
{
  if (writer->hasher != NULL)
    hasher_update(writer->hasher, data, size);
  writer->size += size;
  return outfile_write(writer->out, data, size, error);
}

static gboolean
put_padding(Writer *writer, guint64 size, GError **error)
{
  static const char zeroes[BLOCK];
  gsize rest = (gsize)(size % BLOCK);
  return rest == 0 || put(writer, zeroes, BLOCK - rest, error);
}

static gboolean
put_text(Writer *writer, const char *name, const char *text, GError **error)
{
  TarHeader header;
  gsize size = strlen(text);
  make_header(&header, name, size, writer->epoch);
  return put(writer, &header, sizeof header, error) && put(writer, text, size, error) && put_padding(writer, size, error);
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
  TarHeader header;
  char name[100] = "blobs/sha256/";
  guint64 size = (guint64)blobs_size(blobs, digest);
  digest_to_hex(digest, name + strlen(name));
  make_header(&header, name, size, writer->epoch);
  if (!put(writer, &header, sizeof header, error) || !blobs_copy(blobs, digest, writer->out, error))
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
    total += BLOCK + (guint64)blobs_size(blobs, &g_array_index(contents->digests, Digest, i));
  return total;
}

static gboolean
put_members(Writer *writer, const Contents *contents, Blobs *blobs, GCancellable *cancellable, GError **error)
{
  static const char end[2 * BLOCK];
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
