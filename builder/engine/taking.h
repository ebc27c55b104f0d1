/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of a tree as a pack of its own: what a file of the recipe takes out of a stage.
 */
#ifndef ASHLAR_ENGINE_TAKING_H
#define ASHLAR_ENGINE_TAKING_H

#include "builder/recipe/recipe.h"
#include "rootfs/tree.h"

typedef struct {
  Digest pack;
  char *base; /* where it lay, links followed, as Entry.path */
} Taken;

void taken_clear(Taken *taken);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Taken, taken_clear)

/* What lies at @file's `from` in @tree, and of a folder all below it, at the paths that it has there. Names of one file stay that
 * among each other. What is not there is an error at @file. */
gboolean take_out(Store *store, const Tree *tree, const RecipeFile *file, Taken *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
