/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/solve-walk.h"

#include <string.h>

enum { PROTECTED = 1, PREFERRED = 2, KEPT = 4 };
enum { DEPTH_MOST = 3000 }; /* apt's own bound, and ours on the stack */

SolveWalk *
solve_walk_new(SolveModel *model, gboolean recommends)
{
  SolveWalk *walk = g_new0(SolveWalk, 1);
  guint size = debian_index_size(solve_model_index(model));
  walk->model = model;
  walk->order = solve_order_new(solve_model_index(model));
  walk->recommends = recommends;
  walk->chosen = g_new0(guint32, size);
  walk->candidate = g_new(guint32, size);
  walk->flags = g_new0(guint8, size);
  for (guint slot = 0; slot < size; slot++)
    walk->candidate[slot] = slot + 1; /* the newest: the slot is its id */
  walk->offered = g_memdup2(walk->candidate, size * sizeof *walk->candidate);
  return walk;
}

void
solve_walk_free(SolveWalk *walk)
{
  if (!walk)
    return;
  solve_order_free(walk->order);
  g_free(walk->chosen);
  g_free(walk->candidate);
  g_free(walk->offered);
  g_free(walk->flags);
  g_free(walk);
}

void
solve_walk_offer(SolveWalk *walk, guint id)
{
  guint slot = solve_model_slot(walk->model, id);
  walk->candidate[slot] = walk->offered[slot] = id + 1;
  walk->flags[slot] &= (guint8)~KEPT;
}

void
solve_walk_keep(SolveWalk *walk, guint id)
{
  solve_walk_offer(walk, id);
  walk->flags[solve_model_slot(walk->model, id)] |= PREFERRED | KEPT;
}

void
solve_walk_prefer(SolveWalk *walk, guint id)
{
  walk->flags[solve_model_slot(walk->model, id)] |= PREFERRED;
}

gboolean
solve_walk_prefers(const SolveWalk *walk, guint id)
{
  guint slot = solve_model_slot(walk->model, id);
  return (walk->flags[slot] & PREFERRED) != 0 && walk->offered[slot] == id + 1;
}

static gboolean
is_protected(const SolveWalk *walk, guint slot)
{
  return (walk->flags[slot] & PROTECTED) != 0;
}

static gboolean
is_critical(const SolveGroup *group)
{
  return group->kind != SOLVE_RECOMMENDS;
}

static gboolean
is_wanted(const SolveWalk *walk, const SolveGroup *group)
{
  return group->kind != SOLVE_RECOMMENDS || walk->recommends;
}

/* Whether what @node needs is there already, by chance or because it was walked before. */
static gboolean
is_settled(const SolveWalk *walk, const SolveNode *node)
{
  for (guint i = 0; i < node->groups->len; i++) {
    const SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
    if (is_wanted(walk, group) && !solve_group_holds(group, walk->chosen))
      return FALSE;
  }
  return TRUE;
}

/* Whether @target is the newest of those by which a kept package could meet the need, and must move to meet it. */
static gboolean
may_move(const SolveWalk *walk, const SolveAlternative *alternative, SolveTarget target)
{
  if ((walk->flags[target.slot] & KEPT) == 0 || !walk->candidate[target.slot])
    return FALSE;
  for (guint i = 0; i < alternative->targets->len; i++) {
    const SolveTarget *other = &g_array_index(alternative->targets, SolveTarget, i);
    if (other->slot == target.slot && (other->id < target.id || walk->candidate[target.slot] == other->id + 1))
      return FALSE;
  }
  return TRUE;
}

static gboolean
could_move(const SolveWalk *walk, const SolveGroup *group)
{
  for (guint i = 0; i < group->n; i++)
    for (guint j = 0; j < group->alternatives[i].targets->len; j++)
      if (may_move(walk, &group->alternatives[i], g_array_index(group->alternatives[i].targets, SolveTarget, j)))
        return TRUE;
  return FALSE;
}

/* Whether each need of @node could be met by some candidate, looking no deeper. */
static gboolean
is_possible(const SolveWalk *walk, const SolveNode *node)
{
  for (guint i = 0; i < node->groups->len; i++) {
    const SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
    if (group->kind == SOLVE_NEEDS && !solve_group_holds(group, walk->offered) && !solve_group_holds(group, walk->chosen) &&
        !could_move(walk, group))
      return FALSE;
  }
  return TRUE;
}

/* A candidate for a need, and what apt weighs when it looks for the one to try first. */
typedef struct {
  SolveTarget target;
  guint alternative;
  gboolean preferred, protected, real, essential, important;
  DebianPriority priority;
} Choice;

/* <0: @one before @other, 0: nothing between them. The name itself comes before those that provide it. */
static int
compare_choices(const Choice *one, const Choice *other)
{
  if (one->preferred != other->preferred)
    return one->preferred ? -1 : 1;
  if (one->alternative != other->alternative)
    return one->alternative < other->alternative ? -1 : 1;
  if (one->protected != other->protected)
    return one->protected ? -1 : 1;
  if (one->real != other->real)
    return one->real ? -1 : 1;
  if (one->essential != other->essential)
    return one->essential ? -1 : 1;
  if (one->important != other->important)
    return one->important ? -1 : 1;
  if (one->priority != other->priority)
    return one->priority < other->priority ? -1 : 1;
  return 0;
}

static Choice
choice_of(const SolveWalk *walk, const SolveGroup *group, guint alternative, SolveTarget target)
{
  DebianPackage package;
  const Relation *relation = group->alternatives[alternative].relation;
  debian_index_get(solve_model_index(walk->model), target.id, &package);
  return (Choice){.target = target,
                  .alternative = alternative,
                  .preferred = (walk->flags[target.slot] & PREFERRED) != 0,
                  .protected = is_protected(walk, target.slot),
                  .real = !relation->qualifier && strcmp(package.name, relation->name) == 0,
                  .essential = package.essential,
                  .important = package.important || package.is_protected,
                  .priority = package.priority};
}

/* The candidates for @group, once each, in no order. What is protected and not installed has been ruled out by something that
 * is certain to be installed. */
static GArray *
choices_for(const SolveWalk *walk, const SolveGroup *group)
{
  GArray *choices = g_array_new(FALSE, FALSE, sizeof(Choice));
  for (guint i = 0; i < group->n; i++) {
    const GArray *targets = group->alternatives[i].targets;
    for (guint j = 0; j < targets->len; j++) {
      SolveTarget target = g_array_index(targets, SolveTarget, j);
      gboolean ruled_out = is_protected(walk, target.slot) && !walk->chosen[target.slot];
      gboolean offered = walk->candidate[target.slot] == target.id + 1 || may_move(walk, &group->alternatives[i], target);
      gboolean known = !offered || ruled_out;
      for (guint k = 0; k < choices->len && !known; k++)
        known = g_array_index(choices, Choice, k).target.id == target.id;
      if (known)
        continue;
      Choice choice = choice_of(walk, group, i, target);
      g_array_append_val(choices, choice);
    }
  }
  return choices;
}

/* Takes the best of @choices out of it. Most needs are met at the first try, so nothing is sorted before it is needed. */
static SolveTarget
take_best(const SolveWalk *walk, GArray *choices)
{
  guint best = 0;
  for (guint i = 1; i < choices->len; i++)
    if (compare_choices(&g_array_index(choices, Choice, i), &g_array_index(choices, Choice, best)) < 0)
      best = i;
  /* what was met last comes first; backwards, since the last is the likeliest, and the winner's place must be known */
  guint first = best, equals = 0;
  for (guint i = choices->len; i-- > first;) {
    const Choice *choice = &g_array_index(choices, Choice, i);
    if (compare_choices(choice, &g_array_index(choices, Choice, first)) != 0)
      continue;
    if (equals++ == 0 ||
        solve_order_met_later(walk->order, choice->target.slot, g_array_index(choices, Choice, best).target.slot))
      best = i;
  }
  SolveTarget target = g_array_index(choices, Choice, best).target;
  g_array_remove_index(choices, best);
  return target;
}

static gboolean mark(SolveWalk *walk, guint slot, gboolean deep, guint depth, gboolean asked);

/* Takes out what @group conflicts with, as far as it may; of a certain package it rules it out for good. */
static gboolean
push_aside(SolveWalk *walk, const SolveGroup *group, gboolean certain, gboolean stubborn)
{
  gboolean done = TRUE;
  const GArray *targets = group->alternatives[0].targets;
  for (guint i = 0; i < targets->len; i++) {
    const SolveTarget *target = &g_array_index(targets, SolveTarget, i);
    if (walk->candidate[target->slot] != target->id + 1)
      continue;
    if (walk->chosen[target->slot] && is_protected(walk, target->slot)) {
      done = FALSE;
      if (!stubborn)
        return FALSE;
      continue;
    }
    walk->chosen[target->slot] = 0;
    if (certain) {
      walk->candidate[target->slot] = 0;
      walk->flags[target->slot] |= PROTECTED;
    }
  }
  return done;
}

/* A need that is met already still hands on certainty, where only one package can meet it. */
static gboolean
hand_on(SolveWalk *walk, const SolveGroup *group, guint depth)
{
  if (!is_critical(group))
    return TRUE;
  g_autoptr(GArray) choices = choices_for(walk, group);
  if (choices->len != 1)
    return TRUE;
  guint slot = g_array_index(choices, Choice, 0).target.slot;
  if (is_protected(walk, slot))
    return TRUE;
  walk->flags[slot] |= PROTECTED;
  return mark(walk, slot, TRUE, depth + 1, FALSE);
}

static gboolean
meet_need(SolveWalk *walk, const SolveGroup *group, gboolean certain, guint depth)
{
  g_autoptr(GArray) choices = choices_for(walk, group);
  gboolean hands_on = certain && is_critical(group) && choices->len == 1;
  while (choices->len > 0) {
    SolveTarget target = take_best(walk, choices);
    gboolean moves = walk->candidate[target.slot] != target.id + 1;
    if (moves && (walk->flags[target.slot] & KEPT) == 0)
      continue;
    if (moves)
      solve_walk_offer(walk, target.id);
    if (hands_on) {
      if (!mark(walk, target.slot, FALSE, depth + 1, FALSE))
        continue;
      walk->flags[target.slot] |= PROTECTED;
    }
    if (mark(walk, target.slot, TRUE, depth + 1, FALSE))
      return TRUE;
  }
  return !is_critical(group);
}

static gboolean
meet_needs(SolveWalk *walk, const GPtrArray *needs, gboolean certain, gboolean stubborn, guint depth)
{
  gboolean done = TRUE;
  for (guint i = 0; i < needs->len; i++) {
    const SolveGroup *group = needs->pdata[i];
    gboolean met = solve_group_holds(group, walk->chosen);
    if (met && !certain)
      continue;
    if (met ? hand_on(walk, group, depth) : meet_need(walk, group, certain, depth))
      continue;
    done = FALSE;
    if (!stubborn)
      break;
  }
  return done;
}

/* What must still be done for @node, before any of it is done. */
static gboolean
collect(SolveWalk *walk, const SolveNode *node, gboolean certain, gboolean stubborn, GPtrArray *needs)
{
  gboolean done = TRUE;
  for (guint i = 0; i < node->groups->len; i++) {
    SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
    if (!is_wanted(walk, group) || (!certain && solve_group_holds(group, walk->chosen)))
      continue;
    if (!solve_kind_is_negative(group->kind))
      g_ptr_array_add(needs, group);
    else if (done || stubborn)
      done = push_aside(walk, group, certain, stubborn) && done;
  }
  return done;
}

static void
give_up(SolveWalk *walk, guint slot)
{
  walk->chosen[slot] = walk->candidate[slot] = 0;
}

static gboolean
mark_deep(SolveWalk *walk, guint slot, guint depth, gboolean asked)
{
  const SolveNode *node = solve_model_node(walk->model, walk->candidate[slot] - 1);
  gboolean certain = is_protected(walk, slot), stubborn = certain || asked;
  g_autoptr(GPtrArray) needs = g_ptr_array_new();
  gboolean done = collect(walk, node, certain, stubborn, needs);
  if (!done && !stubborn)
    return FALSE;
  walk->chosen[slot] = walk->candidate[slot];
  /* certain only for as long as its needs are met, so that none of them pushes it aside */
  walk->flags[slot] |= PROTECTED;
  gboolean met = meet_needs(walk, needs, certain, stubborn, depth);
  if (!certain)
    walk->flags[slot] &= (guint8)~PROTECTED;
  if (!met && !stubborn)
    give_up(walk, slot);
  return done && met;
}

static gboolean
mark(SolveWalk *walk, guint slot, gboolean deep, guint depth, gboolean asked)
{
  if (depth > DEPTH_MOST || !walk->candidate[slot])
    return FALSE;
  if (!asked && !walk->chosen[slot] && is_protected(walk, slot))
    return FALSE;
  const SolveNode *node = solve_model_node(walk->model, walk->candidate[slot] - 1);
  if (!is_protected(walk, slot) && walk->chosen[slot] && is_settled(walk, node))
    return TRUE;
  if (deep && !is_possible(walk, node)) {
    if (!is_protected(walk, slot))
      walk->candidate[slot] = 0;
    return FALSE;
  }
  if (deep)
    return mark_deep(walk, slot, depth, asked);
  walk->chosen[slot] = walk->candidate[slot];
  return TRUE;
}

void
solve_walk_install(SolveWalk *walk, const guint32 *ids, guint n)
{
  guint size = debian_index_size(solve_model_index(walk->model));
  for (guint slot = 0; slot < size; slot++)
    walk->flags[slot] = (guint8)((walk->flags[slot] & (PREFERRED | KEPT)) | (walk->chosen[slot] ? PREFERRED : 0));
  for (guint i = 0; i < n; i++) {
    guint slot = solve_model_slot(walk->model, ids[i]);
    walk->flags[slot] |= PROTECTED;
    (void)mark(walk, slot, FALSE, 0, TRUE);
  }
  for (guint i = 0; i < n; i++)
    (void)mark(walk, solve_model_slot(walk->model, ids[i]), TRUE, 0, TRUE);
}
