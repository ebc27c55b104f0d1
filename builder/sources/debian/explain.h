/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a set of packages cannot be: from what is asked, over what that needs and which packages could meet it, to why none
 * does; and the edit of the recipe that would help.
 */
#ifndef ASHLAR_DEBIAN_EXPLAIN_H
#define ASHLAR_DEBIAN_EXPLAIN_H

#include "builder/sources/debian/solve-sat.h"

/* Appends the tree of @problem, without a newline at its end. */
void explain_problem(SolveModel *model, const GArray *roots, const SolveProblem *problem, GString *text);

#endif
