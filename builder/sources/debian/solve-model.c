/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/solve-model.h"
#include "signing/error.h"

#include <string.h>

struct SolveModel {
  const DebianIndex *index;
  SolveNode **nodes;    /* by id, NULL until asked for */
  GHashTable *targets;  /* relation as text -> GArray of SolveTarget */
  GHashTable *provides; /* id -> GPtrArray, its parsed Provides */
  GString *key;
  GError *error;
};

static void
node_free(SolveNode *node)
{
  for (guint i = 0; i < node->groups->len; i++)
    g_free(g_array_index(node->groups, SolveGroup, i).alternatives);
  g_array_unref(node->groups);
  g_ptr_array_unref(node->own);
  g_ptr_array_unref(node->parsed);
  g_free(node);
}

static void
unref_parsed(gpointer parsed)
{
  g_ptr_array_unref(parsed);
}

static void
unref_targets(gpointer targets)
{
  g_array_unref(targets);
}

SolveModel *
solve_model_new(const DebianIndex *index)
{
  SolveModel *model = g_new0(SolveModel, 1);
  model->index = index;
  model->nodes = g_new0(SolveNode *, debian_index_size(index));
  model->targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_targets);
  model->provides = g_hash_table_new_full(NULL, NULL, NULL, unref_parsed);
  model->key = g_string_new(NULL);
  return model;
}

void
solve_model_free(SolveModel *model)
{
  if (!model)
    return;
  for (guint id = 0; id < debian_index_size(model->index); id++)
    g_clear_pointer(&model->nodes[id], node_free);
  g_free(model->nodes);
  g_hash_table_unref(model->targets);
  g_hash_table_unref(model->provides);
  g_string_free(model->key, TRUE);
  g_clear_error(&model->error);
  g_free(model);
}

const DebianIndex *
solve_model_index(const SolveModel *model)
{
  return model->index;
}

gboolean
solve_model_check(const SolveModel *model, GError **error)
{
  if (!model->error)
    return TRUE;
  g_propagate_error(error, g_error_copy(model->error));
  return FALSE;
}

guint
solve_model_slot(SolveModel *model, guint id)
{
  if (model->nodes[id])
    return model->nodes[id]->slot;
  DebianPackage package;
  guint first = id;
  debian_index_get(model->index, id, &package);
  debian_index_find(model->index, package.name, &first);
  return first;
}

/* A field that cannot be read is remembered, once, and counts as empty. */
static GPtrArray *
parse_field(SolveModel *model, const DebianPackage *package, const char *what, const char *field)
{
  if (!*field)
    return NULL;
  g_autoptr(GError) error = NULL;
  GPtrArray *parsed = relation_parse(field, &error);
  if (!parsed && !model->error) {
    g_prefix_error(&error, "package '%s' %s: %s: ", package->name, package->version, what);
    model->error = g_steal_pointer(&error);
  }
  return parsed;
}

static const GPtrArray *
provides_of(SolveModel *model, guint id)
{
  gpointer known = NULL;
  if (g_hash_table_lookup_extended(model->provides, GUINT_TO_POINTER(id), NULL, &known))
    return known;
  DebianPackage package;
  debian_index_get(model->index, id, &package);
  GPtrArray *parsed = parse_field(model, &package, "Provides", package.provides);
  if (!parsed)
    parsed = g_ptr_array_new();
  g_hash_table_insert(model->provides, GUINT_TO_POINTER(id), parsed);
  return parsed;
}

static gboolean
provide_satisfies(const Relation *provide, const DebianPackage *package, const Relation *relation, gboolean any)
{
  if (strcmp(provide->name, relation->name) != 0)
    return FALSE;
  gboolean says_any = g_strcmp0(provide->qualifier, "any") == 0;
  if (any ? !says_any && package->multi_arch != DEBIAN_MULTIARCH_ALLOWED : says_any)
    return FALSE;
  if (provide->op != RELATION_NONE && provide->op != RELATION_EQ)
    return FALSE; /* policy 7.5 knows no other; apt ignores it too */
  return relation->op == RELATION_NONE || (provide->op == RELATION_EQ && relation_matches(relation, provide->version));
}

static gboolean
provider_satisfies(SolveModel *model, guint id, const Relation *relation, gboolean any)
{
  DebianPackage package;
  const GPtrArray *provides = provides_of(model, id);
  debian_index_get(model->index, id, &package);
  for (guint i = 0; i < provides->len; i++) {
    const GPtrArray *one = provides->pdata[i];
    for (guint j = 0; j < one->len; j++)
      if (provide_satisfies(one->pdata[j], &package, relation, any))
        return TRUE;
  }
  return FALSE;
}

static gint
compare_targets(gconstpointer a, gconstpointer b)
{
  const SolveTarget *one = a, *other = b;
  return (one->id > other->id) - (one->id < other->id);
}

static GArray *
find_targets(SolveModel *model, const Relation *relation)
{
  GArray *targets = g_array_new(FALSE, FALSE, sizeof(SolveTarget));
  gboolean any = g_strcmp0(relation->qualifier, "any") == 0;
  if (relation->qualifier && !any && strcmp(relation->qualifier, "native") != 0 &&
      strcmp(relation->qualifier, debian_index_architecture(model->index)) != 0)
    return targets; /* one architecture an image */
  guint first = 0, n = debian_index_find(model->index, relation->name, &first), n_providers = 0;
  for (guint id = first; id < first + n; id++) {
    DebianPackage package;
    debian_index_get(model->index, id, &package);
    if ((!any || package.multi_arch == DEBIAN_MULTIARCH_ALLOWED) &&
        (relation->op == RELATION_NONE || relation_matches(relation, package.version)))
      g_array_append_val(targets, ((SolveTarget){id, first}));
  }
  guint n_real = targets->len;
  const guint32 *providers = debian_index_providers(model->index, relation->name, &n_providers);
  for (guint i = 0; i < n_providers; i++) {
    SolveTarget target = {providers[i], 0};
    if (!provider_satisfies(model, target.id, relation, any))
      continue;
    target.slot = solve_model_slot(model, target.id);
    gboolean known = FALSE;
    for (guint j = 0; j < n_real && !known; j++)
      known = g_array_index(targets, SolveTarget, j).id == target.id;
    if (!known)
      g_array_append_val(targets, target);
  }
  g_array_sort(targets, compare_targets);
  return targets;
}

const GArray *
solve_model_targets(SolveModel *model, const Relation *relation)
{
  g_string_printf(model->key, "%s:%s %d %s", relation->name, relation->qualifier ? relation->qualifier : "", relation->op,
                  relation->version ? relation->version : "");
  GArray *targets = g_hash_table_lookup(model->targets, model->key->str);
  if (!targets) {
    g_autofree char *key = g_strdup(model->key->str);
    targets = find_targets(model, relation);
    g_hash_table_insert(model->targets, g_steal_pointer(&key), targets);
  }
  return targets;
}

static void
add_group(SolveModel *model, SolveNode *node, SolveKind kind, const Relation *const *relations, guint n)
{
  SolveGroup group = {kind, n, g_new(SolveAlternative, n)};
  for (guint i = 0; i < n; i++)
    group.alternatives[i] = (SolveAlternative){relations[i], solve_model_targets(model, relations[i])};
  g_array_append_val(node->groups, group);
}

static void
add_field(SolveModel *model, SolveNode *node, const DebianPackage *package, const char *what, const char *field, SolveKind kind)
{
  GPtrArray *parsed = parse_field(model, package, what, field);
  if (!parsed)
    return;
  g_ptr_array_add(node->parsed, parsed);
  for (guint i = 0; i < parsed->len; i++) {
    const GPtrArray *relations = parsed->pdata[i];
    const Relation *const *alternatives = (const Relation *const *)relations->pdata;
    if (!solve_kind_is_negative(kind))
      add_group(model, node, kind, alternatives, relations->len);
    else
      for (guint j = 0; j < relations->len; j++)
        add_group(model, node, kind, alternatives + j, 1);
  }
}

/* A package never conflicts with its own name, nor with what it provides itself (policy 7.4). */
static void
forgive_self(SolveNode *node, SolveGroup *group)
{
  const GArray *targets = group->alternatives[0].targets;
  g_autoptr(GArray) others = g_array_new(FALSE, FALSE, sizeof(SolveTarget));
  for (guint i = 0; i < targets->len; i++)
    if (g_array_index(targets, SolveTarget, i).slot != node->slot)
      g_array_append_val(others, g_array_index(targets, SolveTarget, i));
  if (others->len == targets->len)
    return;
  group->alternatives[0].targets = others;
  g_ptr_array_add(node->own, g_steal_pointer(&others));
}

const SolveNode *
solve_model_node(SolveModel *model, guint id)
{
  if (model->nodes[id])
    return model->nodes[id];
  SolveNode *node = g_new0(SolveNode, 1);
  DebianPackage package;
  node->id = id;
  node->slot = solve_model_slot(model, id);
  node->groups = g_array_new(FALSE, FALSE, sizeof(SolveGroup));
  node->parsed = g_ptr_array_new_with_free_func(unref_parsed);
  node->own = g_ptr_array_new_with_free_func(unref_targets);
  debian_index_get(model->index, id, &package);
  add_field(model, node, &package, "Pre-Depends", package.pre_depends, SOLVE_NEEDS);
  add_field(model, node, &package, "Depends", package.depends, SOLVE_NEEDS);
  add_field(model, node, &package, "Conflicts", package.conflicts, SOLVE_CONFLICTS);
  add_field(model, node, &package, "Breaks", package.breaks, SOLVE_BREAKS);
  add_field(model, node, &package, "Recommends", package.recommends, SOLVE_RECOMMENDS);
  for (guint i = 0; i < node->groups->len; i++) {
    SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
    if (solve_kind_is_negative(group->kind))
      forgive_self(node, group);
  }
  return model->nodes[id] = node;
}

gboolean
solve_kind_is_negative(SolveKind kind)
{
  return kind == SOLVE_CONFLICTS || kind == SOLVE_BREAKS;
}

gboolean
solve_group_holds(const SolveGroup *group, const guint32 *chosen)
{
  gboolean negative = solve_kind_is_negative(group->kind);
  for (guint i = 0; i < group->n; i++) {
    const GArray *targets = group->alternatives[i].targets;
    for (guint j = 0; j < targets->len; j++) {
      const SolveTarget *target = &g_array_index(targets, SolveTarget, j);
      if (chosen[target->slot] == target->id + 1)
        return !negative;
    }
  }
  return negative;
}

char *
solve_group_to_string(const SolveGroup *group)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < group->n; i++) {
    g_autofree char *one = relation_to_string(group->alternatives[i].relation);
    g_string_append_printf(text, "%s%s", i ? " | " : "", one);
  }
  return g_string_free(text, FALSE);
}
