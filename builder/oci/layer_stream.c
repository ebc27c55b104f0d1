/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/layer_stream.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (1 << 18)

typedef struct archive Archive;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_read_free)

/* ---- libarchive over a blob ---- */

typedef struct {
  BlobPlace place;
  guint64 done;
  guint8 *buffer;
  GCancellable *cancellable; /* a long skip hears of it here */
} Source;

static void
source_clear(Source *source)
{
  blob_place_clear(&source->place);
  g_clear_pointer(&source->buffer, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Source, source_clear)

static la_ssize_t
read_source(Archive *archive, void *data, const void **buffer)
{
  Source *source = data;
  guint64 rest = source->place.size - source->done;
  if (g_cancellable_is_cancelled(source->cancellable)) {
    archive_set_error(archive, ECANCELED, "cancelled");
    return -1;
  }
  if (source->place.bytes != NULL) {
    *buffer = (const guint8 *)g_bytes_get_data(source->place.bytes, NULL) + source->done;
    source->done += rest;
    return (la_ssize_t)rest;
  }
  ssize_t got;
  do
    got = pread(source->place.fd, source->buffer, MIN(rest, CHUNK), (off_t)(source->place.offset + source->done));
  while (got < 0 && errno == EINTR);
  if (got < 0)
    archive_set_error(archive, errno, "read: %s", g_strerror(errno));
  else
    source->done += (guint64)got;
  *buffer = source->buffer;
  return got;
}

/* What cancelling made libarchive say is of no interest. */
static gboolean
set_archive_error(GError **error, const Source *source, Archive *archive)
{
  if (g_cancellable_set_error_if_cancelled(source->cancellable, error))
    return FALSE;
  const char *reason = archive_error_string(archive);
  g_autofree char *shown = g_strescape(reason != NULL ? reason : "unreadable", NULL);
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, shown);
  return FALSE;
}

static gboolean
open_source(Source *source, Archive *archive, Blobs *blobs, const Digest *layer, GError **error)
{
  if (!blobs_open(blobs, layer, &source->place, error))
    return FALSE;
  source->buffer = g_malloc(CHUNK);
  archive_read_support_filter_gzip(archive);
  archive_read_support_filter_zstd(archive);
  return archive_read_open(archive, source, NULL, read_source, NULL) == ARCHIVE_OK || set_archive_error(error, source, archive);
}

static gboolean
check_size(const Source *source, guint64 size, GError **error)
{
  LimitId exceeded;
  return limits_allow_content(size, source->place.size, &exceeded) || limits_exceed(exceeded, error);
}

static void
prefix_layer(GError **error, const Digest *layer)
{
  char text[DIGEST_STRING_SIZE];
  g_prefix_error(error, "layer %s: ", digest_to_string(layer, text));
}

/* ---- diff ID ---- */

static gboolean
hash_all(const Source *source, Archive *archive, Hasher *hasher, guint64 *size, GError **error)
{
  const void *data;
  size_t length;
  la_int64_t offset;
  int status;
  while ((status = archive_read_data_block(archive, &data, &length, &offset)) == ARCHIVE_OK) {
    hasher_update(hasher, data, length);
    *size += length;
    if (g_cancellable_set_error_if_cancelled(source->cancellable, error) || !check_size(source, *size, error))
      return FALSE;
  }
  return status == ARCHIVE_EOF || set_archive_error(error, source, archive);
}

gboolean
layer_stream_diff_id(Blobs *blobs, const Digest *layer, GCancellable *cancellable, Digest *diff_id, guint64 *size,
                     GError **error)
{
  g_autoptr(Archive) archive = archive_read_new();
  g_autoptr(Hasher) hasher = hasher_new();
  g_auto(Source) source = {.place = {.fd = -1}, .cancellable = cancellable};
  struct archive_entry *entry;
  *size = 0;
  archive_read_support_format_raw(archive);
  /* nothing at all is a tar too, of no members */
  archive_read_support_format_empty(archive);
  gboolean ok = open_source(&source, archive, blobs, layer, error);
  if (ok) {
    int status = archive_read_next_header(archive, &entry);
    ok = status == ARCHIVE_EOF || (status == ARCHIVE_OK && hash_all(&source, archive, hasher, size, error)) ||
         (status != ARCHIVE_OK && set_archive_error(error, &source, archive));
  }
  if (!ok)
    prefix_layer(error, layer);
  hasher_finish(hasher, diff_id);
  return ok;
}
