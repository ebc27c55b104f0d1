/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/control.h"
#include "builder/sources/debian/filter.h"
#include "builder/sources/debian/script.h"
#include "signing/error.h"

#include <string.h>

/* The commands as "word|word" (a '?' in front of those that cannot be read, '=' of definitions), joined by " ; ". */
static void
assert_commands(const char *script, const char *expected)
{
  g_autoptr(GPtrArray) commands = debian_script_parse(script);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < commands->len; i++) {
    const DebianCommand *command = commands->pdata[i];
    g_autofree char *words = g_strjoinv("|", command->words);
    g_string_append_printf(text, "%s%s%s%s", i > 0 ? " ; " : "", command->readable ? "" : "?", command->defines ? "=" : "",
                           words);
  }
  g_assert_cmpstr(text->str, ==, expected);
}

static void
words_and_quotes(void)
{
  assert_commands("a 'b c' \"d e\" f\\ g # h\n", "a|b c|d e|f g");
  assert_commands("a b \\\n  --slave c \\\n d\n", "a|b|--slave|c|d");
  assert_commands("if ! a; then b || true; fi", "a ; b ; true");
  assert_commands("a ''", "a|");
  assert_commands("a >/dev/null 2>&1 b >>c <d", "a|b");
  assert_commands("a$(b `c` (d))e f", "?$|f");
  assert_commands("", "");
}

static void
variables(void)
{
  assert_commands("X=1\nY=\"$X/2\"\na $X ${Y} \"$X$Y\"", "a|1|1/2|11/2");
  assert_commands("a $X", "?a|$");
  assert_commands("X=1; X=2; a $X", "?a|$");
  assert_commands("a $X b", "?a|$|b");
  assert_commands("a \"$DPKG_ROOT/x\" ${Y:-z}", "?a|/x|$");
  assert_commands("X= ; a $X b", "a|b");
}

static void
compounds(void)
{
  assert_commands("case \"$1\" in\n configure|x) a;;\n *) b;;\nesac", "?case|$|in ; configure ; a ; b ; esac");
  assert_commands("f() {\n a\n}\nf", "=f ; a ; f");
  assert_commands("cat <<EOF\nupdate-alternatives --install x\nEOF\na", "cat ; a");
  assert_commands("cat <<-'E'\n\tx\n\tE\na", "cat ; a");
  assert_commands("(a; b) | c & d", "a ; b ; c ; d");
}

static void
hostile_scripts_end(void)
{
  static const char *const scripts[] = {"'",        "\"",   "`",    "$",   "${",  "$(",       "a\\", "<<",  "<<X",
                                        "a <<X\nb", "((((", "))))", "\"$", "`\\", "\x01\xff", "2>",  "${a", "$("};
  for (guint i = 0; i < G_N_ELEMENTS(scripts); i++)
    g_ptr_array_unref(debian_script_parse(scripts[i]));
  g_autofree char *deep = g_strnfill(100000, '(');
  g_ptr_array_unref(debian_script_parse(deep));
}

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
  g_test_add_func("/debian-script/words", words_and_quotes);
  g_test_add_func("/debian-script/variables", variables);
  g_test_add_func("/debian-script/compounds", compounds);
  g_test_add_func("/debian-script/hostile", hostile_scripts_end);
  g_test_add_func("/debian-control/fields", control_fields);
  g_test_add_func("/debian-filter/globs", filters);
  return g_test_run();
}
