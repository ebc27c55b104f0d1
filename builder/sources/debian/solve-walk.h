/* SPDX-License-Identifier: Apache-2.0
 *
 * Choosing packages the way apt's marking does: depth first along the dependencies, in the order of the fields, the first
 * alternative that can be had, a real package before what provides it. Greedy, so it can end in a set that does not hold;
 * then its choices are what libsolv is asked to stay near to.
 *
 *   walk = solve_walk_new(model, recommends); solve_walk_prefer(...)*; solve_walk_install(...)*; read walk->chosen
 */
#ifndef ASHLAR_DEBIAN_SOLVE_WALK_H
#define ASHLAR_DEBIAN_SOLVE_WALK_H

#include "builder/sources/debian/solve-model.h"
#include "builder/sources/debian/solve-order.h"

typedef struct {
  SolveModel *model;
  SolveOrder *order;
  gboolean recommends;
  guint32 *chosen;    /* by slot: id + 1 of what is installed, or 0 */
  guint32 *candidate; /* by slot: id + 1 of the version to install, 0: given up */
  guint32 *offered;   /* by slot: id + 1 of the version there was to begin with */
  guint8 *flags;
} SolveWalk;

SolveWalk *solve_walk_new(SolveModel *model, gboolean recommends);
void solve_walk_free(SolveWalk *walk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SolveWalk, solve_walk_free)

/* Makes @id the version of its name to install. */
void solve_walk_offer(SolveWalk *walk, guint id);
/* The same of what is installed, which is preferred too: it moves to the newest version that will do where another package needs
 * that. */
void solve_walk_keep(SolveWalk *walk, guint id);
/* Makes the name of @id the first choice among alternatives, as apt does with what is installed. */
void solve_walk_prefer(SolveWalk *walk, guint id);
gboolean solve_walk_prefers(const SolveWalk *walk, guint id);
/* Installs the packages @ids in this order, in the version offered, with all they need; a call on top of another one treats what is there
 * as installed. */
void solve_walk_install(SolveWalk *walk, const guint32 *ids, guint n);

#endif
