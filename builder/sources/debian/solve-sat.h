/* SPDX-License-Identifier: Apache-2.0
 *
 * The same question put to libsolv: for sets where greed fails, and for the proof that there is no answer.
 *
 * libsolv decides over packages, not over Debian's rules: each package of the model is a solvable that provides one name of
 * its own, each relation the disjunction of the packages that satisfy it. So what satisfies what is settled in one place
 * (solve-model), and neither the text parsers nor the .solv reader of libsolv 0.7.23, with their memory faults, are used.
 */
#ifndef ASHLAR_DEBIAN_SOLVE_SAT_H
#define ASHLAR_DEBIAN_SOLVE_SAT_H

#include "builder/recipe/recipe.h"
#include "builder/sources/debian/solve-walk.h"

typedef struct {
  const char *name;
  GArray *ids;                /* guint32: any one of them will do; the best first */
  const RecipePackage *asked; /* NULL: the variant's, or what is installed */
  gboolean installed;         /* at the version that is @id */
  guint32 id;
} SolveRoot;

/* What cannot all be: a contradiction of what is asked for, as found by libsolv. */
typedef enum {
  SOLVE_FACT_NEED,     /* this package has a need: @group */
  SOLVE_FACT_CONFLICT, /* this package cannot be beside @other: @group */
  SOLVE_FACT_SAME_NAME /* this package and @other are versions of one name */
} SolveFactKind;

typedef struct {
  SolveFactKind kind;
  guint id, other;
  guint group; /* number of the group in the node of @id */
} SolveFact;

typedef struct {
  GArray *roots; /* guint: numbers of the roots that take part */
  GArray *facts; /* SolveFact */
} SolveProblem;

void solve_problem_free(SolveProblem *problem);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SolveProblem, solve_problem_free)

/* Fills @chosen (by slot: id + 1) with a set that holds all of @roots (SolveRoot), near to the choices of @walk. FALSE: there is none,
 * and @problems (SolveProblem*, new) says why. */
gboolean solve_sat(SolveModel *model, const SolveWalk *walk, const GArray *roots, guint32 *chosen, GPtrArray **problems);

#endif
