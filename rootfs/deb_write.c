/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/deb_write.h"
#include "rootfs/deb.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define INFO_FOLDER "var/lib/dpkg/info/"
#define AR_MAGIC "!<arch>\n"
#define AR_HEADER_SIZE 60
/* dpkg reads GNU tar's form, and not pax's (deb(5)). */
#define TAR_BLOCKS (64 << 10)

typedef struct {
  Pack *pack;
  int fd;
  guint64 size; /* of the archive that is being written */
  struct archive *tar;
  char **names; /* of the pack's entries, as they were shipped; NULL: not met yet */
  GError *error;
} Writing;

/* ---- bytes ---- */

static gboolean
write_all(int fd, const void *data, gsize size, GError **error)
{
  const guint8 *from = data;
  while (size > 0) {
    ssize_t part = write(fd, from, size);
    if (part < 0 && errno == EINTR)
      continue;
    if (part < 0)
      return error_set_errno(error, errno, "write a package");
    from += part;
    size -= (gsize)part;
  }
  return TRUE;
}

static la_ssize_t
write_piece(struct archive *archive, void *data, const void *piece, size_t size)
{
  Writing *writing = data;
  if (writing->error != NULL || !write_all(writing->fd, piece, size, &writing->error))
    return -1;
  writing->size += size;
  return (la_ssize_t)size;
}

static gboolean
tar_failed(Writing *writing, GError **error)
{
  if (writing->error != NULL)
    g_propagate_error(error, g_steal_pointer(&writing->error));
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "write a package: %s", archive_error_string(writing->tar));
  return FALSE;
}

/* ---- members of a tar archive ---- */

static struct archive_entry *
describe(const Entry *entry, const char *name, const char *target)
{
  static const mode_t types[] = {
    [ENTRY_FILE] = AE_IFREG,  [ENTRY_HARDLINK] = AE_IFREG,  [ENTRY_SYMLINK] = AE_IFLNK, [ENTRY_CHAR] = AE_IFCHR,
    [ENTRY_BLOCK] = AE_IFBLK, [ENTRY_DIRECTORY] = AE_IFDIR, [ENTRY_FIFO] = AE_IFIFO};
  struct archive_entry *member = archive_entry_new();
  archive_entry_copy_pathname(member, name);
  archive_entry_set_filetype(member, types[entry->type]);
  archive_entry_set_perm(member, entry->mode);
  archive_entry_set_uid(member, entry->uid);
  archive_entry_set_gid(member, entry->gid);
  archive_entry_set_mtime(member, entry->mtime, 0);
  archive_entry_set_size(member, (la_int64_t)entry->size);
  if (entry->type == ENTRY_SYMLINK)
    archive_entry_copy_symlink(member, target);
  else if (entry->type == ENTRY_HARDLINK)
    archive_entry_copy_hardlink(member, target);
  archive_entry_set_rdevmajor(member, entry->major);
  archive_entry_set_rdevminor(member, entry->minor);
  return member;
}

static gboolean
pass_content(const void *data, gsize size, gpointer user, GError **error)
{
  Writing *writing = user;
  return archive_write_data(writing->tar, data, size) == (la_ssize_t)size || tar_failed(writing, error);
}

/* @index: whose content follows. */
static gboolean
add_member(Writing *writing, guint index, const char *name, const char *target, GError **error)
{
  const Entry *entry = pack_entry(writing->pack, index);
  struct archive_entry *member = describe(entry, name, target);
  int status = archive_write_header(writing->tar, member);
  archive_entry_free(member);
  /* it warns of names that are no text in this locale, and writes them as they are */
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
    return tar_failed(writing, error);
  return entry->type != ENTRY_FILE || pack_stream(writing->pack, index, pass_content, writing, error);
}

/* ---- what was shipped ---- */

static char *
info_prefix(const Pack *pack)
{
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const char *path = pack_entry(pack, i)->path;
    if (g_str_has_prefix(path, INFO_FOLDER) && g_str_has_suffix(path, ".list"))
      return g_strndup(path + strlen(INFO_FOLDER), strlen(path) - strlen(INFO_FOLDER) - strlen("list"));
  }
  return NULL;
}

/* A file of info/: "list", "md5sums"; NULL for any other. */
static const char *
control_name(const Entry *entry, const char *prefix)
{
  if (!g_str_has_prefix(entry->path, INFO_FOLDER))
    return NULL;
  const char *name = entry->path + strlen(INFO_FOLDER);
  return g_str_has_prefix(name, prefix) ? name + strlen(prefix) : NULL;
}

static gboolean
add_shipped(Writing *writing, GHashTable *index, const char *path, GError **error)
{
  gpointer found;
  g_autofree char *merged = deb_merged_path(path);
  /* a link that is itself the merged /usr stays where it is */
  if (!g_hash_table_lookup_extended(index, path, NULL, &found) && !g_hash_table_lookup_extended(index, merged, NULL, &found)) {
    g_autofree char *shown = g_strescape(path, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the package's list names '/%s', which it does not have", shown);
    return FALSE;
  }
  guint i = GPOINTER_TO_UINT(found);
  const Entry *entry = pack_entry(writing->pack, i);
  g_autofree char *name = g_strconcat("./", path, NULL);
  const char *target = entry->target;
  if (entry->type == ENTRY_HARDLINK && g_hash_table_lookup_extended(index, target, NULL, &found) &&
      writing->names[GPOINTER_TO_UINT(found)] != NULL)
    target = writing->names[GPOINTER_TO_UINT(found)];
  if (writing->names[i] == NULL)
    writing->names[i] = g_strdup(name);
  return add_member(writing, i, name, target, error);
}

/* What the package says of the root itself no pack remembers. */
static gboolean
add_root(Writing *writing, GError **error)
{
  const Entry entry = {.type = ENTRY_DIRECTORY, .mode = 0755};
  struct archive_entry *member = describe(&entry, "./", NULL);
  int status = archive_write_header(writing->tar, member);
  archive_entry_free(member);
  return status == ARCHIVE_OK || tar_failed(writing, error);
}

static gboolean
add_all_shipped(Writing *writing, const char *prefix, GError **error)
{
  g_autoptr(GHashTable) index = g_hash_table_new(g_str_hash, g_str_equal);
  g_autofree char *list_path = g_strconcat(INFO_FOLDER, prefix, "list", NULL);
  for (guint i = 0; i < pack_n_entries(writing->pack); i++)
    g_hash_table_insert(index, (gpointer)pack_entry(writing->pack, i)->path, GUINT_TO_POINTER(i));
  guint at = GPOINTER_TO_UINT(g_hash_table_lookup(index, list_path));
  g_autoptr(GBytes) list = pack_read(writing->pack, at, limits_get(LIMIT_UNPACKED), error);
  if (list == NULL)
    return FALSE;
  g_autofree char *text = g_strndup(g_bytes_get_data(list, NULL), g_bytes_get_size(list));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (strcmp(*line, "/.") == 0 ? !add_root(writing, error) : **line != '\0' && !add_shipped(writing, index, *line + 1, error))
      return FALSE;
  return TRUE;
}

/* The control file itself is no file of info/. */
static gboolean
add_control_file(Writing *writing, GError **error)
{
  GBytes *text = pack_meta(writing->pack, "control");
  if (text == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the pack of a package has no control file");
    return FALSE;
  }
  const Entry entry = {.type = ENTRY_FILE, .mode = 0644, .size = g_bytes_get_size(text)};
  struct archive_entry *member = describe(&entry, "./control", NULL);
  int status = archive_write_header(writing->tar, member);
  archive_entry_free(member);
  return (status == ARCHIVE_OK || tar_failed(writing, error)) &&
         pass_content(g_bytes_get_data(text, NULL), entry.size, writing, error);
}

static gboolean
add_control(Writing *writing, const char *prefix, GError **error)
{
  if (!add_control_file(writing, error))
    return FALSE;
  for (guint i = 0; i < pack_n_entries(writing->pack); i++) {
    const char *name = control_name(pack_entry(writing->pack, i), prefix);
    if (name == NULL || strcmp(name, "list") == 0)
      continue;
    g_autofree char *member = g_strconcat("./", name, NULL);
    if (!add_member(writing, i, member, NULL, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- the ar archive ---- */

static gboolean
write_ar_header(int fd, const char *name, guint64 size, off_t at, GError **error)
{
  char header[AR_HEADER_SIZE + 1];
  g_snprintf(header, sizeof header, "%-16s%-12d%-6d%-6d%-8s%-10" G_GUINT64_FORMAT "`\n", name, 0, 0, 0, "100644", size);
  return pwrite(fd, header, AR_HEADER_SIZE, at) == AR_HEADER_SIZE || error_set_errno(error, errno, "write a package");
}

/* A tar archive as a member, whose size is known when it is there. */
static gboolean
write_tar(Writing *writing, const char *name, const char *prefix,
          gboolean (*add_all)(Writing *writing, const char *prefix, GError **error), GError **error)
{
  off_t at = lseek(writing->fd, 0, SEEK_CUR);
  if (at < 0 || lseek(writing->fd, at + AR_HEADER_SIZE, SEEK_SET) < 0)
    return error_set_errno(error, errno, "write a package");
  writing->size = 0;
  writing->tar = archive_write_new();
  archive_write_set_format_gnutar(writing->tar);
  archive_write_set_bytes_per_block(writing->tar, TAR_BLOCKS);
  archive_write_set_bytes_in_last_block(writing->tar, 1);
  gboolean written =
    (archive_write_open2(writing->tar, writing, NULL, write_piece, NULL, NULL) == ARCHIVE_OK || tar_failed(writing, error)) &&
    add_all(writing, prefix, error) && (archive_write_close(writing->tar) == ARCHIVE_OK || tar_failed(writing, error));
  archive_write_free(writing->tar);
  g_clear_error(&writing->error);
  return written && write_ar_header(writing->fd, name, writing->size, at, error) &&
         (writing->size % 2 == 0 || write_all(writing->fd, "\n", 1, error));
}

gboolean
deb_write(Pack *pack, int fd, GError **error)
{
  static const char version[] = "2.0\n";
  g_autofree char *prefix = info_prefix(pack);
  if (prefix == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the pack of a package has no list of its files");
    return FALSE;
  }
  Writing writing = {.pack = pack, .fd = fd, .names = g_new0(char *, pack_n_entries(pack))};
  gboolean written = write_all(fd, AR_MAGIC, strlen(AR_MAGIC), error) &&
                     write_ar_header(fd, "debian-binary", strlen(version), (off_t)strlen(AR_MAGIC), error) &&
                     lseek(fd, AR_HEADER_SIZE, SEEK_CUR) >= 0 && write_all(fd, version, strlen(version), error) &&
                     write_tar(&writing, "control.tar", prefix, add_control, error) &&
                     write_tar(&writing, "data.tar", prefix, add_all_shipped, error);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    g_free(writing.names[i]);
  g_free(writing.names);
  return written;
}
