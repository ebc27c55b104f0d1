/* SPDX-License-Identifier: Apache-2.0
 *
 * Which packages, at which versions: libsolv, made to agree with `apt-get install` on an empty system.
 */
#ifndef ASHLAR_DEBIAN_SOLVE_H
#define ASHLAR_DEBIAN_SOLVE_H

#include "builder/recipe/recipe.h"
#include "builder/sources/debian/index.h"

typedef struct {
  RecipeVariant variant;
  const RecipePackage *const *packages; /* asked for */
  guint n_packages;
  gboolean recommends;
  /* Versions to keep where they are still possible (a lock): NULL-terminated "name=version", or NULL. */
  const char *const *prefer;
  gboolean installed; /* the packages of the index's suite number 0 are there already: all names stay, at their versions where
                         that can be */
} DebianSolveRequest;

/* The ids of the packages to install, ascending (that is: sorted by name); one version per name; the closure is checked
 * after solving. FALSE with ASHLAR_ERROR_FAILED when there is no solution: the message is the derivation (asked -> needs ->
 * candidates -> why not) and the edit of the recipe that would help; an unknown name asked for is reported at its place in the
 * recipe (ASHLAR_ERROR_USAGE) with the nearest names. */
GArray *debian_solve(const DebianIndex *index, const DebianSolveRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the variant asks for the package, by itself. */
gboolean debian_is_in_variant(const DebianPackage *package, RecipeVariant variant);

#endif
