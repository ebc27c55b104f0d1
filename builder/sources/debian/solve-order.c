/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/solve-order.h"

#include <string.h>

typedef struct {
  guint suite;
  const char *source, *name;
  guint at; /* in the stanza: 0 its title, then field by field */
} Place;

struct SolveOrder {
  const DebianIndex *index;
  GHashTable *met; /* id -> Place *, by the first id of each name */
};

SolveOrder *
solve_order_new(const DebianIndex *index)
{
  SolveOrder *order = g_new0(SolveOrder, 1);
  order->index = index;
  order->met = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  return order;
}

void
solve_order_free(SolveOrder *order)
{
  if (!order)
    return;
  g_hash_table_unref(order->met);
  g_free(order);
}

static Place
place_of(const DebianPackage *package)
{
  return (Place){.suite = package->suite, .source = package->source, .name = package->name};
}

static int
compare_places(const Place *one, const Place *other)
{
  if (one->suite != other->suite)
    return one->suite < other->suite ? -1 : 1;
  int order = strcmp(one->source, other->source);
  if (order == 0)
    order = strcmp(one->name, other->name);
  return order ? order : (one->at > other->at) - (one->at < other->at);
}

/* Where @name stands as a whole word in @field: its offset + 1, or 0. */
static guint
mention(const char *field, const char *name, gsize length)
{
  for (const char *at = field; (at = strstr(at, name)); at += length) {
    gboolean starts = at == field || strchr(" ,|\t\n", at[-1]) != NULL;
    if (starts && (!at[length] || strchr(" ,|(\t\n", at[length])))
      return (guint)(at - field) + 1;
  }
  return 0;
}

/* The place of the first mention of @name in the stanza of @package, in the order in which apt reads its fields. */
static guint
mentioned_at(const DebianPackage *package, const char *name, gsize length)
{
  const char *const fields[] = {package->pre_depends, package->depends,  package->conflicts, package->breaks,
                                package->recommends,  package->suggests, package->replaces,  package->provides};
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
    guint offset = mention(fields[i], name, length);
    if (offset)
      return ((i + 1) << 16) + MIN(offset, 0xffff);
  }
  return 0;
}

/* Of its own stanzas (one for each version) the first that is read: where the name is met at the latest. */
static Place
own_place(const SolveOrder *order, guint id)
{
  DebianPackage package;
  debian_index_get(order->index, id, &package);
  guint first = id, n = debian_index_find(order->index, package.name, &first);
  Place best = place_of(&package);
  for (guint version = first; version < first + n; version++) {
    debian_index_get(order->index, version, &package);
    Place place = place_of(&package);
    if (compare_places(&place, &best) < 0)
      best = place;
  }
  return best;
}

static Place
find_first_mention(const SolveOrder *order, guint id)
{
  DebianPackage own, package;
  debian_index_get(order->index, id, &own);
  gsize length = strlen(own.name);
  Place best = own_place(order, id);
  for (guint other = 0; other < debian_index_size(order->index); other++) {
    debian_index_get(order->index, other, &package);
    Place place = place_of(&package);
    if (compare_places(&place, &best) >= 0)
      continue;
    place.at = mentioned_at(&package, own.name, length);
    if (place.at)
      best = place;
  }
  return best;
}

static const Place *
first_met(SolveOrder *order, guint id)
{
  Place *met = g_hash_table_lookup(order->met, GUINT_TO_POINTER(id));
  if (met)
    return met;
  met = g_new(Place, 1);
  *met = find_first_mention(order, id);
  g_hash_table_insert(order->met, GUINT_TO_POINTER(id), met);
  return met;
}

gboolean
solve_order_met_later(SolveOrder *order, guint one, guint other)
{
  Place latest_one = own_place(order, one), latest = own_place(order, other);
  if (compare_places(&latest_one, &latest) < 0)
    return !solve_order_met_later(order, other, one);
  const Place *met = first_met(order, one);
  /* the exact place of the earlier one does not matter if even its latest is earlier */
  return compare_places(met, &latest) >= 0 || compare_places(met, first_met(order, other)) > 0;
}
