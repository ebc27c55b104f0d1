/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/report_parts.h"

#include <string.h>

/* Of a layer's packages so many are named; of its history so many bytes are told, unless packages tell it shorter. */
#define PACKAGES_MAX 400
#define HISTORY_MAX 400
#define HISTORY_SHORT 80

static gint
compare_numbers(gconstpointer a, gconstpointer b)
{
  guint x = *(const guint *)a, y = *(const guint *)b;
  return x < y ? -1 : x > y;
}

/* For each layer the numbers of the packages that have files in it, in their order (elements GArray of guint). */
static GPtrArray *
packages_by_layer(const Subject *subject)
{
  GPtrArray *lists = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  for (guint i = 0; i < subject->layers->len; i++)
    g_ptr_array_add(lists, g_array_new(FALSE, FALSE, sizeof(guint)));
  for (guint i = 0; i < subject->files->len; i++) {
    const SubjectFile *file = subject->files->pdata[i];
    if (file->layer < lists->len && file->package < subject->packages->len)
      g_array_append_val((GArray *)lists->pdata[file->layer], file->package);
  }
  for (guint i = 0; i < lists->len; i++) {
    GArray *list = lists->pdata[i];
    guint kept = 0;
    g_array_sort(list, compare_numbers);
    for (guint k = 0; k < list->len; k++)
      if (k == 0 || g_array_index(list, guint, k) != g_array_index(list, guint, kept - 1))
        g_array_index(list, guint, kept++) = g_array_index(list, guint, k);
    g_array_set_size(list, kept);
  }
  return lists;
}

static char *
package_names(const Subject *subject, const GArray *list)
{
  GString *names = g_string_new(NULL);
  for (guint i = 0; i < MIN(list->len, PACKAGES_MAX); i++) {
    const SubjectPackage *package = subject->packages->pdata[g_array_index(list, guint, i)];
    g_string_append_printf(names, "%s%s", i == 0 ? "" : ", ", package->name);
  }
  if (list->len > PACKAGES_MAX)
    g_string_append_printf(names, " and %u more", list->len - PACKAGES_MAX);
  return g_string_free(names, FALSE);
}

static void
names_in_full(Html *html, const Subject *subject, const GArray *packages)
{
  const SubjectPackage *first = subject->packages->pdata[g_array_index(packages, guint, 0)];
  g_autofree char *names = package_names(subject, packages), *count = report_count(packages->len - 1);
  html_open(html, "details");
  html_open(html, "summary");
  html_printf(html, "%s and %s more", first->name, count);
  html_close(html);
  html_leaf(html, "p", names);
  html_close(html);
}

/* What the layer is: its history, or the packages where that is long. */
static void
holds_cell(Html *html, const Subject *subject, const SubjectLayer *layer, const GArray *packages, const Column *column)
{
  const char *history = layer->created_by != NULL ? layer->created_by : "";
  gsize length = strlen(history);
  if (packages->len < 2 || (length > 0 && length <= HISTORY_SHORT)) {
    g_autofree char *start = g_utf8_make_valid(history, (gssize)MIN(length, HISTORY_MAX));
    report_text_cell(html, column, start);
    return;
  }
  html_open(html, "td", "class", "wide");
  names_in_full(html, subject, packages);
  html_close(html);
}

void
report_layers(Html *html, const Subject *subject)
{
  static const Column columns[] = {{"Layer", COLUMN_NUMBER},
                                   {"Holds", COLUMN_WIDE},
                                   {"Packages", COLUMN_NUMBER | COLUMN_MINOR},
                                   {"Files", COLUMN_NUMBER | COLUMN_MINOR},
                                   {"Unpacked", COLUMN_NUMBER | COLUMN_MINOR},
                                   {"Compressed", COLUMN_NUMBER},
                                   {"Share", COLUMN_MINOR}};
  if (subject->kind != SUBJECT_IMAGE)
    return;
  guint64 whole = 0;
  for (guint i = 0; i < subject->layers->len; i++)
    whole += g_array_index(subject->layers, SubjectLayer, i).size;
  g_autoptr(GPtrArray) packages = packages_by_layer(subject);
  report_section(html, "layers", "Layers");
  report_table(html, NULL, "Layers, the lowest first", columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < subject->layers->len; i++) {
    const SubjectLayer *layer = &g_array_index(subject->layers, SubjectLayer, i);
    const GArray *list = packages->pdata[i];
    html_open(html, "tr");
    report_count_cell(html, &columns[0], i);
    holds_cell(html, subject, layer, list, &columns[1]);
    report_count_cell(html, &columns[2], list->len);
    report_count_cell(html, &columns[3], layer->files);
    report_size_cell(html, &columns[4], layer->tar_size);
    report_size_cell(html, &columns[5], layer->size);
    report_bar_cell(html, &columns[6], layer->size, whole);
    html_close(html);
  }
  report_table_end(html);
  html_close(html);
}
