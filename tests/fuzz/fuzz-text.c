/* SPDX-License-Identifier: Apache-2.0
 *
 * Foreign text on its way to a terminal: whatever it is, what comes out is UTF-8 without control characters, and a URL is shown
 * without the password that it may hold.
 */
#include "builder/oci/printable.h"
#include "builder/recipe/source.h"
#include "builder/sources/fetch.h"
#include "builder/sources/url.h"
#include "tests/fuzz/fuzz.h"

static void
check(const char *shown, const char *allowed)
{
  g_assert(g_utf8_validate(shown, -1, NULL));
  for (const char *c = shown; *c != '\0'; c = g_utf8_next_char(c))
    g_assert(!g_unichar_iscntrl(g_utf8_get_char(c)) || strchr(allowed, *c) != NULL);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autofree char *text = fuzz_text(data, size);
  g_autofree char *octal = printable(text), *escaped = source_escape(text), *lines = source_escape_lines(text);
  check(octal, "");
  check(escaped, "");
  check(lines, "\n\t");
  g_autofree char *url = url_shown(text);
  check(url, "");
  g_autofree char *with_password = g_strconcat("https://user:secret@", text, NULL);
  g_autofree char *shown = url_shown(with_password);
  check(shown, "");
  g_assert(strstr(text, "secret") != NULL || strstr(shown, "secret") == NULL);
  return 0;
}
