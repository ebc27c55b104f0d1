/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/solve-sat.h"

#include <solv/pool.h>
#include <solv/queue.h>
#include <solv/repo.h>
#include <solv/solver.h>
#include <string.h>

enum { RANK_BEST = 1 << 30 };

typedef struct {
  SolveModel *model;
  const SolveWalk *walk;
  Pool *pool;
  GArray *ids;     /* guint32: the packages in the pool, in the order of their solvables */
  Id *solvable_of; /* by id, 0: not in the pool */
  Id nothing;      /* a name that nobody provides */
} Sat;

void
solve_problem_free(SolveProblem *problem)
{
  if (!problem)
    return;
  g_array_unref(problem->roots);
  g_array_unref(problem->facts);
  g_free(problem);
}

static void
reach(Sat *sat, guint id)
{
  if (sat->solvable_of[id])
    return;
  guint32 reached = id;
  sat->solvable_of[id] = -1;
  g_array_append_val(sat->ids, reached);
}

static gboolean
is_followed(const Sat *sat, const SolveGroup *group)
{
  return group->kind == SOLVE_NEEDS || (group->kind == SOLVE_RECOMMENDS && sat->walk->recommends);
}

/* All that can be reached from the roots, whichever alternative is taken. */
static void
collect(Sat *sat, const GArray *roots)
{
  for (guint i = 0; i < roots->len; i++) {
    const SolveRoot *root = &g_array_index(roots, SolveRoot, i);
    for (guint j = 0; j < root->ids->len; j++)
      reach(sat, g_array_index(root->ids, guint32, j));
  }
  for (guint at = 0; at < sat->ids->len; at++) {
    const SolveNode *node = solve_model_node(sat->model, g_array_index(sat->ids, guint32, at));
    for (guint i = 0; i < node->groups->len; i++) {
      const SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
      for (guint j = 0; is_followed(sat, group) && j < group->n; j++)
        for (guint k = 0; k < group->alternatives[j].targets->len; k++)
          reach(sat, g_array_index(group->alternatives[j].targets, SolveTarget, k).id);
    }
  }
}

/* The one name that only this package provides. */
static Id
name_of(Sat *sat, guint id)
{
  char name[16];
  g_snprintf(name, sizeof name, "#%u", id);
  return pool_str2id(sat->pool, name, 1);
}

/* libsolv prefers the greatest version: the one that the walk would take, then the newest. */
static Id
rank_of(Sat *sat, const SolveNode *node)
{
  char rank[16];
  gboolean offered = sat->walk->offered[node->slot] == node->id + 1;
  g_snprintf(rank, sizeof rank, "%u", offered ? RANK_BEST : RANK_BEST - 1 - (node->id - node->slot));
  return pool_str2id(sat->pool, rank, 1);
}

static Id
dependency_of(Sat *sat, const SolveGroup *group)
{
  Id either = 0;
  for (guint i = 0; i < group->n; i++)
    for (guint j = 0; j < group->alternatives[i].targets->len; j++) {
      Id one = name_of(sat, g_array_index(group->alternatives[i].targets, SolveTarget, j).id);
      either = either ? pool_rel2id(sat->pool, either, one, REL_OR, 1) : one;
    }
  return either ? either : sat->nothing;
}

static void
add_conflicts(Sat *sat, Solvable *solvable, const SolveGroup *group)
{
  const GArray *targets = group->alternatives[0].targets;
  for (guint i = 0; i < targets->len; i++) {
    guint id = g_array_index(targets, SolveTarget, i).id;
    if (sat->solvable_of[id])
      solvable_add_deparray(solvable, SOLVABLE_CONFLICTS, name_of(sat, id), 0);
  }
}

static void
describe(Sat *sat, guint id)
{
  const SolveNode *node = solve_model_node(sat->model, id);
  Solvable *solvable = pool_id2solvable(sat->pool, sat->solvable_of[id]);
  DebianPackage package;
  debian_index_get(solve_model_index(sat->model), id, &package);
  solvable->name = pool_str2id(sat->pool, package.name, 1);
  solvable->evr = rank_of(sat, node);
  solvable->arch = ARCH_ALL;
  Id self = pool_rel2id(sat->pool, solvable->name, solvable->evr, REL_EQ, 1);
  solvable_add_deparray(solvable, SOLVABLE_PROVIDES, self, 0);
  solvable_add_deparray(solvable, SOLVABLE_PROVIDES, name_of(sat, id), 0);
  for (guint i = 0; i < node->groups->len; i++) {
    const SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
    if (solve_kind_is_negative(group->kind))
      add_conflicts(sat, solvable, group);
    else if (group->kind == SOLVE_NEEDS)
      solvable_add_deparray(solvable, SOLVABLE_REQUIRES, dependency_of(sat, group), 0);
    else if (sat->walk->recommends)
      solvable_add_deparray(solvable, SOLVABLE_RECOMMENDS, dependency_of(sat, group), 0);
  }
}

static void
fill_pool(Sat *sat)
{
  pool_setdisttype(sat->pool, DISTTYPE_DEB);
  Repo *repo = repo_create(sat->pool, "archive");
  sat->nothing = pool_str2id(sat->pool, "#", 1);
  for (guint i = 0; i < sat->ids->len; i++)
    sat->solvable_of[g_array_index(sat->ids, guint32, i)] = repo_add_solvable(repo);
  for (guint i = 0; i < sat->ids->len; i++)
    describe(sat, g_array_index(sat->ids, guint32, i));
  pool_createwhatprovides(sat->pool);
}

static void
add_jobs(Sat *sat, const GArray *roots, Queue *jobs)
{
  for (guint i = 0; i < roots->len; i++) {
    const SolveRoot *root = &g_array_index(roots, SolveRoot, i);
    Queue any;
    queue_init(&any);
    for (guint j = 0; j < root->ids->len; j++)
      queue_push(&any, sat->solvable_of[g_array_index(root->ids, guint32, j)]);
    queue_push2(jobs, SOLVER_INSTALL | SOLVER_SOLVABLE_ONE_OF, pool_queuetowhatprovides(sat->pool, &any));
    queue_free(&any);
  }
  /* weak, so that it is the walk's own answer that comes back as far as it can be: merely favoured, a first alternative
   * is left out where another one happens to be there, which apt would not do */
  for (guint i = 0; i < sat->ids->len; i++) {
    guint id = g_array_index(sat->ids, guint32, i);
    if (sat->walk->chosen[solve_model_slot(sat->model, id)] == id + 1)
      queue_push2(jobs, SOLVER_INSTALL | SOLVER_WEAK | SOLVER_SOLVABLE, sat->solvable_of[id]);
    else if (solve_walk_prefers(sat->walk, id))
      queue_push2(jobs, SOLVER_FAVOR | SOLVER_SOLVABLE, sat->solvable_of[id]);
  }
}

static guint
id_of(const Sat *sat, Id solvable)
{
  Id first = sat->solvable_of[g_array_index(sat->ids, guint32, 0)];
  return g_array_index(sat->ids, guint32, (guint)(solvable - first));
}

static void
read_decisions(Sat *sat, Solver *solver, guint32 *chosen)
{
  for (guint i = 0; i < sat->ids->len; i++) {
    guint id = g_array_index(sat->ids, guint32, i);
    if (solver_get_decisionlevel(solver, sat->solvable_of[id]) > 0)
      chosen[solve_model_slot(sat->model, id)] = id + 1;
  }
}

/* Which group of @id is the one that libsolv knows as @dependency. */
static gboolean
find_need(Sat *sat, guint id, Id dependency, SolveFact *fact)
{
  const SolveNode *node = solve_model_node(sat->model, id);
  for (guint i = 0; i < node->groups->len; i++) {
    const SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
    if (group->kind != SOLVE_NEEDS || dependency_of(sat, group) != dependency)
      continue;
    *fact = (SolveFact){.kind = SOLVE_FACT_NEED, .id = id, .group = i};
    return TRUE;
  }
  return FALSE;
}

static gboolean
find_conflict(Sat *sat, guint id, guint other, SolveFact *fact)
{
  const SolveNode *node = solve_model_node(sat->model, id);
  for (guint i = 0; i < node->groups->len; i++) {
    const SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
    if (!solve_kind_is_negative(group->kind))
      continue;
    const GArray *targets = group->alternatives[0].targets;
    for (guint j = 0; j < targets->len; j++)
      if (g_array_index(targets, SolveTarget, j).id == other) {
        *fact = (SolveFact){.kind = SOLVE_FACT_CONFLICT, .id = id, .group = i, .other = other};
        return TRUE;
      }
  }
  return FALSE;
}

static void
add_root(Solver *solver, Id rule, const GArray *roots, const Queue *jobs, SolveProblem *problem)
{
  Id what = 0;
  (void)solver_rule2job(solver, rule, &what);
  for (guint i = 0; i < roots->len; i++)
    if (jobs->elements[2 * i + 1] == what) {
      g_array_append_val(problem->roots, i);
      return;
    }
}

static void
add_fact(Sat *sat, Solver *solver, Id rule, SolveProblem *problem)
{
  Id from = 0, to = 0, dependency = 0;
  SolveFact fact = {.kind = SOLVE_FACT_SAME_NAME};
  gboolean found = FALSE;
  SolverRuleinfo info = solver_ruleinfo(solver, rule, &from, &to, &dependency);
  if (info == SOLVER_RULE_PKG_REQUIRES || info == SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP) {
    found = find_need(sat, id_of(sat, from), dependency, &fact);
  } else if (info == SOLVER_RULE_PKG_CONFLICTS) {
    found = find_conflict(sat, id_of(sat, from), id_of(sat, to), &fact);
  } else if (info == SOLVER_RULE_PKG_SAME_NAME) {
    fact.id = id_of(sat, from);
    fact.other = id_of(sat, to);
    found = TRUE;
  }
  if (found)
    g_array_append_val(problem->facts, fact);
}

static gint
compare_numbers(gconstpointer a, gconstpointer b)
{
  const guint *one = a, *other = b;
  return (*one > *other) - (*one < *other);
}

static GPtrArray *
read_problems(Sat *sat, Solver *solver, const GArray *roots, const Queue *jobs)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func((GDestroyNotify)solve_problem_free);
  for (guint i = 1; i <= solver_problem_count(solver); i++) {
    SolveProblem *problem = g_new0(SolveProblem, 1);
    problem->roots = g_array_new(FALSE, FALSE, sizeof(guint));
    problem->facts = g_array_new(FALSE, FALSE, sizeof(SolveFact));
    Queue rules;
    queue_init(&rules);
    solver_findallproblemrules(solver, (Id)i, &rules);
    for (int j = 0; j < rules.count; j++)
      if (solver_ruleclass(solver, rules.elements[j]) == SOLVER_RULE_JOB)
        add_root(solver, rules.elements[j], roots, jobs, problem);
      else
        add_fact(sat, solver, rules.elements[j], problem);
    queue_free(&rules);
    g_array_sort(problem->roots, compare_numbers);
    g_ptr_array_add(problems, problem);
  }
  return problems;
}

static gboolean
solve(Sat *sat, const GArray *roots, guint32 *chosen, GPtrArray **problems)
{
  Queue jobs;
  queue_init(&jobs);
  add_jobs(sat, roots, &jobs);
  Solver *solver = solver_create(sat->pool);
  solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, !sat->walk->recommends);
  gboolean solved = solver_solve(solver, &jobs) == 0;
  if (solved)
    read_decisions(sat, solver, chosen);
  else
    *problems = read_problems(sat, solver, roots, &jobs);
  solver_free(solver);
  queue_free(&jobs);
  return solved;
}

gboolean
solve_sat(SolveModel *model, const SolveWalk *walk, const GArray *roots, guint32 *chosen, GPtrArray **problems)
{
  guint size = debian_index_size(solve_model_index(model));
  g_autofree Id *solvable_of = g_new0(Id, size);
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
  Sat sat = {.model = model, .walk = walk, .pool = pool_create(), .ids = ids, .solvable_of = solvable_of};
  memset(chosen, 0, size * sizeof *chosen);
  collect(&sat, roots);
  fill_pool(&sat);
  gboolean solved = solve(&sat, roots, chosen, problems);
  pool_free(sat.pool);
  return solved;
}
