/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/install_plan.h"
#include "builder/sources/debian/needs.h"

/* Further packages that were asked for join a batch until it has so many: to remember each alone would take longer than to
 * install it. */
#define BATCH_UNITS 16

typedef struct {
  const DebianSystem *system;
  DebianNeeds *needs;
  GPtrArray *order;   /* all DebianUnit* */
  GHashTable *placed; /* DebianUnit* that are in a batch */
} Plan;

/* ---- what depends on what ---- */

/* Adds @unit and all that it needs to @into, but for what is placed. */
static void
add_closure(const Plan *plan, DebianUnit *unit, gboolean recommends, GHashTable *into)
{
  static const char *const fields[] = {"Pre-Depends", "Depends", "Recommends"};
  g_autoptr(GPtrArray) open = g_ptr_array_new();
  g_ptr_array_add(open, unit);
  while (open->len > 0) {
    DebianUnit *next = g_ptr_array_steal_index(open, open->len - 1);
    if (g_hash_table_contains(plan->placed, next) || !g_hash_table_add(into, next))
      continue;
    for (guint i = 0; i < G_N_ELEMENTS(fields) - (recommends ? 0 : 1); i++) {
      g_autoptr(GPtrArray) needs = debian_needs_of(plan->needs, next, fields[i]);
      g_ptr_array_extend(open, needs, NULL, NULL);
    }
  }
}

/* ---- waves ---- */

/* The packages of @set that @unit pre-depends on, with all that they depend on (transfer full). */
static GHashTable *
needed_before(const Plan *plan, const DebianUnit *unit)
{
  GHashTable *before = g_hash_table_new(NULL, NULL);
  g_autoptr(GPtrArray) needs = debian_needs_of(plan->needs, unit, "Pre-Depends");
  for (guint i = 0; i < needs->len; i++)
    add_closure(plan, needs->pdata[i], FALSE, before);
  return before;
}

/* The number of @unit's wave. One that pre-depends on itself, over others, is taken as if it did not. */
static guint
level_of(const Plan *plan, DebianUnit *unit, GHashTable *levels)
{
  gpointer known;
  if (g_hash_table_lookup_extended(levels, unit, NULL, &known))
    return GPOINTER_TO_UINT(known);
  g_hash_table_insert(levels, unit, GUINT_TO_POINTER(0));
  guint level = 0;
  g_autoptr(GHashTable) before = needed_before(plan, unit);
  GHashTableIter iter;
  gpointer other;
  g_hash_table_iter_init(&iter, before);
  while (g_hash_table_iter_next(&iter, &other, NULL))
    level = other != unit ? MAX(level, 1 + level_of(plan, other, levels)) : level;
  g_hash_table_insert(levels, unit, GUINT_TO_POINTER(level));
  return level;
}

static void
wave_free(gpointer data)
{
  DebianWave *wave = data;
  g_ptr_array_unref(wave->units);
  g_ptr_array_unref(wave->configure);
  g_free(wave);
}

static void
batch_free(gpointer data)
{
  DebianBatch *batch = data;
  g_ptr_array_unref(batch->waves);
  g_ptr_array_unref(batch->units);
  g_free(batch);
}

/* The members of @set in the order of installation. */
static void
append_in_order(const Plan *plan, GHashTable *set, GPtrArray *to)
{
  for (guint i = 0; i < plan->order->len; i++)
    if (g_hash_table_contains(set, plan->order->pdata[i]))
      g_ptr_array_add(to, plan->order->pdata[i]);
}

/* @configured: what is before waves below this one, to which this one's is added. */
static DebianWave *
make_wave(const Plan *plan, const GPtrArray *units, GHashTable *levels, guint level, GHashTable *configured)
{
  DebianWave *wave = g_new0(DebianWave, 1);
  wave->units = g_ptr_array_new();
  wave->configure = g_ptr_array_new();
  g_autoptr(GHashTable) before = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < units->len; i++) {
    if (GPOINTER_TO_UINT(g_hash_table_lookup(levels, units->pdata[i])) != level)
      continue;
    g_ptr_array_add(wave->units, units->pdata[i]);
    g_autoptr(GPtrArray) needs = debian_needs_of(plan->needs, units->pdata[i], "Pre-Depends");
    for (guint k = 0; level > 0 && k < needs->len; k++)
      add_closure(plan, needs->pdata[k], FALSE, before);
  }
  for (guint i = 0; i < units->len; i++)
    if (g_hash_table_contains(before, units->pdata[i]) &&
        GPOINTER_TO_UINT(g_hash_table_lookup(levels, units->pdata[i])) < level && g_hash_table_add(configured, units->pdata[i]))
      g_ptr_array_add(wave->configure, units->pdata[i]);
  return wave;
}

/* The packages of @set become a batch; with @together, of one wave. */
static void
place(Plan *plan, GPtrArray *batches, GHashTable *set, gboolean together)
{
  if (g_hash_table_size(set) == 0)
    return;
  GPtrArray *units = g_ptr_array_new();
  g_autoptr(GHashTable) levels = g_hash_table_new(NULL, NULL), configured = g_hash_table_new(NULL, NULL);
  append_in_order(plan, set, units);
  guint last = 0;
  for (guint i = 0; i < units->len; i++)
    if (together)
      g_hash_table_insert(levels, units->pdata[i], GUINT_TO_POINTER(0));
    else
      last = MAX(last, level_of(plan, units->pdata[i], levels));
  DebianBatch *batch = g_new0(DebianBatch, 1);
  batch->waves = g_ptr_array_new_with_free_func(wave_free);
  batch->units = units;
  for (guint level = 0; level <= last; level++) {
    DebianWave *wave = make_wave(plan, units, levels, level, configured);
    if (wave->units->len > 0)
      g_ptr_array_add(batch->waves, wave);
    else
      wave_free(wave);
  }
  g_ptr_array_add(batches, batch);
  for (guint i = 0; i < units->len; i++)
    g_hash_table_add(plan->placed, units->pdata[i]);
}

/* ---- batches ---- */

static void
place_first(Plan *plan, GPtrArray *batches)
{
  const DebianInstalledSet *before = plan->system->installed;
  g_autoptr(GHashTable) set = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < plan->system->n_units; i++)
    if (plan->system->units[i]->essential || debian_installed_find(before, plan->system->units[i]->name) != NULL)
      add_closure(plan, plan->system->units[i], FALSE, set);
  place(plan, batches, set, before == NULL);
}

/* The packages of these names join a batch until it has @least. */
static void
place_named(Plan *plan, GPtrArray *batches, const char *const *names, guint least)
{
  g_autoptr(GHashTable) set = g_hash_table_new(NULL, NULL);
  for (const char *const *name = names; *name != NULL; name++) {
    DebianUnit *unit = debian_system_find(plan->system, *name);
    if (unit == NULL)
      continue;
    add_closure(plan, unit, TRUE, set);
    if (g_hash_table_size(set) < least)
      continue;
    place(plan, batches, set, FALSE);
    g_hash_table_remove_all(set);
  }
  place(plan, batches, set, FALSE);
}

/* What nothing leads to: the lock was made by other rules. */
static void
place_rest(Plan *plan, GPtrArray *batches)
{
  g_autoptr(GHashTable) set = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < plan->system->n_units; i++)
    add_closure(plan, plan->system->units[i], TRUE, set);
  place(plan, batches, set, FALSE);
}

GPtrArray *
debian_install_plan(const DebianSystem *system, const char *const *variant, const char *const *asked)
{
  Plan plan = {.system = system};
  plan.needs = debian_needs_new(system);
  plan.placed = g_hash_table_new(NULL, NULL);
  plan.order = debian_install_order(system);
  GPtrArray *batches = g_ptr_array_new_with_free_func(batch_free);
  place_first(&plan, batches);
  place_named(&plan, batches, variant, G_MAXUINT);
  place_named(&plan, batches, asked, BATCH_UNITS);
  place_rest(&plan, batches);
  debian_needs_free(plan.needs);
  g_hash_table_unref(plan.placed);
  g_ptr_array_unref(plan.order);
  return batches;
}
