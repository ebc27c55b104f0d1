/* SPDX-License-Identifier: Apache-2.0
 *
 * What a step mounts: its caches, each the step's alone while it has it, and its binds, copied before it runs so that what it sees
 * is what its key says.
 *
 *   g_auto(StepMounts) mounts = {0};
 *   step_mounts_look(recipe, step, &mounts, cancellable, error)       digests, for the step's key
 *   step_mounts_take(&mounts, sandbox, &options, error)               then they are mounts.items
 */
#ifndef ASHLAR_STEPS_STEP_MOUNTS_H
#define ASHLAR_STEPS_STEP_MOUNTS_H

#include "builder/recipe/recipe.h"
#include "builder/sources/fetch.h"
#include "rootfs/sandbox.h"
#include "rootfs/tree.h"

typedef struct {
  const Recipe *recipe;
  const RecipeStep *step;
  Digest *digests; /* of each of the step's mounts that is a bind */
  SandboxMount *items;
  guint n;
  GPtrArray *taken;   /* StoreCache* */
  GPtrArray *strings; /* what the items point to */
} StepMounts;

/* Reads all that the step binds. */
gboolean step_mounts_look(const Recipe *recipe, const RecipeStep *step, StepMounts *out, GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The digests by path, a part of the step's key; NULL where it binds nothing. (new reference) */
json_t *step_mounts_to_json(const StepMounts *mounts);

typedef struct {
  Store *store;
  const Tree *tree; /* that the sandbox holds */
  const char *arch;
  gint64 epoch;
  const FetchOptions *fetch; /* for its progress and cancellable */
} StepMountsOptions;
/* Takes the caches, waiting for whoever has one, and lays out the binds; may be called again for another sandbox. */
gboolean step_mounts_take(StepMounts *mounts, Sandbox *sandbox, const StepMountsOptions *options,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Gives the caches back. */
void step_mounts_clear(StepMounts *mounts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StepMounts, step_mounts_clear)

#endif
