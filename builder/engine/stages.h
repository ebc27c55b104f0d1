/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages of a recipe: root filesystems made on the way, of which the image and other stages take files out.
 *
 *   Stages *stages = stages_new(recipe, lock, &options, error)
 *   stages_obtain(stages, recipe, error)             makes what @recipe's files need and is not remembered
 *   Pack *pack = stages_take(stages, file, &base, error)
 *
 * What is taken out of a stage is a pack, remembered under all that the stage is made of (its keys, packages, local files, the
 * stages that it needs, epoch, architecture): while none of it changes, the stage is not made, nor its packages looked at. Stages
 * are in one encoding whatever the image's, so that each is made once for all outputs; two threads that need one make it once.
 */
#ifndef ASHLAR_ENGINE_STAGES_H
#define ASHLAR_ENGINE_STAGES_H

#include "builder/lock/lock.h"
#include "builder/sources/fetch.h"
#include "rootfs/pack.h"

typedef struct {
  Store *store;
  const char *arch;
  gint64 epoch;
  const char *const *mirrors; /* --mirror, or NULL */
  const char *runtime;        /* see StepsOptions */
  gboolean keep;
  FetchOptions fetch;
} StagesOptions;

typedef struct Stages Stages;
/* All is borrowed. @lock: NULL, where the recipe has none. */
Stages *stages_new(const Recipe *recipe, const Lock *lock, const StagesOptions *options,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void stages_free(Stages *stages);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stages, stages_free)

/* Makes the stages that files of @recipe (the recipe or one of its stages) are taken out of, side by side, each after those that it
 * needs itself. Must not be called between parallel_enter and parallel_leave. */
gboolean stages_obtain(const Stages *stages, const Recipe *recipe, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What @file takes out of its stage, which was obtained: a pack (transfer full) of that and all below it, at the paths that it has
 * there; @base (transfer full) is its own. */
Pack *stages_take(const Stages *stages, const RecipeFile *file, char **base, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
