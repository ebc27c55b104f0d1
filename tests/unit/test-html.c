/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/html.h"

#include <string.h>

static void
assert_page(Html *html, const char *expected)
{
  gsize length;
  g_autofree char *page = html_finish(html, &length);
  g_assert_cmpstr(page, ==, expected);
  g_assert_cmpuint(length, ==, strlen(expected));
}

static void
elements_nest(void)
{
  g_autoptr(Html) html = html_new();
  html_open(html, "ul", "id", "list", "class", NULL, "hidden", "");
  html_leaf(html, "li", "one", "title", "first");
  html_leaf(html, "li", NULL);
  html_void(html, "rect", "x", "1");
  html_printf(html, "%d", 2);
  html_close(html);
  assert_page(html,
              "<!doctype html>\n<ul id=\"list\" hidden=\"\"><li title=\"first\">one</li><li></li><rect x=\"1\"/>2</ul>\n");
}

static void
names_cannot_become_markup(void)
{
  g_autoptr(Html) html = html_new();
  html_leaf(html, "td", "<script>alert('1')</script>&amp;", "title", "\"><img src=x onerror=\"alert(1)");
  assert_page(html, "<!doctype html>\n<td title=\"&quot;&gt;&lt;img src=x onerror=&quot;alert(1)\">"
                    "&lt;script&gt;alert('1')&lt;/script&gt;&amp;amp;</td>");
}

static void
what_cannot_be_printed_is_escaped(void)
{
  g_autoptr(Html) html = html_new();
  /* an escape sequence, a newline, Latin-1, half a character, an override of direction, a backslash */
  html_text(html, "\033[2J\n\xe4 \xc3");
  html_leaf(html, "p", "\xe2\x80\xae a\\b \xc3\xa4", "title", "\x01");
  assert_page(html, "<!doctype html>\n\\033[2J\\012\\344 \\303<p title=\"\\001\">\\342\\200\\256 a\\\\b \xc3\xa4</p>");
}

static void
a_script_stands_as_it_is(void)
{
  g_autoptr(Html) html = html_new();
  html_verbatim(html, "script", "if (a < b && c) d();\n");
  assert_page(html, "<!doctype html>\n<script>if (a < b && c) d();\n</script>\n");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/html/elements-nest", elements_nest);
  g_test_add_func("/html/names-cannot-become-markup", names_cannot_become_markup);
  g_test_add_func("/html/what-cannot-be-printed-is-escaped", what_cannot_be_printed_is_escaped);
  g_test_add_func("/html/a-script-stands-as-it-is", a_script_stands_as_it_is);
  return g_test_run();
}
