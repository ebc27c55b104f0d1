/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/columns.h"

static guint
columns_of_char(gunichar c)
{
  return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

guint
columns_of(const char *text)
{
  guint columns = 0;
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at))
    columns += columns_of_char(g_utf8_get_char(at));
  return columns;
}

/* Appends whole characters, those that combine with the last one among them, as long as they fit. */
static guint
append_start(GString *out, const char *text, guint width)
{
  guint used = 0;
  const char *at = text;
  for (; *at != '\0'; at = g_utf8_next_char(at)) {
    guint columns = columns_of_char(g_utf8_get_char(at));
    if (used + columns > width)
      break;
    used += columns;
  }
  g_string_append_len(out, text, at - text);
  return used;
}

void
columns_append(GString *out, const char *text, guint width, gboolean pad)
{
  guint used = columns_of(text);
  if (used <= width)
    g_string_append(out, text);
  else if (width == 0)
    used = 0;
  else {
    used = append_start(out, text, width - 1) + 1;
    g_string_append(out, "…");
  }
  for (; pad && used < width; used++)
    g_string_append_c(out, ' ');
}
