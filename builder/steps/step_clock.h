/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps with `clock: fixed`: the time that their programs see is the epoch. No namespace of Linux has a clock of its own for the time
 * of day, so it is the image's libfaketime that tells them, by LD_PRELOAD. Monotonic clocks go on, that sleeping and waiting
 * ends; the times of files are what they are, that make and its like can compare them, and become the epoch afterwards as all
 * do. Who is not told the time by the C library (static programs, and such as ask the kernel) sees the true one.
 */
#ifndef ASHLAR_STEPS_STEP_CLOCK_H
#define ASHLAR_STEPS_STEP_CLOCK_H

#include "builder/lock/lock.h"
#include "builder/recipe/recipe.h"
#include "rootfs/tree.h"

/* FALSE, with an error at the key, where it is clear before anything is built that a step of @recipe (or of a stage, which is one)
 * will not find the library: nothing but the packages of @locked (NULL: none) could bring it, and they do not. */
gboolean step_clock_check(const Recipe *recipe, const LockArch *locked, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds what @step needs for its clock to *@environment (owned by the caller). FALSE where @tree does not hold the library. */
gboolean step_clock_set(const RecipeStep *step, const Tree *tree, gint64 epoch, char ***environment,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
