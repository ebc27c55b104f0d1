/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/explain.h"

#include <string.h>

enum { VERSIONS_SHOWN = 5, DEPTH_MOST = 30, LINES_MOST = 100 };

typedef struct {
  SolveModel *model;
  const DebianIndex *index;
  const SolveProblem *problem;
  GHashTable *shown; /* ids that are explained already */
  guint lines;       /* so far: beyond LINES_MOST nobody reads, and a hostile archive could go on for ever */
  GString *text;
} Explanation;

static void add_package(Explanation *explanation, guint id, guint depth);

static void
add_line(Explanation *explanation, guint depth, const char *line)
{
  if (explanation->lines++ < LINES_MOST)
    g_string_append_printf(explanation->text, "\n%*s%s", (int)(2 * depth), "", line);
}

/* "name version" (transfer full). */
static char *
title(const Explanation *explanation, guint id)
{
  DebianPackage package;
  debian_index_get(explanation->index, id, &package);
  g_autofree char *name = g_strescape(package.name, NULL), *version = g_strescape(package.version, NULL);
  return g_strdup_printf("%s %s", name, version);
}

/* "1.2, 1.1 and 3 more" of the versions of a name, without the version @but (or NULL) (transfer full). */
static char *
versions_of(const DebianIndex *index, guint first, guint n, const char *but)
{
  guint shown = 0, more = 0;
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint id = first; id < first + n; id++) {
    DebianPackage package;
    debian_index_get(index, id, &package);
    if (but && strcmp(package.version, but) == 0)
      continue;
    if (shown == VERSIONS_SHOWN)
      more++;
    else
      g_string_append_printf(text, "%s%s", shown++ ? ", " : "", package.version);
  }
  if (more)
    g_string_append_printf(text, " and %u more", more);
  return g_strescape(text->str, NULL);
}

/* Why @alternative has no candidate at all. */
static void
add_absence(Explanation *explanation, const SolveAlternative *alternative, guint depth)
{
  guint first = 0, n_providers = 0;
  const char *name = alternative->relation->name;
  guint n = debian_index_find(explanation->index, name, &first);
  (void)debian_index_providers(explanation->index, name, &n_providers);
  g_autofree char *line = NULL;
  if (n > 0) {
    g_autofree char *versions = versions_of(explanation->index, first, n, NULL);
    line = g_strdup_printf("of '%s' there is only %s", name, versions);
  } else if (n_providers > 0) {
    line = g_strdup_printf("what provides '%s' does not say in such a version", name);
  } else {
    line = g_strdup_printf("there is no package '%s'", name);
  }
  add_line(explanation, depth, line);
}

static void
add_need(Explanation *explanation, const SolveFact *fact, guint depth)
{
  const SolveNode *node = solve_model_node(explanation->model, fact->id);
  const SolveGroup *group = &g_array_index(node->groups, SolveGroup, fact->group);
  g_autofree char *name = title(explanation, fact->id), *need = solve_group_to_string(group);
  g_autofree char *line = g_strdup_printf("%s needs '%s'", name, need);
  add_line(explanation, depth, line);
  for (guint i = 0; i < group->n; i++) {
    const SolveAlternative *alternative = &group->alternatives[i];
    if (alternative->targets->len == 0)
      add_absence(explanation, alternative, depth + 1);
    for (guint j = 0; j < alternative->targets->len; j++)
      add_package(explanation, g_array_index(alternative->targets, SolveTarget, j).id, depth + 1);
  }
}

static void
add_conflict(Explanation *explanation, const SolveFact *fact, guint depth)
{
  const SolveNode *node = solve_model_node(explanation->model, fact->id);
  const SolveGroup *group = &g_array_index(node->groups, SolveGroup, fact->group);
  g_autofree char *name = title(explanation, fact->id), *other = title(explanation, fact->other);
  g_autofree char *relation = solve_group_to_string(group);
  g_autofree char *line = g_strdup_printf("%s %s '%s': %s", name, group->kind == SOLVE_BREAKS ? "breaks" : "conflicts with",
                                          relation, other);
  add_line(explanation, depth, line);
}

/* Facts about @id of which it is the passive part: what else stands in its way. */
static void
add_passive(Explanation *explanation, guint id, guint depth)
{
  g_autofree char *name = title(explanation, id);
  for (guint i = 0; i < explanation->problem->facts->len; i++) {
    const SolveFact *fact = &g_array_index(explanation->problem->facts, SolveFact, i);
    gboolean twin = fact->kind == SOLVE_FACT_SAME_NAME && fact->id == id;
    if (fact->kind == SOLVE_FACT_NEED || (fact->other != id && !twin))
      continue;
    g_autofree char *other = title(explanation, twin ? fact->other : fact->id);
    g_autofree char *line = fact->kind == SOLVE_FACT_CONFLICT ? g_strdup_printf("%s, which cannot be beside %s", name, other)
                                                              : g_strdup_printf("%s, while %s is needed too", name, other);
    add_line(explanation, depth, line);
  }
}

static void
add_package(Explanation *explanation, guint id, guint depth)
{
  gboolean afresh = g_hash_table_add(explanation->shown, GUINT_TO_POINTER(id));
  if (!afresh || depth > DEPTH_MOST) {
    g_autofree char *name = title(explanation, id);
    g_autofree char *line = g_strdup_printf("%s: %s", name, afresh ? "..." : "see above");
    add_line(explanation, depth, line);
    return;
  }
  for (guint i = 0; i < explanation->problem->facts->len; i++) {
    const SolveFact *fact = &g_array_index(explanation->problem->facts, SolveFact, i);
    if (fact->id == id && fact->kind == SOLVE_FACT_NEED)
      add_need(explanation, fact, depth);
    else if (fact->id == id && fact->kind == SOLVE_FACT_CONFLICT)
      add_conflict(explanation, fact, depth);
  }
  add_passive(explanation, id, depth);
}

/* "'a', 'b' and 'c'", or with "or" (transfer full). */
static char *
enumerate(const GArray *roots, const GArray *numbers, const char *last)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < numbers->len; i++) {
    const SolveRoot *root = &g_array_index(roots, SolveRoot, g_array_index(numbers, guint, i));
    const char *between = i == 0 ? "" : i + 1 < numbers->len ? ", " : last;
    g_string_append_printf(text, "%s'%s", between, root->name);
    if (root->asked && root->asked->version)
      g_string_append_printf(text, "=%s", root->asked->version);
    g_string_append_c(text, '\'');
  }
  return g_string_free(text, FALSE);
}

static void
add_hint(Explanation *explanation, const GArray *roots)
{
  g_autoptr(GArray) asked = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; i < explanation->problem->roots->len; i++) {
    guint number = g_array_index(explanation->problem->roots, guint, i);
    const SolveRoot *root = &g_array_index(roots, SolveRoot, number);
    guint first = 0, n = debian_index_find(explanation->index, root->name, &first);
    if (!root->asked)
      continue;
    g_array_append_val(asked, number);
    if (!root->asked->version || n < 2)
      continue;
    g_autofree char *versions = versions_of(explanation->index, first, n, root->asked->version);
    g_string_append_printf(explanation->text, "\nhint: ask for another version of '%s': %s", root->name, versions);
  }
  if (asked->len == 0)
    return;
  g_autofree char *names = enumerate(roots, asked, " or ");
  g_string_append_printf(explanation->text, "\nhint: drop %s", names);
}

void
explain_problem(SolveModel *model, const GArray *roots, const SolveProblem *problem, GString *text)
{
  g_autoptr(GHashTable) shown = g_hash_table_new(NULL, NULL);
  Explanation explanation = {model, solve_model_index(model), problem, shown, 0, text};
  g_autofree char *names = enumerate(roots, problem->roots, " and ");
  g_string_append_printf(text, "%s cannot be installed%s", names, problem->roots->len > 1 ? " together" : "");
  for (guint i = 0; i < problem->roots->len; i++) {
    const SolveRoot *root = &g_array_index(roots, SolveRoot, g_array_index(problem->roots, guint, i));
    g_autofree char *line = g_strdup_printf("'%s' is %s", root->name, root->asked ? "asked for" : "part of the variant");
    add_line(&explanation, 1, line);
    for (guint j = 0; j < root->ids->len; j++)
      add_package(&explanation, g_array_index(root->ids, guint32, j), 2);
  }
  if (explanation.lines > LINES_MOST)
    g_string_append_printf(text, "\n  ... and %u lines more", explanation.lines - LINES_MOST);
  add_hint(&explanation, roots);
}
