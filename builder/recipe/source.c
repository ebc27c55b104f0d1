/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/source.h"
#include "signing/document.h"
#include "signing/error.h"

#include <string.h>

/* An excerpt shows about this many characters, with the caret inside. */
#define EXCERPT_WIDTH 120
#define EXCERPT_BEFORE 60

char *
source_read(const char *path, gsize *length, GError **error)
{
  GError *problem = NULL;
  g_autoptr(GBytes) bytes = document_read(path, LIMIT_RECIPE, &problem);
  if (bytes == NULL) {
    gboolean usage = g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_propagate_prefixed_error(error, problem, "cannot read the recipe: ");
    if (usage && error != NULL)
      (*error)->code = ASHLAR_ERROR_USAGE;
    return NULL;
  }
  gsize size;
  const char *text = g_bytes_get_data(bytes, &size);
  gsize mark = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  *length = size - mark;
  return g_memdup2(text + mark, *length + 1);
}

const char *
source_skip_break(const char *text)
{
  if (text[0] == '\r' && text[1] == '\n')
    return text + 2;
  if (text[0] == '\r' || text[0] == '\n')
    return text + 1;
  if (text[0] == '\xc2' && text[1] == '\x85')
    return text + 2;
  if (g_str_has_prefix(text, "\xe2\x80\xa8") || g_str_has_prefix(text, "\xe2\x80\xa9"))
    return text + 3;
  return text;
}

/* ---- showing ---- */

static gboolean
is_hidden(gunichar c)
{
  /* bidirectional overrides and the like would let a recipe rewrite what the report seems to say */
  GUnicodeType type = g_unichar_type(c);
  return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR ||
         type == G_UNICODE_PARAGRAPH_SEPARATOR || type == G_UNICODE_UNASSIGNED || type == G_UNICODE_PRIVATE_USE;
}

static void
append_escaped(GString *out, gunichar c)
{
  if (c == '\n')
    g_string_append(out, "\\n");
  else if (c == '\t')
    g_string_append(out, "\\t");
  else if (c < 0x100)
    g_string_append_printf(out, "\\x%02x", c);
  else
    g_string_append_printf(out, "\\u{%x}", c);
}

static char *
escape_but(const char *text, const char *kept)
{
  GString *out = g_string_new(NULL);
  while (*text != '\0') {
    gunichar c = g_utf8_get_char_validated(text, -1);
    if (c == (gunichar)-1 || c == (gunichar)-2) {
      g_string_append_printf(out, "\\x%02x", (guint8)*text++);
      continue;
    }
    if (is_hidden(c) && (c >= 0x80 || strchr(kept, (int)c) == NULL))
      append_escaped(out, c);
    else
      g_string_append_unichar(out, c);
    text = g_utf8_next_char(text);
  }
  return g_string_free(out, FALSE);
}

char *
source_escape(const char *text)
{
  return escape_but(text, "");
}

char *
source_escape_lines(const char *text)
{
  return escape_but(text, "\n\t");
}

static const char *
find_line(const char *text, guint line)
{
  for (guint at = 1; at < line; at++) {
    const char *next;
    while ((next = source_skip_break(text)) == text && *text != '\0')
      text++;
    if (*text == '\0')
      return NULL;
    text = next;
  }
  return text;
}

/* Appends what stands for @c in the line, and as much blank in the line below where @blank is not NULL. */
static void
append_cell(GString *line, GString *blank, gunichar c)
{
  if (c == '\t') {
    g_string_append_c(line, '\t');
    if (blank != NULL)
      g_string_append_c(blank, '\t');
    return;
  }
  gsize before = line->len;
  gsize width;
  if (is_hidden(c)) {
    append_escaped(line, c);
    width = line->len - before;
  } else {
    g_string_append_unichar(line, c);
    width = g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
  }
  for (gsize i = 0; blank != NULL && i < width; i++)
    g_string_append_c(blank, ' ');
}

/* One character of @text, or one byte that is none; moves @text on. */
static gunichar
next_cell(const char **text)
{
  gunichar c = g_utf8_get_char_validated(*text, -1);
  if (c == (gunichar)-1 || c == (gunichar)-2) {
    (*text)++;
    return 0xfffd;
  }
  *text = g_utf8_next_char(*text);
  return c;
}

void
source_append_excerpt(GString *out, const RecipePlace *place)
{
  gsize length;
  g_autofree char *text = place->line > 0 ? source_read(place->file, &length, NULL) : NULL;
  const char *at = text != NULL ? find_line(text, place->line) : NULL;
  if (at == NULL)
    return;
  guint start = place->column > EXCERPT_WIDTH ? place->column - EXCERPT_BEFORE : 1;
  g_autoptr(GString) line = g_string_new(start > 1 ? "..." : "");
  g_autoptr(GString) blank = g_string_new(start > 1 ? "   " : "");
  guint column = 1;
  for (; *at != '\0' && source_skip_break(at) == at && column < start + EXCERPT_WIDTH; column++) {
    gunichar c = next_cell(&at);
    if (column >= start)
      append_cell(line, column < place->column ? blank : NULL, c);
  }
  if (*at != '\0' && source_skip_break(at) == at)
    g_string_append(line, "...");
  int digits = MAX(3, g_snprintf((char[16]){0}, 16, "%u", place->line));
  g_string_append_printf(out, "%*u | %s\n%*s | %s^\n", digits, place->line, line->str, digits, "", blank->str);
}
