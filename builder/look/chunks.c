/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/chunks.h"
#include "rootfs/chunked.h"
#include "signing/limits.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Bytes of the blob, from and up to. */
typedef struct {
  guint64 begin, end;
} Span;

/* A table as an annotation tells its place. */
typedef struct {
  guint64 offset, size, plain_size;
} Table;

static gboolean
find_table(const Descriptor *layer, const char *annotation, Table *out)
{
  const char *text = json_string_value(json_object_get(layer->annotations, annotation));
#define N G_GUINT64_FORMAT
  return text != NULL && sscanf(text, "%" N ":%" N ":%" N, &out->offset, &out->size, &out->plain_size) == 3 &&
         out->offset <= layer->size && out->size <= layer->size - out->offset && out->plain_size <= CHUNK_TABLE_MAX &&
         out->size <= CHUNK_TABLE_MAX;
#undef N
}

static gboolean
read_place(const BlobPlace *place, const Table *table, guint8 *out)
{
  if (table->offset > place->size || table->size > place->size - table->offset)
    return FALSE;
  if (place->bytes != NULL) {
    memcpy(out, (const guint8 *)g_bytes_get_data(place->bytes, NULL) + table->offset, table->size);
    return TRUE;
  }
  for (guint64 done = 0; done < table->size;) {
    gssize n = pread(place->fd, out + done, table->size - done, (off_t)(place->offset + table->offset + done));
    if (n <= 0)
      return FALSE;
    done += (guint64)n;
  }
  return TRUE;
}

/* The table of contents, or NULL. */
static json_t *
read_table(Blobs *blobs, const Descriptor *layer, const Table *table)
{
  g_auto(BlobPlace) place = {.fd = -1};
  if (!blobs_open(blobs, &layer->digest, &place, NULL))
    return NULL;
  g_autofree guint8 *frame = g_malloc(table->size + 1), *text = g_malloc(table->plain_size + 1);
  return read_place(&place, table, frame) &&
             codec_decompress(codec_of_thread(PACK_ZSTD), frame, table->size, text, table->plain_size)
           ? oci_json_parse(text, table->plain_size, "the table of contents", NULL)
           : NULL;
}

static gboolean
is_known(json_t *entry, GHashTable *known)
{
  Digest digest;
  const char *text = json_string_value(json_object_get(entry, "digest"));
  return text != NULL && digest_from_string(text, &digest, NULL) && g_hash_table_contains(known, &digest);
}

/* The places of the content that is not @known: of a file, and of the further chunks that follow it. */
static GArray *
missing_spans(json_t *entries, GHashTable *known)
{
  GArray *spans = g_array_new(FALSE, FALSE, sizeof(Span));
  gboolean skip = FALSE;
  gsize i;
  json_t *entry;
  json_array_foreach (entries, i, entry) {
    const char *type = json_string_value(json_object_get(entry, "type"));
    gint64 begin = json_integer_value(json_object_get(entry, "offset"));
    gint64 end = json_integer_value(json_object_get(entry, "endOffset"));
    if (g_strcmp0(type, "chunk") != 0)
      skip = g_strcmp0(type, "reg") != 0 || is_known(entry, known);
    if (skip || begin < 0 || end <= begin)
      continue;
    const Span span = {(guint64)begin, (guint64)end};
    g_array_append_val(spans, span);
  }
  return spans;
}

static gint
compare_spans(gconstpointer a, gconstpointer b)
{
  guint64 one = ((const Span *)a)->begin, other = ((const Span *)b)->begin;
  return one < other ? -1 : one > other;
}

/* A file's span may cover those of its chunks: each byte is counted once. */
static guint64
count_bytes(GArray *spans)
{
  guint64 bytes = 0, reached = 0;
  g_array_sort(spans, compare_spans);
  for (guint i = 0; i < spans->len; i++) {
    const Span *span = &g_array_index(spans, Span, i);
    guint64 begin = MAX(span->begin, reached);
    if (span->end > begin)
      bytes += span->end - begin;
    reached = MAX(reached, span->end);
  }
  return bytes;
}

gboolean
chunks_to_pull(Blobs *blobs, const Descriptor *layer, GHashTable *known, guint64 *bytes)
{
  Table contents, split = {0};
  if (!find_table(layer, CHUNKED_CONTENTS_ANNOTATION, &contents))
    return FALSE;
  gboolean has_split = find_table(layer, CHUNKED_SPLIT_ANNOTATION, &split);
  json_auto_t *table = read_table(blobs, layer, &contents);
  if (table == NULL)
    return FALSE;
  g_autoptr(GArray) spans = missing_spans(json_object_get(table, "entries"), known);
  *bytes = MIN(count_bytes(spans) + contents.size + (has_split ? split.size : 0), layer->size);
  return TRUE;
}
