/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/report_parts.h"
#include "builder/look/size_tree.h"

#include <stdlib.h>
#include <string.h>

/* Of a long trace so many spans are drawn, the longest; so many are listed. */
#define DRAWN_MAX 2500
#define LISTED_MAX 15
#define CATEGORIES_MAX 24
/* Pixels, as in report.css. */
#define ROW_HEIGHT 20
/* The scale has about so many marks. */
#define MARKS 6

static char *
time_text(gint64 microseconds)
{
  double time = (double)microseconds;
  if (microseconds < 1000)
    return g_strdup_printf("%d µs", (int)microseconds);
  if (microseconds < 1000 * 1000)
    return g_strdup_printf("%.*f ms", microseconds < 10000 ? 1 : 0, time / 1e3);
  return microseconds < 100 * 1000 * 1000 ? g_strdup_printf("%.2f s", time / 1e6) : g_strdup_printf("%.0f s", time / 1e6);
}

/* ---- categories ---- */

typedef struct {
  const char *name;
  guint64 spans;
  gint64 time;
  guint colour; /* as a SizeNode's */
} Category;

/* A foreign trace may have any number: those that come when there are CATEGORIES_MAX count as one. */
typedef struct {
  Html *html;
  const Timeline *timeline;
  Category categories[CATEGORIES_MAX + 1]; /* that which took longest first */
  guint n_categories;
} Drawing;

static const char *
category_name(const TimelineSpan *span)
{
  return span->category != NULL ? span->category : "other";
}

static const Category *
find_category(const Drawing *drawing, const char *name)
{
  for (guint i = 0; i < drawing->n_categories; i++)
    if (strcmp(drawing->categories[i].name, name) == 0)
      return &drawing->categories[i];
  return NULL;
}

static int
longer_category_first(const void *a, const void *b)
{
  const Category *x = a, *y = b;
  if (x->time != y->time)
    return x->time > y->time ? -1 : 1;
  return strcmp(x->name, y->name);
}

static void
count_span(Drawing *drawing, const TimelineSpan *span)
{
  const Category *known = find_category(drawing, category_name(span));
  guint place = known != NULL ? (guint)(known - drawing->categories) : MIN(drawing->n_categories, CATEGORIES_MAX);
  Category *category = &drawing->categories[place];
  if (category->spans == 0) {
    category->name = place < CATEGORIES_MAX ? category_name(span) : "further kinds";
    drawing->n_categories++;
  }
  category->spans++;
  category->time += span->duration;
}

static void
count_categories(Drawing *drawing)
{
  for (guint i = 0; i < drawing->timeline->spans->len; i++)
    count_span(drawing, drawing->timeline->spans->pdata[i]);
  qsort(drawing->categories, drawing->n_categories, sizeof *drawing->categories, longer_category_first);
  for (guint i = 0; i < drawing->n_categories; i++)
    drawing->categories[i].colour = i < SIZE_COLOURS ? i + 1 : 0;
}

static guint
colour_of(const Drawing *drawing, const TimelineSpan *span)
{
  const Category *category = find_category(drawing, category_name(span));
  return category != NULL ? category->colour : 0;
}

/* ---- the picture ---- */

static void
draw_span(const Drawing *drawing, const TimelineSpan *span)
{
  char x[REPORT_PERCENT_SIZE], width[REPORT_PERCENT_SIZE];
  guint64 length = (guint64)drawing->timeline->length;
  g_autofree char *duration = time_text(span->duration), *start = time_text(span->start);
  g_autofree char *class = g_strdup_printf("l c%u", colour_of(drawing, span));
  g_autofree char *y = g_strdup_printf("%u", span->row * ROW_HEIGHT);
  g_autofree char *title = g_strdup_printf("%s: %s, from %s%s%s", span->name, duration, start, span->detail != NULL ? "; " : "",
                                           span->detail != NULL ? span->detail : "");
  html_open(drawing->html, "svg", "class", class, "x", report_percent((guint64)span->start, length, x), "y", y, "width",
            report_percent(MAX((guint64)span->duration, length / 1000), length, width));
  html_leaf(drawing->html, "title", title);
  html_void(drawing->html, "rect");
  if ((guint64)span->duration > length / 25)
    html_leaf(drawing->html, "text", span->name);
  html_close(drawing->html);
}

/* The spans of the track begin at @first; returns where they end. Those shorter than @shortest are left out. */
static guint
draw_track(const Drawing *drawing, guint number, guint first, gint64 shortest)
{
  const TimelineTrack *track = drawing->timeline->tracks->pdata[number];
  g_autofree char *busy = report_share((guint64)track->busy, (guint64)drawing->timeline->length);
  g_autofree char *height = g_strdup_printf("%u", track->rows * ROW_HEIGHT);
  g_autofree char *label = g_strdup_printf("%s, busy %s of the time", track->name, busy);
  html_open(drawing->html, "div", "class", "track");
  html_open(drawing->html, "p");
  html_text(drawing->html, track->name);
  html_text(drawing->html, " ");
  html_leaf(drawing->html, "small", busy);
  html_close(drawing->html);
  html_open(drawing->html, "svg", "role", "img", "aria-label", label, "height", height);
  guint i = first;
  for (; i < drawing->timeline->spans->len; i++) {
    const TimelineSpan *span = drawing->timeline->spans->pdata[i];
    if (span->track != number)
      break;
    if (span->duration >= shortest)
      draw_span(drawing, span);
  }
  html_close(drawing->html);
  html_close(drawing->html);
  return i;
}

/* The step between two marks: 1, 2 or 5 and noughts. */
static gint64
scale_step(gint64 length)
{
  static const gint64 factors[] = {1, 2, 5};
  for (gint64 power = 1;; power *= 10)
    for (guint i = 0; i < G_N_ELEMENTS(factors); i++)
      if (factors[i] * power * MARKS >= length)
        return factors[i] * power;
}

static void
draw_scale(const Drawing *drawing)
{
  gint64 length = drawing->timeline->length, step = scale_step(length);
  html_open(drawing->html, "div", "class", "track scale");
  html_leaf(drawing->html, "p", NULL);
  html_open(drawing->html, "svg", "aria-hidden", "true", "height", "20");
  for (gint64 at = 0; at <= length; at += step) {
    char x[REPORT_PERCENT_SIZE];
    g_autofree char *text = time_text(at);
    html_open(drawing->html, "svg", "x", report_percent((guint64)at, (guint64)length, x));
    html_void(drawing->html, "line", "y2", "100%");
    html_leaf(drawing->html, "text", text);
    html_close(drawing->html);
  }
  html_close(drawing->html);
  html_close(drawing->html);
}

/* ---- tables ---- */

static void
category_table(const Drawing *drawing)
{
  static const Column columns[] = {{"Kind", COLUMN_WIDE}, {"Steps", COLUMN_NUMBER}, {"Time", COLUMN_NUMBER}};
  report_table(drawing->html, NULL, "Steps by kind", columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < drawing->n_categories; i++) {
    const Category *category = &drawing->categories[i];
    g_autofree char *time = time_text(category->time), *class = g_strdup_printf("key c%u", category->colour);
    html_open(drawing->html, "tr");
    html_open(drawing->html, "td", "class", "wide");
    html_leaf(drawing->html, "span", NULL, "class", class);
    html_text(drawing->html, category->name);
    html_close(drawing->html);
    report_count_cell(drawing->html, &columns[1], category->spans);
    report_text_cell(drawing->html, &columns[2], time);
    html_close(drawing->html);
  }
  report_table_end(drawing->html);
}

static gint
longer_first(gconstpointer a, gconstpointer b)
{
  const TimelineSpan *x = *(TimelineSpan *const *)a, *y = *(TimelineSpan *const *)b;
  return x->duration > y->duration ? -1 : x->duration < y->duration;
}

static void
longest_table(const Drawing *drawing, const GPtrArray *longest)
{
  static const Column columns[] = {
    {"Step", COLUMN_WIDE}, {"Kind", COLUMN_MINOR}, {"On", COLUMN_MINOR}, {"From", COLUMN_NUMBER}, {"Time", COLUMN_NUMBER}};
  html_leaf(drawing->html, "h3", "The longest steps");
  report_table(drawing->html, NULL, "The longest steps", columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < MIN(longest->len, LISTED_MAX); i++) {
    const TimelineSpan *span = longest->pdata[i];
    const TimelineTrack *track = drawing->timeline->tracks->pdata[span->track];
    g_autofree char *start = time_text(span->start), *duration = time_text(span->duration);
    html_open(drawing->html, "tr");
    report_text_cell(drawing->html, &columns[0], span->name);
    report_text_cell(drawing->html, &columns[1], category_name(span));
    report_text_cell(drawing->html, &columns[2], track->name);
    report_text_cell(drawing->html, &columns[3], start);
    report_text_cell(drawing->html, &columns[4], duration);
    html_close(drawing->html);
  }
  report_table_end(drawing->html);
}

void
report_timeline(Html *html, const Timeline *timeline)
{
  if (timeline == NULL)
    return;
  Drawing drawing = {.html = html, .timeline = timeline};
  count_categories(&drawing);
  g_autoptr(GPtrArray) longest = g_ptr_array_new();
  g_ptr_array_extend(longest, timeline->spans, NULL, NULL);
  g_ptr_array_sort(longest, longer_first);
  gint64 shortest = longest->len > DRAWN_MAX ? ((TimelineSpan *)longest->pdata[DRAWN_MAX - 1])->duration + 1 : 0;
  g_autofree char *length = time_text(timeline->length), *threads = report_count(timeline->tracks->len);

  report_section(html, "timeline", "How the build went");
  html_open(html, "p", "class", "note");
  html_printf(html, "%s, on %s %s.", length, threads, timeline->tracks->len == 1 ? "thread" : "threads");
  if (shortest > 0)
    html_text(html, " The shortest steps are not drawn.");
  html_close(html);
  html_open(html, "div", "class", "timeline");
  draw_scale(&drawing);
  for (guint i = 0, next = 0; i < timeline->tracks->len; i++)
    next = draw_track(&drawing, i, next, shortest);
  html_close(html);
  category_table(&drawing);
  longest_table(&drawing, longest);
  html_close(html);
}
