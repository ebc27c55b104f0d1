/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/treemap.h"

/* Aspect ratios are told with so many bits behind the point: a ratio is a quotient of products below 2^84, and stays below 2^128 */
#define RATIO_BITS 32
#define WEIGHT_BITS 32

typedef unsigned __int128 Wide;

/* What is not divided yet. */
typedef struct {
  TreemapRect area;
  guint64 weight; /* of all that is to go there */
  guint shift;    /* makes weights small enough for ratios */
} Rest;

/* A row stands across the shorter side. */
static guint
row_length(const TreemapRect *area)
{
  return MIN(area->width, area->height);
}

static guint
row_room(const TreemapRect *area)
{
  return MAX(area->width, area->height);
}

/* The worst aspect ratio in a row that weighs @sum: of its cells, the one that is furthest from a square is the heaviest or the
 * lightest. A cell is length * weight / sum long and room * sum / rest->weight thick. */
static Wide
worst_ratio(const Rest *rest, guint64 sum, guint64 heaviest, guint64 lightest)
{
  Wide scaled = MAX(sum >> rest->shift, 1);
  Wide across = (Wide)row_room(&rest->area) * scaled * scaled;
  Wide along = (Wide)row_length(&rest->area) * MAX(rest->weight >> rest->shift, 1);
  Wide longest = ((along * MAX(heaviest >> rest->shift, 1)) << RATIO_BITS) / across;
  Wide flattest = (across << RATIO_BITS) / (along * MAX(lightest >> rest->shift, 1));
  return MAX(longest, flattest);
}

/* How many of @weights make the next row: as many as do not worsen it. */
static guint
take_row(const Rest *rest, const guint64 *weights, guint n, guint64 *sum)
{
  guint taken = 1;
  *sum = weights[0];
  Wide worst = worst_ratio(rest, *sum, weights[0], weights[0]);
  for (; taken < n && weights[taken] > 0; taken++) {
    Wide next = worst_ratio(rest, *sum + weights[taken], weights[0], weights[taken]);
    if (next > worst)
      break;
    worst = next;
    *sum += weights[taken];
  }
  return taken;
}

/* @part of @whole, which is not 0, of @length; to the nearest unit. */
static guint
share(guint length, guint64 part, guint64 whole)
{
  g_return_val_if_fail(whole > 0, 0);
  return (guint)(((Wide)length * part + whole / 2) / whole);
}

/* Lays a row along the shorter side of what is left, and takes its room away. */
static void
lay_row(Rest *rest, const guint64 *weights, guint n, guint64 sum, TreemapRect *rects)
{
  TreemapRect *area = &rest->area;
  gboolean upright = area->width >= area->height;
  guint length = row_length(area), thickness = share(row_room(area), sum, rest->weight);
  guint64 before = 0;
  for (guint i = 0; i < n; i++) {
    guint from = share(length, before, sum);
    before += weights[i];
    guint size = share(length, before, sum) - from;
    rects[i] = upright ? (TreemapRect){area->x, area->y + from, thickness, size}
                       : (TreemapRect){area->x + from, area->y, size, thickness};
  }
  if (upright) {
    area->x += thickness;
    area->width -= thickness;
  } else {
    area->y += thickness;
    area->height -= thickness;
  }
  rest->weight -= sum;
}

void
treemap_squarify(const guint64 *weights, guint n, TreemapRect area, TreemapRect *rects)
{
  g_return_if_fail(area.width <= TREEMAP_SIDE_MAX && area.height <= TREEMAP_SIDE_MAX);
  Rest rest = {.area = area};
  for (guint i = 0; i < n; i++)
    rest.weight += weights[i];
  for (guint64 all = rest.weight; all >> WEIGHT_BITS != 0; all >>= 1)
    rest.shift++;
  guint done = 0;
  while (done < n && weights[done] > 0 && row_length(&rest.area) > 0) {
    guint64 sum;
    guint taken = take_row(&rest, weights + done, n - done, &sum);
    lay_row(&rest, weights + done, taken, sum, rects + done);
    done += taken;
  }
  for (; done < n; done++)
    rects[done] = (TreemapRect){rest.area.x, rest.area.y, 0, 0};
}
