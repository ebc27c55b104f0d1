/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tar.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

#define NAME_SIZE 100
#define PREFIX_SIZE 155
#define ID_MAX 07777777u          /* seven octal digits */
#define NUMBER_MAX 077777777777ll /* eleven */
/* The last second of the year 9999, which is as far as the dates of other programs go. */
#define TIME_MAX 253402300799ll

typedef struct {
  char name[NAME_SIZE];
  char mode[8], uid[8], gid[8];
  char size[12], mtime[12];
  char checksum[8];
  char typeflag;
  char linkname[NAME_SIZE];
  char magic[6], version[2];
  char uname[32], gname[32];
  char devmajor[8], devminor[8];
  char prefix[PREFIX_SIZE];
  char unused[12];
} Header;
G_STATIC_ASSERT(sizeof(Header) == TAR_BLOCK);

static gboolean
refuse(const Entry *entry, const char *why, GError **error)
{
  g_autofree char *shown = g_strescape(entry->path, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%.200s': %s", shown, why);
  return FALSE;
}

gboolean
tar_check(const Entry *entry, GError **error)
{
  if (entry->major > ID_MAX || entry->minor > ID_MAX)
    return refuse(entry, "its device number is too large for a tar archive", error);
  if (entry->mtime > TIME_MAX || entry->mtime < -TIME_MAX)
    return refuse(entry, "its modification time is thousands of years away", error);
  if (entry->size > G_MAXINT64 - (1 << 20))
    return refuse(entry, "its size is absurd", error);
  gsize bytes = 0;
  for (guint i = 0; i < entry->n_xattrs; i++) {
    const Xattr *xattr = &entry->xattrs[i];
    gsize length = strlen(xattr->name);
    if (length == 0 || strchr(xattr->name, '=') != NULL)
      return refuse(entry, "the name of an extended attribute cannot be written in a tar archive", error);
    if (i > 0 && strcmp(entry->xattrs[i - 1].name, xattr->name) >= 0)
      return refuse(entry, "its extended attributes are not sorted, or one is there twice", error);
    if (xattr->size > TAR_XATTRS_MAX || (bytes += length + xattr->size) > TAR_XATTRS_MAX)
      return refuse(entry, "its extended attributes take more than 512 KiB", error);
  }
  return TRUE;
}

static gboolean
is_ascii(const char *text)
{
  while (*text != '\0' && (guchar)*text < 0x80)
    text++;
  return *text == '\0';
}

char *
tar_member_name(const Entry *entry)
{
  if (entry->type != ENTRY_DIRECTORY)
    return g_strdup(entry->path);
  return *entry->path == '\0' ? g_strdup("./") : g_strconcat(entry->path, "/", NULL);
}

static void
put_octal(char *field, gsize size, guint64 value)
{
  field[size - 1] = '\0';
  for (gsize i = size - 1; i-- > 0; value >>= 3)
    field[i] = (char)('0' + (value & 7));
}

/* What a reader without pax sees of a name that does not fit: its ASCII bytes, cut. A '/' at the cut would make some
 * readers take a file for a directory. */
static void
put_shortened(char field[NAME_SIZE], const char *name)
{
  gsize length = 0;
  for (; *name != '\0' && length < NAME_SIZE; name++)
    if ((guchar)*name < 0x80)
      field[length++] = *name;
  if (*name != '\0')
    while (length > 0 && field[length - 1] == '/')
      field[--length] = '\0';
}

/* Splits a name at the last '/' that leaves prefix and rest within their fields. */
static gboolean
put_split(Header *header, const char *name)
{
  gsize length = strlen(name);
  gsize reach = length > PREFIX_SIZE + 1 ? PREFIX_SIZE + 1 : name[length - 1] == '/' ? length - 1 : length;
  const char *slash = memrchr(name, '/', reach);
  if (slash == NULL || slash == name)
    return FALSE;
  gsize prefix = (gsize)(slash - name), rest = length - prefix - 1;
  if (rest == 0 || rest > NAME_SIZE || prefix > PREFIX_SIZE)
    return FALSE;
  memcpy(header->prefix, name, prefix);
  memcpy(header->name, slash + 1, rest);
  return TRUE;
}

static gboolean
put_name(Header *header, const char *name)
{
  gsize length = strlen(name);
  if (is_ascii(name)) {
    if (length <= NAME_SIZE) {
      memcpy(header->name, name, length);
      return TRUE;
    }
    if (put_split(header, name))
      return TRUE;
  }
  put_shortened(header->name, name);
  return FALSE;
}

static gboolean
put_target(Header *header, const char *target)
{
  gsize length = strlen(target);
  if (length <= NAME_SIZE && is_ascii(target)) {
    memcpy(header->linkname, target, length);
    return TRUE;
  }
  put_shortened(header->linkname, target);
  return FALSE;
}

static void
append_header(GByteArray *out, Header *header, char typeflag)
{
  header->typeflag = typeflag;
  memcpy(header->magic, "ustar", 6);
  memcpy(header->version, "00", 2);
  memset(header->checksum, ' ', sizeof header->checksum);
  const guchar *bytes = (const guchar *)header;
  guint sum = 0;
  for (gsize i = 0; i < sizeof *header; i++)
    sum += bytes[i];
  put_octal(header->checksum, 7, sum);
  g_byte_array_append(out, bytes, sizeof *header);
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts its own digits too. */
static void
append_record(GByteArray *records, const char *key, const void *value, gsize size)
{
  char number[24];
  gsize rest = strlen(key) + size + 3, length = rest + 1;
  while (length != rest + (gsize)g_snprintf(number, sizeof number, "%" G_GSIZE_FORMAT, length))
    length = rest + strlen(number);
  g_byte_array_append(records, (const guint8 *)number, (guint)strlen(number));
  g_byte_array_append(records, (const guint8 *)" ", 1);
  g_byte_array_append(records, (const guint8 *)key, (guint)strlen(key));
  g_byte_array_append(records, (const guint8 *)"=", 1);
  g_byte_array_append(records, value, (guint)size);
  g_byte_array_append(records, (const guint8 *)"\n", 1);
}

static void
append_number(GByteArray *records, const char *key, gint64 value)
{
  char number[24];
  g_snprintf(number, sizeof number, "%" G_GINT64_FORMAT, value);
  append_record(records, key, number, strlen(number));
}

static void
append_xattrs(GByteArray *records, const Entry *entry)
{
  for (guint i = 0; i < entry->n_xattrs; i++) {
    g_autofree char *key = g_strconcat("SCHILY.xattr.", entry->xattrs[i].name, NULL);
    append_record(records, key, entry->xattrs[i].value, entry->xattrs[i].size);
  }
}

/* The pax member is named after its entry: DIR/PaxHeaders.0/BASE, as Go's archive/tar and GNU tar do. */
static void
append_pax(GByteArray *out, const char *name, const GByteArray *records)
{
  Header header = {0};
  gsize length = strlen(name) - g_str_has_suffix(name, "/");
  g_autofree char *bare = g_strndup(name, length);
  const char *slash = strrchr(bare, '/');
  g_autofree char *pax = slash == NULL ? g_strconcat("PaxHeaders.0/", bare, NULL)
                                       : g_strdup_printf("%.*s/PaxHeaders.0/%s", (int)(slash - bare), bare, slash + 1);
  put_shortened(header.name, pax);
  put_octal(header.mode, sizeof header.mode, 0);
  put_octal(header.uid, sizeof header.uid, 0);
  put_octal(header.gid, sizeof header.gid, 0);
  put_octal(header.size, sizeof header.size, records->len);
  put_octal(header.mtime, sizeof header.mtime, 0);
  put_octal(header.devmajor, sizeof header.devmajor, 0);
  put_octal(header.devminor, sizeof header.devminor, 0);
  append_header(out, &header, 'x');
  g_byte_array_append(out, records->data, records->len);
  static const guint8 zeros[TAR_BLOCK];
  g_byte_array_append(out, zeros, tar_padding(records->len));
}

/* Writes @value into the field, or zero there and a pax record where it does not fit. */
static void
put_number(char *field, gsize size, gint64 value, const char *key, GByteArray *records)
{
  gboolean fits = value >= 0 && value <= (size == 12 ? NUMBER_MAX : (gint64)ID_MAX);
  put_octal(field, size, fits ? (guint64)value : 0);
  if (!fits)
    append_number(records, key, value);
}

void
tar_append_header(GByteArray *out, const Entry *entry)
{
  Header header = {0};
  g_autoptr(GByteArray) records = g_byte_array_new();
  g_autofree char *name = tar_member_name(entry);
  const char *target = entry->target != NULL ? entry->target : "";
  gboolean name_fits = put_name(&header, name), target_fits = put_target(&header, target);
  /* pax takes names for UTF-8 unless told otherwise. */
  if (!g_utf8_validate(name, -1, NULL) || !g_utf8_validate(target, -1, NULL))
    append_record(records, "hdrcharset", "BINARY", 6);
  if (!name_fits)
    append_record(records, "path", name, strlen(name));
  if (!target_fits)
    append_record(records, "linkpath", target, strlen(target));
  put_octal(header.mode, sizeof header.mode, entry->mode & 07777);
  put_number(header.size, sizeof header.size, (gint64)entry->size, "size", records);
  put_number(header.uid, sizeof header.uid, entry->uid, "uid", records);
  put_number(header.gid, sizeof header.gid, entry->gid, "gid", records);
  put_number(header.mtime, sizeof header.mtime, entry->mtime, "mtime", records);
  put_octal(header.devmajor, sizeof header.devmajor, entry->major);
  put_octal(header.devminor, sizeof header.devminor, entry->minor);
  append_xattrs(records, entry);
  if (records->len > 0)
    append_pax(out, name, records);
  append_header(out, &header, (char)('0' + entry->type));
}
