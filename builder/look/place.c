/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/place.h"
#include "builder/oci/location.h"
#include "rootfs/member.h"
#include "rootfs/pack_index.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE "store:"
#define DEB_MAGIC "!<arch>\n"
/* A shorter beginning of a digest is more likely a mistake. */
#define HEX_MIN 4

/* ---- blobs of the store ---- */

static gboolean
is_hex(const char *text)
{
  return text[strspn(text, "0123456789abcdef")] == '\0';
}

/* The blobs whose digests begin with @hex; @digest is one of them. */
static guint
count_blobs(const Store *store, const char *hex, Digest *digest)
{
  g_autofree char *folder = g_build_filename(store_path(store), "blobs", "sha256", NULL);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *name;
  guint found = 0;
  while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
    if (g_str_has_prefix(name, hex) && digest_from_hex(name, digest))
      found++;
  return found;
}

static gboolean
find_blob(SubjectPlace *place, const char *spelling, const char *path, GError **error)
{
  const char *hex = spelling + strlen(STORE);
  if (g_str_has_prefix(hex, "sha256:"))
    hex += strlen("sha256:");
  if (strlen(hex) < HEX_MIN || strlen(hex) > DIGEST_HEX_LENGTH || !is_hex(hex)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                "'%s' names no blob of the store\nhint: store:sha256:HEX, of which at least %d digits are needed", spelling,
                HEX_MIN);
    return FALSE;
  }
  place->store = store_open(path, error);
  if (place->store == NULL)
    return FALSE;
  guint found = count_blobs(place->store, hex, &place->digest);
  if (found == 1)
    return TRUE;
  if (found == 0)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "'%s' is not in the store '%s'", spelling,
                store_path(place->store));
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' may be any of %u blobs of the store\nhint: give more digits",
                spelling, found);
  return FALSE;
}

/* ---- by the bytes ---- */

static gboolean
read_at(int fd, guint64 offset, void *data, gsize size)
{
  ssize_t got;
  do
    got = pread(fd, data, size, (off_t)offset);
  while (got < 0 && errno == EINTR);
  return got == (ssize_t)size;
}

static gboolean
is_pack(int fd, guint64 size)
{
  IndexTrailer trailer;
  return size >= sizeof trailer && read_at(fd, size - sizeof trailer, &trailer, sizeof trailer) &&
         memcmp(trailer.magic, INDEX_MAGIC, sizeof trailer.magic) == 0;
}

static gboolean
is_deb(int fd)
{
  char magic[sizeof DEB_MAGIC - 1];
  return read_at(fd, 0, magic, sizeof magic) && memcmp(magic, DEB_MAGIC, sizeof magic) == 0;
}

/* What a tarball holds that is an image, OCI's or an older docker's, and nothing else does. */
static gboolean
is_of_image(const char *path)
{
  static const char *const names[] = {"", "blobs", "index.json", "manifest.json", "oci-layout", "repositories"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(path, names[i]) == 0)
      return TRUE;
  gsize hex = strspn(path, "0123456789abcdef");
  return g_str_has_prefix(path, "blobs/") ||
         (hex == DIGEST_HEX_LENGTH && (path[hex] == '/' || strcmp(path + hex, ".json") == 0));
}

/* Contents are passed over by seeking: only headers are read. A compressed tar is never an image. */
static gboolean
is_image_archive(int fd)
{
  g_autoptr(MemberReader) reader = member_reader_new_fd(MEMBER_TAR, "image.tar", fd, NULL);
  const Entry *entry;
  gboolean told = FALSE;
  while (reader != NULL && member_reader_next(reader, &entry, NULL) && entry != NULL) {
    if (!is_of_image(entry->path))
      return FALSE;
    told = told || strcmp(entry->path, "oci-layout") == 0 || strcmp(entry->path, "manifest.json") == 0;
  }
  return told;
}

static gboolean
is_json(int fd)
{
  char first;
  return read_at(fd, 0, &first, 1) && first == '{';
}

static gboolean
open_blob(SubjectPlace *place, GError **error)
{
  BlobPlace *bytes = &place->bytes;
  bytes->fd = store_open_blob(place->store, &place->digest, &bytes->size, error);
  bytes->close_fd = bytes->fd >= 0;
  if (bytes->fd < 0)
    return FALSE;
  place->kind = is_json(bytes->fd)                ? SUBJECT_IMAGE
                : is_pack(bytes->fd, bytes->size) ? SUBJECT_PACK
                : is_deb(bytes->fd)               ? SUBJECT_PACKAGE
                                                  : SUBJECT_LAYER;
  return TRUE;
}

static gboolean
open_file(SubjectPlace *place, guint64 size, GError **error)
{
  BlobPlace *bytes = &place->bytes;
  bytes->fd = open(place->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  bytes->close_fd = bytes->fd >= 0;
  bytes->size = size;
  if (bytes->fd < 0)
    return error_set_errno(error, errno, "open '%s'", place->path);
  place->kind = is_deb(bytes->fd) ? SUBJECT_PACKAGE : is_image_archive(bytes->fd) ? SUBJECT_IMAGE : SUBJECT_TAR;
  return TRUE;
}

static gboolean
find_path(SubjectPlace *place, const char *spelling, GError **error)
{
  struct stat status;
  place->path = g_strdup(spelling);
  place->kind = SUBJECT_IMAGE;
  /* nothing is there as a whole: FILE:TAG, or an error that the image's spelling knows to tell */
  if (stat(spelling, &status) != 0)
    return TRUE;
  if (S_ISREG(status.st_mode))
    return open_file(place, (guint64)status.st_size, error);
  if (S_ISDIR(status.st_mode)) {
    g_autofree char *layout = g_build_filename(spelling, "oci-layout", NULL);
    place->kind = g_file_test(layout, G_FILE_TEST_EXISTS) ? SUBJECT_IMAGE : SUBJECT_FOLDER;
    return TRUE;
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is neither a file nor a folder", spelling);
  return FALSE;
}

gboolean
subject_place_find(const char *spelling, const char *store_path, SubjectPlace *out, GError **error)
{
  *out = (SubjectPlace){.bytes = {.fd = -1}};
  if (g_str_has_prefix(spelling, STORE))
    return find_blob(out, spelling, store_path, error) && open_blob(out, error);
  if (g_str_has_prefix(spelling, "oci:") || g_str_has_prefix(spelling, "oci-archive:")) {
    out->path = g_strdup(spelling);
    out->kind = SUBJECT_IMAGE;
    return TRUE;
  }
  return find_path(out, spelling, error);
}

void
subject_place_clear(SubjectPlace *place)
{
  g_clear_pointer(&place->path, g_free);
  g_clear_pointer(&place->store, store_unref);
  blob_place_clear(&place->bytes);
}
