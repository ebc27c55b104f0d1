/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/install_plan.h"
#include "builder/sources/debian/needs.h"

typedef struct {
  const DebianNeeds *needs;
  GHashTable *met;
  GPtrArray *order;
} Walk;

static void
visit(Walk *walk, DebianUnit *unit)
{
  static const char *const fields[] = {"Pre-Depends", "Depends"};
  if (!g_hash_table_add(walk->met, unit))
    return;
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
    g_autoptr(GPtrArray) needed = debian_needs_of(walk->needs, unit, fields[i]);
    for (guint k = 0; k < needed->len; k++)
      visit(walk, needed->pdata[k]);
  }
  g_ptr_array_add(walk->order, unit);
}

GPtrArray *
debian_install_order(const DebianSystem *system)
{
  g_autoptr(DebianNeeds) needs = debian_needs_new(system);
  g_autoptr(GHashTable) met = g_hash_table_new(NULL, NULL);
  Walk walk = {needs, met, g_ptr_array_new()};
  for (guint i = 0; i < system->n_units; i++)
    visit(&walk, system->units[i]);
  return walk.order;
}
