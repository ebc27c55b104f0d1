/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/report_parts.h"
#include "builder/look/size_tree.h"
#include "builder/look/treemap.h"

#include <string.h>

/* The picture is laid out for MAP_WIDTH x MAP_HEIGHT pixels, in 1/UNIT of them, and then told in percents, so that it fills
 * whatever width there is. Its height is fixed in report.css. */
#define UNIT 16
#define MAP_WIDTH 1060
#define MAP_HEIGHT 640
/* A node with children has a head of its own where there is room for its name. */
#define HEAD_HEIGHT 18
#define HEAD_MARGIN 2
#define HEAD_LEAST_HEIGHT 40
/* Widths of the picture from which on narrow labels are shown; see report.css. */
#define MIDDLE_WIDTH 640
#define NARROW_WIDTH 320
/* What a label needs. */
#define LABEL_HEIGHT 20
#define LABEL_MARGIN 8
#define CHARACTER_WIDTH 6.7

static const SizeLimits limits = {.most_nodes = 900, .most_children = 60, .least_part = 1500};

/* ---- what is weighed ---- */

/* The contents of files; a file with several names weighs once. */
static gboolean
has_weight(const SubjectFile *file)
{
  return file->entry.type == ENTRY_FILE && file->entry.size > 0;
}

static SizeItem *
items_of(const Subject *subject, guint *n)
{
  SizeItem *items = g_new(SizeItem, subject->files->len);
  *n = 0;
  for (guint i = 0; i < subject->files->len; i++) {
    const SubjectFile *file = subject->files->pdata[i];
    if (has_weight(file))
      items[(*n)++] = (SizeItem){file->entry.path, file->entry.size};
  }
  return items;
}

/* Which group a file belongs to: its package, or the one behind all packages. */
static guint
group_of(const Subject *subject, const SubjectFile *file)
{
  return MIN(file->package, subject->packages->len);
}

/* The items sorted by group, each group's in the order of paths (as counting sort does); *groups has one for each package that
 * has files, and for the files of none. */
static SizeItem *
grouped_items(const Subject *subject, GArray *groups)
{
  guint n_groups = subject->packages->len + 1, n = 0;
  g_autofree SizeGroup *all = g_new0(SizeGroup, n_groups);
  for (guint i = 0; i < subject->files->len; i++)
    if (has_weight(subject->files->pdata[i]))
      all[group_of(subject, subject->files->pdata[i])].n++;
  for (guint i = 0; i < n_groups; i++) {
    all[i].name = i < subject->packages->len ? ((SubjectPackage *)subject->packages->pdata[i])->name : "no package";
    all[i].first = n;
    n += all[i].n;
    if (all[i].n > 0)
      g_array_append_val(groups, all[i]);
  }
  SizeItem *items = g_new(SizeItem, n);
  for (guint i = 0; i < subject->files->len; i++) {
    const SubjectFile *file = subject->files->pdata[i];
    if (has_weight(file))
      items[all[group_of(subject, file)].first++] = (SizeItem){file->entry.path, file->entry.size};
  }
  return items;
}

/* ---- the picture ---- */

typedef struct {
  Html *html;
  guint64 whole;
} Map;

static void draw_children(const Map *map, const SizeNode *node, guint width, guint height);

/* From which width of the picture on a label of @characters fits into a part of @width x @height: the class of report.css that
 * hides it below, "" for none; NULL: it never fits. */
static const char *
label_class(glong characters, guint width, guint height)
{
  double need = (double)characters * CHARACTER_WIDTH + LABEL_MARGIN, has = (double)width / UNIT;
  if (height < LABEL_HEIGHT * UNIT || need > has)
    return NULL;
  if (need <= has * NARROW_WIDTH / MAP_WIDTH)
    return "";
  return need <= has * MIDDLE_WIDTH / MAP_WIDTH ? "middle" : "large";
}

/* The name, with the size where there is room for both; else the last part of it. FALSE: there is not even room for that. */
static gboolean
draw_label(const Map *map, const SizeNode *node, guint width, guint height)
{
  const char *slash = strrchr(node->name, '/'), *last = slash != NULL ? slash + 1 : node->name;
  const char *name = node->children == NULL ? last : node->name, *class = NULL, *text = NULL;
  g_autofree char *size = g_format_size(node->bytes), *both = g_strdup_printf("%s %s", name, size);
  const char *const texts[] = {both, name, last};
  for (guint i = 0; i < G_N_ELEMENTS(texts) && class == NULL; i++) {
    text = texts[i];
    class = label_class(g_utf8_strlen(text, -1), width, height);
  }
  if (class != NULL)
    html_leaf(map->html, "text", text, "class", *class != '\0' ? class : NULL);
  return class != NULL;
}

static void
draw_title(const Map *map, const SizeNode *node)
{
  g_autofree char *size = g_format_size(node->bytes), *count = report_count(node->files);
  g_autofree char *share = report_share(node->bytes, map->whole);
  g_autofree char *files = node->files == 1 ? g_strdup("") : g_strdup_printf(", %s files", count);
  g_autofree char *text = g_strdup_printf("%s: %s, %s%s", node->path != NULL ? node->path : node->name, size, share, files);
  html_leaf(map->html, "title", text);
}

/* Opens an SVG of which @rect is the part of @area that it takes. */
static void
open_part(const Map *map, const char *class, const TreemapRect *rect, const TreemapRect *area, const char *bytes,
          const char *name)
{
  char x[REPORT_PERCENT_SIZE], y[REPORT_PERCENT_SIZE], width[REPORT_PERCENT_SIZE], height[REPORT_PERCENT_SIZE];
  html_open(map->html, "svg", "class", class, "x", report_percent(rect->x, area->width, x), "y",
            report_percent(rect->y, area->height, y), "width", report_percent(rect->width, area->width, width), "height",
            report_percent(rect->height, area->height, height), "data-b", bytes, "data-n", name);
}

/* What is in a node that takes @rect: all of it, or what its head leaves. */
static void
draw_inside(const Map *map, const SizeNode *node, const TreemapRect *rect, gboolean head)
{
  TreemapRect inside = {.width = rect->width, .height = rect->height};
  if (head)
    inside = (TreemapRect){HEAD_MARGIN * UNIT, HEAD_HEIGHT * UNIT, rect->width - 2 * HEAD_MARGIN * UNIT,
                           rect->height - (HEAD_HEIGHT + HEAD_MARGIN) * UNIT};
  open_part(map, "in", &inside, rect, NULL, NULL);
  draw_children(map, node, inside.width, inside.height);
  html_close(map->html);
}

static void
draw_node(const Map *map, const SizeNode *node, guint colour, const TreemapRect *rect, const TreemapRect *area)
{
  gboolean open = node->children != NULL && node->children->len > 0;
  const char *kind = open ? "g" : "l";
  g_autofree char *class = node->colour != colour ? g_strdup_printf("%s c%u", kind, node->colour) : g_strdup(kind);
  g_autofree char *bytes = open ? NULL : g_strdup_printf("%" G_GUINT64_FORMAT, node->bytes);
  open_part(map, class, rect, area, bytes, node->name);
  draw_title(map, node);
  html_void(map->html, "rect");
  gboolean labelled = (!open || rect->height >= HEAD_LEAST_HEIGHT * UNIT) && draw_label(map, node, rect->width, rect->height);
  if (open)
    draw_inside(map, node, rect, labelled);
  html_close(map->html);
}

static void
draw_children(const Map *map, const SizeNode *node, guint width, guint height)
{
  guint n = node->children != NULL ? node->children->len : 0;
  g_autofree guint64 *weights = g_new(guint64, n);
  g_autofree TreemapRect *rects = g_new(TreemapRect, n);
  TreemapRect area = {.width = width, .height = height};
  for (guint i = 0; i < n; i++)
    weights[i] = ((SizeNode *)node->children->pdata[i])->bytes;
  treemap_squarify(weights, n, area, rects);
  for (guint i = 0; i < n; i++)
    draw_node(map, node->children->pdata[i], node->colour, &rects[i], &area);
}

static void
draw_map(Html *html, const char *id, const char *what, const SizeNode *root)
{
  Map map = {.html = html, .whole = root->bytes};
  g_autofree char *label = g_strdup_printf("Treemap of the space taken by each %s. The tables below tell the same.", what);
  html_open(html, "div", "class", "map", "id", id);
  html_open(html, "svg", "class", "c0", "role", "img", "aria-label", label);
  draw_children(&map, root, MAP_WIDTH * UNIT, MAP_HEIGHT * UNIT);
  html_close(html);
  html_close(html);
}

static void
draw_switch(Html *html, const char *id, const char *label, gboolean checked)
{
  html_void(html, "input", "type", "radio", "name", "map", "id", id, "checked", checked ? "" : NULL);
  html_leaf(html, "label", label, "for", id);
}

void
report_space(Html *html, const Subject *subject)
{
  g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(SizeGroup));
  guint n;
  g_autofree SizeItem *items = items_of(subject, &n), *grouped = grouped_items(subject, groups);
  g_autoptr(SizeNode) folders = size_tree_by_folder(items, n, &limits);
  g_autoptr(SizeNode) packages = size_tree_by_group(grouped, (const SizeGroup *)(gpointer)groups->data, groups->len, &limits);
  gboolean both = subject->packages->len > 0;
  report_section(html, "space", "What takes the space");
  if (n == 0)
    html_leaf(html, "p", "There are no files with content.", "class", "note");
  else {
    html_open(html, "div", "class", "maps");
    if (both)
      draw_switch(html, "by-package", "By package", TRUE);
    draw_switch(html, "by-folder", "By folder", !both);
    if (both)
      draw_map(html, "map-package", "package", packages);
    draw_map(html, "map-folder", "folder", folders);
    html_close(html);
  }
  html_close(html);
}
