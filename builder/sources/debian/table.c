/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/table.h"

static gboolean
records_are_sound(const Table *table, guint suite_max)
{
  guint32 highest = 0;
  guint priority = DEBIAN_REQUIRED, multi_arch = 0, suite = 0;
  gboolean low = FALSE;
  for (guint32 i = 0; i < table->header->n_records; i++) {
    const TableRecord *record = &table->records[i];
    for (int s = 0; s < TABLE_N_STRINGS; s++)
      highest = MAX(highest, record->strings[s]);
    priority = MAX(priority, record->priority);
    low |= record->priority < DEBIAN_REQUIRED;
    multi_arch = MAX(multi_arch, record->multi_arch);
    suite = MAX(suite, record->suite);
  }
  return highest < table->header->strings && !low && priority <= DEBIAN_EXTRA && multi_arch <= DEBIAN_MULTIARCH_ALLOWED &&
         suite <= suite_max;
}

static gboolean
providers_are_sound(const Table *table)
{
  const TableHeader *header = table->header;
  for (guint32 i = 0; i < header->n_provided; i++) {
    const TableProvided *provided = &table->provided[i];
    if ((guint64)provided->name + provided->length > header->strings ||
        (guint64)provided->first + provided->n > header->n_providers)
      return FALSE;
  }
  for (guint32 i = 0; i < header->n_providers; i++)
    if (table->providers[i] >= header->n_records)
      return FALSE;
  return TRUE;
}

gboolean
table_check(const void *data, guint64 size, guint suite_max, Table *table)
{
  const TableHeader *header = data;
  if (size < sizeof *header || header->magic != TABLE_MAGIC || header->format != TABLE_FORMAT)
    return FALSE;
  guint64 records = (guint64)header->n_records * sizeof(TableRecord);
  guint64 provided = (guint64)header->n_provided * sizeof(TableProvided);
  guint64 providers = (guint64)header->n_providers * sizeof(guint32);
  guint64 rest = sizeof *header + records + provided + providers;
  if (size <= rest || size - rest != header->strings)
    return FALSE;
  const char *start = data;
  table->header = header;
  table->records = (const TableRecord *)(start + sizeof *header);
  table->provided = (const TableProvided *)(start + sizeof *header + records);
  table->providers = (const guint32 *)(start + sizeof *header + records + provided);
  table->strings = start + rest;
  /* with the last string ended, any string that begins inside ends inside */
  return table->strings[header->strings - 1] == '\0' && records_are_sound(table, suite_max) && providers_are_sound(table);
}
