/* SPDX-License-Identifier: Apache-2.0
 *
 * Which packages share a layer. The plan depends on names and rough sizes alone, so that a new version of a package, or one
 * package more, changes the layer it is in and leaves the others as they are:
 *
 *   - where there are layers enough, each package has its own;
 *   - else the large ones have their own (two thirds of the layers; sizes count in powers of two, so that a package does not
 *     come and go with a few bytes), and the others are dealt out by the hash of their name.
 */
#ifndef ASHLAR_ENGINE_LAYER_PLAN_H
#define ASHLAR_ENGINE_LAYER_PLAN_H

#include <glib.h>

typedef struct {
  const char *name;
  guint64 size; /* compressed bytes */
} LayerPlanItem;

/* Plans @n items onto at most @most layers (at least 1). Each element of the result is a GArray of guint, the numbers of the items in one
 * layer in the order of their names; layers are in the order they are stacked; none is empty. */
GPtrArray *layer_plan(const LayerPlanItem *items, guint n, guint most);

#endif
