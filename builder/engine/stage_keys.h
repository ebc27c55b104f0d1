/* SPDX-License-Identifier: Apache-2.0
 *
 * Under what the stages of a recipe are known, and what was taken out of them, which the store remembers by that.
 */
#ifndef ASHLAR_ENGINE_STAGE_KEYS_H
#define ASHLAR_ENGINE_STAGE_KEYS_H

#include "builder/engine/taking.h"
#include "rootfs/pack.h"

#include <jansson.h>

typedef struct {
  Store *store;
  const Recipe *recipe;
  GArray *keys; /* Digest, of each of recipe->stages: of all that it is made of */
} StageKeys;

/* The key of the stage @name, as text (new reference). */
json_t *stage_keys_json(const StageKeys *keys, const char *name);

/* What @file takes out of its stage, where that is remembered. */
gboolean stage_keys_find_taken(const StageKeys *keys, const RecipeFile *file, Taken *out);
gboolean stage_keys_keep_taken(const StageKeys *keys, const RecipeFile *file, const Taken *taken,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same as a pack (transfer full) of that and all below it, at the paths that it has there; @base (transfer full) is its own. The
 * stage was made, so that what is not there is an error. */
Pack *stage_keys_open_taken(const StageKeys *keys, const RecipeFile *file, char **base,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
