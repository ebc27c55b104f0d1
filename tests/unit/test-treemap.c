/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/treemap.h"

#include <stdlib.h>

#define SIDE 40

static gboolean
overlap(const TreemapRect *a, const TreemapRect *b)
{
  return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height;
}

/* Inside @area, apart from each other, together as large as it, and each as large as its weight says: edges are rounded twice (a
 * row's and a cell's), so an area is off by its outline, and a row's rounding is handed on to the rest. */
static void
check(const guint64 *weights, guint n, TreemapRect area)
{
  g_autofree TreemapRect *rects = g_new(TreemapRect, n);
  treemap_squarify(weights, n, area, rects);
  guint64 sum = 0;
  for (guint i = 0; i < n; i++)
    sum += weights[i];
  double whole = 0;
  for (guint i = 0; i < n; i++) {
    const TreemapRect *rect = &rects[i];
    g_assert_cmpuint(rect->x, >=, area.x);
    g_assert_cmpuint(rect->y, >=, area.y);
    g_assert_cmpuint(rect->x + rect->width, <=, area.x + area.width);
    g_assert_cmpuint(rect->y + rect->height, <=, area.y + area.height);
    double is = (double)rect->width * rect->height;
    double should = (double)area.width * area.height * ((double)weights[i] / (double)sum);
    g_assert_cmpfloat(ABS(is - should), <=, 2.0 * (rect->width + rect->height + 1));
    whole += is;
    for (guint k = 0; k < i; k++)
      g_assert_false(overlap(rect, &rects[k]));
  }
  g_assert_cmpfloat(whole, ==, (double)area.width * area.height);
}

static void
as_in_the_paper(void)
{
  /* section 3.1 and figure 4: 6 x 4 divided by 6, 6, 4, 3, 2, 2, 1 */
  static const guint64 weights[] = {6, 6, 4, 3, 2, 2, 1};
  static const TreemapRect expected[] = {{0, 0, 300, 200},     {0, 200, 300, 200},   {300, 0, 171, 233}, {471, 0, 129, 233},
                                         {300, 233, 120, 167}, {420, 233, 120, 167}, {540, 233, 60, 167}};
  TreemapRect rects[G_N_ELEMENTS(weights)];
  treemap_squarify(weights, G_N_ELEMENTS(weights), (TreemapRect){0, 0, 600, 400}, rects);
  for (guint i = 0; i < G_N_ELEMENTS(weights); i++) {
    g_assert_cmpint(abs((int)rects[i].x - (int)expected[i].x), <=, 1);
    g_assert_cmpint(abs((int)rects[i].y - (int)expected[i].y), <=, 1);
    g_assert_cmpint(abs((int)rects[i].width - (int)expected[i].width), <=, 1);
    g_assert_cmpint(abs((int)rects[i].height - (int)expected[i].height), <=, 1);
  }
  check(weights, G_N_ELEMENTS(weights), (TreemapRect){0, 0, 600, 400});
}

static int
heavier_first(const void *a, const void *b)
{
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return x > y ? -1 : x < y;
}

static void
areas_are_as_weights(void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed(42);
  for (guint round = 0; round < 200; round++) {
    guint n = (guint)g_rand_int_range(rand, 1, 80), bits = (guint)g_rand_int_range(rand, 1, 57);
    g_autofree guint64 *weights = g_new(guint64, n);
    for (guint i = 0; i < n; i++)
      weights[i] = 1 + ((((guint64)g_rand_int(rand) << 32) | g_rand_int(rand)) >> (64 - bits));
    qsort(weights, n, sizeof *weights, heavier_first);
    TreemapRect area = {(guint)g_rand_int_range(rand, 0, 1000), (guint)g_rand_int_range(rand, 0, 1000),
                        (guint)g_rand_int_range(rand, 1, TREEMAP_SIDE_MAX + 1),
                        (guint)g_rand_int_range(rand, 1, TREEMAP_SIDE_MAX + 1)};
    check(weights, n, area);
  }
}

static void
cells_are_nearly_square(void)
{
  guint64 weights[100];
  TreemapRect rects[100];
  for (guint i = 0; i < 100; i++)
    weights[i] = 1000 - i;
  treemap_squarify(weights, 100, (TreemapRect){0, 0, 16000, 9000}, rects);
  for (guint i = 0; i < 100; i++) {
    g_assert_cmpuint(rects[i].width, <, 3 * rects[i].height);
    g_assert_cmpuint(rects[i].height, <, 3 * rects[i].width);
  }
}

static void
weightless_parts_are_empty(void)
{
  static const guint64 weights[] = {9, 3, 0, 0};
  TreemapRect rects[4];
  treemap_squarify(weights, 4, (TreemapRect){5, 6, SIDE, SIDE}, rects);
  g_assert_cmpuint(rects[0].width * rects[0].height + rects[1].width * rects[1].height, ==, SIDE * SIDE);
  for (guint i = 2; i < 4; i++)
    g_assert_cmpuint(rects[i].width * rects[i].height, ==, 0);

  static const guint64 nothing[] = {0, 0};
  treemap_squarify(nothing, 2, (TreemapRect){0, 0, SIDE, SIDE}, rects);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint(rects[i].width * rects[i].height, ==, 0);
  treemap_squarify(NULL, 0, (TreemapRect){0, 0, SIDE, SIDE}, rects);
}

static void
an_area_without_room(void)
{
  static const guint64 weights[] = {G_MAXUINT64 >> 2, 5, 1};
  TreemapRect rects[3];
  treemap_squarify(weights, 3, (TreemapRect){3, 4, SIDE, 0}, rects);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint(rects[i].height * rects[i].width, ==, 0);
  check(weights, 3, (TreemapRect){0, 0, TREEMAP_SIDE_MAX, TREEMAP_SIDE_MAX});
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/treemap/as-in-the-paper", as_in_the_paper);
  g_test_add_func("/treemap/areas-are-as-weights", areas_are_as_weights);
  g_test_add_func("/treemap/cells-are-nearly-square", cells_are_nearly_square);
  g_test_add_func("/treemap/weightless-parts-are-empty", weightless_parts_are_empty);
  g_test_add_func("/treemap/an-area-without-room", an_area_without_room);
  return g_test_run();
}
