/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/html.h"
#include "builder/oci/printable.h"

#include <stdarg.h>
#include <string.h>

struct Html {
  GString *out;
  GPtrArray *open; /* names, constants; the innermost last */
};

Html *
html_new(void)
{
  Html *html = g_new0(Html, 1);
  html->out = g_string_new("<!doctype html>\n");
  html->open = g_ptr_array_new();
  return html;
}

void
html_free(Html *html)
{
  if (html->out != NULL)
    g_string_free(html->out, TRUE);
  g_ptr_array_unref(html->open);
  g_free(html);
}

static void
append_escaped(GString *out, const char *text)
{
  g_autofree char *shown = printable(text);
  for (const char *c = shown; *c != '\0'; c++)
    switch (*c) {
    case '&':
      g_string_append(out, "&amp;");
      break;
    case '<':
      g_string_append(out, "&lt;");
      break;
    case '>':
      g_string_append(out, "&gt;");
      break;
    case '"':
      g_string_append(out, "&quot;");
      break;
    default:
      g_string_append_c(out, *c);
    }
}

/* "<element name="value"", without its end; @attributes: pairs, then NULL. */
static void
begin_tag(Html *html, const char *element, const char *const *attributes)
{
  g_string_append_printf(html->out, "<%s", element);
  for (; attributes[0] != NULL; attributes += 2) {
    if (attributes[1] == NULL)
      continue;
    g_string_append_printf(html->out, " %s=\"", attributes[0]);
    append_escaped(html->out, attributes[1]);
    g_string_append_c(html->out, '"');
  }
}

void
html_open_element(Html *html, const char *const *words)
{
  begin_tag(html, words[0], words + 1);
  g_string_append_c(html->out, '>');
  g_ptr_array_add(html->open, (gpointer)words[0]);
}

void
html_close(Html *html)
{
  g_assert(html->open->len > 0);
  g_string_append_printf(html->out, "</%s>\n", (const char *)g_ptr_array_steal_index(html->open, html->open->len - 1));
}

void
html_void_element(Html *html, const char *const *words)
{
  begin_tag(html, words[0], words + 1);
  g_string_append(html->out, "/>");
}

void
html_leaf_element(Html *html, const char *const *words)
{
  begin_tag(html, words[0], words + 2);
  g_string_append_c(html->out, '>');
  append_escaped(html->out, words[1]);
  g_string_append_printf(html->out, "</%s>", words[0]);
}

void
html_text(Html *html, const char *text)
{
  append_escaped(html->out, text);
}

void
html_printf(Html *html, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  append_escaped(html->out, text);
}

void
html_verbatim(Html *html, const char *element, const char *text)
{
  g_assert(strstr(text, "</") == NULL && strstr(text, "<!--") == NULL);
  g_string_append_printf(html->out, "<%s>%s</%s>\n", element, text, element);
}

char *
html_finish(Html *html, gsize *length)
{
  g_assert(html->open->len == 0);
  *length = html->out->len;
  return g_string_free(g_steal_pointer(&html->out), FALSE);
}
