/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/layer_plan.h"
#include "signing/digest.h"

#include <string.h>

static guint
size_class(guint64 size)
{
  return g_bit_storage((gulong)size);
}

static gint
compare_names(gconstpointer a, gconstpointer b, gpointer data)
{
  const LayerPlanItem *items = data;
  return strcmp(items[*(const guint *)a].name, items[*(const guint *)b].name);
}

/* The largest first; equals by name. */
static gint
compare_sizes(gconstpointer a, gconstpointer b, gpointer data)
{
  const LayerPlanItem *items = data;
  guint x = size_class(items[*(const guint *)a].size), y = size_class(items[*(const guint *)b].size);
  return x != y ? (x > y ? -1 : 1) : compare_names(a, b, data);
}

/* A hash that is the same everywhere and for ever. */
static guint
name_bin(const char *name, guint bins)
{
  g_assert(bins > 0);
  Digest digest;
  digest_of(name, strlen(name), &digest);
  guint value = (guint)digest.bytes[0] << 16 | (guint)digest.bytes[1] << 8 | digest.bytes[2];
  return value % bins;
}

static void
add_layer(GPtrArray *layers)
{
  g_ptr_array_add(layers, g_array_new(FALSE, FALSE, sizeof(guint)));
}

static void
drop_empty(GPtrArray *layers)
{
  for (guint i = layers->len; i-- > 0;)
    if (((GArray *)layers->pdata[i])->len == 0)
      g_ptr_array_remove_index(layers, i);
}

GPtrArray *
layer_plan(const LayerPlanItem *items, guint n, guint most)
{
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  g_autofree guint *order = g_new(guint, MAX(n, 1));
  for (guint i = 0; i < n; i++)
    order[i] = i;
  guint own = n <= most ? n : most * 2 / 3;
  g_qsort_with_data(order, (gint)n, sizeof(guint), compare_sizes, (gpointer)items);
  g_qsort_with_data(order, (gint)own, sizeof(guint), compare_names, (gpointer)items);
  for (guint i = 0; i < own; i++) {
    add_layer(layers);
    g_array_append_val((GArray *)layers->pdata[i], order[i]);
  }
  if (own == n)
    return layers;

  guint bins = most - own;
  for (guint i = 0; i < bins; i++)
    add_layer(layers);
  g_qsort_with_data(order + own, (gint)(n - own), sizeof(guint), compare_names, (gpointer)items);
  for (guint i = own; i < n; i++)
    g_array_append_val((GArray *)layers->pdata[own + name_bin(items[order[i]].name, bins)], order[i]);
  drop_empty(layers);
  return layers;
}
