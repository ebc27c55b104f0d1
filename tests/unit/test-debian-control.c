/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/control.h"
#include "builder/sources/debian/filter.h"
#include "signing/error.h"

#include <string.h>

static void
control_fields(void)
{
  static const char text[] = "Package: a \nDescription: short \n long\n .\n more\nX-Own:\n x\n\n";
  g_autoptr(GError) error = NULL;
  g_autoptr(DebianControl) control = debian_control_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(control->n_fields, ==, 3);
  g_assert_cmpstr(debian_control_get(control, "package"), ==, "a");
  g_assert_cmpstr(debian_control_get(control, "Description"), ==, "short \n long\n .\n more");
  g_assert_cmpstr(debian_control_get(control, "x-own"), ==, "\n x");
  g_assert_null(debian_control_get(control, "Version"));
  static const char *const bad[] = {" x: y", "Package", "A: 1\na: 2", ": x", "A: 1\n\nB: 2", "A B: 1"};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_assert_null(debian_control_parse(bad[i], strlen(bad[i]), &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_clear_error(&error);
  }
}

static void
filters(void)
{
  static const char *const exclude[] = {"/usr/share/doc/*", "/lib/firmware/*", "*/__pycache__", "/opt/[ab]?c", NULL},
                           *const include[] = {"/usr/share/doc/*/copyright", NULL};
  g_autoptr(DebianFilter) filter = debian_filter_new(exclude, include);
  g_autoptr(DebianFilter) none = debian_filter_new(NULL, NULL);
  static const struct {
    const char *path;
    gboolean excluded;
  } cases[] = {{"usr/share/doc/a/b", TRUE},  {"usr/share/doc", FALSE},        {"usr/share/doc/a/copyright", FALSE},
               {"usr/lib/firmware/x", TRUE}, {"usr/lib/x/__pycache__", TRUE}, {"opt/axc", TRUE},
               {"opt/cxc", FALSE},           {"usr/share/documents", FALSE},  {"usr/share/doc/a/copyright/x", TRUE}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_assert_true(debian_filter_excludes(filter, cases[i].path) == cases[i].excluded);
    g_assert_false(debian_filter_excludes(none, cases[i].path));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/debian-control/fields", control_fields);
  g_test_add_func("/debian-filter/globs", filters);
  return g_test_run();
}
