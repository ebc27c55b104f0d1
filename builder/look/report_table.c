/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/report_parts.h"

#include <string.h>

void
report_section(Html *html, const char *id, const char *title)
{
  g_autofree char *heading = g_strconcat(id, "-title", NULL);
  html_open(html, "section", "id", id, "aria-labelledby", heading);
  html_leaf(html, "h2", title, "id", heading);
}

void
report_cut(Html *html, guint64 shown, guint64 all, const char *what)
{
  if (shown >= all)
    return;
  g_autofree char *some = report_count(shown), *whole = report_count(all);
  g_autofree char *text = g_strdup_printf("%s of %s %s are listed.", some, whole, what);
  html_leaf(html, "p", text, "class", "note");
}

/* ---- tables ---- */

static char *
column_class(const Column *column)
{
  GString *class = g_string_new(NULL);
  if (column->flags & COLUMN_NUMBER)
    g_string_append(class, "n ");
  if (column->flags & COLUMN_MINOR)
    g_string_append(class, "minor ");
  if (column->flags & COLUMN_WIDE)
    g_string_append(class, "wide ");
  if (class->len > 0)
    g_string_truncate(class, class->len - 1);
  return g_string_free(class, class->len == 0);
}

void
report_table(Html *html, const char *id, const char *label, const Column *columns, guint n)
{
  html_open(html, "div", "class", "scroll", "role", "region", "aria-label", label, "tabindex", "0");
  html_open(html, "table", "id", id);
  if (n > 0) {
    html_open(html, "thead");
    html_open(html, "tr");
  }
  for (guint i = 0; i < n; i++) {
    g_autofree char *class = column_class(&columns[i]);
    html_leaf(html, "th", columns[i].title, "scope", "col", "class", class, "data-sort",
              columns[i].flags & COLUMN_SORTABLE ? "" : NULL);
  }
  if (n > 0) {
    html_close(html);
    html_close(html);
  }
  html_open(html, "tbody");
}

void
report_table_end(Html *html)
{
  html_close(html);
  html_close(html);
  html_close(html);
}

void
report_text_cell(Html *html, const Column *column, const char *text)
{
  g_autofree char *class = column_class(column);
  html_leaf(html, "td", text, "class", class);
}

static void
number_cell(Html *html, const Column *column, guint64 number, const char *text)
{
  g_autofree char *class = column_class(column);
  g_autofree char *value = column->flags & COLUMN_SORTABLE ? g_strdup_printf("%" G_GUINT64_FORMAT, number) : NULL;
  html_leaf(html, "td", text, "class", class, "data-v", value);
}

void
report_count_cell(Html *html, const Column *column, guint64 count)
{
  g_autofree char *text = report_count(count);
  number_cell(html, column, count, text);
}

void
report_size_cell(Html *html, const Column *column, guint64 bytes)
{
  g_autofree char *text = g_format_size(bytes);
  number_cell(html, column, bytes, text);
}

void
report_bar_cell(Html *html, const Column *column, guint64 part, guint64 whole)
{
  char length[REPORT_PERCENT_SIZE];
  g_autofree char *class = column_class(column), *share = report_share(part, whole);
  html_open(html, "td", "class", class);
  html_open(html, "svg", "class", "bar", "role", "img", "aria-label", share);
  html_void(html, "rect", "width", report_percent(part, whole, length), "height", "100%");
  html_close(html);
  html_close(html);
}

void
report_path_cell(Html *html, const Column *column, const SubjectFile *file)
{
  g_autofree char *class = column_class(column), *classes = g_strconcat("path", class != NULL ? " " : NULL, class, NULL);
  html_open(html, "td", "class", classes);
  const char *rest = file->entry.path;
  for (const char *slash; (slash = strchr(rest, '/')) != NULL; rest = slash + 1) {
    g_autofree char *folder = g_strndup(rest, (gsize)(slash - rest));
    html_text(html, "/");
    html_void(html, "wbr");
    html_text(html, folder);
  }
  html_text(html, "/");
  html_void(html, "wbr");
  html_text(html, rest);
  html_close(html);
}

/* ---- spellings ---- */

char *
report_count(guint64 count)
{
  g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, count);
  gsize length = strlen(digits);
  GString *out = g_string_new(NULL);
  for (gsize i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0)
      g_string_append(out, "\u202f");
    g_string_append_c(out, digits[i]);
  }
  return g_string_free(out, FALSE);
}

/* @part of @whole in units of which there are @units in the whole, rounded. */
static guint
units_of(guint64 part, guint64 whole, guint units)
{
  return whole == 0 ? 0 : (guint)(((unsigned __int128)part * units + whole / 2) / whole);
}

char *
report_share(guint64 part, guint64 whole)
{
  guint thousandths = units_of(part, whole, 1000);
  if (thousandths == 0 && part > 0)
    return g_strdup("< 0.1 %");
  return g_strdup_printf("%u.%u %%", thousandths / 10, thousandths % 10);
}

const char *
report_percent(guint64 part, guint64 whole, char text[REPORT_PERCENT_SIZE])
{
  guint hundredths = units_of(part, whole, 10000);
  g_snprintf(text, REPORT_PERCENT_SIZE, "%u.%02u%%", hundredths / 100, hundredths % 100);
  return text;
}
