/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/scan.h"
#include "rootfs/entry.h"
#include "signing/document.h"
#include "signing/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOBS "blobs/"
#define SHA256_BLOBS "blobs/sha256/"

typedef struct archive Archive;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_read_free)

static gboolean
invalid(GError **error, const char *problem, const char *name)
{
  g_autofree char *shown = g_strescape(name, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%.200s' %s", shown, problem);
  return FALSE;
}

/* What both forms have in common: the names seen, the layout's version. */
typedef struct {
  Scan *scan;
  GHashTable *names;
  gboolean is_layout, is_docker;
} Finder;

static gboolean
check_layout_version(GBytes *bytes, GError **error)
{
  json_auto_t *json = oci_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "oci-layout", error);
  if (json == NULL)
    return FALSE;
  const char *version = json_string_value(json_object_get(json, "imageLayoutVersion"));
  if (g_strcmp0(version, "1.0.0") == 0)
    return TRUE;
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "oci-layout does not name version 1.0.0 of the image layout");
  return FALSE;
}

static gboolean
blob_digest(const char *path, Digest *digest, GError **error)
{
  if (g_str_has_prefix(path, SHA256_BLOBS) && digest_from_hex(path + strlen(SHA256_BLOBS), digest))
    return TRUE;
  return invalid(error, "lies among the blobs but is not named by a SHA-256", path);
}

static gboolean
check_complete(const Finder *finder, GError **error)
{
  if (finder->is_layout && finder->scan->index != NULL)
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "no OCI image: it holds no %s%s",
              finder->is_layout ? "index.json" : "oci-layout",
              finder->is_docker && !finder->is_layout
                ? "\nhint: an archive of an older docker; 'skopeo copy docker-archive:FILE oci-archive:NEW' makes it one"
                : "");
  return FALSE;
}

/* ---- tarball ---- */

static gboolean
set_archive_error(GError **error, Archive *archive)
{
  const char *reason = archive_error_string(archive);
  g_autofree char *shown = g_strescape(reason != NULL ? reason : "unreadable", NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "not a tarball, or a damaged one: %s", shown);
  return FALSE;
}

static GBytes *
read_small(Archive *archive, struct archive_entry *entry, const char *name, GError **error)
{
  gint64 size = archive_entry_size(entry);
  if (size < 0 || (guint64)size > limits_get(LIMIT_DOCUMENT)) {
    limits_refuse(LIMIT_DOCUMENT, error, "'%s'", name);
    return NULL;
  }
  g_autofree guint8 *data = g_malloc((gsize)size + 1);
  if (archive_read_data(archive, data, (gsize)size) != size) {
    set_archive_error(error, archive);
    return NULL;
  }
  return g_bytes_new_take(g_steal_pointer(&data), (gsize)size);
}

/* The place of the member's bytes in the file: they are read from there later, and their digest tells whether it is right. */
static gboolean
add_blob(Finder *finder, Archive *archive, struct archive_entry *entry, const char *name, guint64 file_size, GError **error)
{
  Digest digest;
  gint64 offset = archive_filter_bytes(archive, 0);
  gint64 size = archive_entry_size(entry);
  if (!blob_digest(name, &digest, error))
    return FALSE;
  if (size < 0 || offset < 0 || (guint64)offset > file_size || (guint64)size > file_size - (guint64)offset)
    return invalid(error, "reaches beyond the end of the file, which is cut short", name);
  if (archive_entry_sparse_count(entry) > 0)
    return invalid(error, "is a sparse member, which a blob cannot be", name);
  blobs_add_range(finder->scan->blobs, &digest, finder->scan->fd, (guint64)offset, (guint64)size);
  g_array_append_val(finder->scan->digests, digest);
  return TRUE;
}

static gboolean
take_file(Finder *finder, Archive *archive, struct archive_entry *entry, const char *name, guint64 file_size, GError **error)
{
  if (g_str_has_prefix(name, BLOBS))
    return add_blob(finder, archive, entry, name, file_size, error);
  if (strcmp(name, "manifest.json") == 0) {
    finder->is_docker = TRUE;
    finder->scan->docker = read_small(archive, entry, name, error);
    return finder->scan->docker != NULL;
  }
  if (strcmp(name, "index.json") == 0) {
    finder->scan->index = read_small(archive, entry, name, error);
    finder->scan->mtime = archive_entry_mtime(entry);
    return finder->scan->index != NULL;
  }
  if (strcmp(name, "oci-layout") == 0) {
    g_autoptr(GBytes) bytes = read_small(archive, entry, name, error);
    finder->is_layout = TRUE;
    return bytes != NULL && check_layout_version(bytes, error);
  }
  return TRUE;
}

static gboolean
take_member(Finder *finder, Archive *archive, struct archive_entry *entry, guint64 file_size, GError **error)
{
  const char *raw = archive_entry_pathname(entry);
  if (raw == NULL) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "a member has no name");
    return FALSE;
  }
  if (raw[0] == '/')
    return invalid(error, "is an absolute name", raw);
  g_autofree char *name = entry_canonical_path(raw, error);
  if (name == NULL)
    return FALSE;
  if (archive_entry_filetype(entry) == AE_IFDIR)
    return TRUE;
  if (archive_entry_hardlink(entry) != NULL || archive_entry_filetype(entry) != AE_IFREG)
    return invalid(error, "is neither a file nor a folder, as all in an image's tarball must be", raw);
  if (g_hash_table_size(finder->names) >= limits_get(LIMIT_IMAGE_MEMBERS)) {
    g_autofree char *shown = g_strescape(raw, NULL);
    return limits_refuse(LIMIT_IMAGE_MEMBERS, error, "with '%.200s'", shown);
  }
  if (!g_hash_table_add(finder->names, g_strdup(name)))
    return invalid(error, "is there twice", raw);
  return take_file(finder, archive, entry, name, file_size, error);
}

static int
next_header(Archive *archive, struct archive_entry **entry)
{
  errno = 0; /* see member_reader_next */
  return archive_read_next_header(archive, entry);
}

static gboolean
read_members(Finder *finder, guint64 file_size, GError **error)
{
  g_autoptr(Archive) archive = archive_read_new();
  archive_read_support_format_tar(archive);
  archive_read_set_format_option(archive, "tar", "hdrcharset", "BINARY");
  if (archive_read_open_fd(archive, finder->scan->fd, 64 * 1024) != ARCHIVE_OK)
    return set_archive_error(error, archive);
  struct archive_entry *entry;
  int status;
  while ((status = next_header(archive, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN)
    if (!take_member(finder, archive, entry, file_size, error))
      return FALSE;
  return status == ARCHIVE_EOF || set_archive_error(error, archive);
}

static void
scan_init(Scan *scan)
{
  *scan = (Scan){
    .fd = -1,
    .blobs = blobs_new(NULL),
    .digests = g_array_new(FALSE, FALSE, sizeof(Digest)),
    .mtime = -1,
  };
}

gboolean
scan_archive(const char *path, Scan *out, GError **error)
{
  struct stat status;
  scan_init(out);
  out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (out->fd < 0 || fstat(out->fd, &status) != 0)
    return error_set_errno(error, errno, "open the image '%s'", path);
  if (!S_ISREG(status.st_mode))
    return invalid(error, "is not a regular file", path);
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Finder finder = {.scan = out, .names = names};
  if (read_members(&finder, (guint64)status.st_size, error) && check_complete(&finder, error))
    return TRUE;
  g_prefix_error(error, "'%s': ", path);
  return FALSE;
}

/* ---- folder ---- */

static GBytes *
read_small_file(const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  return document_read(path, LIMIT_DOCUMENT, error);
}

static gboolean
add_blob_file(Finder *finder, const char *folder, const char *name, GError **error)
{
  Digest digest;
  struct stat status;
  g_autofree char *relative = g_strconcat(SHA256_BLOBS, name, NULL);
  g_autofree char *path = g_build_filename(folder, relative, NULL);
  if (!blob_digest(relative, &digest, error))
    return FALSE;
  if (lstat(path, &status) != 0)
    return error_set_errno(error, errno, "look at '%s'", path);
  if (!S_ISREG(status.st_mode))
    return invalid(error, "is not a regular file", relative);
  blobs_add_file(finder->scan->blobs, &digest, path, (guint64)status.st_size);
  g_array_append_val(finder->scan->digests, digest);
  return TRUE;
}

static gboolean
read_blob_folder(Finder *finder, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename(folder, "blobs", "sha256", NULL);
  g_autoptr(GDir) dir = g_dir_open(path, 0, error);
  if (dir == NULL)
    return FALSE;
  const char *name;
  while ((name = g_dir_read_name(dir)) != NULL)
    if (!add_blob_file(finder, folder, name, error))
      return FALSE;
  return TRUE;
}

gboolean
scan_folder(const char *path, Scan *out, GError **error)
{
  scan_init(out);
  Finder finder = {.scan = out, .is_layout = TRUE};
  g_autoptr(GBytes) layout = read_small_file(path, "oci-layout", error);
  g_autofree char *docker = g_build_filename(path, "manifest.json", NULL);
  if (layout != NULL)
    out->index = read_small_file(path, "index.json", error);
  if (out->index != NULL && g_file_test(docker, G_FILE_TEST_EXISTS) &&
      (out->docker = read_small_file(path, "manifest.json", error)) == NULL)
    return FALSE;
  if (layout != NULL && out->index != NULL && check_layout_version(layout, error) && read_blob_folder(&finder, path, error))
    return TRUE;
  g_prefix_error(error, "'%s' is no OCI image layout: ", path);
  return FALSE;
}

void
scan_clear(Scan *scan)
{
  g_clear_pointer(&scan->blobs, blobs_free);
  g_clear_pointer(&scan->digests, g_array_unref);
  g_clear_pointer(&scan->index, g_bytes_unref);
  g_clear_pointer(&scan->docker, g_bytes_unref);
  if (scan->fd >= 0)
    close(scan->fd);
  scan->fd = -1;
}
