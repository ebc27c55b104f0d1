/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/inherit.h"

#include <string.h>

/* The map of the stage that the recipe or stage @map is built upon, or NULL. */
static Node *
stage_below(const Node *root, const Node *map)
{
  const Node *from = node_get(map, "from");
  if (from == NULL || from->kind != NODE_SCALAR || !g_str_has_prefix(from->text, "stage:"))
    return NULL;
  Node *stage = node_get(node_get(root, "stages"), from->text + strlen("stage:"));
  return stage != NULL && stage->kind == NODE_MAP ? stage : NULL;
}

static Node *
debian_of(const Node *map)
{
  Node *debian = node_get(map, "debian");
  return debian != NULL && debian->kind == NODE_MAP ? debian : NULL;
}

/* The nearest one of those that @map is built upon, or NULL; *stage is whose it is. */
static Node *
debian_below(const Node *root, const Node *map, guint depth, const Node **stage)
{
  Node *debian = NULL;
  *stage = stage_below(root, map);
  for (; *stage != NULL && (debian = debian_of(*stage)) == NULL && depth > 0; depth--)
    *stage = stage_below(root, *stage);
  return debian;
}

static void
check_suite(const Node *debian, const Node *below, Diagnostics *diagnostics)
{
  const Node *own = node_get(debian, "suite"), *other = node_get(below, "suite");
  if (own == NULL || other == NULL || strcmp(own->text, other->text) == 0)
    return;
  diagnostics_error(diagnostics, &own->place, "the suite is '%s', but that of the stage below is '%s'", own->text, other->text);
  diagnostics_hint(diagnostics,
                   "packages of one suite go on top of each other; leave 'suite' out to have the stage's (line %u)",
                   other->place.line);
}

/* @depth: how many stages there are. Those that need each other in a circle are told of elsewhere. */
static void
complete(const Node *root, const Node *map, guint depth, Diagnostics *diagnostics)
{
  static const char *const own[] = {"packages", "variant", NULL};
  const Node *stage;
  Node *debian = debian_of(map), *below = debian_below(root, map, depth, &stage);
  if (debian == NULL)
    return;
  if (below != NULL && depth > 0) {
    complete(root, stage, depth - 1, diagnostics); /* what it has from those below it, in its turn */
    check_suite(debian, below, diagnostics);
    for (guint i = 0; i < below->pairs->len; i++) {
      const NodePair *pair = below->pairs->pdata[i];
      if (!g_strv_contains(own, pair->key) && node_pair(debian, pair->key) == NULL)
        node_add(debian, pair->key, &pair->place, node_copy(pair->value));
    }
  }
  if (node_pair(debian, "suite") == NULL)
    diagnostics_error(diagnostics, &debian->place, "'%sdebian' lacks the key 'suite'", map == root ? "" : "stages.NAME.");
}

void
inherit_debian(Node *root, Diagnostics *diagnostics)
{
  const Node *stages = node_get(root, "stages");
  guint n = stages != NULL && stages->kind == NODE_MAP ? stages->pairs->len : 0;
  if (root->kind != NODE_MAP)
    return;
  complete(root, root, n, diagnostics);
  for (guint i = 0; i < n; i++) {
    const NodePair *pair = stages->pairs->pdata[i];
    if (!pair->value->bad && pair->value->kind == NODE_MAP)
      complete(root, pair->value, n, diagnostics);
  }
}
