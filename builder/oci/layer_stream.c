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

static void
prefix_layer(GError **error, const Digest *layer)
{
  char text[DIGEST_STRING_SIZE];
  g_prefix_error(error, "layer %s: ", digest_to_string(layer, text));
}

/* ---- the stream ---- */

struct LayerStream {
  Digest layer;
  Source source;
  Archive *archive;
  Hasher *hasher;
  guint64 size;
  gboolean ended;
};

LayerStream *
layer_stream_new(Blobs *blobs, const Digest *layer, GCancellable *cancellable, GError **error)
{
  g_autoptr(LayerStream) stream = g_new0(LayerStream, 1);
  stream->layer = *layer;
  stream->source = (Source){.place = {.fd = -1}, .cancellable = cancellable};
  stream->archive = archive_read_new();
  stream->hasher = hasher_new();
  archive_read_support_format_raw(stream->archive);
  /* nothing at all is a tar too, of no members */
  archive_read_support_format_empty(stream->archive);
  struct archive_entry *entry;
  gboolean open = open_source(&stream->source, stream->archive, blobs, layer, error);
  int status = open ? archive_read_next_header(stream->archive, &entry) : ARCHIVE_FATAL;
  stream->ended = status == ARCHIVE_EOF;
  if (status == ARCHIVE_OK || status == ARCHIVE_EOF)
    return g_steal_pointer(&stream);
  if (open)
    set_archive_error(error, &stream->source, stream->archive);
  prefix_layer(error, layer);
  return NULL;
}

void
layer_stream_free(LayerStream *stream)
{
  archive_read_free(stream->archive);
  source_clear(&stream->source);
  hasher_free(stream->hasher);
  g_free(stream);
}

static gboolean
take_piece(LayerStream *stream, const void *data, gsize length, GError **error)
{
  LimitId exceeded;
  hasher_update(stream->hasher, data, length);
  stream->size += length;
  if (g_cancellable_set_error_if_cancelled(stream->source.cancellable, error))
    return FALSE;
  return limits_allow_content(stream->size, stream->source.place.size, &exceeded) || limits_exceed(exceeded, error);
}

gssize
layer_stream_read(const void **piece, gpointer data, GError **error)
{
  LayerStream *stream = data;
  size_t length = 0;
  la_int64_t offset;
  while (!stream->ended && length == 0) {
    int status = archive_read_data_block(stream->archive, piece, &length, &offset);
    stream->ended = status == ARCHIVE_EOF;
    if (status == ARCHIVE_EOF)
      break;
    if (status != ARCHIVE_OK ? !set_archive_error(error, &stream->source, stream->archive)
                             : !take_piece(stream, *piece, length, error)) {
      prefix_layer(error, &stream->layer);
      return -1;
    }
  }
  return stream->ended ? 0 : (gssize)length;
}

gboolean
layer_stream_finish(LayerStream *stream, Digest *diff_id, guint64 *size, GError **error)
{
  const void *piece;
  gssize got;
  while ((got = layer_stream_read(&piece, stream, error)) > 0)
    continue;
  hasher_finish(stream->hasher, diff_id);
  *size = stream->size;
  return got == 0;
}

gboolean
layer_stream_diff_id(Blobs *blobs, const Digest *layer, GCancellable *cancellable, Digest *diff_id, guint64 *size,
                     GError **error)
{
  g_autoptr(LayerStream) stream = layer_stream_new(blobs, layer, cancellable, error);
  return stream != NULL && layer_stream_finish(stream, diff_id, size, error);
}
