/* SPDX-License-Identifier: Apache-2.0
 *
 * What is asked for, as packages of the index: the variant's, then the recipe's.
 */
#ifndef ASHLAR_DEBIAN_SOLVE_ROOTS_H
#define ASHLAR_DEBIAN_SOLVE_ROOTS_H

#include "builder/sources/debian/solve-sat.h"
#include "builder/sources/debian/solve.h"

/* SolveRoot, in the order of installation; the first @n_essential are the Essential packages of a variant. NULL with
 * ASHLAR_ERROR_USAGE when names or versions asked for do not exist: all of them, each at its place in the recipe. */
GArray *solve_roots(SolveModel *model, const DebianSolveRequest *request, guint *n_essential,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
