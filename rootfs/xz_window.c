/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/xz_window.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STREAM_HEADER 12
#define STREAM_FOOTER 12
#define LZMA2 0x21

enum { BEGIN, STREAM, BLOCK, HEADER, CHUNK, PLAIN_CHUNK, PACKED_CHUNK, INDEX, BETWEEN, OTHER };

static gsize
padding(guint64 size)
{
  return (4 - size % 4) % 4;
}

static gboolean
expect(XzWindow *window, int part, gsize need)
{
  window->part = part;
  window->need = need;
  return TRUE;
}

/* ---- the parts ---- */

static gboolean
take_stream(XzWindow *window)
{
  static const gsize check_sizes[] = {0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64};
  if (memcmp(window->held,
             "\xfd"
             "7zXZ",
             6) != 0)
    return expect(window, OTHER, 0);
  window->check_size = check_sizes[window->held[7] & 15];
  return expect(window, BLOCK, 1);
}

/* A number of seven bits a byte, the last byte without the eighth; *at is moved behind it, at most to @end. */
static guint64
take_number(const guint8 **at, const guint8 *end)
{
  guint64 number = 0;
  for (guint shift = 0; *at < end && shift < 63; shift += 7) {
    guint8 byte = *(*at)++;
    number |= (guint64)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0)
      break;
  }
  return number;
}

/* Section 3.1, without its first byte. The dictionary is that of the last filter. */
static gboolean
take_header(XzWindow *window, GError **error)
{
  const guint8 *at = window->held + 1, *end = window->held + window->need;
  guint8 flags = window->held[0];
  if (flags & 0x40)
    take_number(&at, end);
  if (flags & 0x80)
    take_number(&at, end);
  for (guint i = 0; i <= (flags & 3u) && at < end; i++) {
    guint64 id = take_number(&at, end), size = take_number(&at, end);
    if (size >= (guint64)(end - at))
      break;
    guint bits = id == LZMA2 && size > 0 ? MIN(*at, 40) : 0;
    guint64 dictionary = bits == 40 ? G_MAXUINT32 : (2ull | (bits & 1)) << (bits / 2 + 11);
    if (dictionary > limits_get(LIMIT_DICTIONARY))
      return limits_exceed(LIMIT_DICTIONARY, error);
    at += size;
  }
  window->size = 0;
  return expect(window, CHUNK, 1);
}

/* LZMA2: a byte that says what follows, sizes, and as many bytes. */
static gboolean
take_chunk(XzWindow *window)
{
  guint8 control = window->held[0];
  window->size++;
  if (control == 0) {
    window->skip = padding(window->size) + window->check_size;
    return expect(window, BLOCK, 1);
  }
  if (control <= 2)
    return expect(window, PLAIN_CHUNK, 2);
  return expect(window, control >= 0x80 ? PACKED_CHUNK : OTHER, control >= 0xc0 ? 5 : 4);
}

static gboolean
skip_chunk(XzWindow *window, const guint8 *size)
{
  window->skip = ((gsize)size[0] << 8 | size[1]) + 1;
  window->size += window->need + window->skip;
  return expect(window, CHUNK, 1);
}

/* How many pairs of numbers, and these; then padding, a checksum and the stream's footer. */
static gboolean
take_index(XzWindow *window)
{
  guint8 byte = window->held[0];
  window->size++;
  window->number |= window->shift < 63 ? (guint64)(byte & 0x7f) << window->shift : 0;
  window->shift += 7;
  if (byte & 0x80)
    return TRUE;
  window->numbers = window->numbers == 0 ? MIN(window->number, G_MAXUINT32) * 2 + 1 : window->numbers - 1;
  window->number = window->shift = 0;
  if (window->numbers > 1)
    return TRUE;
  window->skip = padding(window->size) + 4 + STREAM_FOOTER;
  return expect(window, BETWEEN, 4);
}

static gboolean
take_block(XzWindow *window)
{
  window->size = 1;
  window->number = window->numbers = window->shift = 0;
  return window->held[0] == 0 ? expect(window, INDEX, 1) : expect(window, HEADER, window->held[0] * 4u + 3);
}

/* Four zeros, as often as anybody likes, or another stream. */
static gboolean
take_between(XzWindow *window)
{
  if (memcmp(window->held, "\0\0\0", 4) == 0)
    return TRUE;
  window->have = 4;
  return expect(window, STREAM, STREAM_HEADER);
}

static gboolean
take_part(XzWindow *window, GError **error)
{
  switch (window->part) {
  case STREAM:
    return take_stream(window);
  case BLOCK:
    return take_block(window);
  case HEADER:
    return take_header(window, error);
  case CHUNK:
    return take_chunk(window);
  case PLAIN_CHUNK:
    return skip_chunk(window, window->held);
  case PACKED_CHUNK:
    return skip_chunk(window, window->held + 2);
  case INDEX:
    return take_index(window);
  default:
    return take_between(window);
  }
}

/* ---- all of it ---- */

gboolean
xz_window_pass(XzWindow *window, const void *data, gsize size, GError **error)
{
  const guint8 *at = data, *end = at + size;
  if (window->part == BEGIN)
    expect(window, STREAM, STREAM_HEADER);
  while (at < end && window->part != OTHER) {
    gsize skipped = MIN(window->skip, (gsize)(end - at));
    window->skip -= skipped;
    at += skipped;
    if (at == end)
      break;
    window->held[window->have++] = *at++;
    if (window->have < window->need)
      continue;
    window->have = 0;
    if (!take_part(window, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
xz_window_check(int fd, GError **error)
{
  enum { PIECE = 128 << 10 };
  XzWindow window = {0};
  g_autofree guint8 *buffer = g_malloc(PIECE);
  for (off_t at = 0; window.part != OTHER;) {
    ssize_t got = pread(fd, buffer, PIECE, at);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error_set_errno(error, errno, "read");
    if (got == 0)
      break;
    if (!xz_window_pass(&window, buffer, (gsize)got, error))
      return FALSE;
    at += got;
  }
  return TRUE;
}
