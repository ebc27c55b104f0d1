/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/solve.h"
#include "builder/sources/debian/explain.h"
#include "builder/sources/debian/solve-roots.h"
#include "builder/sources/debian/solve-sat.h"
#include "builder/sources/debian/solve-walk.h"
#include "signing/error.h"

#include <string.h>

static gint
compare_ids(gconstpointer a, gconstpointer b)
{
  const guint32 *one = a, *other = b;
  return (*one > *other) - (*one < *other);
}

/* "name=version" of a lock: that version is the one to take, if it is still there; the name is preferred in any case. */
static void
prefer_locked(SolveWalk *walk, const DebianIndex *index, const char *locked)
{
  const char *equals = strchr(locked, '=');
  g_autofree char *name = equals ? g_strndup(locked, (gsize)(equals - locked)) : g_strdup(locked);
  guint first = 0, n = debian_index_find(index, name, &first);
  if (n > 0)
    solve_walk_prefer(walk, first);
  for (guint id = first; equals && id < first + n; id++) {
    DebianPackage package;
    debian_index_get(index, id, &package);
    if (strcmp(package.version, equals + 1) == 0) {
      solve_walk_offer(walk, id);
      return;
    }
  }
}

/* One question: what is asked, by whom, and what is to be stayed near to. */
typedef struct {
  SolveModel *model;
  const DebianSolveRequest *request;
  const GArray *roots;
  guint n_essential; /* of the roots */
} Question;

/* The best package of each root: what the walk would take of its name, unless the recipe names a version. */
static void
install_roots(SolveWalk *walk, const GArray *roots, guint from, guint to)
{
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint i = from; i < to; i++)
    g_array_append_val(ids, g_array_index(g_array_index(roots, SolveRoot, i).ids, guint32, 0));
  solve_walk_install(walk, (const guint32 *)(gpointer)ids->data, ids->len);
}

/* A walk from the roots; @versions (by slot: id + 1, or 0; may be NULL) are those to take where they are set. */
static SolveWalk *
walk_roots(const Question *question, const guint32 *versions)
{
  const DebianIndex *index = solve_model_index(question->model);
  const char *const *locked = question->request->prefer;
  SolveWalk *walk = solve_walk_new(question->model, question->request->recommends);
  for (guint i = 0; locked && locked[i]; i++)
    prefer_locked(walk, index, locked[i]);
  for (guint i = 0; i < question->roots->len; i++) {
    const SolveRoot *root = &g_array_index(question->roots, SolveRoot, i);
    if (root->installed)
      solve_walk_keep(walk, root->id);
  }
  for (guint i = 0; i < question->roots->len; i++) {
    const SolveRoot *root = &g_array_index(question->roots, SolveRoot, i);
    if (root->asked && root->asked->version)
      solve_walk_offer(walk, g_array_index(root->ids, guint32, 0));
  }
  for (guint slot = 0; versions && slot < debian_index_size(index); slot++)
    if (versions[slot])
      solve_walk_offer(walk, versions[slot] - 1);
  /* a base system comes before what is asked for on top of it, as where people install one and then the other */
  install_roots(walk, question->roots, 0, question->n_essential);
  install_roots(walk, question->roots, question->n_essential, question->roots->len);
  return walk;
}

static gboolean
root_holds(SolveModel *model, const SolveRoot *root, const guint32 *chosen)
{
  for (guint i = 0; i < root->ids->len; i++) {
    guint32 id = g_array_index(root->ids, guint32, i);
    if (chosen[solve_model_slot(model, id)] == id + 1)
      return TRUE;
  }
  return FALSE;
}

/* The first thing that is wrong with @chosen as a whole, in words (transfer full), or NULL: each root is there, each need is
 * met, nothing is there that another package conflicts with. One version per name is in the nature of @chosen. */
static char *
find_fault(SolveModel *model, const GArray *roots, const guint32 *chosen)
{
  const DebianIndex *index = solve_model_index(model);
  for (guint i = 0; i < roots->len; i++) {
    const SolveRoot *root = &g_array_index(roots, SolveRoot, i);
    if (!root_holds(model, root, chosen))
      return g_strdup_printf("'%s' is missing", root->name);
  }
  for (guint slot = 0; slot < debian_index_size(index); slot++) {
    if (!chosen[slot])
      continue;
    const SolveNode *node = solve_model_node(model, chosen[slot] - 1);
    for (guint i = 0; i < node->groups->len; i++) {
      const SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
      if (group->kind == SOLVE_RECOMMENDS || solve_group_holds(group, chosen))
        continue;
      DebianPackage package;
      debian_index_get(index, node->id, &package);
      g_autofree char *relation = solve_group_to_string(group);
      return g_strdup_printf("%s %s %s '%s'", package.name, package.version,
                             group->kind == SOLVE_NEEDS ? "lacks" : "cannot be beside", relation);
    }
  }
  return NULL;
}

static void
keep(GArray *kept, guint8 *seen, const guint32 *chosen, guint32 slot)
{
  if (!chosen[slot] || seen[slot])
    return;
  seen[slot] = 1;
  g_array_append_val(kept, slot);
}

/* What the roots reach of @chosen, over all alternatives that are there: ids, ascending. The rest was tried and given up. */
static GArray *
prune(SolveModel *model, const GArray *roots, gboolean recommends, const guint32 *chosen)
{
  g_autofree guint8 *seen = g_new0(guint8, debian_index_size(solve_model_index(model)));
  GArray *kept = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint i = 0; i < roots->len; i++) {
    const GArray *ids = g_array_index(roots, SolveRoot, i).ids;
    for (guint j = 0; j < ids->len; j++)
      keep(kept, seen, chosen, solve_model_slot(model, g_array_index(ids, guint32, j)));
  }
  for (guint at = 0; at < kept->len; at++) {
    guint32 *slot = &g_array_index(kept, guint32, at);
    const SolveNode *node = solve_model_node(model, chosen[*slot] - 1);
    *slot = node->id;
    for (guint i = 0; i < node->groups->len; i++) {
      const SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
      gboolean followed = group->kind == SOLVE_NEEDS || (group->kind == SOLVE_RECOMMENDS && recommends);
      for (guint j = 0; followed && j < group->n; j++)
        for (guint k = 0; k < group->alternatives[j].targets->len; k++) {
          SolveTarget target = g_array_index(group->alternatives[j].targets, SolveTarget, k);
          if (chosen[target.slot] == target.id + 1)
            keep(kept, seen, chosen, target.slot);
        }
    }
  }
  g_array_sort(kept, compare_ids);
  return kept;
}

static gboolean
set_unsolvable(SolveModel *model, const GArray *roots, const GPtrArray *problems, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < problems->len; i++) {
    if (i)
      g_string_append_c(text, '\n');
    explain_problem(model, roots, problems->pdata[i], text);
  }
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, text->str);
  return FALSE;
}

/* The walk's answer where it holds, else libsolv's. That knows which versions go together, but little of preferences, so where a
 * second walk with those versions comes out even, it is the one. */
static gboolean
choose(const Question *question, guint32 *chosen, GError **error)
{
  SolveModel *model = question->model;
  gsize bytes = debian_index_size(solve_model_index(model)) * sizeof *chosen;
  g_autoptr(SolveWalk) walk = walk_roots(question, NULL);
  g_autofree char *fault = find_fault(model, question->roots, walk->chosen);
  if (!fault) {
    memcpy(chosen, walk->chosen, bytes);
    return TRUE;
  }
  g_autoptr(GPtrArray) problems = NULL;
  if (!solve_sat(model, walk, question->roots, chosen, &problems))
    return set_unsolvable(model, question->roots, problems, error);
  g_autoptr(SolveWalk) again = walk_roots(question, chosen);
  g_autofree char *still = find_fault(model, question->roots, again->chosen);
  if (!still)
    memcpy(chosen, again->chosen, bytes);
  return TRUE;
}

/* The invariant, checked on the very list that is handed out. */
static gboolean
check_result(SolveModel *model, const GArray *roots, const GArray *ids, GError **error)
{
  g_autofree guint32 *chosen = g_new0(guint32, debian_index_size(solve_model_index(model)));
  g_autofree char *fault = NULL;
  for (guint i = 0; i < ids->len && !fault; i++) {
    guint32 id = g_array_index(ids, guint32, i);
    guint slot = solve_model_slot(model, id);
    if (chosen[slot])
      fault = g_strdup("two versions of one name");
    chosen[slot] = id + 1;
  }
  if (!fault)
    fault = find_fault(model, roots, chosen);
  if (fault)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "the solver's own result does not hold: %s", fault);
  return !fault;
}

GArray *
debian_solve(const DebianIndex *index, const DebianSolveRequest *request, GError **error)
{
  g_autoptr(SolveModel) model = solve_model_new(index);
  Question question = {.model = model, .request = request};
  g_autoptr(GArray) roots = solve_roots(model, request, &question.n_essential, error);
  if (!roots)
    return NULL;
  question.roots = roots;
  g_autofree guint32 *chosen = g_new0(guint32, debian_index_size(index));
  g_autoptr(GError) unsolvable = NULL;
  gboolean solved = choose(&question, chosen, &unsolvable);
  /* what could not be read may be the very reason */
  if (!solve_model_check(model, error))
    return NULL;
  if (!solved) {
    g_propagate_error(error, g_steal_pointer(&unsolvable));
    return NULL;
  }
  g_autoptr(GArray) ids = prune(model, roots, request->recommends, chosen);
  return check_result(model, roots, ids, error) ? g_steal_pointer(&ids) : NULL;
}
