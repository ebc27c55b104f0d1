/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/annotate.h"

static void
check(const char *report, const char *root, const char *expected)
{
  g_autofree char *lines = annotate_report(report, root);
  g_assert_cmpstr(lines, ==, expected);
}

static void
test_places(void)
{
  check("web.yaml:12:3: error: unknown key 'package' in 'debian'\n"
        " 12 |   package: [nginx]\n"
        "    |   ^\n"
        "hint: did you mean 'packages'?\n"
        "web.yaml:14:1: warning: 'x' is old\n"
        " 14 | x:1:2: error: y\n"
        "    | ^",
        NULL,
        "::error file=web.yaml,line=12,col=3::unknown key 'package' in 'debian'%0Ahint: did you mean 'packages'?\n"
        "::warning file=web.yaml,line=14,col=1::'x' is old\n");
}

static void
test_no_line(void)
{
  check("web.yaml: error: it is empty", NULL, "::error file=web.yaml::it is empty\n");
}

static void
test_no_place(void)
{
  check("package 'x': 404\nhint: try again", NULL, "::error title=ashlar::package 'x': 404%0Ahint: try again\n");
  check("", NULL, "");
}

static void
test_escapes(void)
{
  check("a,b:c%.yaml:1:2: error: 100 % :: a,b\r", NULL, "::error file=a%2Cb%3Ac%25.yaml,line=1,col=2::100 %25 :: a,b%0D\n");
}

static void
test_root(void)
{
  check("/src/images/web.yaml:1:2: error: x", "/src", "::error file=images/web.yaml,line=1,col=2::x\n");
  check("/other/web.yaml:1:2: error: x", "/src", "::error file=/other/web.yaml,line=1,col=2::x\n");
  check("/srcs/web.yaml:1:2: error: x", "/src", "::error file=/srcs/web.yaml,line=1,col=2::x\n");
  g_autofree char *here = g_get_current_dir(), *above = g_path_get_dirname(here), *name = g_path_get_basename(here);
  g_autofree char *expected = g_strdup_printf("::error file=%s/web.yaml,line=1,col=2::x\n", name);
  check("web.yaml:1:2: error: x", above, expected);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/annotate/places", test_places);
  g_test_add_func("/annotate/a-file-as-a-whole", test_no_line);
  g_test_add_func("/annotate/no-place", test_no_place);
  g_test_add_func("/annotate/escapes", test_escapes);
  g_test_add_func("/annotate/below-the-workspace", test_root);
  return g_test_run();
}
