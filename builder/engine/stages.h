/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages of a recipe: root filesystems made on the way, of which the image and other stages take files out, or which they are
 * built upon.
 *
 *   Stages *stages = stages_new(recipe, lock, &options, error)
 *   stages_obtain(stages, recipe, error)             makes what @recipe's files need and is not remembered
 *   stages_obtain_base(stages, recipe, encoding, &base, error)
 *   Pack *pack = stage_keys_open_taken(stages_keys(stages), file, &base, error)
 *
 * What is taken out of a stage is a pack, remembered under all that the stage is made of (its keys, packages, local files, the
 * stages that it needs, epoch, architecture): while none of it changes, the stage is not made, nor its packages looked at. Stages
 * are in one encoding whatever the image's, so that each is made once for all outputs; two threads that need one make it once.
 *
 * A stage that is built upon becomes an image of its own, in the store alone, with its packages, files and steps in layers as every
 * image has them, and is remembered likewise; what is built upon it keeps those layers, and is in their encoding.
 */
#ifndef ASHLAR_ENGINE_STAGES_H
#define ASHLAR_ENGINE_STAGES_H

#include "builder/engine/assemble.h"
#include "builder/lock/lock.h"
#include "builder/sources/fetch.h"

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

/* What @recipe (the recipe or one of its stages) is built upon (transfer full), whatever it is; NULL in *base where that is nothing. A
 * stage is made, in @encoding, where it is not remembered, and *stage (transfer full; may be NULL) gets what came of it, else NULL; the
 * same holds as for stages_obtain. */
gboolean stages_obtain_base(const Stages *stages, const Recipe *recipe, PackEncoding encoding, Base **base, Assembled **stage,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For who takes files out of stages that were obtained (borrowed). */
const StageKeys *stages_keys(const Stages *stages);

#endif
