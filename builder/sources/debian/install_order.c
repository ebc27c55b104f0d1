/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/install_plan.h"
#include "builder/sources/debian/relation.h"

#include <string.h>

typedef struct {
  const DebianSystem *system;
  GHashTable *providers; /* name -> DebianUnit*: of what is only provided, the first one */
  GHashTable *met;
  GPtrArray *order;
} Walk;

static GPtrArray *
relations_of(const DebianUnit *unit, const char *field)
{
  const char *text = debian_control_get(unit->control, field);
  GPtrArray *groups = text != NULL ? relation_parse(text, NULL) : NULL;
  return groups != NULL ? groups : g_ptr_array_new();
}

static GHashTable *
find_providers(const DebianSystem *system)
{
  GHashTable *providers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < system->n_units; i++) {
    g_autoptr(GPtrArray) groups = relations_of(system->units[i], "Provides");
    for (guint k = 0; k < groups->len; k++) {
      const GPtrArray *alternatives = groups->pdata[k];
      const Relation *relation = alternatives->pdata[0];
      if (!g_hash_table_contains(providers, relation->name))
        g_hash_table_insert(providers, g_strdup(relation->name), system->units[i]);
    }
  }
  return providers;
}

/* The first alternative that is there; NULL: none, or it was there before. */
static DebianUnit *
find_needed(const Walk *walk, const GPtrArray *alternatives)
{
  for (guint i = 0; i < alternatives->len; i++) {
    const Relation *relation = alternatives->pdata[i];
    DebianUnit *unit = debian_system_find(walk->system, relation->name);
    if (unit == NULL)
      unit = g_hash_table_lookup(walk->providers, relation->name);
    if (unit != NULL || debian_installed_satisfies(walk->system->installed, relation))
      return unit;
  }
  return NULL;
}

static void
visit(Walk *walk, DebianUnit *unit)
{
  static const char *const fields[] = {"Pre-Depends", "Depends"};
  if (!g_hash_table_add(walk->met, unit))
    return;
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
    g_autoptr(GPtrArray) groups = relations_of(unit, fields[i]);
    for (guint k = 0; k < groups->len; k++) {
      DebianUnit *needed = find_needed(walk, groups->pdata[k]);
      if (needed != NULL)
        visit(walk, needed);
    }
  }
  g_ptr_array_add(walk->order, unit);
}

GPtrArray *
debian_install_order(const DebianSystem *system)
{
  g_autoptr(GHashTable) providers = find_providers(system), met = g_hash_table_new(NULL, NULL);
  Walk walk = {system, providers, met, g_ptr_array_new()};
  for (guint i = 0; i < system->n_units; i++)
    visit(&walk, system->units[i]);
  return walk.order;
}
