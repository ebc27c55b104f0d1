/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/blobs.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (1 << 20)

struct Blobs {
  Store *store;
  GHashTable *known; /* Digest* -> Known* (which it lies in) */
};

typedef struct {
  Digest digest;
  GBytes *bytes; /* in memory */
  char *path;    /* or a file of its own */
  int fd;        /* or a part of this one */
  guint64 offset, size;
} Known;

static void
known_free(gpointer data)
{
  Known *known = data;
  g_clear_pointer(&known->bytes, g_bytes_unref);
  g_free(known->path);
  g_free(known);
}

Blobs *
blobs_new(Store *store)
{
  Blobs *blobs = g_new0(Blobs, 1);
  blobs->store = store != NULL ? store_ref(store) : NULL;
  blobs->known = g_hash_table_new_full(digest_hash, digest_equal, NULL, known_free);
  return blobs;
}

void
blobs_free(Blobs *blobs)
{
  g_clear_pointer(&blobs->store, store_unref);
  g_hash_table_unref(blobs->known);
  g_free(blobs);
}

/* ---- adding ---- */

static Known *
add(Blobs *blobs, const Digest *digest, guint64 size)
{
  Known *known = g_new0(Known, 1);
  known->digest = *digest;
  known->size = size;
  known->fd = -1;
  g_hash_table_replace(blobs->known, &known->digest, known);
  return known;
}

gboolean
blobs_put(Blobs *blobs, const void *data, gsize size, Digest *out, GError **error)
{
  if (blobs->store != NULL)
    return store_put(blobs->store, data, size, out, error);
  digest_of(data, size, out);
  if (!g_hash_table_contains(blobs->known, out))
    add(blobs, out, size)->bytes = g_bytes_new(data, size);
  return TRUE;
}

gboolean
blobs_put_json(Blobs *blobs, json_t *json, const char *media_type, Descriptor *out, GError **error)
{
  g_autofree char *text = oci_json_dump(json);
  *out = (Descriptor){.media_type = g_strdup(media_type), .size = strlen(text)};
  return blobs_put(blobs, text, out->size, &out->digest, error);
}

void
blobs_add_range(Blobs *blobs, const Digest *digest, int fd, guint64 offset, guint64 size)
{
  Known *known = add(blobs, digest, size);
  known->fd = fd;
  known->offset = offset;
}

void
blobs_add_file(Blobs *blobs, const Digest *digest, const char *path, guint64 size)
{
  add(blobs, digest, size)->path = g_strdup(path);
}

/* ---- finding ---- */

gint64
blobs_size(Blobs *blobs, const Digest *digest)
{
  const Known *known = g_hash_table_lookup(blobs->known, digest);
  if (known != NULL)
    return (gint64)known->size;
  return blobs->store != NULL ? store_blob_size(blobs->store, digest) : -1;
}

static gboolean
missing(const Digest *digest, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "blob %s is missing", digest_to_string(digest, text));
  return FALSE;
}

static gboolean
open_file(const Known *known, BlobPlace *place, GError **error)
{
  place->fd = open(known->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  place->close_fd = place->fd >= 0;
  if (place->fd < 0)
    return error_set_errno(error, errno, "open '%s'", known->path);
  return TRUE;
}

gboolean
blobs_open(Blobs *blobs, const Digest *digest, BlobPlace *place, GError **error)
{
  *place = (BlobPlace){.fd = -1};
  const Known *known = g_hash_table_lookup(blobs->known, digest);
  if (known == NULL && blobs->store == NULL)
    return missing(digest, error);
  if (known == NULL) {
    place->fd = store_open_blob(blobs->store, digest, &place->size, error);
    place->close_fd = place->fd >= 0;
    return place->fd >= 0;
  }
  place->size = known->size;
  if (known->bytes != NULL) {
    place->bytes = g_bytes_ref(known->bytes);
    return TRUE;
  }
  if (known->path != NULL)
    return open_file(known, place, error);
  place->fd = known->fd;
  place->offset = known->offset;
  return TRUE;
}

void
blob_place_clear(BlobPlace *place)
{
  if (place->close_fd)
    close(place->fd);
  place->close_fd = FALSE;
  place->fd = -1;
  g_clear_pointer(&place->bytes, g_bytes_unref);
}

/* ---- reading ---- */

static gboolean
stream_descriptor(const BlobPlace *place, BlobSink sink, gpointer user, GError **error)
{
  g_autofree guint8 *buffer = g_malloc(CHUNK);
  guint64 done = 0;
  while (done < place->size) {
    ssize_t got = pread(place->fd, buffer, MIN(place->size - done, CHUNK), (off_t)(place->offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error_set_errno(error, errno, "read");
    if (got == 0) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "ends after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes",
                  done, place->size);
      return FALSE;
    }
    if (!sink(buffer, (gsize)got, user, error))
      return FALSE;
    done += (guint64)got;
  }
  return TRUE;
}

gboolean
blobs_stream(Blobs *blobs, const Digest *digest, BlobSink sink, gpointer user, GError **error)
{
  g_auto(BlobPlace) place = {.fd = -1};
  if (!blobs_open(blobs, digest, &place, error))
    return FALSE;
  if (place.bytes != NULL)
    return sink(g_bytes_get_data(place.bytes, NULL), g_bytes_get_size(place.bytes), user, error);
  if (stream_descriptor(&place, sink, user, error))
    return TRUE;
  char text[DIGEST_STRING_SIZE];
  g_prefix_error(error, "blob %s: ", digest_to_string(digest, text));
  return FALSE;
}

static gboolean
append_bytes(const void *data, gsize size, gpointer user, GError **error)
{
  g_byte_array_append(user, data, (guint)size);
  return TRUE;
}

static gboolean
check_digest(const Blobs *blobs, const Digest *digest, const Digest *found, GError **error)
{
  if (digest_equal(digest, found))
    return TRUE;
  char wanted[DIGEST_STRING_SIZE], got[DIGEST_STRING_SIZE];
  gboolean in_store = g_hash_table_lookup(blobs->known, digest) == NULL;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "blob %s was tampered with or damaged: its content is %s%s",
              digest_to_string(digest, wanted), digest_to_string(found, got),
              in_store ? "\nhint: 'ashlar store verify --repair' removes what is damaged in the store; then build again" : "");
  return FALSE;
}

GBytes *
blobs_read(Blobs *blobs, const Digest *digest, LimitId limit, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  gint64 size = blobs_size(blobs, digest);
  if (size < 0) {
    missing(digest, error);
    return NULL;
  }
  if ((guint64)size > limits_get(limit)) {
    limits_refuse(limit, error, "blob %s", digest_to_string(digest, text));
    return NULL;
  }
  g_autoptr(GByteArray) content = g_byte_array_sized_new((guint)size);
  Digest found;
  if (!blobs_stream(blobs, digest, append_bytes, content, error))
    return NULL;
  digest_of(content->data, content->len, &found);
  if (!check_digest(blobs, digest, &found, error))
    return NULL;
  return g_byte_array_free_to_bytes(g_steal_pointer(&content));
}

json_t *
blobs_read_json(Blobs *blobs, const Digest *digest, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  g_autoptr(GBytes) bytes = blobs_read(blobs, digest, LIMIT_DOCUMENT, error);
  if (bytes == NULL)
    return NULL;
  return oci_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), digest_to_string(digest, text), error);
}

typedef struct {
  Hasher *hasher;
  GCancellable *cancellable;
} Check;

static gboolean
hash_bytes(const void *data, gsize size, gpointer user, GError **error)
{
  Check *check = user;
  hasher_update(check->hasher, data, size);
  return !g_cancellable_set_error_if_cancelled(check->cancellable, error);
}

gboolean
blobs_check(Blobs *blobs, const Digest *digest, GCancellable *cancellable, GError **error)
{
  g_autoptr(Hasher) hasher = hasher_new();
  Check check = {hasher, cancellable};
  Digest found;
  if (!blobs_stream(blobs, digest, hash_bytes, &check, error))
    return FALSE;
  hasher_finish(hasher, &found);
  return check_digest(blobs, digest, &found, error);
}

gboolean
blobs_copy(Blobs *blobs, const Digest *digest, Outfile *out, GError **error)
{
  g_auto(BlobPlace) place = {.fd = -1};
  if (!blobs_open(blobs, digest, &place, error))
    return FALSE;
  if (place.bytes != NULL)
    return outfile_write(out, g_bytes_get_data(place.bytes, NULL), g_bytes_get_size(place.bytes), error);
  return outfile_copy(out, place.fd, place.offset, place.size, error);
}
