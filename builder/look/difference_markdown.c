/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/difference_print.h"
#include "builder/oci/printable.h"

#include <string.h>

/* Tables of more rows are folded. */
#define FOLD_ROWS 12
/* A forge takes some 65000 characters in a comment: each kind of table ends where its share is used up. */
#define PACKAGES_END 25000
#define FILES_END 50000
#define MEMBERS_END 58000
/* Characters of one name or value. */
#define TEXT_MAX 160

/* ---- escaping ---- */

/* As code, so that neither mentions nor links are made of it; what might be markup, or end the cell of a table, is a numeric
 * reference, which is never markup (CommonMark 6.2). */
static void
append_code(GString *out, const char *text)
{
  g_autofree char *shown = printable(text);
  gboolean cut = g_utf8_strlen(shown, -1) > TEXT_MAX;
  if (cut)
    *g_utf8_offset_to_pointer(shown, TEXT_MAX) = '\0';
  g_string_append(out, "<code>");
  for (const char *c = shown; *c != '\0'; c++)
    if (g_ascii_isalnum(*c) || strchr(" /.-+,", *c) != NULL || (guchar)*c >= 0x80)
      g_string_append_c(out, *c);
    else
      g_string_append_printf(out, "&#%d;", *c);
  g_string_append_printf(out, "%s</code>", cut ? "…" : "");
}

/* ---- tables ---- */

typedef struct {
  GString *out;
  guint end;      /* no row begins behind it */
  guint rows, of; /* written, to be written */
} Table;

static Table
begin_table(GString *out, const char *title, const char *counts, guint rows, guint end, const char *head)
{
  gboolean folded = rows > FOLD_ROWS;
  g_string_append_printf(out, folded ? "\n<details><summary><b>%s</b>: %s</summary>\n\n%s" : "\n**%s**: %s\n\n%s", title,
                         counts, head);
  return (Table){.out = out, .end = end, .of = rows};
}

static gboolean
begin_row(Table *table)
{
  if (table->out->len > table->end)
    return FALSE;
  table->rows++;
  return TRUE;
}

static void
end_table(const Table *table)
{
  if (table->rows < table->of)
    g_string_append_printf(table->out, "\n… and %u more\n", table->of - table->rows);
  if (table->of > FOLD_ROWS)
    g_string_append(table->out, "\n</details>\n");
}

/* ---- packages ---- */

static void
append_package(GString *out, const DifferencePackage *package)
{
  const SubjectPackage *before = package->before, *after = package->after;
  gboolean both = before != NULL && after != NULL;
  g_autofree char *growth = difference_describe_growth(package->bytes);
  const char *word = both ? difference_direction(package) : before == NULL ? "added" : "removed";
  gboolean versions = !both || strcmp(before->version, after->version) != 0;
  g_string_append_printf(out, "| %s | ", word);
  append_code(out, difference_latest(package)->name);
  g_string_append(out, " | ");
  if (before != NULL)
    append_code(out, versions ? before->version : before->architecture);
  g_string_append(out, " | ");
  if (after != NULL)
    append_code(out, versions ? after->version : after->architecture);
  g_string_append_printf(out, " | %u | %s |\n", package->list->len, growth);
}

static void
append_packages(GString *out, const Difference *difference)
{
  const DifferenceCount *count = &difference->package_count;
  guint rows = count->added + count->removed + count->changed;
  if (rows == 0)
    return;
  g_autofree char *counts = difference_describe_count(count, NULL);
  Table table = begin_table(out, "Packages", counts, rows, PACKAGES_END,
                            "| | package | before | after | files | size |\n|---|---|---|---|--:|--:|\n");
  for (guint i = 0; i < difference->packages->len; i++) {
    const DifferencePackage *package = difference->packages->pdata[i];
    if (difference_is_told(package) && begin_row(&table))
      append_package(out, package);
  }
  end_table(&table);
}

/* ---- files ---- */

static void
append_file(GString *out, const DifferenceFile *file)
{
  g_autofree char *path = g_strconcat("/", (file->after != NULL ? file->after : file->before)->entry.path, NULL);
  gboolean both = file->before != NULL && file->after != NULL;
  g_autofree char *what = both ? difference_describe(file)
                               : difference_describe_file(file->after != NULL ? file->after : file->before);
  g_string_append_printf(out, "| %s | ", both ? "changed" : file->before == NULL ? "added" : "removed");
  append_code(out, path);
  g_string_append(out, " | ");
  append_code(out, what);
  g_string_append(out, " |\n");
}

static void
append_files(GString *out, const Difference *difference)
{
  guint rows = difference->files->len - difference->explained;
  if (difference->files->len == 0)
    return;
  g_autofree char *counts = difference_describe_count(&difference->file_count, NULL);
  if (rows == 0) {
    g_string_append_printf(out, "\n**Files**: %s, all of them with the packages above\n", counts);
    return;
  }
  if (difference->explained > 0) {
    char *more = g_strdup_printf("%s; %u of them with the packages above", counts, difference->explained);
    g_free(counts);
    counts = more;
  }
  Table table = begin_table(out, "Files", counts, rows, FILES_END, "| | file | what |\n|---|---|---|\n");
  for (guint i = 0; i < difference->files->len; i++) {
    const DifferenceFile *file = difference->files->pdata[i];
    if (!difference_is_told(file->package) && begin_row(&table))
      append_file(out, file);
  }
  end_table(&table);
}

/* ---- images ---- */

static void
append_members(GString *out, const Difference *difference)
{
  guint rows = difference->members->len;
  if (rows == 0)
    return;
  g_autofree char *counts = g_strdup_printf("%u different", rows);
  Table table = begin_table(out, "Configuration", counts, rows, MEMBERS_END, "| member | before | after |\n|---|---|---|\n");
  for (guint i = 0; i < rows; i++) {
    const DifferenceMember *member = difference->members->pdata[i];
    if (!begin_row(&table))
      continue;
    g_string_append(out, "| ");
    append_code(out, member->member);
    g_string_append(out, " | ");
    if (member->before != NULL)
      append_code(out, member->before);
    g_string_append(out, " | ");
    if (member->after != NULL)
      append_code(out, member->after);
    g_string_append(out, " |\n");
  }
  end_table(&table);
}

static void
append_layers(GString *out, const Difference *difference)
{
  const DifferencePull *pull = &difference->pull;
  g_autofree char *bytes = g_format_size(pull->layer_bytes + pull->metadata_bytes);
  g_string_append_printf(out, "\n**Layers**: %u shared, %u new, %u gone; a client that has the one before pulls **%s**",
                         difference->shared_layers, pull->layers, difference->removed_layers, bytes);
  if (pull->has_chunks) {
    g_autofree char *chunks = g_format_size(pull->chunk_bytes + pull->metadata_bytes);
    g_string_append_printf(out, " (%s file by file)", chunks);
  }
  g_string_append_c(out, '\n');
}

void
difference_print_markdown(FILE *file, const Difference *difference)
{
  g_autoptr(GString) out = g_string_new("### ");
  append_code(out, difference->before->label);
  g_string_append(out, " → ");
  append_code(out, difference->after->label);
  g_string_append_c(out, '\n');
  if (difference_is_any(difference)) {
    append_packages(out, difference);
    append_files(out, difference);
    append_members(out, difference);
  } else {
    g_string_append(out, "\nNo difference.\n");
  }
  if (difference->are_images && difference_is_any(difference))
    append_layers(out, difference);
  fwrite(out->str, 1, out->len, file);
}
