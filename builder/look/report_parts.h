/* SPDX-License-Identifier: Apache-2.0
 *
 * What the report is made of: a function for each section, each in a file of its own, and what they write alike.
 */
#ifndef ASHLAR_LOOK_REPORT_PARTS_H
#define ASHLAR_LOOK_REPORT_PARTS_H

#include "builder/look/html.h"
#include "builder/look/report.h"

/* ---- sections ---- */

/* @signatures: elements ImageSignature, empty where there are none. */
void report_head(Html *html, const Subject *subject, const GPtrArray *signatures);
void report_signatures(Html *html, const Subject *subject, const GPtrArray *signatures);
void report_space(Html *html, const Subject *subject);
void report_layers(Html *html, const Subject *subject);
void report_packages(Html *html, const Subject *subject);
void report_files(Html *html, const Subject *subject);
void report_config(Html *html, const Subject *subject);
void report_timeline(Html *html, const Timeline *timeline);

/* What the page is about, in a word: its name; no path of it, since the page does not depend on where its subject lies. */
const char *report_title(const Subject *subject);
/* Opens a section that the page's navigation leads to by @id; html_close ends it. */
void report_section(Html *html, const char *id, const char *title);
/* "of so many, so many are shown", where a list was cut. */
void report_cut(Html *html, guint64 shown, guint64 all, const char *what);

/* ---- tables ---- */

typedef enum {
  COLUMN_TEXT = 0,
  COLUMN_NUMBER = 1 << 0,   /* to the right */
  COLUMN_MINOR = 1 << 1,    /* left out where there is no room */
  COLUMN_SORTABLE = 1 << 2, /* the script may sort by it: cells of numbers have their value in data-v */
  COLUMN_WIDE = 1 << 3,     /* takes the room that is left */
} ColumnFlags;

typedef struct {
  const char *title;
  ColumnFlags flags;
} Column;

/* Opens table and tbody, @n columns' heads above (0: the heads are those of its rows). It may be scrolled sideways: @label says to whoever
 * cannot see it what it is. */
void report_table(Html *html, const char *id, const char *label, const Column *columns, guint n);
void report_table_end(Html *html);

void report_text_cell(Html *html, const Column *column, const char *text);
void report_count_cell(Html *html, const Column *column, guint64 count);
void report_size_cell(Html *html, const Column *column, guint64 bytes);
/* A bar that is @part of @whole long. */
void report_bar_cell(Html *html, const Column *column, guint64 part, guint64 whole);
/* The absolute path of @file, wrapped between its folders. */
void report_path_cell(Html *html, const Column *column, const SubjectFile *file);

/* ---- spellings ---- */

/* "12 345": digits in groups of three, by narrow spaces that do not break (transfer full). */
char *report_count(guint64 count);
/* "12.3 %"; "< 0.1 %" (transfer full). */
char *report_share(guint64 part, guint64 whole);
/* "12.34%" of @whole, for attributes of SVG. */
#define REPORT_PERCENT_SIZE 16
const char *report_percent(guint64 part, guint64 whole, char text[REPORT_PERCENT_SIZE]);

#endif
