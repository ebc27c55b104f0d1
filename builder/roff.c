/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/roff.h"

#include <string.h>

/* When the manual was last revised. Not the day of the build: the same sources make the same pages. */
#define REVISED "2026-11-25"

static const char *
escape_of(char c)
{
  switch (c) {
  case '\\':
    return "\\e";
  case '-':
    return "\\-";
  case '\'':
    return "\\(aq";
  case '"':
    return "\\(dq";
  case '~':
    return "\\(ti";
  case '^':
    return "\\(ha";
  case '`':
    return "\\(ga";
  default:
    return NULL;
  }
}

static void
append_escaped(GString *out, const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    const char *escape = escape_of(text[i]);
    if (escape != NULL)
      g_string_append(out, escape);
    else
      g_string_append_c(out, text[i]);
  }
}

/* A line that begins so would be a request. */
static void
guard_line(GString *out, const char *text)
{
  gboolean at_start = out->len == 0 || out->str[out->len - 1] == '\n';
  if (at_start && (*text == '.' || *text == '\''))
    g_string_append(out, "\\&");
}

void
roff_append_text(GString *out, const char *text)
{
  guard_line(out, text);
  append_escaped(out, text, strlen(text));
}

static void
append_in_font(GString *out, char font, const char *text, gsize length)
{
  g_string_append_printf(out, "\\f%c", font);
  append_escaped(out, text, length);
  g_string_append(out, "\\fR");
}

static gboolean
is_word(const char *text, gsize length, const char *const *words)
{
  for (; words != NULL && *words != NULL; words++)
    if (strlen(*words) == length && strncmp(*words, text, length) == 0)
      return TRUE;
  return FALSE;
}

/* The length of "ashlar-recipe(5)" at @text, 0 where no page is named. */
static gsize
reference_length(const char *text)
{
  gsize name = strspn(text, G_CSET_a_2_z "-_");
  return name > 0 && text[name] == '(' && g_ascii_isdigit(text[name + 1]) && text[name + 2] == ')' ? name + 3 : 0;
}

void
roff_append_prose(GString *out, const char *text, const char *const *words)
{
  guard_line(out, text);
  gboolean begins = TRUE; /* a word, that is */
  while (*text != '\0') {
    const char *end = begins && *text == '\'' ? strchr(text + 1, '\'') : NULL;
    gsize option = begins && g_str_has_prefix(text, "--") ? 2 + strspn(text + 2, G_CSET_a_2_z "-") : 0;
    gsize reference = begins ? reference_length(text) : 0;
    gsize capitals = begins ? strspn(text, G_CSET_A_2_Z) : 0;
    gsize length = 1;
    if (end != NULL) {
      append_in_font(out, 'B', text + 1, (gsize)(end - text) - 1);
      length = (gsize)(end - text) + 1;
    } else if (option > 2 || reference > 0) {
      append_in_font(out, 'B', text, length = MAX(option, reference));
    } else if (capitals > 0 && is_word(text, capitals, words)) {
      append_in_font(out, 'I', text, length = capitals);
    } else {
      append_escaped(out, text, 1);
    }
    begins = !g_ascii_isalnum(text[length - 1]) && text[length - 1] != '$' && text[length - 1] != '-';
    text += length;
  }
}

void
roff_append_title(GString *out, const char *name, int section)
{
  g_autofree char *capitals = g_ascii_strup(name, -1);
  g_string_append(out, ".TH ");
  roff_append_text(out, capitals);
  g_string_append_printf(out, " %d \"" REVISED "\" \"ashlar " ASHLAR_VERSION "\" \"ashlar\"\n", section);
  /* names of options and files are not broken, so that they can be searched for and copied */
  g_string_append(out, ".nh\n.ad l\n");
}
