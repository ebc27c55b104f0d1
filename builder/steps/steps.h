/* SPDX-License-Identifier: Apache-2.0
 *
 * The recipe's `run` steps: each is run in a sandbox on the tree as the steps before left it, and what it changed becomes a pack
 * of its own. That is remembered under the step and all that was in the tree, so that the same step is never run on the same
 * files twice, whatever recipe it stands in, and never by two threads at once.
 */
#ifndef ASHLAR_STEPS_STEPS_H
#define ASHLAR_STEPS_STEPS_H

#include "builder/recipe/recipe.h"
#include "builder/sources/fetch.h"
#include "rootfs/tree.h"

/* Raised by whatever changes what a step comes to: what it sees, what of what it left is kept. */
#define STEPS_RULES 1

typedef struct {
  PackEncoding encoding;
  gint64 epoch;
  const char *runtime; /* --runtime, or NULL */
  const char *arch;
  gboolean keep;      /* --keep-on-error: what a failed step left stays on disk */
  const guint *steps; /* how many are run; NULL: all */
  FetchOptions fetch; /* for its progress and cancellable */
  GPtrArray *ran;     /* gets the names of those that had to be run (char *); or NULL */
} StepsOptions;

/* Runs all steps of @recipe, changing @tree. @numbers gets the number that each step's pack has in the tree, TREE_NO_PACK where it
 * changed nothing or only removed (guint, in the steps' order). A step that fails is an error at its place in the recipe, with the
 * last lines that it printed. */
gboolean steps_run(Store *store, const Recipe *recipe, Tree *tree, const StepsOptions *options, GArray *numbers,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The PATH of all that is run in an image, where nothing else is asked for. */
#define STEPS_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* All that @step, run on @tree, finds in its environment (transfer full). NULL where it asks for a fixed clock that the tree has not
 * got. */
char **steps_environment(const RecipeStep *step, const Tree *tree, gint64 epoch, GError **error);

#endif
