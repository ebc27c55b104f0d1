/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/version.h"

#include <gio/gio.h>
#include <string.h>

static int
sign(int number)
{
  return (number > 0) - (number < 0);
}

static void
vectors(void)
{
  static const struct {
    const char *a, *b;
    int order;
  } cases[] = {
    {"1.0~rc1", "1.0", -1},
    {"1.0", "1.0+b1", -1},
    {"1:0.1", "2.0", 1},
    {"1.02", "1.2", 0},
    {"1.0~~", "1.0~", -1},
    {"2.0.a", "2.0b", 1},
    {"1.0-0", "1.0", 0},
    {"0:1", "1", 0},
    {"1.0+b1", "1.0.1", -1},
    {"1.2-3", "1.2", 1},
    {"1.0.", "1.0-1", 1},
    {"", "", 0},
    {"", "~", 1},
    {"a", "", 1},
    {"00", "0", 0},
    {"99999999999999999999999999", "100000000000000000000000000", -1},
    {"1-2-3", "1-2", 1},
    {"1:", ":1", 1},
    {"\xff", "\x01", 1},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_assert_cmpint(sign(debian_version_compare(cases[i].a, cases[i].b)), ==, cases[i].order);
    g_assert_cmpint(sign(debian_version_compare(cases[i].b, cases[i].a)), ==, -cases[i].order);
  }
}

/* A version as dpkg accepts it: begins with a digit, has few kinds of characters so that many are nearly equal. */
static char *
random_version(GRand *random)
{
  static const char alphabet[] = "0012ab~+.";
  GString *text = g_string_new(NULL);
  if (g_rand_int_range(random, 0, 4) == 0)
    g_string_append_printf(text, "%d:", g_rand_int_range(random, 0, 2));
  g_string_append_c(text, (char)('0' + g_rand_int_range(random, 0, 3)));
  for (int n = g_rand_int_range(random, 0, 6); n > 0; n--)
    g_string_append_c(text, alphabet[g_rand_int_range(random, 0, (gint32)strlen(alphabet))]);
  if (g_rand_int_range(random, 0, 2) == 0) {
    g_string_append_c(text, '-');
    for (int n = g_rand_int_range(random, 1, 4); n > 0; n--)
      g_string_append_c(text, alphabet[g_rand_int_range(random, 0, (gint32)strlen(alphabet))]);
  }
  return g_string_free(text, FALSE);
}

/* One shell asks dpkg about all pairs. */
static void
agrees_with_dpkg(void)
{
  g_autofree char *dpkg = g_find_program_in_path("dpkg");
  if (dpkg == NULL) {
    g_test_skip("dpkg is not installed");
    return;
  }
  g_autoptr(GRand) random = g_rand_new_with_seed(1);
  g_autoptr(GString) script = g_string_new(NULL);
  for (int i = 0; i < 300; i++) {
    g_autofree char *a = random_version(random);
    g_autofree char *b = random_version(random);
    int order = sign(debian_version_compare(a, b));
    const char *op = order < 0 ? "lt" : order > 0 ? "gt" : "eq";
    g_string_append_printf(script, "dpkg --compare-versions '%s' %s '%s' || echo '%s %s %s'\n", a, op, b, a, op, b);
  }
  g_autoptr(GError) error = NULL;
  g_autofree char *output = NULL;
  char *argv[] = {(char *)"/bin/sh", (char *)"-c", script->str, NULL};
  g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, NULL, &error));
  g_assert_no_error(error);
  g_assert_cmpstr(output, ==, "");
}

/* Sorting needs an order: what is compared must not depend on which is left, nor go in circles. */
static void
is_an_order(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(2);
  for (int i = 0; i < 3000; i++) {
    g_autofree char *a = random_version(random);
    g_autofree char *b = random_version(random);
    g_autofree char *c = random_version(random);
    int ab = debian_version_compare(a, b), bc = debian_version_compare(b, c), ac = debian_version_compare(a, c);
    g_assert_cmpint(sign(ab), ==, -sign(debian_version_compare(b, a)));
    if (ab <= 0 && bc <= 0)
      g_assert_cmpint(ac, <=, 0);
    if (ab >= 0 && bc >= 0)
      g_assert_cmpint(ac, >=, 0);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/debian-version/vectors", vectors);
  g_test_add_func("/debian-version/agrees-with-dpkg", agrees_with_dpkg);
  g_test_add_func("/debian-version/is-an-order", is_an_order);
  return g_test_run();
}
