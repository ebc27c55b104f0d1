/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/deb.h"
#include "rootfs/deb_control.h"
#include "rootfs/deb_data.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_PIECE (256 * 1024)

/* ---- the blob, as a stream that is hashed ---- */

typedef struct {
  int fd;
  Hasher *hasher;
  guint8 *buffer;
  const Watch *watch;
  GCancellable *cancellable;
} Blob;

static gssize
read_blob(const void **piece, gpointer data, GError **error)
{
  Blob *blob = data;
  ssize_t n;
  if (g_cancellable_set_error_if_cancelled(blob->cancellable, error))
    return -1;
  do
    n = read(blob->fd, blob->buffer, READ_PIECE);
  while (n < 0 && errno == EINTR);
  if (n < 0) {
    error_set_errno(error, errno, "read");
    return -1;
  }
  hasher_update(blob->hasher, blob->buffer, (gsize)n);
  watch_advance(blob->watch, (guint64)n);
  *piece = blob->buffer;
  return n;
}

/* Reads on to the end: what comes after data.tar is of no meaning, but of the digest. */
static gboolean
finish_blob(Blob *blob, const Digest *expected, GError **error)
{
  const void *piece;
  gssize n;
  do
    n = read_blob(&piece, blob, error);
  while (n > 0);
  if (n < 0)
    return FALSE;
  Digest digest;
  hasher_finish(blob->hasher, &digest);
  if (digest_equal(&digest, expected))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "its bytes in the store are damaged");
  return FALSE;
}

/* ---- ar: debian-binary, control.tar*, data.tar* ---- */

typedef struct {
  MemberReader *ar;
  guint64 size; /* of the package */
  gint64 epoch;
  PackWriter *writer;
  DebControl *control;
  gint64 latest;
} Package;

static gssize
read_ar_member(const void **piece, gpointer data, GError **error)
{
  gsize size;
  return member_reader_data(data, piece, &size, error) ? (gssize)size : -1;
}

static gboolean
malformed(GError **error, const char *name, const char *what)
{
  g_autofree char *shown = g_strescape(name, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "not a Debian package: '%.100s' %s", shown, what);
  return FALSE;
}

static gboolean
check_format(Package *package, const char *name, GError **error)
{
  if (strcmp(name, "debian-binary") != 0)
    return malformed(error, name, "stands in the place of debian-binary");
  g_autoptr(GBytes) content = member_reader_content(package->ar, DEB_FORMAT_MAX, error);
  if (content == NULL)
    return FALSE;
  const char *text = g_bytes_get_data(content, NULL);
  if (!g_str_has_prefix(text, "2.") || strchr(text, '\n') == NULL)
    return malformed(error, text, "is not the format 2.x");
  return TRUE;
}

static gboolean
read_control(Package *package, const char *name, GError **error)
{
  g_autoptr(MemberReader) tar = member_reader_new(MEMBER_TAR, name, read_ar_member, package->ar, error);
  if (tar != NULL)
    package->control = deb_control_read(tar, error);
  return package->control != NULL;
}

/* What follows the end of the archive in its member: that is as long as it says, or the package was cut. */
static gboolean
skip_rest(MemberReader *ar, GError **error)
{
  const void *piece;
  gsize size;
  do
    if (!member_reader_data(ar, &piece, &size, error))
      return FALSE;
  while (size > 0);
  return TRUE;
}

static gboolean
read_data(Package *package, const char *name, GError **error)
{
  g_autoptr(MemberReader) tar = member_reader_new(MEMBER_TAR, name, read_ar_member, package->ar, error);
  return tar != NULL &&
         deb_data_write(tar, package->size, package->epoch, package->control, package->writer, &package->latest, error) &&
         skip_rest(package->ar, error) && deb_control_write(package->control, package->epoch, package->writer, error);
}

/* deb(5): the members come in this order; such as begin with '_' may come between, and anything after the data. */
static gboolean
read_package(Package *package, GError **error)
{
  gboolean first = TRUE;
  const Entry *entry;
  while (member_reader_next(package->ar, &entry, error)) {
    if (entry == NULL)
      return malformed(error, package->control == NULL ? "control.tar" : "data.tar", "is missing");
    g_autofree char *name = g_strdup(entry->path);
    if (first && !check_format(package, name, error))
      return FALSE;
    if (!first && *name != '_') {
      if (package->control != NULL)
        return g_str_has_prefix(name, "data.tar") ? read_data(package, name, error)
                                                  : malformed(error, name, "stands in the place of data.tar");
      if (!g_str_has_prefix(name, "control.tar"))
        return malformed(error, name, "stands in the place of control.tar");
      if (!read_control(package, name, error))
        return FALSE;
    }
    first = FALSE;
  }
  return FALSE;
}

/* ---- packing ---- */

struct DebPacking {
  Store *store;
  Digest deb;
  char *label;
  DebOptions options;
  PackWriter *writer; /* sealed */
  gint64 latest;
};

void
deb_packing_free(DebPacking *packing)
{
  g_clear_pointer(&packing->writer, pack_writer_free);
  store_unref(packing->store);
  g_free(packing->label);
  g_free(packing);
}

static gboolean
pack_blob(DebPacking *packing, Blob *blob, guint64 size, GError **error)
{
  g_autoptr(MemberReader) ar = member_reader_new(MEMBER_AR, "ar", read_blob, blob, error);
  packing->writer = ar != NULL ? pack_writer_new(packing->store, packing->options.encoding, error) : NULL;
  if (packing->writer == NULL)
    return FALSE;
  pack_writer_set_threads(packing->writer, 0, packing->options.spare);
  pack_writer_set_watch(packing->writer, blob->watch);
  Package package = {.ar = ar, .size = size, .epoch = packing->options.epoch, .writer = packing->writer};
  gboolean done = read_package(&package, error);
  if (done) {
    packing->latest = MAX(package.latest, package.control->newest);
    done = finish_blob(blob, &packing->deb, error) && pack_writer_seal(packing->writer, error);
  }
  g_clear_pointer(&package.control, deb_control_free);
  return done;
}

static gboolean
make_pack(DebPacking *packing, GCancellable *cancellable, GError **error)
{
  guint64 size;
  int fd = store_open_blob(packing->store, &packing->deb, &size, error);
  if (fd < 0)
    return FALSE;
  g_autoptr(Hasher) hasher = hasher_new();
  g_autofree guint8 *buffer = g_malloc(READ_PIECE);
  Blob blob = {.fd = fd, .hasher = hasher, .buffer = buffer, .watch = packing->options.watch, .cancellable = cancellable};
  GError *problem = NULL;
  gboolean done = pack_blob(packing, &blob, size, &problem);
  close(fd);
  if (done)
    return TRUE;
  /* Bytes that were damaged in the store show as any kind of malformed package: tell the cause, not the symptom. */
  if (g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_INVALID) ||
      g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY)) {
    g_autoptr(GError) damage = NULL;
    if (!store_check_blob(packing->store, &packing->deb, &damage)) {
      g_clear_error(&problem);
      g_propagate_error(error, g_steal_pointer(&damage));
      return FALSE;
    }
  }
  g_propagate_error(error, problem);
  return FALSE;
}

static gboolean
name_package(const char *label, GError **error)
{
  g_autofree char *shown = g_strescape(label, NULL);
  g_prefix_error(error, "package '%s': ", shown);
  return FALSE;
}

DebPacking *
deb_packing_new(Store *store, const Digest *deb, const char *label, const DebOptions *options, GCancellable *cancellable,
                GError **error)
{
  g_autoptr(DebPacking) packing = g_new0(DebPacking, 1);
  packing->store = store_ref(store);
  packing->deb = *deb;
  packing->label = g_strdup(label);
  packing->options = *options;
  if (make_pack(packing, cancellable, error))
    return g_steal_pointer(&packing);
  name_package(label, error);
  return NULL;
}

/* ---- memory ---- */

static void
action_key(const Digest *deb, PackEncoding encoding, gint64 epoch, Digest *key)
{
  char text[DIGEST_STRING_SIZE];
  json_t *description = json_pack("{s:s,s:s,s:s,s:s,s:i}", "action", "pack", "deb", digest_to_string(deb, text), "encoding",
                                  pack_encoding_name(encoding), "compressor", pack_encoding_compressor(encoding), "format",
                                  PACK_FORMAT);
  if (epoch != G_MAXINT64)
    json_object_set_new(description, "epoch", json_integer(epoch));
  store_action_key(description, key);
  json_decref(description);
}

/* The remembered pack of an action and the newest time in it; a record without them is none. */
static gboolean
recall(Store *store, const Digest *key, Digest *pack, gint64 *latest)
{
  json_t *outputs = store_action_get(store, key);
  const char *text = json_string_value(json_object_get(outputs, "pack"));
  json_t *time = json_object_get(outputs, "latest");
  gboolean known = text != NULL && json_is_integer(time) && digest_from_string(text, pack, NULL);
  *latest = json_integer_value(time);
  json_decref(outputs);
  return known;
}

static gboolean
remember(Store *store, const Digest *key, const Digest *pack, gint64 latest, GError **error)
{
  char text[DIGEST_STRING_SIZE];
  json_t *outputs = json_pack("{s:s,s:I}", "pack", digest_to_string(pack, text), "latest", (json_int_t)latest);
  gboolean done = store_action_put(store, key, outputs, error);
  json_decref(outputs);
  return done;
}

/* A pack in which the epoch clamps nothing is the pack without an epoch, and remembered as that. */
void
deb_pack_key(const Digest *deb, PackEncoding encoding, Digest *key)
{
  action_key(deb, encoding, G_MAXINT64, key);
}

gboolean
deb_find_pack(Store *store, const Digest *deb, PackEncoding encoding, gint64 epoch, Digest *pack)
{
  Digest key;
  gint64 latest;
  action_key(deb, encoding, G_MAXINT64, &key);
  if (recall(store, &key, pack, &latest) && latest <= epoch)
    return TRUE;
  action_key(deb, encoding, epoch, &key);
  return epoch != G_MAXINT64 && recall(store, &key, pack, &latest);
}

gboolean
deb_packing_finish(DebPacking *packing, Digest *pack, GError **error)
{
  const DebOptions *options = &packing->options;
  Digest key;
  action_key(&packing->deb, options->encoding, packing->latest <= options->epoch ? G_MAXINT64 : options->epoch, &key);
  return (pack_writer_commit(packing->writer, pack, error) && remember(packing->store, &key, pack, packing->latest, error)) ||
         name_package(packing->label, error);
}

gboolean
deb_to_pack(Store *store, const Digest *deb, const char *label, PackEncoding encoding, gint64 epoch, const Watch *watch,
            GCancellable *cancellable, Digest *pack, GError **error)
{
  if (deb_find_pack(store, deb, encoding, epoch, pack))
    return TRUE;
  DebOptions options = {.encoding = encoding, .epoch = epoch, .watch = watch};
  g_autoptr(DebPacking) packing = deb_packing_new(store, deb, label, &options, cancellable, error);
  return packing != NULL && deb_packing_finish(packing, pack, error);
}
