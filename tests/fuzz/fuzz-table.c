/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of packages that the store keeps. Of a table that passed its check, every string and number can be used.
 */
#include "builder/sources/debian/table.h"
#include "tests/fuzz/fuzz.h"

#define SUITES 4

static gsize
read_all(const Table *table)
{
  gsize read = 0;
  for (guint i = 0; i < table->header->n_records; i++) {
    const TableRecord *record = &table->records[i];
    for (guint j = 0; j < TABLE_N_STRINGS; j++)
      read += strlen(table->strings + record->strings[j]);
    g_assert(record->suite <= SUITES && record->priority >= DEBIAN_REQUIRED && record->priority <= DEBIAN_EXTRA);
  }
  for (guint i = 0; i < table->header->n_provided; i++) {
    const TableProvided *provided = &table->provided[i];
    g_autofree char *name = g_strndup(table->strings + provided->name, provided->length);
    read += strlen(name);
    for (guint j = 0; j < provided->n; j++)
      g_assert(table->providers[provided->first + j] < table->header->n_records);
  }
  return read;
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  /* a mapping begins at a page */
  g_autofree guint8 *copy = g_malloc(MAX(size, 1));
  if (size > 0)
    memcpy(copy, data, size);
  Table table;
  if (table_check(copy, size, SUITES, &table))
    g_assert(read_all(&table) <= G_MAXSIZE);
  return 0;
}
