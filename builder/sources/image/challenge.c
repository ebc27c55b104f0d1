/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/image/challenge.h"

#include <string.h>

void
challenge_clear(Challenge *challenge)
{
  g_clear_pointer(&challenge->realm, g_free);
  g_clear_pointer(&challenge->service, g_free);
  g_clear_pointer(&challenge->scope, g_free);
}

/* A token, or text in quotes, at *@at, which is moved behind it (transfer full). */
static char *
take_value(const char **at)
{
  GString *value = g_string_new(NULL);
  if (**at != '"') {
    gsize length = strcspn(*at, ", \t");
    g_string_append_len(value, *at, (gssize)length);
    *at += length;
    return g_string_free(value, FALSE);
  }
  for ((*at)++; **at != '\0' && **at != '"'; (*at)++) {
    if (**at == '\\' && (*at)[1] != '\0')
      (*at)++;
    g_string_append_c(value, **at);
  }
  *at += **at == '"';
  return g_string_free(value, FALSE);
}

static void
take_parameters(const char *at, Challenge *out)
{
  struct {
    const char *name;
    char **value;
  } known[] = {{"realm", &out->realm}, {"service", &out->service}, {"scope", &out->scope}};
  while (*(at += strspn(at, ", \t")) != '\0') {
    gsize length = strcspn(at, "=, \t");
    g_autofree char *name = g_strndup(at, length);
    at += length;
    if (*at != '=') /* another scheme in the same header */
      return;
    at++;
    g_autofree char *value = take_value(&at);
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
      if (g_ascii_strcasecmp(name, known[i].name) == 0 && *known[i].value == NULL)
        *known[i].value = g_steal_pointer(&value);
  }
}

void
challenge_parse(const char *lines, Challenge *out)
{
  *out = (Challenge){0};
  g_auto(GStrv) headers = g_strsplit(lines, "\n", -1);
  for (guint i = 0; headers[i] != NULL; i++) {
    const char *at = headers[i] + strspn(headers[i], " \t");
    if (g_ascii_strncasecmp(at, "Bearer ", 7) == 0) {
      challenge_clear(out);
      out->kind = CHALLENGE_BEARER;
      take_parameters(at + 7, out);
      return;
    }
    if (g_ascii_strncasecmp(at, "Basic", 5) == 0 && (at[5] == ' ' || at[5] == '\0'))
      out->kind = CHALLENGE_BASIC;
  }
}
