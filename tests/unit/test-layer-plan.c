/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/layer_plan.h"

#include <string.h>

#define N 40

static void
make_items(LayerPlanItem *items, guint n)
{
  for (guint i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf("package-%02u", i);
    items[i] = (LayerPlanItem){.name = g_intern_string(name), .size = 1000 + 977 * i * i};
  }
}

/* "a+b|c" */
static char *
spell(const LayerPlanItem *items, GPtrArray *layers)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < layers->len; i++) {
    GArray *layer = layers->pdata[i];
    g_string_append(text, i > 0 ? "|" : "");
    for (guint j = 0; j < layer->len; j++)
      g_string_append_printf(text, "%s%s", j > 0 ? "+" : "", items[g_array_index(layer, guint, j)].name);
  }
  return g_strdup(text->str);
}

static char *
plan(const LayerPlanItem *items, guint n, guint most)
{
  g_autoptr(GPtrArray) layers = layer_plan(items, n, most);
  g_assert_cmpuint(layers->len, <=, most);
  return spell(items, layers);
}

static void
each_its_own_where_there_is_room(void)
{
  static const LayerPlanItem items[] = {{"b", 1}, {"a", 100}};
  g_autofree char *text = plan(items, 2, 2);
  g_assert_cmpstr(text, ==, "a|b");
}

static void
nothing_makes_no_layer(void)
{
  const LayerPlanItem none[1] = {0};
  g_autofree char *text = plan(none, 0, 5);
  g_assert_cmpstr(text, ==, "");
}

static void
one_layer_holds_all(void)
{
  static const LayerPlanItem items[] = {{"b", 1}, {"c", 7}, {"a", 100}};
  g_autofree char *text = plan(items, 3, 1);
  g_assert_cmpstr(text, ==, "a+b+c");
}

static void
order_of_input_does_not_matter(void)
{
  LayerPlanItem items[N], reversed[N];
  make_items(items, N);
  for (guint i = 0; i < N; i++)
    reversed[i] = items[N - 1 - i];
  g_autofree char *a = plan(items, N, 12), *b = plan(reversed, N, 12);
  g_assert_cmpstr(a, ==, b);
}

static void
slight_growth_moves_nothing(void)
{
  LayerPlanItem items[N];
  make_items(items, N);
  g_autofree char *before = plan(items, N, 12);
  items[20].size += 5;
  g_autofree char *after = plan(items, N, 12);
  g_assert_cmpstr(before, ==, after);
}

/* How many layers of @a, as spelled, are not in @b. */
static guint
changed_layers(const char *a, const char *b)
{
  g_auto(GStrv) x = g_strsplit(a, "|", -1), y = g_strsplit(b, "|", -1);
  guint changed = 0;
  for (guint i = 0; x[i] != NULL; i++)
    changed += !g_strv_contains((const char *const *)y, x[i]);
  return changed;
}

static void
a_small_package_more_changes_one_layer(void)
{
  LayerPlanItem items[N + 1];
  make_items(items, N);
  items[N] = (LayerPlanItem){.name = "newcomer", .size = 500};
  g_autofree char *before = plan(items, N, 12), *after = plan(items, N + 1, 12);
  g_assert_cmpuint(changed_layers(before, after), ==, 1);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/layer-plan/own", each_its_own_where_there_is_room);
  g_test_add_func("/layer-plan/nothing", nothing_makes_no_layer);
  g_test_add_func("/layer-plan/one", one_layer_holds_all);
  g_test_add_func("/layer-plan/input-order", order_of_input_does_not_matter);
  g_test_add_func("/layer-plan/slight-growth", slight_growth_moves_nothing);
  g_test_add_func("/layer-plan/newcomer", a_small_package_more_changes_one_layer);
  return g_test_run();
}
