/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/blob_source.h"
#include "signing/error.h"

#include <errno.h>
#include <unistd.h>

#define PIECE (256 << 10)

void
blob_source_init(BlobSource *source, const BlobPlace *place, GCancellable *cancellable)
{
  *source = (BlobSource){.place = place, .buffer = g_malloc(PIECE), .cancellable = cancellable};
}

void
blob_source_clear(BlobSource *source)
{
  g_clear_pointer(&source->buffer, g_free);
}

gssize
blob_source_read(const void **piece, gpointer data, GError **error)
{
  BlobSource *source = data;
  guint64 rest = source->place->size - source->done;
  if (g_cancellable_set_error_if_cancelled(source->cancellable, error))
    return -1;
  if (source->place->bytes != NULL) {
    *piece = (const guint8 *)g_bytes_get_data(source->place->bytes, NULL) + source->done;
    source->done += rest;
    return (gssize)rest;
  }
  ssize_t got;
  do
    got = pread(source->place->fd, source->buffer, (gsize)MIN(rest, PIECE), (off_t)(source->place->offset + source->done));
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    error_set_errno(error, errno, "read");
    return -1;
  }
  source->done += (guint64)got;
  *piece = source->buffer;
  return got;
}
