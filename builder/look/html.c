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

/* "<element name="value"", without its end. */
static void
begin_tag(Html *html, const char *element, va_list attributes)
{
  g_string_append_printf(html->out, "<%s", element);
  for (const char *name; (name = va_arg(attributes, const char *)) != NULL;) {
    const char *value = va_arg(attributes, const char *);
    if (value == NULL)
      continue;
    g_string_append_printf(html->out, " %s=\"", name);
    append_escaped(html->out, value);
    g_string_append_c(html->out, '"');
  }
}

void
html_open(Html *html, const char *element, ...)
{
  va_list attributes;
  va_start(attributes, element);
  begin_tag(html, element, attributes);
  va_end(attributes);
  g_string_append_c(html->out, '>');
  g_ptr_array_add(html->open, (gpointer)element);
}

void
html_close(Html *html)
{
  g_assert(html->open->len > 0);
  g_string_append_printf(html->out, "</%s>\n", (const char *)g_ptr_array_steal_index(html->open, html->open->len - 1));
}

void
html_void(Html *html, const char *element, ...)
{
  va_list attributes;
  va_start(attributes, element);
  begin_tag(html, element, attributes);
  va_end(attributes);
  g_string_append(html->out, "/>");
}

void
html_leaf(Html *html, const char *element, const char *text, ...)
{
  va_list attributes;
  va_start(attributes, text);
  begin_tag(html, element, attributes);
  va_end(attributes);
  g_string_append_c(html->out, '>');
  append_escaped(html->out, text);
  g_string_append_printf(html->out, "</%s>", element);
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
