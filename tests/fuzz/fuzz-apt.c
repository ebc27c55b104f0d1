/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of apt's configuration, the same text read as each kind: apt.conf, auth.conf, sources in both styles, and an
 * armored keyring.
 */
#include "builder/sources/debian/aptauth.h"
#include "builder/sources/debian/aptconf.h"
#include "builder/sources/debian/aptsources.h"
#include "builder/sources/debian/gpgv.h"
#include "tests/fuzz/fuzz.h"

static void
see_setting(const char *name, const char *value, gpointer data)
{
  gsize *seen = data;
  *seen += strlen(name) + strlen(value);
}

static void
read_conf(const char *text)
{
  g_autoptr(AptConf) conf = aptconf_new();
  g_autoptr(GError) error = NULL;
  gsize seen = 0;
  g_assert(aptconf_parse(conf, text, "apt.conf", &error) == (error == NULL));
  aptconf_below(conf, "Acquire::http::Proxy", see_setting, &seen);
  aptconf_get_boolean(conf, "Acquire::Check-Valid-Until", TRUE);
}

static void
read_sources(const char *text, gboolean deb822)
{
  g_autoptr(GPtrArray) sources = aptsources_new();
  g_autoptr(GError) error = NULL;
  g_assert(aptsources_parse(sources, text, deb822, "sources", &error) == (error == NULL));
  for (guint i = 0; i < sources->len; i++) {
    const AptSource *source = sources->pdata[i];
    g_assert(*source->uri != '\0' && *source->suite != '\0' && source->components != NULL);
  }
}

static void
read_auth(const char *text)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  aptauth_parse(builder, text);
  g_auto(GStrv) logins = g_strv_builder_end(builder);
  g_assert(g_strv_length(logins) % 3 == 0);
}

static void
read_keyring(const char *text)
{
  static const char *const none[] = {NULL};
  if (strstr(text, "-----BEGIN PGP PUBLIC KEY BLOCK-----") == NULL) /* else it would be paths to read */
    return;
  g_autoptr(GError) error = NULL;
  g_autoptr(Keyring) keyring = keyring_load(text, none, &error);
  g_assert((keyring == NULL) == (error != NULL));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autofree char *text = fuzz_text(data, size);
  read_conf(text);
  read_sources(text, FALSE);
  read_sources(text, TRUE);
  read_auth(text);
  read_keyring(text);
  return 0;
}
