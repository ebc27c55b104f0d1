/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/url.h"

#include <glib.h>
#include <string.h>

char *
url_shown(const char *url)
{
  const char *colon = strstr(url, "://");
  const char *host = colon != NULL ? colon + 3 : url;
  gsize authority = strcspn(host, "/?#");
  const char *at = colon != NULL ? g_strrstr_len(host, (gssize)authority, "@") : NULL;
  const char *rest = at != NULL ? at + 1 : host;
  g_autofree char *text = g_strdup_printf("%.*s%.*s", (int)(host - url), url, (int)strcspn(rest, "?#"), rest);
  return g_strescape(text, NULL);
}
