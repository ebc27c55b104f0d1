/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of packages as it lies in the store, in this machine's byte order, to be mapped:
 *
 *   TableHeader
 *   TableRecord   [n_records]    sorted by (name, version descending, suite)
 *   TableProvided [n_provided]   sorted by name
 *   guint32       [n_providers]  ids; each TableProvided names a run of them
 *   char          [strings]      NUL-terminated strings; the first is ""
 *
 * A string is its offset in the last part. table_check looks at every number in it once, so that whatever the file holds
 * nothing outside of it is ever read.
 */
#ifndef ASHLAR_DEBIAN_TABLE_H
#define ASHLAR_DEBIAN_TABLE_H

#include "builder/sources/debian/index.h"

#define TABLE_FORMAT 1 /* goes up with every change of the structs or of how they are filled */
#define TABLE_MAGIC G_GUINT64_CONSTANT(0x3178656462656441)

typedef enum {
  TABLE_NAME,
  TABLE_VERSION,
  TABLE_ARCHITECTURE,
  TABLE_SOURCE,
  TABLE_FILENAME,
  TABLE_SECTION,
  TABLE_DEPENDS,
  TABLE_PRE_DEPENDS,
  TABLE_RECOMMENDS,
  TABLE_SUGGESTS,
  TABLE_PROVIDES,
  TABLE_CONFLICTS,
  TABLE_BREAKS,
  TABLE_REPLACES,
  TABLE_N_STRINGS,
} TableString;

enum { TABLE_ESSENTIAL = 1, TABLE_PROTECTED = 2, TABLE_IMPORTANT = 4 };

typedef struct {
  guint64 magic;
  guint32 format, n_records, n_provided, n_providers;
  guint64 strings; /* bytes */
} TableHeader;

typedef struct {
  guint32 strings[TABLE_N_STRINGS];
  guint32 suite;
  guint8 priority, multi_arch, flags, unused;
  Digest sha256;
  guint64 size, installed_size;
} TableRecord;

typedef struct {
  guint32 name, length; /* of a part of the strings */
  guint32 first, n;     /* of the providers */
} TableProvided;

typedef struct {
  const TableHeader *header;
  const TableRecord *records;
  const TableProvided *provided;
  const guint32 *providers;
  const char *strings;
} Table;

G_STATIC_ASSERT(sizeof(TableHeader) == 32);
G_STATIC_ASSERT(sizeof(TableRecord) == 112);

/* The parts of the @size bytes at @data; FALSE when they are not a table whose suites' numbers are @suite_max at the most. */
gboolean table_check(const void *data, guint64 size, guint suite_max, Table *table);

/* Reads @sources and makes their table a blob of the store. */
gboolean table_build(Store *store, const char *architecture, const DebianIndexSource *sources, guint n,
                     GCancellable *cancellable, Digest *blob, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
