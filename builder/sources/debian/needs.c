/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/needs.h"
#include "builder/sources/debian/installed.h"
#include "builder/sources/debian/relation.h"

#include <string.h>

struct DebianNeeds {
  const DebianSystem *system;
  GHashTable *providers; /* name -> GPtrArray of DebianUnit*: of that name, then those that provide it */
};

/* None where there is no such field, or nobody can read it. */
static GPtrArray *
relations_of(const DebianUnit *unit, const char *field)
{
  const char *text = debian_control_get(unit->control, field);
  GPtrArray *groups = text != NULL ? relation_parse(text, NULL) : NULL;
  return groups != NULL ? groups : g_ptr_array_new();
}

static void
add_provider(DebianNeeds *needs, const char *name, DebianUnit *unit, gboolean real)
{
  GPtrArray *list = g_hash_table_lookup(needs->providers, name);
  if (list == NULL) {
    list = g_ptr_array_new();
    g_hash_table_insert(needs->providers, g_strdup(name), list);
  }
  g_ptr_array_insert(list, real ? 0 : -1, unit);
}

DebianNeeds *
debian_needs_new(const DebianSystem *system)
{
  DebianNeeds *needs = g_new(DebianNeeds, 1);
  *needs = (DebianNeeds){
    .system = system,
    .providers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref),
  };
  for (guint i = 0; i < system->n_units; i++) {
    g_autoptr(GPtrArray) groups = relations_of(system->units[i], "Provides");
    for (guint k = 0; k < groups->len; k++) {
      const Relation *provided = ((const GPtrArray *)groups->pdata[k])->pdata[0];
      add_provider(needs, provided->name, system->units[i], FALSE);
    }
  }
  for (guint i = system->n_units; i > 0; i--)
    add_provider(needs, system->units[i - 1]->name, system->units[i - 1], TRUE);
  return needs;
}

void
debian_needs_free(DebianNeeds *needs)
{
  g_hash_table_unref(needs->providers);
  g_free(needs);
}

static DebianUnit *
provider_of(const DebianNeeds *needs, const Relation *relation)
{
  const GPtrArray *list = g_hash_table_lookup(needs->providers, relation->name);
  for (guint i = 0; list != NULL && i < list->len; i++) {
    DebianUnit *unit = list->pdata[i];
    if (relation->op == RELATION_NONE || strcmp(unit->name, relation->name) != 0 || relation_matches(relation, unit->version))
      return unit;
  }
  return NULL;
}

GPtrArray *
debian_needs_of(const DebianNeeds *needs, const DebianUnit *unit, const char *field)
{
  GPtrArray *found = g_ptr_array_new();
  g_autoptr(GPtrArray) groups = relations_of(unit, field);
  for (guint i = 0; i < groups->len; i++) {
    const GPtrArray *alternatives = groups->pdata[i];
    for (guint k = 0; k < alternatives->len; k++) {
      DebianUnit *provider = provider_of(needs, alternatives->pdata[k]);
      if (provider != NULL)
        g_ptr_array_add(found, provider);
      if (provider != NULL || debian_installed_satisfies(needs->system->installed, alternatives->pdata[k]))
        break;
    }
  }
  return found;
}
