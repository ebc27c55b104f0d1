/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/aptauth.h"
#include "builder/sources/debian/aptconf.h"

#include <string.h>

static void
add_beginning(GStrvBuilder *logins, const char *machine, const char *end, const char *user, const char *password)
{
  /* what names no scheme is meant for https alone: a password is not sent in the clear unasked */
  g_autofree char *beginning = g_strconcat(strstr(machine, "://") != NULL ? "" : "https://", machine, end, NULL);
  g_strv_builder_add_many(logins, beginning, user, password, NULL);
}

/* @machine is "[SCHEME://]HOST[:PORT][/PATH]". A host without a path must end where the URL's does: example.org is not
 * example.organic. */
static void
add_login(GStrvBuilder *logins, const char *machine, const char *user, const char *password)
{
  const char *scheme = strstr(machine, "://"), *host = scheme != NULL ? scheme + 3 : machine;
  gsize authority = strcspn(host, "/");
  if (host[authority] == '/') {
    add_beginning(logins, machine, "", user, password);
    return;
  }
  add_beginning(logins, machine, "/", user, password);
  if (memchr(host, ':', authority) == NULL)
    add_beginning(logins, machine, ":", user, password);
}

void
aptauth_parse(GStrvBuilder *logins, const char *text)
{
  static const char *const keys[] = {"machine", "login", "password"};
  const char *values[G_N_ELEMENTS(keys)] = {NULL}, **wanted = NULL;
  g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
  for (char **word = words; *word != NULL; word++) {
    if (**word == '\0')
      continue;
    if (wanted != NULL) {
      *wanted = *word;
      wanted = NULL;
      if (values[0] != NULL && values[1] != NULL && values[2] != NULL) {
        add_login(logins, values[0], values[1], values[2]);
        values[1] = values[2] = NULL;
      }
      continue;
    }
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
      if (strcmp(*word, keys[i]) == 0)
        wanted = &values[i];
    if (wanted == &values[0])
      memset(values, 0, sizeof values);
  }
}

char **
aptauth_read(const char *root)
{
  static const char *const endings[] = {".conf", NULL};
  g_autoptr(GStrvBuilder) logins = g_strv_builder_new();
  g_autofree char *folder = g_build_filename(root, "etc/apt/auth.conf.d", NULL);
  g_autofree char *main_file = g_build_filename(root, "etc/apt/auth.conf", NULL);
  g_auto(GStrv) parts = aptconf_list_parts(folder, endings);
  g_autofree char *text = aptconf_file(main_file, NULL);
  aptauth_parse(logins, text != NULL ? text : "");
  for (char **part = parts; *part != NULL; part++) {
    g_autofree char *more = aptconf_file(*part, NULL);
    aptauth_parse(logins, more != NULL ? more : "");
  }
  return g_strv_builder_end(logins);
}
