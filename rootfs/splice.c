/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/splice.h"
#include "rootfs/tar.h"

#include <string.h>

/* ---- frames into the layer ---- */

static void
put_frame(Splice *splice, const guint8 *data, gsize size, gboolean owned, guint tar_size, gboolean payload)
{
  SplicePlace place = {.offset = layer_sink_size(splice->sink), .tar_size = tar_size};
  layer_sink_frame(splice->sink, data, size, owned);
  place.end = layer_sink_size(splice->sink);
  if (payload)
    g_array_append_val(splice->places, place);
  watch_advance(splice->watch, size);
}

static void
compress_frame(GByteArray *tar, gboolean payload, gpointer data)
{
  Splice *splice = data;
  memcpy(layer_sink_tar(splice->sink, tar->len), tar->data, tar->len);
  guint8 *frame = g_malloc(codec_bound(splice->codec, tar->len));
  gpointer step = watch_begin(splice->watch, WATCH_COMPRESS, tar->len);
  gsize size = codec_compress(splice->codec, tar->data, tar->len, frame);
  watch_end(splice->watch, step, tar->len);
  put_frame(splice, frame, size, TRUE, tar->len, payload);
  cutter_reuse(&splice->cutter, tar);
}

static gboolean
copy_frame(Splice *splice, const Pack *pack, guint number, gboolean payload, GError **error)
{
  PackFrame frame = pack_frame(pack, number);
  if (!pack_frame_decode(pack, number, splice->codec, layer_sink_tar(splice->sink, frame.tar_size), error))
    return FALSE;
  put_frame(splice, frame.data, frame.size, FALSE, frame.tar_size, payload);
  return TRUE;
}

void
splice_init(Splice *splice, PackEncoding encoding, LayerSink *sink, GCancellable *cancellable, const Watch *watch)
{
  *splice = (Splice){.encoding = encoding,
                     .sink = sink,
                     .cancellable = cancellable,
                     .watch = watch,
                     .codec = codec_of_thread(encoding),
                     .places = g_array_new(FALSE, FALSE, sizeof(SplicePlace))};
  cutter_init(&splice->cutter, encoding, compress_frame, splice);
}

void
splice_clear(Splice *splice)
{
  cutter_clear(&splice->cutter);
  g_clear_pointer(&splice->places, g_array_unref);
}

void
splice_directories(Splice *splice, const Entry *const *entries, guint n)
{
  for (guint i = 0; i < n; i++) {
    g_autoptr(GByteArray) header = g_byte_array_new();
    tar_append_header(header, entries[i]);
    cutter_member(&splice->cutter, 0, header, 0);
  }
  cutter_flush(&splice->cutter);
}

void
splice_end(Splice *splice)
{
  static const guint8 zeros[TAR_END_SIZE];
  cutter_bytes(&splice->cutter, zeros, sizeof zeros);
  cutter_flush(&splice->cutter);
}

/* ---- a pack ---- */

static gboolean
go_on(const Splice *splice, GError **error)
{
  return !g_cancellable_set_error_if_cancelled(splice->cancellable, error) && layer_sink_check(splice->sink, error);
}

static gboolean
cut_content(const void *data, gsize size, gpointer user, GError **error)
{
  Splice *splice = user;
  cutter_data(&splice->cutter, data, size);
  return go_on(splice, error);
}

/* A hardlink that is not what it was in the pack. */
static gboolean
put_changed(Splice *splice, const LayerPlan *plan, guint i, GError **error)
{
  Entry entry = layer_plan_entry(plan, i);
  g_autoptr(GByteArray) header = g_byte_array_new();
  tar_append_header(header, &entry);
  cutter_member(&splice->cutter, splice->cutter.class, header, entry.size);
  if (entry.type != ENTRY_FILE || entry.size == 0)
    return TRUE;
  return pack_stream(plan->pack, layer_plan_content(plan, i), cut_content, splice, error);
}

typedef struct {
  guint number;
  PackFrame frame;
  guint first, last; /* entries with bytes in it: first ... last - 1, directories among them */
} Stretch;

/* Compresses a frame again with what is left of it. */
static gboolean
put_rest(Splice *splice, const LayerPlan *plan, const Stretch *stretch, GError **error)
{
  g_autofree guint8 *tar = g_malloc(stretch->frame.tar_size);
  if (!pack_frame_decode(plan->pack, stretch->number, splice->codec, tar, error))
    return FALSE;
  guint64 from = stretch->frame.tar_offset, to = from + stretch->frame.tar_size;
  for (guint i = stretch->first; i < stretch->last; i++) {
    guint64 start = pack_member_offset(plan->pack, i), end = start + pack_member_size(plan->pack, i);
    if (plan->fates[i] == FATE_KEEP) {
      guint64 low = MAX(start, from), high = MIN(end, to);
      cutter_bytes(&splice->cutter, tar + (low - from), (gsize)(high - low));
    } else if (plan->fates[i] != FATE_DROP && start >= from && !put_changed(splice, plan, i, error))
      return FALSE;
  }
  cutter_flush(&splice->cutter);
  return TRUE;
}

/* Whether the frame holds nothing but content of one file, as zstd:chunked has it. */
static gboolean
is_payload(const Splice *splice, const LayerPlan *plan, const Stretch *stretch)
{
  if (splice->encoding != PACK_ZSTD_CHUNKED)
    return FALSE;
  guint64 content = pack_member_offset(plan->pack, stretch->first) + pack_header_size(plan->pack, stretch->first);
  guint64 end = content + pack_entry(plan->pack, stretch->first)->size;
  return stretch->frame.tar_offset >= content && stretch->frame.tar_offset < end;
}

static gboolean
put_stretch(Splice *splice, const LayerPlan *plan, const Stretch *stretch, GError **error)
{
  gboolean all = TRUE, none = TRUE;
  for (guint i = stretch->first; i < stretch->last; i++) {
    if (pack_member_size(plan->pack, i) == 0)
      continue;
    all = all && plan->fates[i] == FATE_KEEP;
    none = none && plan->fates[i] == FATE_DROP;
  }
  if (none)
    return TRUE;
  return all ? copy_frame(splice, plan->pack, stretch->number, is_payload(splice, plan, stretch), error)
             : put_rest(splice, plan, stretch, error);
}

/* The end of entry @i in the tar stream. */
static guint64
member_end(const Pack *pack, guint i)
{
  return pack_member_offset(pack, i) + pack_member_size(pack, i);
}

gboolean
splice_part(Splice *splice, const LayerPlan *plan, GError **error)
{
  Pack *pack = plan->pack;
  guint n = pack_n_entries(pack);
  Stretch stretch = {0};
  for (; stretch.number < pack_n_frames(pack); stretch.number++) {
    if (!go_on(splice, error))
      return FALSE;
    stretch.frame = pack_frame(pack, stretch.number);
    while (stretch.first < n && member_end(pack, stretch.first) <= stretch.frame.tar_offset)
      stretch.first++;
    guint64 end = stretch.frame.tar_offset + stretch.frame.tar_size;
    for (stretch.last = stretch.first; stretch.last < n && pack_member_offset(pack, stretch.last) < end;)
      stretch.last++;
    if (!put_stretch(splice, plan, &stretch, error))
      return FALSE;
  }
  return TRUE;
}
