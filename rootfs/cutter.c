/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/cutter.h"
#include "rootfs/tar.h"

void
cutter_init(Cutter *cutter, PackEncoding encoding, CutterFrame emit, gpointer data)
{
  *cutter = (Cutter){.encoding = encoding, .emit = emit, .data = data};
}

void
cutter_clear(Cutter *cutter)
{
  g_clear_pointer(&cutter->pending, g_byte_array_unref);
  g_clear_pointer(&cutter->idle, g_ptr_array_unref);
}

void
cutter_reuse(Cutter *cutter, GByteArray *frame)
{
  if (cutter->idle == NULL)
    cutter->idle = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
  g_byte_array_set_size(frame, 0);
  g_ptr_array_add(cutter->idle, frame);
}

static GByteArray *
next_frame(Cutter *cutter)
{
  if (cutter->idle == NULL || cutter->idle->len == 0)
    return g_byte_array_new();
  return g_ptr_array_steal_index_fast(cutter->idle, cutter->idle->len - 1);
}

void
cutter_flush(Cutter *cutter)
{
  GByteArray *frame = g_steal_pointer(&cutter->pending);
  if (frame != NULL)
    cutter->emit(frame, cutter->payload, cutter->data);
  cutter->payload = FALSE;
}

static guint
pending_size(const Cutter *cutter)
{
  return cutter->pending != NULL ? cutter->pending->len : 0;
}

static void
append(Cutter *cutter, const guint8 *data, gsize size)
{
  while (size > 0) {
    if (cutter->pending == NULL)
      cutter->pending = next_frame(cutter);
    guint part = (guint)MIN(size, PACK_FRAME_SIZE - cutter->pending->len);
    g_byte_array_append(cutter->pending, data, part);
    data += part;
    size -= part;
    if (cutter->pending->len == PACK_FRAME_SIZE) {
      gboolean payload = cutter->payload;
      cutter_flush(cutter);
      cutter->payload = payload;
    }
  }
}

/* The content is all there: pads it, and ends the frames that it has to itself. */
static void
end_member(Cutter *cutter)
{
  static const guint8 zeros[TAR_BLOCK];
  if (cutter->payload)
    cutter_flush(cutter);
  append(cutter, zeros, cutter->padding);
  if (cutter->alone)
    cutter_flush(cutter);
  cutter->alone = FALSE;
}

void
cutter_member(Cutter *cutter, guint class, const GByteArray *header, guint64 content)
{
  guint64 size = header->len + content + tar_padding(content);
  gboolean chunked = cutter->encoding == PACK_ZSTD_CHUNKED;
  guint64 together = chunked ? header->len : size;
  if (class != cutter->class || pending_size(cutter) + together > PACK_FRAME_SIZE)
    cutter_flush(cutter);
  cutter->class = class;
  cutter->content = content;
  cutter->padding = tar_padding(content);
  cutter->alone = !chunked && size > PACK_FRAME_SIZE;
  append(cutter, header->data, header->len);
  if (content == 0)
    end_member(cutter);
  else if (chunked) {
    cutter_flush(cutter);
    cutter->payload = TRUE;
  }
}

void
cutter_data(Cutter *cutter, const void *data, gsize size)
{
  g_return_if_fail(size <= cutter->content);
  append(cutter, data, size);
  cutter->content -= size;
  if (size > 0 && cutter->content == 0)
    end_member(cutter);
}

void
cutter_bytes(Cutter *cutter, const void *data, gsize size)
{
  if (pending_size(cutter) + size > PACK_FRAME_SIZE)
    cutter_flush(cutter);
  append(cutter, data, size);
}
