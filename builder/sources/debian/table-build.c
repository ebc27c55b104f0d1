/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/packages.h"
#include "builder/sources/debian/table.h"
#include "builder/sources/debian/version.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>
#include <unistd.h>

#define MAX_SIZE G_GUINT64_CONSTANT(9999999999)     /* the ten digits of an ar header */
#define MAX_INSTALLED (G_GUINT64_CONSTANT(1) << 40) /* KiB */

typedef struct {
  guint32 name, length, id;
} Provider;

typedef struct {
  const char *architecture;
  guint suite;
  GByteArray *strings;
  GArray *records;   /* TableRecord */
  GArray *providers; /* Provider */
  GArray *provided;  /* TableProvided */
  GArray *ids;       /* guint32 */
} Builder;

static char *
shown(PackagesValue value)
{
  g_autofree char *text = g_strndup(value.data, MIN(value.size, 100));
  return text != NULL ? g_strescape(text, NULL) : g_strdup("");
}

static gboolean
set_bad(GError **error, guint number, const PackagesValue *fields, const char *field, PackagesValue value)
{
  g_autofree char *name = shown(fields[PACKAGES_PACKAGE]);
  g_autofree char *text = shown(value);
  if (value.data == NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "stanza %u (package '%s'): no %s", number, name, field);
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "stanza %u (package '%s'): impossible %s '%s'", number, name, field,
                text);
  return FALSE;
}

/* Whether @value begins with a letter or digit and goes on with those and characters of @more. */
static gboolean
is_word(PackagesValue value, const char *more)
{
  if (value.size == 0 || value.size > 255 || !g_ascii_isalnum(value.data[0]))
    return FALSE;
  for (gsize i = 1; i < value.size; i++)
    if (!g_ascii_isalnum(value.data[i]) && strchr(more, value.data[i]) == NULL)
      return FALSE;
  return TRUE;
}

/* Whether @value is a path that stays below where it starts, of printable characters. */
static gboolean
is_path(PackagesValue value)
{
  gsize start = 0;
  if (value.size == 0 || value.size > 1024)
    return FALSE;
  for (gsize i = 0; i <= value.size; i++) {
    if (i < value.size && (value.data[i] <= ' ' || value.data[i] == 0x7f || strchr("?#\\\"'", value.data[i]) != NULL))
      return FALSE;
    if (i < value.size && value.data[i] != '/')
      continue;
    gsize length = i - start;
    if (length == 0 || (value.data[start] == '.' && (length == 1 || (length == 2 && value.data[start + 1] == '.'))))
      return FALSE;
    start = i + 1;
  }
  return TRUE;
}

static gboolean
parse_number(PackagesValue value, guint64 most, guint64 *out)
{
  guint64 number = 0;
  if (value.size == 0)
    return FALSE;
  for (gsize i = 0; i < value.size; i++) {
    if (!g_ascii_isdigit(value.data[i]))
      return FALSE;
    number = number * 10 + (guint64)(value.data[i] - '0');
    if (number > most)
      return FALSE;
  }
  *out = number;
  return TRUE;
}

static gboolean
parse_digest(PackagesValue value, Digest *out)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  if (value.size != DIGEST_HEX_LENGTH)
    return FALSE;
  memcpy(hex, value.data, DIGEST_HEX_LENGTH);
  hex[DIGEST_HEX_LENGTH] = '\0';
  return digest_from_hex(hex, out);
}

static gboolean
equals(PackagesValue value, const char *text)
{
  return value.size == strlen(text) && (value.size == 0 || memcmp(value.data, text, value.size) == 0);
}

/* The number of @value in the list, or @otherwise. */
static guint8
number_of(PackagesValue value, const char *const *list, guint8 otherwise)
{
  for (guint8 i = 0; list[i] != NULL; i++)
    if (equals(value, list[i]))
      return i;
  return otherwise;
}

static guint32
add_string(Builder *builder, PackagesValue value)
{
  guint32 offset = builder->strings->len;
  if (value.size == 0)
    return 0;
  g_byte_array_set_size(builder->strings, offset + (guint)value.size + 1);
  char *copy = (char *)builder->strings->data + offset;
  memcpy(copy, value.data, value.size);
  copy[value.size] = '\0';
  for (char *at = copy; (at = memchr(at, '\n', value.size - (gsize)(at - copy))) != NULL;)
    *at = ' ';
  return offset;
}

/* As add_string, but takes the string at @known where that is the same: neighbours share much. */
static guint32
share_string(Builder *builder, PackagesValue value, guint32 known)
{
  return equals(value, (const char *)builder->strings->data + known) ? known : add_string(builder, value);
}

/* "name (version)" -> name; no Source means the package's own name. */
static PackagesValue
source_name(const PackagesValue *fields)
{
  PackagesValue source = fields[PACKAGES_SOURCE];
  if (source.data == NULL)
    return fields[PACKAGES_PACKAGE];
  for (gsize i = 0; i < source.size; i++)
    if (source.data[i] == ' ' || source.data[i] == '(')
      source.size = i;
  return source;
}

static gboolean
check_words(const PackagesValue *fields, guint number, GError **error)
{
  if (!is_word(fields[PACKAGES_PACKAGE], "+-._"))
    return set_bad(error, number, fields, "Package", fields[PACKAGES_PACKAGE]);
  if (!is_word(fields[PACKAGES_VERSION], "+-.~:"))
    return set_bad(error, number, fields, "Version", fields[PACKAGES_VERSION]);
  if (!is_word(fields[PACKAGES_ARCHITECTURE], "-"))
    return set_bad(error, number, fields, "Architecture", fields[PACKAGES_ARCHITECTURE]);
  if (!is_word(source_name(fields), "+-._"))
    return set_bad(error, number, fields, "Source", fields[PACKAGES_SOURCE]);
  if (!is_path(fields[PACKAGES_FILENAME]))
    return set_bad(error, number, fields, "Filename", fields[PACKAGES_FILENAME]);
  return TRUE;
}

static gboolean
fill_numbers(TableRecord *record, const PackagesValue *fields, guint number, GError **error)
{
  static const char *const priorities[] = {"", "required", "important", "standard", "optional", "extra", NULL};
  static const char *const multi_arch[] = {"no", "same", "foreign", "allowed", NULL};
  if (!parse_digest(fields[PACKAGES_SHA256], &record->sha256))
    return set_bad(error, number, fields, "SHA256", fields[PACKAGES_SHA256]);
  if (!parse_number(fields[PACKAGES_SIZE], MAX_SIZE, &record->size) || record->size == 0)
    return set_bad(error, number, fields, "Size", fields[PACKAGES_SIZE]);
  if (fields[PACKAGES_INSTALLED_SIZE].data != NULL &&
      !parse_number(fields[PACKAGES_INSTALLED_SIZE], MAX_INSTALLED, &record->installed_size))
    return set_bad(error, number, fields, "Installed-Size", fields[PACKAGES_INSTALLED_SIZE]);
  guint8 priority = number_of(fields[PACKAGES_PRIORITY], priorities, DEBIAN_EXTRA);
  record->priority = priority == 0 ? DEBIAN_OPTIONAL : priority;
  record->multi_arch = number_of(fields[PACKAGES_MULTI_ARCH], multi_arch, DEBIAN_MULTIARCH_NO);
  record->flags = (guint8)((equals(fields[PACKAGES_ESSENTIAL], "yes") ? TABLE_ESSENTIAL : 0) |
                           (equals(fields[PACKAGES_PROTECTED], "yes") ? TABLE_PROTECTED : 0) |
                           (equals(fields[PACKAGES_IMPORTANT], "yes") ? TABLE_IMPORTANT : 0));
  return TRUE;
}

static void
fill_strings(Builder *builder, TableRecord *record, const PackagesValue *fields)
{
  static const guint32 none[TABLE_N_STRINGS];
  const guint32 *last = none;
  if (builder->records->len > 0)
    last = g_array_index(builder->records, TableRecord, builder->records->len - 1).strings;
  guint32 *strings = record->strings;
  strings[TABLE_NAME] = add_string(builder, fields[PACKAGES_PACKAGE]);
  strings[TABLE_SOURCE] = share_string(builder, source_name(fields), strings[TABLE_NAME]);
  strings[TABLE_VERSION] = share_string(builder, fields[PACKAGES_VERSION], last[TABLE_VERSION]);
  strings[TABLE_ARCHITECTURE] = share_string(builder, fields[PACKAGES_ARCHITECTURE], last[TABLE_ARCHITECTURE]);
  strings[TABLE_SECTION] = share_string(builder, fields[PACKAGES_SECTION], last[TABLE_SECTION]);
  strings[TABLE_FILENAME] = add_string(builder, fields[PACKAGES_FILENAME]);
  G_STATIC_ASSERT(TABLE_REPLACES - TABLE_DEPENDS == PACKAGES_REPLACES - PACKAGES_DEPENDS);
  for (int i = 0; i <= TABLE_REPLACES - TABLE_DEPENDS; i++)
    strings[TABLE_DEPENDS + i] = share_string(builder, fields[PACKAGES_DEPENDS + i], last[TABLE_DEPENDS + i]);
}

static gboolean
add_stanza(const PackagesValue *fields, guint number, gpointer data, GError **error)
{
  Builder *builder = data;
  TableRecord record = {.suite = builder->suite};
  if (!check_words(fields, number, error) || !fill_numbers(&record, fields, number, error))
    return FALSE;
  /* some archives list all architectures in each index */
  if (!equals(fields[PACKAGES_ARCHITECTURE], builder->architecture) && !equals(fields[PACKAGES_ARCHITECTURE], "all"))
    return TRUE;
  if (builder->records->len >= limits_get(LIMIT_PACKAGES))
    return limits_refuse(LIMIT_PACKAGES, error, "stanza %u", number);
  if (builder->strings->len > G_MAXINT32) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "stanza %u: too many packages", number);
    return FALSE;
  }
  fill_strings(builder, &record, fields);
  g_array_append_val(builder->records, record);
  return TRUE;
}

static gint
compare_records(gconstpointer a, gconstpointer b, gpointer data)
{
  const TableRecord *left = a, *right = b;
  const char *strings = data;
#define COMPARE(field) strcmp(strings + left->strings[field], strings + right->strings[field])
  int order = COMPARE(TABLE_NAME);
  if (order == 0)
    order = -debian_version_compare(strings + left->strings[TABLE_VERSION], strings + right->strings[TABLE_VERSION]);
  if (order == 0) /* "1.0" and "1.00" are equal and yet two */
    order = COMPARE(TABLE_VERSION);
  if (order == 0 && left->suite != right->suite)
    order = left->suite < right->suite ? -1 : 1;
  if (order == 0)
    order = COMPARE(TABLE_ARCHITECTURE);
  return order != 0 ? order : digest_compare(&left->sha256, &right->sha256);
#undef COMPARE
}

/* Whether @record is the same package as one that stands in the run of its name and version, which ends at @n. */
static gboolean
is_repeated(const Builder *builder, const TableRecord *record, guint n)
{
  const char *strings = (const char *)builder->strings->data;
  while (n-- > 0) {
    const TableRecord *before = &g_array_index(builder->records, TableRecord, n);
    if (strcmp(strings + before->strings[TABLE_VERSION], strings + record->strings[TABLE_VERSION]) != 0 ||
        strcmp(strings + before->strings[TABLE_NAME], strings + record->strings[TABLE_NAME]) != 0)
      return FALSE;
    if (strcmp(strings + before->strings[TABLE_ARCHITECTURE], strings + record->strings[TABLE_ARCHITECTURE]) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Sorts, and keeps of the same name, version and architecture the one of the earliest suite. */
static void
sort_records(Builder *builder)
{
  guint kept = 0;
  g_array_sort_with_data(builder->records, compare_records, builder->strings->data);
  for (guint i = 0; i < builder->records->len; i++) {
    TableRecord record = g_array_index(builder->records, TableRecord, i);
    if (!is_repeated(builder, &record, kept))
      g_array_index(builder->records, TableRecord, kept++) = record;
  }
  g_array_set_size(builder->records, kept);
}

/* Notes each name in the Provides field of package @id. */
static void
note_provided(Builder *builder, guint32 id)
{
  guint32 offset = g_array_index(builder->records, TableRecord, id).strings[TABLE_PROVIDES];
  const char *strings = (const char *)builder->strings->data;
  for (const char *at = strings + offset; *at != '\0';) {
    at += strspn(at, " \t,");
    gsize length = strcspn(at, " \t,:(|");
    if (length > 0) {
      Provider provider = {(guint32)(at - strings), (guint32)length, id};
      g_array_append_val(builder->providers, provider);
    }
    at += strcspn(at, ",");
  }
}

static gint
compare_providers(gconstpointer a, gconstpointer b, gpointer data)
{
  const Provider *left = a, *right = b;
  const char *strings = data;
  int order = memcmp(strings + left->name, strings + right->name, MIN(left->length, right->length));
  if (order == 0 && left->length != right->length)
    order = left->length < right->length ? -1 : 1;
  return order != 0 ? order : left->id < right->id ? -1 : left->id > right->id;
}

static void
list_providers(Builder *builder)
{
  const char *strings = (const char *)builder->strings->data;
  for (guint32 id = 0; id < builder->records->len; id++)
    note_provided(builder, id);
  g_array_sort_with_data(builder->providers, compare_providers, builder->strings->data);
  TableProvided *last = NULL;
  for (guint i = 0; i < builder->providers->len; i++) {
    const Provider *provider = &g_array_index(builder->providers, Provider, i);
    if (last == NULL || last->length != provider->length ||
        memcmp(strings + last->name, strings + provider->name, last->length) != 0) {
      TableProvided provided = {provider->name, provider->length, builder->ids->len, 0};
      g_array_append_val(builder->provided, provided);
      last = &g_array_index(builder->provided, TableProvided, builder->provided->len - 1);
    }
    if (last->n == 0 || g_array_index(builder->ids, guint32, builder->ids->len - 1) != provider->id) {
      g_array_append_val(builder->ids, provider->id);
      last->n++;
    }
  }
}

static gboolean
write_table(Store *store, const Builder *builder, Digest *blob, GError **error)
{
  TableHeader header = {TABLE_MAGIC,       TABLE_FORMAT,         builder->records->len, builder->provided->len,
                        builder->ids->len, builder->strings->len};
  const struct {
    const void *data;
    gsize size;
  } parts[] = {
    {&header, sizeof header},
    {builder->records->data, (gsize)builder->records->len * sizeof(TableRecord)},
    {builder->provided->data, (gsize)builder->provided->len * sizeof(TableProvided)},
    {builder->ids->data, (gsize)builder->ids->len * sizeof(guint32)},
    {builder->strings->data, builder->strings->len},
  };
  g_autoptr(StoreWriter) writer = store_writer_new(store, error);
  if (writer == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
    if (parts[i].size > 0 && !store_writer_write(writer, parts[i].data, parts[i].size, error))
      return FALSE;
  return store_writer_finish(writer, NULL, blob, error);
}

static gboolean
read_source(Store *store, Builder *builder, const DebianIndexSource *source, GCancellable *cancellable, GError **error)
{
  int fd = store_open_blob(store, &source->blob, NULL, error);
  if (fd < 0)
    return FALSE;
  builder->suite = source->suite;
  gboolean done = packages_read(fd, add_stanza, builder, cancellable, error);
  close(fd);
  if (!done && source->label != NULL)
    g_prefix_error(error, "Packages of %s: ", source->label);
  else if (!done)
    g_prefix_error(error, "Packages of suite %u: ", source->suite);
  return done;
}

static gboolean
build(Store *store, Builder *builder, const DebianIndexSource *sources, guint n, GCancellable *cancellable, Digest *blob,
      GError **error)
{
  g_byte_array_append(builder->strings, (const guint8 *)"", 1);
  for (guint i = 0; i < n; i++)
    if (!read_source(store, builder, &sources[i], cancellable, error))
      return FALSE;
  sort_records(builder);
  list_providers(builder);
  return write_table(store, builder, blob, error);
}

gboolean
table_build(Store *store, const char *architecture, const DebianIndexSource *sources, guint n, GCancellable *cancellable,
            Digest *blob, GError **error)
{
  Builder builder = {
    .architecture = architecture,
    .strings = g_byte_array_new(),
    .records = g_array_new(FALSE, FALSE, sizeof(TableRecord)),
    .providers = g_array_new(FALSE, FALSE, sizeof(Provider)),
    .provided = g_array_new(FALSE, FALSE, sizeof(TableProvided)),
    .ids = g_array_new(FALSE, FALSE, sizeof(guint32)),
  };
  gboolean done = build(store, &builder, sources, n, cancellable, blob, error);
  g_byte_array_unref(builder.strings);
  g_array_unref(builder.records);
  g_array_unref(builder.providers);
  g_array_unref(builder.provided);
  g_array_unref(builder.ids);
  return done;
}
