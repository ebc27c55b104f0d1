/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/layer_plan.h"

static Fate
link_fate(LayerPlan *plan, guint i, guint target)
{
  if (plan->fates[target] != FATE_DROP)
    return FATE_KEEP;
  if (plan->heirs == NULL)
    plan->heirs = g_new0(guint32, pack_n_entries(plan->pack));
  if (plan->heirs[target] != 0)
    return FATE_LINK;
  plan->heirs[target] = i + 1;
  return FATE_FILE;
}

void
layer_plan_init(LayerPlan *plan, const LayerPart *part)
{
  guint n = pack_n_entries(part->pack);
  g_autofree guint8 *bits = g_malloc0(n / 8 + 1);
  *plan = (LayerPlan){.pack = part->pack, .fates = g_malloc0(n + 1), .whole = TRUE};
  for (guint i = 0; i < n; i++) {
    if (pack_entry(part->pack, i)->type == ENTRY_DIRECTORY)
      continue;
    if (part->kept != NULL && !(part->kept[i / 8] >> i % 8 & 1)) {
      plan->whole = FALSE;
      continue;
    }
    bits[i / 8] |= (guint8)(1 << i % 8);
    guint target = pack_link(part->pack, i);
    plan->fates[i] = (guint8)(target == PACK_NO_ENTRY ? FATE_KEEP : link_fate(plan, i, target));
  }
  digest_of(bits, n / 8 + 1, &plan->kept);
}

void
layer_plan_clear(LayerPlan *plan)
{
  g_clear_pointer(&plan->fates, g_free);
  g_clear_pointer(&plan->heirs, g_free);
}

guint
layer_plan_content(const LayerPlan *plan, guint i)
{
  return plan->fates[i] == FATE_FILE ? pack_link(plan->pack, i) : i;
}

/* An inode has one set of attributes, which are those of the file that is gone. */
Entry
layer_plan_entry(const LayerPlan *plan, guint i)
{
  Entry entry = *pack_entry(plan->pack, i);
  if (plan->fates[i] == FATE_FILE) {
    const Entry *file = pack_entry(plan->pack, pack_link(plan->pack, i));
    entry.type = ENTRY_FILE;
    entry.target = NULL;
    entry.size = file->size;
    entry.digest = file->digest;
    entry.mode = file->mode;
    entry.uid = file->uid;
    entry.gid = file->gid;
    entry.mtime = file->mtime;
    entry.xattrs = file->xattrs;
    entry.n_xattrs = file->n_xattrs;
  } else if (plan->fates[i] == FATE_LINK)
    entry.target = pack_entry(plan->pack, plan->heirs[pack_link(plan->pack, i)] - 1)->path;
  return entry;
}
