/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of each member of a pack when only some of them are kept.
 */
#ifndef ASHLAR_ROOTFS_LAYER_PLAN_H
#define ASHLAR_ROOTFS_LAYER_PLAN_H

#include "rootfs/layer.h"
#include "rootfs/pack_private.h"

typedef enum {
  FATE_DROP,
  FATE_KEEP,
  FATE_FILE, /* a hardlink whose target is gone: becomes the file itself */
  FATE_LINK, /* a hardlink to that: leads there instead */
} Fate;

typedef struct {
  Pack *pack; /* borrowed */
  guint8 *fates;
  guint32 *heirs; /* of a file that is gone: the link that became it, plus one; NULL when no file has any */
  Digest kept;    /* of the bits, with what they do not speak of cleared */
  gboolean whole; /* nothing is dropped */
} LayerPlan;

void layer_plan_init(LayerPlan *plan, const LayerPart *part);
void layer_plan_clear(LayerPlan *plan);
/* Entry @i as it stands in the layer. */
Entry layer_plan_entry(const LayerPlan *plan, guint i);
/* The entry with the content of entry @i (itself, or the dropped target of what became a file). */
guint layer_plan_content(const LayerPlan *plan, guint i);

#endif
