/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/member.h"
#include "rootfs/member_acl.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define FD_BLOCK (128 * 1024)

struct MemberReader {
  MemberFormat format;
  struct archive *archive;
  char *name;
  MemberSource source;
  gpointer data;
  GError *source_error; /* what the source said, which matters more than what libarchive makes of it */
  Entry entry;
  char *path, *target;
  GArray *xattrs; /* Xattr */
  MemberAcls acls;
  guint64 given; /* of the current content */
  /* where lenient: a piece that lies behind a hole, until the hole has been given */
  const guint8 *held;
  gsize held_size;
  guint64 held_offset;
};

/* Read as it stands for, whoever made it. */
static gboolean
is_lenient(const MemberReader *reader)
{
  return reader->format == MEMBER_LOOK || reader->format == MEMBER_LAYER;
}

static gboolean
invalid(MemberReader *reader, const char *what, GError **error)
{
  g_autofree char *shown = g_strescape(reader->path != NULL ? reader->path : "", NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s: '%s' %s", reader->name, shown, what);
  return FALSE;
}

static gboolean
exceed(MemberReader *reader, LimitId limit, GError **error)
{
  g_autofree char *shown = g_strescape(reader->path, NULL);
  return limits_refuse(limit, error, "%s: '%.200s'", reader->name, shown);
}

/* The converter of libarchive's errors. @place: "after " the last member where the next one cannot be had, "" in it. */
static gboolean
library_error(MemberReader *reader, const char *place, GError **error)
{
  if (reader->source_error != NULL) {
    g_propagate_error(error, g_steal_pointer(&reader->source_error));
    return FALSE;
  }
  const char *text = archive_error_string(reader->archive);
  g_autofree char *shown = g_strescape(text != NULL ? text : "damaged archive", NULL);
  g_autofree char *member = reader->path != NULL ? g_strescape(reader->path, NULL) : NULL;
  if (member != NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s: %s'%.200s': %s", reader->name, place, member, shown);
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s: %s", reader->name, shown);
  return FALSE;
}

static la_ssize_t
read_source(struct archive *archive, void *data, const void **piece)
{
  MemberReader *reader = data;
  if (reader->source_error != NULL)
    return -1;
  gssize size = reader->source(piece, reader->data, &reader->source_error);
  if (size < 0)
    archive_set_error(archive, EIO, "its source failed");
  return size;
}

/* ---- opening ---- */

/* Only what the name promises: a member is not to be tried as all that libarchive knows. */
static gboolean
support_named_filter(struct archive *archive, const char *name)
{
  static const struct {
    const char *ending;
    int (*support)(struct archive *);
  } filters[] = {
    {".gz", archive_read_support_filter_gzip},   {".xz", archive_read_support_filter_xz},
    {".zst", archive_read_support_filter_zstd},  {".bz2", archive_read_support_filter_bzip2},
    {".lzma", archive_read_support_filter_lzma},
  };
  for (guint i = 0; i < G_N_ELEMENTS(filters); i++)
    if (g_str_has_suffix(name, filters[i].ending))
      return filters[i].support(archive) == ARCHIVE_OK;
  return g_str_has_suffix(name, ".tar");
}

/* Not filter_all: that would run programs for what the library cannot do itself. */
static gboolean
support_filters(struct archive *archive)
{
  return archive_read_support_filter_gzip(archive) == ARCHIVE_OK && archive_read_support_filter_xz(archive) == ARCHIVE_OK &&
         archive_read_support_filter_zstd(archive) == ARCHIVE_OK && archive_read_support_filter_bzip2(archive) == ARCHIVE_OK &&
         archive_read_support_filter_lzma(archive) == ARCHIVE_OK;
}

static gboolean
support_format(struct archive *archive, MemberFormat format, const char *name)
{
  switch (format) {
  case MEMBER_AR:
    return archive_read_support_format_ar(archive) == ARCHIVE_OK;
  case MEMBER_TAR:
    return archive_read_support_format_tar(archive) == ARCHIVE_OK && support_named_filter(archive, name);
  case MEMBER_LOOK:
  case MEMBER_LAYER:
    return archive_read_support_format_tar(archive) == ARCHIVE_OK && archive_read_support_format_empty(archive) == ARCHIVE_OK &&
           support_filters(archive);
  case MEMBER_ANY:
    return archive_read_support_format_tar(archive) == ARCHIVE_OK && archive_read_support_format_cpio(archive) == ARCHIVE_OK &&
           archive_read_support_format_zip(archive) == ARCHIVE_OK && support_filters(archive);
  }
  g_assert_not_reached();
}

static MemberReader *
reader_new(MemberFormat format, const char *name, GError **error)
{
  g_autoptr(MemberReader) reader = g_new0(MemberReader, 1);
  reader->format = format;
  reader->name = g_strdup(name);
  reader->archive = archive_read_new();
  reader->xattrs = g_array_new(FALSE, FALSE, sizeof(Xattr));
  member_acls_init(&reader->acls);
  if (support_format(reader->archive, format, name))
    return g_steal_pointer(&reader);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s: the name tells of no known kind of archive", name);
  return NULL;
}

/* libarchive would take off whatever is wrapped around the archive: a bomb in a bomb, or what other programs refuse. */
static gboolean
check_filters(MemberReader *reader, GError **error)
{
  /* the last one counted is the source itself */
  if (archive_filter_count(reader->archive) <= 2)
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s: is compressed more than once", reader->name);
  return FALSE;
}

MemberReader *
member_reader_new(MemberFormat format, const char *name, MemberSource source, gpointer data, GError **error)
{
  g_autoptr(MemberReader) reader = reader_new(format, name, error);
  if (reader == NULL)
    return NULL;
  reader->source = source;
  reader->data = data;
  if (archive_read_open(reader->archive, reader, NULL, read_source, NULL) == ARCHIVE_OK)
    return check_filters(reader, error) ? g_steal_pointer(&reader) : NULL;
  library_error(reader, "", error);
  return NULL;
}

MemberReader *
member_reader_new_fd(MemberFormat format, const char *name, int fd, GError **error)
{
  g_autoptr(MemberReader) reader = reader_new(format, name, error);
  if (reader == NULL)
    return NULL;
  if (archive_read_open_fd(reader->archive, fd, FD_BLOCK) == ARCHIVE_OK)
    return check_filters(reader, error) ? g_steal_pointer(&reader) : NULL;
  library_error(reader, "", error);
  return NULL;
}

void
member_reader_free(MemberReader *reader)
{
  archive_read_free(reader->archive);
  g_clear_error(&reader->source_error);
  g_array_unref(reader->xattrs);
  member_acls_clear(&reader->acls);
  g_free(reader->name);
  g_free(reader->path);
  g_free(reader->target);
  g_free(reader);
}

/* ---- a member ---- */

static int
compare_xattrs(gconstpointer a, gconstpointer b)
{
  return strcmp(((const Xattr *)a)->name, ((const Xattr *)b)->name);
}

static gboolean
list_xattrs(MemberReader *reader, struct archive_entry *from, GError **error)
{
  g_array_set_size(reader->xattrs, 0);
  if ((guint)archive_entry_xattr_reset(from) > limits_get(LIMIT_XATTRS))
    return exceed(reader, LIMIT_XATTRS, error);
  Xattr xattr;
  const void *value;
  while (archive_entry_xattr_next(from, &xattr.name, &value, &xattr.size) == ARCHIVE_OK) {
    if (xattr.name == NULL || *xattr.name == '\0')
      return invalid(reader, "has an extended attribute without a name", error);
    if (xattr.size > limits_get(LIMIT_XATTR))
      return exceed(reader, LIMIT_XATTR, error);
    xattr.value = value;
    g_array_append_val(reader->xattrs, xattr);
  }
  g_array_sort(reader->xattrs, compare_xattrs);
  for (guint i = 1; i < reader->xattrs->len; i++)
    if (compare_xattrs(&g_array_index(reader->xattrs, Xattr, i - 1), &g_array_index(reader->xattrs, Xattr, i)) == 0)
      return invalid(reader, "has an extended attribute twice", error);
  return TRUE;
}

static gboolean
take_xattrs(MemberReader *reader, struct archive_entry *from, GError **error)
{
  if (!list_xattrs(reader, from, error))
    return FALSE;
  if (!member_acls_take(&reader->acls, from, reader->format == MEMBER_LOOK, &reader->entry, reader->xattrs, error)) {
    g_autofree char *shown = g_strescape(reader->path, NULL);
    g_prefix_error(error, "%s: '%.200s': ", reader->name, shown);
    return FALSE;
  }
  /* a list that comes as text is one more */
  if (reader->xattrs->len > limits_get(LIMIT_XATTRS))
    return exceed(reader, LIMIT_XATTRS, error);
  g_array_sort(reader->xattrs, compare_xattrs);
  reader->entry.xattrs = (const Xattr *)(gconstpointer)reader->xattrs->data;
  reader->entry.n_xattrs = reader->xattrs->len;
  return TRUE;
}

static gboolean
take_device(MemberReader *reader, struct archive_entry *from, GError **error)
{
  guint64 major_number = archive_entry_rdevmajor(from), minor_number = archive_entry_rdevminor(from);
  if (major_number > G_MAXUINT32 || minor_number > G_MAXUINT32)
    return invalid(reader, "has a device number that is out of range", error);
  reader->entry.major = (guint32)major_number;
  reader->entry.minor = (guint32)minor_number;
  return TRUE;
}

static gboolean
take_type(MemberReader *reader, struct archive_entry *from, GError **error)
{
  Entry *entry = &reader->entry;
  if (archive_entry_hardlink(from) != NULL) {
    /* cpio keeps the content of several names with the last of them, where nobody would look for it */
    if (!is_lenient(reader) && archive_entry_size_is_set(from) && archive_entry_size(from) > 0)
      return invalid(reader, "is a hardlink with content of its own", error);
    entry->type = ENTRY_HARDLINK;
    reader->target = entry_canonical_path(archive_entry_hardlink(from), error);
    if (reader->target == NULL)
      g_prefix_error(error, "%s: hardlink to ", reader->name);
    return reader->target != NULL;
  }
  switch (archive_entry_filetype(from)) {
  case AE_IFREG:
    entry->type = ENTRY_FILE;
    return TRUE;
  case AE_IFDIR:
    entry->type = ENTRY_DIRECTORY;
    return TRUE;
  case AE_IFCHR:
  case AE_IFBLK:
    entry->type = archive_entry_filetype(from) == AE_IFCHR ? ENTRY_CHAR : ENTRY_BLOCK;
    return take_device(reader, from, error);
  case AE_IFIFO:
    entry->type = ENTRY_FIFO;
    return TRUE;
  case AE_IFLNK:
    entry->type = ENTRY_SYMLINK;
    reader->target = g_strdup(archive_entry_symlink(from));
    if (reader->target == NULL || *reader->target == '\0')
      return invalid(reader, "is a symlink with no target", error);
    if (strlen(reader->target) > limits_get(LIMIT_PATH))
      return exceed(reader, LIMIT_PATH, error);
    return TRUE;
  default:
    return invalid(reader, "is of a kind that no image can hold", error);
  }
}

static gboolean
take_numbers(MemberReader *reader, struct archive_entry *from, GError **error)
{
  Entry *entry = &reader->entry;
  gint64 uid = archive_entry_uid(from), gid = archive_entry_gid(from), size = archive_entry_size(from);
  if (uid < 0 || uid >= G_MAXUINT32 || gid < 0 || gid >= G_MAXUINT32)
    return invalid(reader, "has an owner that is out of range", error);
  if (entry->type == ENTRY_FILE && (!archive_entry_size_is_set(from) || size < 0))
    return invalid(reader, "does not tell its size", error);
  entry->uid = (guint32)uid;
  entry->gid = (guint32)gid;
  entry->size = entry->type == ENTRY_FILE ? (guint64)size : 0;
  entry->mode = (guint32)archive_entry_perm(from) & 07777;
  entry->mtime = archive_entry_mtime(from);
  return TRUE;
}

static gboolean
take_entry(MemberReader *reader, struct archive_entry *from, GError **error)
{
  const char *name = archive_entry_pathname(from);
  reader->entry = (Entry){0};
  reader->given = 0;
  reader->held_size = 0;
  g_clear_pointer(&reader->target, g_free);
  g_free(reader->path);
  reader->path = entry_canonical_path(name != NULL ? name : "", error);
  if (reader->path == NULL) {
    g_prefix_error(error, "%s: ", reader->name);
    return FALSE;
  }
  reader->entry.path = reader->path;
  if (!is_lenient(reader) && archive_entry_sparse_count(from) > 0)
    return invalid(reader, "is a sparse file", error);
  if (!take_type(reader, from, error) || !take_numbers(reader, from, error) || !take_xattrs(reader, from, error))
    return FALSE;
  reader->entry.target = reader->target;
  return TRUE;
}

/* Whether the member came out as it is in the archive, or as good as that for who asked. Of a list that is lost there are
 * only words. */
static gboolean
is_sound(const MemberReader *reader, int result)
{
  if (reader->format != MEMBER_LOOK && member_acls_is_warning(archive_error_string(reader->archive)))
    return FALSE;
  return result == ARCHIVE_OK || (result == ARCHIVE_WARN && is_lenient(reader));
}

gboolean
member_reader_next(MemberReader *reader, const Entry **entry, GError **error)
{
  struct archive_entry *from;
  *entry = NULL;
  /* where a name cannot be converted, libarchive ends the program if errno still says ENOMEM from something long past */
  errno = 0;
  int result = archive_read_next_header(reader->archive, &from);
  if (result == ARCHIVE_EOF && reader->source_error == NULL)
    return TRUE;
  if (!is_sound(reader, result))
    return library_error(reader, "after ", error);
  if (!take_entry(reader, from, error))
    return FALSE;
  *entry = &reader->entry;
  return TRUE;
}

/* The next of the zeros up to @offset. */
static gboolean
give_hole(MemberReader *reader, guint64 offset, const void **piece, gsize *size)
{
  static const guint8 zeros[64 * 1024];
  *piece = zeros;
  *size = (gsize)MIN(offset - reader->given, sizeof zeros);
  reader->given += *size;
  return TRUE;
}

/* A sparse file as what it stands for: the holes before, between and behind its pieces are zeros. */
static gboolean
read_with_holes(MemberReader *reader, const void **piece, gsize *size, GError **error)
{
  la_int64_t offset;
  while (reader->held_size == 0) {
    int result = archive_read_data_block(reader->archive, (const void **)&reader->held, &reader->held_size, &offset);
    if (result == ARCHIVE_EOF) {
      reader->held_size = 0;
      return give_hole(reader, reader->entry.size, piece, size);
    }
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
      return library_error(reader, "", error);
    reader->held_offset = (guint64)offset;
  }
  if (reader->held_offset < reader->given || reader->held_offset > reader->entry.size ||
      reader->held_size > reader->entry.size - reader->held_offset)
    return invalid(reader, "has more content than it tells", error);
  if (reader->held_offset > reader->given)
    return give_hole(reader, reader->held_offset, piece, size);
  *piece = reader->held;
  *size = reader->held_size;
  reader->given += *size;
  reader->held_size = 0;
  return TRUE;
}

gboolean
member_reader_data(MemberReader *reader, const void **piece, gsize *size, GError **error)
{
  if (is_lenient(reader))
    return read_with_holes(reader, piece, size, error);
  la_int64_t offset;
  int result;
  do
    result = archive_read_data_block(reader->archive, piece, size, &offset);
  while (result == ARCHIVE_OK && *size == 0);
  if (result == ARCHIVE_EOF) {
    *size = 0;
    return reader->given == reader->entry.size || invalid(reader, "ends early", error);
  }
  if (result != ARCHIVE_OK)
    return library_error(reader, "", error);
  if ((guint64)offset != reader->given || *size > reader->entry.size - reader->given)
    return invalid(reader, "has holes, or more content than it tells", error);
  reader->given += *size;
  return TRUE;
}

guint64
member_reader_position(const MemberReader *reader)
{
  return (guint64)archive_filter_bytes(reader->archive, 0);
}

GBytes *
member_reader_content(MemberReader *reader, gsize max, GError **error)
{
  if (reader->entry.size > max) {
    invalid(reader, "is too large", error);
    return NULL;
  }
  gsize total = (gsize)reader->entry.size, have = 0, size = 0;
  g_autofree char *content = g_malloc(total + 1);
  const void *piece;
  do {
    if (!member_reader_data(reader, &piece, &size, error))
      return NULL;
    if (size > 0)
      memcpy(content + have, piece, size);
    have += size;
  } while (size > 0);
  content[have] = '\0';
  return g_bytes_new_take(g_steal_pointer(&content), have);
}
