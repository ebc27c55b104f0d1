/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/packages.h"
#include "signing/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#define BLOCK_SIZE (256 * 1024)
#define MAX_STANZA (4 * 1024 * 1024)
#define MAX_TEXT (G_GUINT64_CONSTANT(2) << 30) /* Debian's largest is 50 MB; a bomb is not unpacked without end */

typedef struct archive Decoder;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decoder, archive_read_free)

typedef struct {
  GByteArray *text; /* what was decoded and is not yet consumed: begins with a stanza */
  guint number;     /* of that stanza */
  guint64 seen;     /* bytes decoded so far */
  gboolean whole;   /* no more will come */
  PackagesStanza stanza;
  gpointer data;
} Reader;

typedef enum { SCAN_STANZA, SCAN_MORE, SCAN_END, SCAN_ERROR } Scan;

static const struct {
  const char *name;
  guint8 length;
} names[PACKAGES_N_FIELDS] = {
#define FIELD(index, name) [index] = {name, sizeof name - 1}
  FIELD(PACKAGES_PACKAGE, "Package"),
  FIELD(PACKAGES_VERSION, "Version"),
  FIELD(PACKAGES_ARCHITECTURE, "Architecture"),
  FIELD(PACKAGES_SOURCE, "Source"),
  FIELD(PACKAGES_FILENAME, "Filename"),
  FIELD(PACKAGES_SECTION, "Section"),
  FIELD(PACKAGES_DEPENDS, "Depends"),
  FIELD(PACKAGES_PRE_DEPENDS, "Pre-Depends"),
  FIELD(PACKAGES_RECOMMENDS, "Recommends"),
  FIELD(PACKAGES_SUGGESTS, "Suggests"),
  FIELD(PACKAGES_PROVIDES, "Provides"),
  FIELD(PACKAGES_CONFLICTS, "Conflicts"),
  FIELD(PACKAGES_BREAKS, "Breaks"),
  FIELD(PACKAGES_REPLACES, "Replaces"),
  FIELD(PACKAGES_SHA256, "SHA256"),
  FIELD(PACKAGES_SIZE, "Size"),
  FIELD(PACKAGES_INSTALLED_SIZE, "Installed-Size"),
  FIELD(PACKAGES_PRIORITY, "Priority"),
  FIELD(PACKAGES_MULTI_ARCH, "Multi-Arch"),
  FIELD(PACKAGES_ESSENTIAL, "Essential"),
  FIELD(PACKAGES_PROTECTED, "Protected"),
  FIELD(PACKAGES_IMPORTANT, "Important"),
#undef FIELD
};

static PackagesField
field_of(const char *name, gsize length)
{
  for (guint i = 0; i < PACKAGES_N_FIELDS; i++)
    if (names[i].length == length && (names[i].name[0] | 0x20) == (name[0] | 0x20) &&
        g_ascii_strncasecmp(names[i].name, name, length) == 0)
      return (PackagesField)i;
  return PACKAGES_N_FIELDS;
}

static gboolean
is_blank(char c)
{
  return c == ' ' || c == '\t';
}

static PackagesValue
trimmed(const char *start, const char *end)
{
  while (start < end && (is_blank(*start) || *start == '\n'))
    start++;
  while (end > start && (is_blank(end[-1]) || end[-1] == '\n'))
    end--;
  return (PackagesValue){start, (gsize)(end - start)};
}

static gboolean
has_control(PackagesValue value)
{
  for (gsize i = 0; i < value.size; i++)
    if (((guchar)value.data[i] < 0x20 && value.data[i] != '\n' && value.data[i] != '\t') || value.data[i] == 0x7f)
      return TRUE;
  return FALSE;
}

static gboolean
set_malformed(Reader *reader, const char *what, const char *line, const char *end, GError **error)
{
  g_autofree char *part = g_strndup(line, MIN((gsize)(end - line), 80));
  g_autofree char *shown = g_strescape(part, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "stanza %u: %s '%s'", reader->number, what, shown);
  return FALSE;
}

/* Takes the field that stands at @line (its value may go on in lines up to @end). */
static gboolean
take_field(Reader *reader, const char *line, const char *end, PackagesValue *fields, GError **error)
{
  const char *colon = memchr(line, ':', (gsize)(end - line));
  if (colon == NULL || colon == line || memchr(line, '\n', (gsize)(colon - line)) != NULL)
    return set_malformed(reader, "not a field:", line, end, error);
  PackagesField field = field_of(line, (gsize)(colon - line));
  if (field == PACKAGES_N_FIELDS)
    return TRUE;
  if (fields[field].data != NULL)
    return set_malformed(reader, "a field twice:", line, end, error);
  fields[field] = trimmed(colon + 1, end);
  if (has_control(fields[field]))
    return set_malformed(reader, "control characters in", line, end, error);
  return TRUE;
}

/* The end of the field at @line, behind its last newline; NULL when more text is needed to know. */
static const char *
field_end(const Reader *reader, const char *line, const char *limit)
{
  for (const char *at = line; at < limit;) {
    const char *newline = memchr(at, '\n', (gsize)(limit - at));
    if (newline == NULL || newline + 1 == limit)
      break;
    if (!is_blank(newline[1]))
      return newline + 1;
    at = newline + 1;
  }
  return reader->whole ? limit : NULL;
}

/* Takes the stanza at *@at apart and steps behind it. */
static Scan
scan_stanza(Reader *reader, const char **at, const char *limit, PackagesValue *fields, GError **error)
{
  const char *line = *at;
  memset(fields, 0, sizeof(PackagesValue) * PACKAGES_N_FIELDS);
  while (line < limit && *line == '\n')
    line++;
  *at = line;
  if (line == limit)
    return reader->whole ? SCAN_END : SCAN_MORE;
  while (line < limit && *line != '\n') {
    const char *end = field_end(reader, line, limit);
    if (end == NULL)
      return SCAN_MORE;
    if (!take_field(reader, line, end, fields, error))
      return SCAN_ERROR;
    line = end;
  }
  if (line == limit && !reader->whole)
    return SCAN_MORE;
  *at = line;
  return SCAN_STANZA;
}

/* Hands on all stanzas that are complete and drops them from the text. */
static gboolean
scan(Reader *reader, GError **error)
{
  PackagesValue fields[PACKAGES_N_FIELDS];
  const char *start = (const char *)reader->text->data, *at = start, *limit = start + reader->text->len;
  Scan result;
  while ((result = scan_stanza(reader, &at, limit, fields, error)) == SCAN_STANZA) {
    if (!reader->stanza(fields, reader->number, reader->data, error))
      return FALSE;
    reader->number++;
  }
  if (result == SCAN_ERROR)
    return FALSE;
  if (limit - at > MAX_STANZA) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "stanza %u is larger than %d MiB", reader->number, MAX_STANZA >> 20);
    return FALSE;
  }
  if (at > start)
    g_byte_array_remove_range(reader->text, 0, (guint)(at - start));
  return TRUE;
}

static gboolean
set_decoder_error(Decoder *decoder, GError **error)
{
  const char *reason = archive_error_string(decoder);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "cannot decompress: %s", reason != NULL ? reason : "damaged");
  return FALSE;
}

static Decoder *
decoder_open(int fd, gboolean *empty, GError **error)
{
  g_autoptr(Decoder) decoder = archive_read_new();
  struct archive_entry *entry;
  archive_read_support_filter_xz(decoder);
  archive_read_support_filter_gzip(decoder);
  archive_read_support_filter_zstd(decoder);
  archive_read_support_format_raw(decoder);
  archive_read_support_format_empty(decoder);
  if (archive_read_open_fd(decoder, fd, BLOCK_SIZE) != ARCHIVE_OK) {
    set_decoder_error(decoder, error);
    return NULL;
  }
  int result = archive_read_next_header(decoder, &entry);
  if (result != ARCHIVE_OK && result != ARCHIVE_EOF) {
    set_decoder_error(decoder, error);
    return NULL;
  }
  *empty = result == ARCHIVE_EOF;
  return g_steal_pointer(&decoder);
}

/* One more block of text into the reader; sets whole at the end. */
static gboolean
read_block(Reader *reader, Decoder *decoder, GError **error)
{
  const void *block;
  size_t size;
  la_int64_t offset;
  int result = archive_read_data_block(decoder, &block, &size, &offset);
  if (result == ARCHIVE_EOF) {
    reader->whole = TRUE;
    return TRUE;
  }
  if (result != ARCHIVE_OK)
    return set_decoder_error(decoder, error);
  reader->seen += size;
  if (reader->seen > MAX_TEXT || size > G_MAXINT32) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "larger than 2 GiB when decompressed");
    return FALSE;
  }
  g_byte_array_append(reader->text, block, (guint)size);
  return TRUE;
}

static gboolean
read_all(Reader *reader, int fd, GCancellable *cancellable, GError **error)
{
  gboolean empty;
  g_autoptr(Decoder) decoder = decoder_open(fd, &empty, error);
  if (decoder == NULL)
    return FALSE;
  reader->whole = empty;
  while (!reader->whole) {
    if (g_cancellable_is_cancelled(cancellable)) {
      g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
    if (!read_block(reader, decoder, error) || !scan(reader, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
packages_read(int fd, PackagesStanza stanza, gpointer data, GCancellable *cancellable, GError **error)
{
  Reader reader = {.text = g_byte_array_sized_new(2 * BLOCK_SIZE), .number = 1, .stanza = stanza, .data = data};
  gboolean done = read_all(&reader, fd, cancellable, error);
  g_byte_array_unref(reader.text);
  return done;
}
