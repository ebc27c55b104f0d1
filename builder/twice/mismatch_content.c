/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/twice/mismatch_content.h"
#include "builder/look/blob_source.h"
#include "rootfs/member.h"
#include "signing/error.h"

#include <string.h>

/* One member as it is read. */
typedef struct {
  BlobPlace place;
  BlobSource source;
  MemberReader *reader;
  const guint8 *piece;
  gsize size; /* 0: at its end */
} Stream;

static void
stream_clear(Stream *stream)
{
  g_clear_pointer(&stream->reader, member_reader_free);
  blob_source_clear(&stream->source);
  blob_place_clear(&stream->place);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Stream, stream_clear)

void
mismatch_content_clear(MismatchContent *content)
{
  g_clear_pointer(&content->first, g_byte_array_unref);
  g_clear_pointer(&content->second, g_byte_array_unref);
}

static gboolean
stream_open(Stream *stream, const MismatchLayer *layer, const char *path, GCancellable *cancellable, GError **error)
{
  const Entry *entry;
  if (!blobs_open(layer->blobs, layer->layer, &stream->place, error))
    return FALSE;
  blob_source_init(&stream->source, &stream->place, cancellable);
  stream->reader = member_reader_new(MEMBER_LOOK, "layer", blob_source_read, &stream->source, error);
  if (stream->reader == NULL)
    return FALSE;
  while (member_reader_next(stream->reader, &entry, error)) {
    if (entry == NULL) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "'/%s' is no member of the layer", path);
      return FALSE;
    }
    if (strcmp(entry->path, path) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Drops the first @n bytes at hand; new ones come where there are none. */
static gboolean
stream_step(Stream *stream, gsize n, GError **error)
{
  stream->piece += n;
  stream->size -= n;
  const void *piece;
  if (stream->size > 0)
    return TRUE;
  if (!member_reader_data(stream->reader, &piece, &stream->size, error))
    return FALSE;
  stream->piece = piece;
  return TRUE;
}

static gsize
common_length(const guint8 *a, const guint8 *b, gsize n)
{
  gsize i = 0;
  while (i < n && a[i] == b[i])
    i++;
  return i;
}

/* @n bytes that both have. */
static void
keep_common(MismatchContent *out, const guint8 *bytes, gsize n)
{
  out->offset += n;
  gsize kept = MIN(n, MISMATCH_AROUND);
  g_byte_array_append(out->first, bytes + (n - kept), (guint)kept);
  if (out->first->len > MISMATCH_AROUND)
    g_byte_array_remove_range(out->first, 0, out->first->len - MISMATCH_AROUND);
}

/* What comes after is what differs. */
static void
part(MismatchContent *out)
{
  out->at = out->first->len;
  g_byte_array_append(out->second, out->first->data, out->first->len);
}

static gboolean
keep_rest(Stream *stream, GByteArray *out, gsize at, GError **error)
{
  while (stream->size > 0 && out->len < at + MISMATCH_AROUND) {
    gsize n = MIN(stream->size, at + MISMATCH_AROUND - out->len);
    g_byte_array_append(out, stream->piece, (guint)n);
    if (!stream_step(stream, n, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
mismatch_content(const MismatchLayer *first, const MismatchLayer *second, const char *path, GCancellable *cancellable,
                 MismatchContent *out, GError **error)
{
  g_auto(Stream) a = {.place = {.fd = -1}}, b = {.place = {.fd = -1}};
  out->first = g_byte_array_new();
  out->second = g_byte_array_new();
  if (!stream_open(&a, first, path, cancellable, error) || !stream_open(&b, second, path, cancellable, error) ||
      !stream_step(&a, 0, error) || !stream_step(&b, 0, error))
    return FALSE;
  while (a.size > 0 && b.size > 0) {
    gsize n = MIN(a.size, b.size), same = common_length(a.piece, b.piece, n);
    keep_common(out, a.piece, same);
    if (!stream_step(&a, same, error) || !stream_step(&b, same, error))
      return FALSE;
    if (same < n)
      break;
  }
  part(out);
  return keep_rest(&a, out->first, out->at, error) && keep_rest(&b, out->second, out->at, error);
}

void
mismatch_texts(const char *first, gsize first_size, const char *second, gsize second_size, MismatchContent *out)
{
  const guint8 *a = (const guint8 *)first, *b = (const guint8 *)second;
  gsize same = common_length(a, b, MIN(first_size, second_size));
  out->first = g_byte_array_new();
  out->second = g_byte_array_new();
  keep_common(out, a, same);
  part(out);
  g_byte_array_append(out->first, a + same, (guint)MIN(first_size - same, MISMATCH_AROUND));
  g_byte_array_append(out->second, b + same, (guint)MIN(second_size - same, MISMATCH_AROUND));
}
