/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/limit_option.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <locale.h>
#include <string.h>

static void
rows_are_whole(void)
{
  for (guint i = 0; i < LIMIT_N; i++) {
    const Limit *row = limits_row((LimitId)i);
    g_assert_nonnull(row->name);
    g_assert_cmpuint(row->standard, >, 0);
    g_assert_cmpuint(row->standard, <=, row->most);
    g_assert_true(g_str_has_suffix(row->about, "."));
    g_assert_cmpuint(limits_get((LimitId)i), ==, row->standard);
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr(row->name, !=, limits_row((LimitId)j)->name);
  }
}

static void
settings_are_taken(void)
{
  static const char *const settings[] = {"unpacked=1G", "members=5k", "path=9", NULL};
  g_autoptr(GError) error = NULL;
  g_assert_true(limit_option_apply(" ratio=3, unpacked=7 ,,", settings, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(limits_get(LIMIT_RATIO), ==, 3);
  g_assert_cmpuint(limits_get(LIMIT_UNPACKED), ==, 1 << 30);
  g_assert_cmpuint(limits_get(LIMIT_MEMBERS), ==, 5000);
  g_assert_cmpuint(limits_get(LIMIT_PATH), ==, 9);
  g_assert_true(limit_option_apply(NULL, NULL, &error));
}

static void
settings_are_refused(void)
{
  static const struct {
    const char *setting, *words;
  } cases[] = {
    {"unpakced=1G", "--limit: there is no limit 'unpakced'\nhint: did you mean 'unpacked'?"},
    {"=1", "there is no limit ''\nhint: 'ashlar limits' lists them"},
    {"a\033b=1", "there is no limit 'a\\033b'"},
    {"unpacked", "the limit 'unpacked' cannot be '': it takes a number from 1 to 1024 TiB, as in 128G"},
    {"unpacked=", "cannot be ''"},
    {"unpacked=0", "cannot be '0'"},
    {"unpacked=-1", "cannot be '-1'"},
    {"unpacked=+1", "cannot be '+1'"},
    {"unpacked=1.5G", "cannot be '1.5G'"},
    {"unpacked=1GB", "cannot be '1GB'"},
    {"unpacked=G", "cannot be 'G'"},
    {"unpacked=99999999T", "cannot be '99999999T'"},
    {"unpacked=18446744073709551616", "cannot be"},
    {"unpacked=18446744073709551615K", "cannot be"},
    {"path=64K", "the limit 'path' cannot be '64K': it takes a number from 1 to 65535 bytes"},
    {"index-depth=9", "the limit 'index-depth' cannot be moved"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    const char *const settings[] = {cases[i].setting, NULL};
    g_autoptr(GError) error = NULL;
    g_assert_false(limit_option_apply(NULL, settings, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
    if (strstr(error->message, cases[i].words) == NULL)
      g_error("'%s' does not tell '%s'", error->message, cases[i].words);
  }
  g_autoptr(GError) error = NULL;
  g_assert_false(limit_option_apply("ratio=x", NULL, &error));
  g_assert_cmpstr(error->message, ==, "ASHLAR_LIMITS: the limit 'ratio' cannot be 'x': it takes a number from 1 to 1000000000");
}

static void
refusals_tell_how_to_go_on(void)
{
  g_autoptr(GError) error = NULL;
  g_assert_true(limits_set(LIMIT_LAYERS, 3));
  g_assert_false(limits_refuse(LIMIT_LAYERS, &error, "image '%s'", "x"));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_cmpstr(error->message, ==,
                  "image 'x': more than 3 layers (limit 'layers')\n"
                  "hint: '--limit layers=6' allows more, where it can be trusted");
  g_clear_error(&error);
  g_assert_true(limits_set(LIMIT_KEY, 1 << 20));
  g_assert_false(limits_exceed(LIMIT_KEY, &error));
  g_assert_cmpstr(error->message, ==,
                  "a key larger than 1 MiB (limit 'key')\nhint: '--limit key=2M' allows more, where it can be trusted");
  g_clear_error(&error);
  g_assert_true(limits_set(LIMIT_KEY, limits_row(LIMIT_KEY)->most));
  g_assert_false(limits_exceed(LIMIT_KEY, &error));
  g_assert_cmpstr(error->message, ==, "a key larger than 16 MiB (limit 'key')");
}

static void
content_is_weighed(void)
{
  LimitId exceeded;
  g_assert_true(limits_set(LIMIT_UNPACKED, 10000) && limits_set(LIMIT_RATIO, 10) && limits_set(LIMIT_RATIO_FREE, 100));
  g_assert_true(limits_allow_content(100, 0, &exceeded));
  g_assert_false(limits_allow_content(101, 0, &exceeded));
  g_assert_cmpint(exceeded, ==, LIMIT_RATIO);
  g_assert_true(limits_allow_content(10000, 1000, &exceeded));
  g_assert_false(limits_allow_content(10001, 100000, &exceeded));
  g_assert_cmpint(exceeded, ==, LIMIT_UNPACKED);
  g_assert_false(limits_allow_content(G_MAXUINT64, G_MAXUINT64, &exceeded));
}

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
  /* first: the others move them */
  g_test_add_func("/limits/rows", rows_are_whole);
  g_test_add_func("/limits/settings", settings_are_taken);
  g_test_add_func("/limits/refused-settings", settings_are_refused);
  g_test_add_func("/limits/refusals", refusals_tell_how_to_go_on);
  g_test_add_func("/limits/content", content_is_weighed);
  return g_test_run();
}
