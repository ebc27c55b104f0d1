/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/relation.h"
#include "signing/error.h"

#include <string.h>

static const Relation *
relation_at(GPtrArray *groups, guint group, guint alternative)
{
  return g_ptr_array_index((GPtrArray *)g_ptr_array_index(groups, group), alternative);
}

static void
groups_and_alternatives(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) groups = relation_parse("a (>= 1) | b:any,\n c (<<2:1~x-1),d:amd64 (= 1)", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(groups->len, ==, 3);
  g_assert_cmpuint(((GPtrArray *)groups->pdata[0])->len, ==, 2);
  const Relation *a = relation_at(groups, 0, 0), *b = relation_at(groups, 0, 1);
  g_assert_cmpstr(a->name, ==, "a");
  g_assert_cmpint(a->op, ==, RELATION_GE);
  g_assert_cmpstr(a->version, ==, "1");
  g_assert_null(a->qualifier);
  g_assert_cmpstr(b->qualifier, ==, "any");
  g_assert_cmpint(b->op, ==, RELATION_NONE);
  g_assert_null(b->version);
  g_assert_cmpstr(relation_at(groups, 1, 0)->version, ==, "2:1~x-1");
}

static void
nothing_gives_no_group(void)
{
  static const char *const fields[] = {"", "  ", ",", " , ,\n"};
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
    g_autoptr(GPtrArray) groups = relation_parse(fields[i], NULL);
    g_assert_nonnull(groups);
    g_assert_cmpuint(groups->len, ==, 0);
  }
}

static void
round_trip(void)
{
  static const char *const texts[] = {"libc6 (>= 2.34)", "python3:any", "g++",     "x:i386 (<< 1)",
                                      "y (= 1:2)",       "z (>> 3)",    "w (<= 3)"};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(GPtrArray) groups = relation_parse(texts[i], NULL);
    g_assert_nonnull(groups);
    g_autofree char *text = relation_to_string(relation_at(groups, 0, 0));
    g_assert_cmpstr(text, ==, texts[i]);
  }
}

static void
malformed_is_quoted(void)
{
  static const struct {
    const char *field, *quoted;
  } cases[] = {
    {"a, b c", "'b c'"},
    {"a (>= )", "'a (>= )'"},
    {"a (1)", "'a (1)'"},
    {"a (>= 1", "'a (>= 1'"},
    {"|a", "'|a'"},
    {"a |", "'a |'"},
    {"a | , b", "'a |'"},
    {"a:", "'a:'"},
    {"a (>= 1) x", "'a (>= 1) x'"},
    {"../a", "'../a'"},
    {"a [amd64]", "'a [amd64]'"},
    {"a\x1b[1m", "'a\\033[1m'"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(relation_parse(cases[i].field, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, cases[i].quoted));
  }
}

static void
versions_are_matched(void)
{
  static const struct {
    const char *relation, *version;
    gboolean matches;
  } cases[] = {
    {"a", "1", TRUE},          {"a (<< 2)", "1", TRUE},     {"a (<< 2)", "2", FALSE},
    {"a (<= 2)", "2", TRUE},   {"a (<= 2)", "2+b1", FALSE}, {"a (= 2)", "2-0", TRUE},
    {"a (= 2)", "2-1", FALSE}, {"a (>= 2)", "2~", FALSE},   {"a (>= 2)", "1:0", TRUE},
    {"a (>> 2)", "2", FALSE},  {"a (>> 2)", "2.1", TRUE},   {"a (< 2)", "2", TRUE},
    {"a (> 2)", "2", TRUE},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GPtrArray) groups = relation_parse(cases[i].relation, NULL);
    g_assert_nonnull(groups);
    g_assert_cmpint(relation_matches(relation_at(groups, 0, 0), cases[i].version), ==, cases[i].matches);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/relation/groups-and-alternatives", groups_and_alternatives);
  g_test_add_func("/relation/nothing", nothing_gives_no_group);
  g_test_add_func("/relation/round-trip", round_trip);
  g_test_add_func("/relation/malformed-is-quoted", malformed_is_quoted);
  g_test_add_func("/relation/versions", versions_are_matched);
  return g_test_run();
}
