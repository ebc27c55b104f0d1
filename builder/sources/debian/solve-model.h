/* SPDX-License-Identifier: Apache-2.0
 *
 * The index as the solver sees it: what each package needs, avoids and recommends, with every relation already turned into the
 * packages that satisfy it. Read as it is walked, so that a small set touches a small part of the index.
 *
 * A package is an id of the index. All versions of one name share a slot: the id of the newest of them. Relations are
 * resolved here once for all, as apt does: versions, versioned Provides (an unversioned one never satisfies a versioned
 * relation), ":any" (only Multi-Arch: allowed), other architectures (nothing), and no conflict of a package with its own name.
 */
#ifndef ASHLAR_DEBIAN_SOLVE_MODEL_H
#define ASHLAR_DEBIAN_SOLVE_MODEL_H

#include "builder/sources/debian/index.h"
#include "builder/sources/debian/relation.h"

typedef struct {
  guint32 id, slot;
} SolveTarget;

typedef enum { SOLVE_NEEDS, SOLVE_CONFLICTS, SOLVE_BREAKS, SOLVE_RECOMMENDS } SolveKind;

typedef struct {
  const Relation *relation;
  const GArray *targets; /* SolveTarget, every version that satisfies it, by id */
} SolveAlternative;

typedef struct {
  SolveKind kind;
  guint n;
  SolveAlternative *alternatives; /* in the package's order; one where the kind is a negative one */
} SolveGroup;

typedef struct {
  guint id, slot;
  GArray *groups;    /* SolveGroup: Pre-Depends, Depends, Conflicts, Breaks, Recommends */
  GPtrArray *parsed; /* what the groups point into */
  GPtrArray *own;
} SolveNode;

typedef struct SolveModel SolveModel;

SolveModel *solve_model_new(const DebianIndex *index);
void solve_model_free(SolveModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SolveModel, solve_model_free)

const DebianIndex *solve_model_index(const SolveModel *model);
/* The first field that could not be read, if any: a solution found past it means nothing. */
gboolean solve_model_check(const SolveModel *model, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Never NULL; lives as long as the model. */
const SolveNode *solve_model_node(SolveModel *model, guint id);
guint solve_model_slot(SolveModel *model, guint id);
/* The packages that satisfy @relation (SolveTarget by id; borrowed). */
const GArray *solve_model_targets(SolveModel *model, const Relation *relation);
gboolean solve_kind_is_negative(SolveKind kind);
/* Whether @chosen (by slot: id + 1, or 0) satisfies @group: one of its targets is chosen, or, of a negative one, none is. */
gboolean solve_group_holds(const SolveGroup *group, const guint32 *chosen);
/* "a (>= 1) | b" (transfer full). */
char *solve_group_to_string(const SolveGroup *group);

#endif
