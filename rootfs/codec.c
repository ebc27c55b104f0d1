/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/codec.h"

#include <libdeflate.h>
#include <zstd.h>

#define ZSTD_LEVEL 3
#define GZIP_LEVEL 6

/* Each library's contexts are made when first needed: a reader has no use for a compressor. */
struct Codec {
  PackEncoding encoding;
  ZSTD_CCtx *zstd_in;
  ZSTD_DCtx *zstd_out;
  struct libdeflate_compressor *gzip_in;
  struct libdeflate_decompressor *gzip_out;
};

Codec *
codec_new(PackEncoding encoding)
{
  Codec *codec = g_new0(Codec, 1);
  codec->encoding = encoding;
  return codec;
}

void
codec_free(Codec *codec)
{
  ZSTD_freeCCtx(codec->zstd_in);
  ZSTD_freeDCtx(codec->zstd_out);
  libdeflate_free_compressor(codec->gzip_in);
  libdeflate_free_decompressor(codec->gzip_out);
  g_free(codec);
}

typedef struct {
  Codec *codecs[PACK_ZSTD_CHUNKED + 1];
} ThreadCodecs;

static void
thread_codecs_free(gpointer data)
{
  ThreadCodecs *own = data;
  for (guint i = 0; i < G_N_ELEMENTS(own->codecs); i++)
    g_clear_pointer(&own->codecs[i], codec_free);
  g_free(own);
}

Codec *
codec_of_thread(PackEncoding encoding)
{
  static GPrivate key = G_PRIVATE_INIT(thread_codecs_free);
  ThreadCodecs *own = g_private_get(&key);
  if (own == NULL) {
    own = g_new0(ThreadCodecs, 1);
    g_private_set(&key, own);
  }
  if (own->codecs[encoding] == NULL)
    own->codecs[encoding] = codec_new(encoding);
  return own->codecs[encoding];
}

static void *
checked(void *context)
{
  if (context == NULL)
    g_error("out of memory for a compressor");
  return context;
}

static void
set_parameter(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
  size_t status = ZSTD_CCtx_setParameter(context, parameter, value);
  if (ZSTD_isError(status))
    g_error("libzstd: %s", ZSTD_getErrorName(status));
}

/* Every parameter that shapes the bytes is said; the level's window (2 MiB) is well below the 8 MiB readers must take. */
static ZSTD_CCtx *
zstd_compressor(Codec *codec)
{
  if (codec->zstd_in == NULL) {
    codec->zstd_in = checked(ZSTD_createCCtx());
    set_parameter(codec->zstd_in, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    set_parameter(codec->zstd_in, ZSTD_c_contentSizeFlag, 1);
    set_parameter(codec->zstd_in, ZSTD_c_checksumFlag, 1);
    set_parameter(codec->zstd_in, ZSTD_c_dictIDFlag, 0);
  }
  return codec->zstd_in;
}

static struct libdeflate_compressor *
gzip_compressor(Codec *codec)
{
  if (codec->gzip_in == NULL)
    codec->gzip_in = checked(libdeflate_alloc_compressor(GZIP_LEVEL));
  return codec->gzip_in;
}

gsize
codec_bound(Codec *codec, gsize size)
{
  return codec->encoding == PACK_GZIP ? libdeflate_gzip_compress_bound(gzip_compressor(codec), size) : ZSTD_compressBound(size);
}

gsize
codec_compress(Codec *codec, const void *data, gsize size, void *out)
{
  gsize bound = codec_bound(codec, size);
  if (codec->encoding == PACK_GZIP) {
    gsize written = libdeflate_gzip_compress(gzip_compressor(codec), data, size, out, bound);
    if (written == 0)
      g_error("libdeflate: a member exceeds its bound");
    return written;
  }
  gsize written = ZSTD_compress2(zstd_compressor(codec), out, bound, data, size);
  if (ZSTD_isError(written))
    g_error("libzstd: %s", ZSTD_getErrorName(written));
  return written;
}

static gboolean
gzip_decompress(Codec *codec, const void *frame, gsize frame_size, void *out, gsize out_size)
{
  if (codec->gzip_out == NULL)
    codec->gzip_out = checked(libdeflate_alloc_decompressor());
  gsize used = 0, made = 0;
  return libdeflate_gzip_decompress_ex(codec->gzip_out, frame, frame_size, out, out_size, &used, &made) == LIBDEFLATE_SUCCESS &&
         used == frame_size && made == out_size;
}

gboolean
codec_decompress(Codec *codec, const void *frame, gsize frame_size, void *out, gsize out_size)
{
  if (codec->encoding == PACK_GZIP)
    return gzip_decompress(codec, frame, frame_size, out, out_size);
  if (codec->zstd_out == NULL)
    codec->zstd_out = checked(ZSTD_createDCtx());
  return ZSTD_decompressDCtx(codec->zstd_out, out, out_size, frame, frame_size) == out_size;
}
