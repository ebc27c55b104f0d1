/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether this machine can run programs of the architectures that a recipe is built for: asked before anything is built, and only
 * of recipes that run some. Putting an image together needs no emulation.
 */
#ifndef ASHLAR_ENGINE_FOREIGN_H
#define ASHLAR_ENGINE_FOREIGN_H

#include "builder/recipe/recipe.h"

/* FALSE, with an error at the first step, test or `scripts: run` of @recipe that runs a program, where one of @archs (Debian's names,
 * NULL-terminated) is not the machine's own and qemu-user is not registered for it (binfmt_misc, with the flag F). */
gboolean foreign_check(const Recipe *recipe, const char *const *archs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
