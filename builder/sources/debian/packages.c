/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/packages.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#define BLOCK_SIZE (256 * 1024)

typedef struct archive Decoder;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decoder, archive_read_free)

typedef struct {
  GByteArray *text; /* what was decoded and is not yet consumed: begins with a stanza */
  guint number;     /* of that stanza */
  gboolean whole;   /* no more will come */
  PackagesStanza stanza;
  gpointer data;
} Reader;

typedef enum { SCAN_STANZA, SCAN_MORE, SCAN_END, SCAN_ERROR } Scan;

static const struct {
  const char *name;
  guint8 length;
} names[PACKAGES_N_FIELDS] = {
#define FIELD(index, name) [(index)] = {(name), sizeof(name) - 1}
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
  if ((gsize)(limit - at) > limits_get(LIMIT_STANZA))
    return limits_refuse(LIMIT_STANZA, error, "stanza %u", reader->number);
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

/* ---- decompressing in a thread of its own, which takes longer than reading what comes out ---- */

#define MAX_BLOCKS 32 /* of 64 KiB or so, between the two */

typedef struct {
  int fd;
  GMutex lock;
  GCond changed;
  GQueue blocks;    /* GBytes* */
  gboolean whole;   /* no more will come, for the end or an error */
  gboolean dropped; /* nobody waits for more */
  GError *error;
} Pipe;

/* Hands over @bytes; FALSE when nobody wants them. */
static gboolean
push_block(Pipe *pipe, GBytes *bytes)
{
  g_mutex_lock(&pipe->lock);
  while (pipe->blocks.length >= MAX_BLOCKS && !pipe->dropped)
    g_cond_wait(&pipe->changed, &pipe->lock);
  gboolean wanted = !pipe->dropped;
  g_queue_push_tail(&pipe->blocks, bytes);
  g_cond_broadcast(&pipe->changed);
  g_mutex_unlock(&pipe->lock);
  return wanted;
}

static gboolean
decode_all(Pipe *pipe, GError **error)
{
  gboolean empty;
  guint64 seen = 0;
  g_autoptr(Decoder) decoder = decoder_open(pipe->fd, &empty, error);
  if (decoder == NULL)
    return FALSE;
  while (!empty) {
    const void *block;
    size_t size;
    la_int64_t offset;
    int result = archive_read_data_block(decoder, &block, &size, &offset);
    if (result == ARCHIVE_EOF)
      break;
    if (result != ARCHIVE_OK)
      return set_decoder_error(decoder, error);
    seen += size;
    if (seen > limits_get(LIMIT_INDEX))
      return limits_exceed(LIMIT_INDEX, error);
    if (size > 0 && !push_block(pipe, g_bytes_new(block, size)))
      break;
  }
  return TRUE;
}

static gpointer
decode_thread(gpointer data)
{
  Pipe *pipe = data;
  GError *failure = NULL;
  if (!decode_all(pipe, &failure))
    g_assert(failure != NULL);
  g_mutex_lock(&pipe->lock);
  pipe->error = failure;
  pipe->whole = TRUE;
  g_cond_broadcast(&pipe->changed);
  g_mutex_unlock(&pipe->lock);
  return NULL;
}

/* The next block (transfer full), or NULL at the end. */
static GBytes *
pull_block(Pipe *pipe)
{
  g_mutex_lock(&pipe->lock);
  while (pipe->blocks.length == 0 && !pipe->whole)
    g_cond_wait(&pipe->changed, &pipe->lock);
  GBytes *bytes = g_queue_pop_head(&pipe->blocks);
  g_cond_broadcast(&pipe->changed);
  g_mutex_unlock(&pipe->lock);
  return bytes;
}

static gboolean
read_all(Reader *reader, Pipe *pipe, GCancellable *cancellable, GError **error)
{
  while (!reader->whole) {
    if (g_cancellable_is_cancelled(cancellable)) {
      g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
    g_autoptr(GBytes) block = pull_block(pipe);
    reader->whole = block == NULL;
    if (block == NULL && pipe->error != NULL) {
      g_propagate_error(error, g_steal_pointer(&pipe->error));
      return FALSE;
    }
    if (block != NULL) {
      gsize size;
      const guint8 *data = g_bytes_get_data(block, &size);
      g_byte_array_append(reader->text, data, (guint)size);
    }
    if (!scan(reader, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
packages_read(int fd, PackagesStanza stanza, gpointer data, GCancellable *cancellable, GError **error)
{
  Reader reader = {.text = g_byte_array_sized_new(2 * BLOCK_SIZE), .number = 1, .stanza = stanza, .data = data};
  Pipe pipe = {.fd = fd, .blocks = G_QUEUE_INIT};
  g_mutex_init(&pipe.lock);
  g_cond_init(&pipe.changed);
  GThread *thread = g_thread_new("decompress", decode_thread, &pipe);
  gboolean done = read_all(&reader, &pipe, cancellable, error);
  g_mutex_lock(&pipe.lock);
  pipe.dropped = TRUE;
  g_cond_broadcast(&pipe.changed);
  g_mutex_unlock(&pipe.lock);
  g_thread_join(thread);
  g_queue_clear_full(&pipe.blocks, (GDestroyNotify)g_bytes_unref);
  g_clear_error(&pipe.error);
  g_cond_clear(&pipe.changed);
  g_mutex_clear(&pipe.lock);
  g_byte_array_unref(reader.text);
  return done; // cppcheck-suppress memleak ; g_thread_join took the thread
}
