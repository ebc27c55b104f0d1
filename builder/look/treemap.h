/* SPDX-License-Identifier: Apache-2.0
 *
 * Squarified treemaps (Bruls, Huizing and van Wijk, "Squarified treemaps", 2000): rectangles whose areas are as their weights
 * are, as near to squares as may be. A pure function of integers alone, so that it gives the same everywhere.
 */
#ifndef ASHLAR_LOOK_TREEMAP_H
#define ASHLAR_LOOK_TREEMAP_H

#include <glib.h>

/* No side of an area may be longer. The finer the unit, the nearer areas are to their weights. */
#define TREEMAP_SIDE_MAX (1u << 20)

typedef struct {
  guint x, y, width, height;
} TreemapRect;

/* Divides @area among the @n @weights, which are sorted, the largest first: @rects[i] is the part of @weights[i]. The parts
 * cover the area and do not overlap; each edge is within a unit of where it should be; what weighs nothing gets an empty one.
 * Where all weigh nothing, all are empty. The sum of the weights must be below 2^63. */
void treemap_squarify(const guint64 *weights, guint n, TreemapRect area, TreemapRect *rects);

#endif
