/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/printable.h"

#include <string.h>

char *
printable(const char *text)
{
  GString *out = g_string_new(NULL);
  while (text != NULL && *text != '\0') {
    gunichar c = g_utf8_get_char_validated(text, -1);
    gboolean valid = c != (gunichar)-1 && c != (gunichar)-2;
    gsize length = valid ? (gsize)g_unichar_to_utf8(c, NULL) : 1;
    if (valid && c == '\\')
      g_string_append(out, "\\\\");
    else if (valid && g_unichar_isprint(c))
      g_string_append_len(out, text, (gssize)length);
    else
      for (gsize i = 0; i < length; i++)
        g_string_append_printf(out, "\\%03o", (guchar)text[i]);
    text += length;
  }
  return g_string_free(out, FALSE);
}
