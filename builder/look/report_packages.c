/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/report_parts.h"

/* So many packages are listed, the largest. */
#define PACKAGES_MAX 5000

static gint
larger_first(gconstpointer a, gconstpointer b)
{
  const SubjectPackage *x = *(SubjectPackage *const *)a, *y = *(SubjectPackage *const *)b;
  return x->bytes > y->bytes ? -1 : x->bytes < y->bytes;
}

/* Of use with the script alone, which shows it. */
static void
search_box(Html *html)
{
  html_open(html, "p", "class", "search", "id", "search", "hidden", "");
  html_leaf(html, "label", "Search", "for", "find");
  html_void(html, "input", "type", "search", "id", "find", "placeholder", "name, version or source", "autocomplete", "off",
            "spellcheck", "false");
  html_leaf(html, "output", NULL, "id", "found", "for", "find");
  html_close(html);
}

static void
package_row(Html *html, const SubjectPackage *package, guint64 whole, const Column *columns)
{
  html_open(html, "tr");
  report_text_cell(html, &columns[0], package->name);
  report_text_cell(html, &columns[1], package->version);
  report_text_cell(html, &columns[2], package->source);
  report_count_cell(html, &columns[3], package->files);
  report_size_cell(html, &columns[4], package->bytes);
  report_bar_cell(html, &columns[5], package->bytes, whole);
  html_close(html);
}

void
report_packages(Html *html, const Subject *subject)
{
  static const Column columns[] = {
    {"Name", COLUMN_SORTABLE | COLUMN_WIDE},    {"Version", COLUMN_SORTABLE},
    {"Source", COLUMN_SORTABLE | COLUMN_MINOR}, {"Files", COLUMN_SORTABLE | COLUMN_NUMBER | COLUMN_MINOR},
    {"Size", COLUMN_SORTABLE | COLUMN_NUMBER},  {"Share", COLUMN_MINOR}};
  g_autoptr(GPtrArray) packages = g_ptr_array_new();
  g_ptr_array_extend(packages, subject->packages, NULL, NULL);
  if (packages->len == 0)
    return;
  g_ptr_array_sort(packages, larger_first);
  guint64 whole = 0;
  for (guint i = 0; i < packages->len; i++)
    whole += ((SubjectPackage *)packages->pdata[i])->bytes;
  report_section(html, "packages", "Packages");
  search_box(html);
  report_table(html, "package-table", "Packages, the largest first", columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < MIN(packages->len, PACKAGES_MAX); i++)
    package_row(html, packages->pdata[i], whole, columns);
  report_table_end(html);
  report_cut(html, PACKAGES_MAX, packages->len, "packages, the largest,");
  html_close(html);
}
