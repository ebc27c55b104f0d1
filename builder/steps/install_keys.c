/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/install_private.h"
#include "builder/sources/debian/native.h"
#include "builder/sources/debian/tidy.h"

static const char *const environment[] = {
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "LC_ALL=C.UTF-8",
  "TZ=UTC0",
  "DEBIAN_FRONTEND=noninteractive",
  "DEBCONF_NONINTERACTIVE_SEEN=true",
  "DEBCONF_NOWARNINGS=yes",
};

/* With SOURCE_DATE_EPOCH (transfer full). */
char **
install_environment(const Install *install)
{
  GStrvBuilder *builder = g_strv_builder_new();
  for (guint i = 0; i < G_N_ELEMENTS(environment); i++)
    g_strv_builder_add(builder, environment[i]);
  g_autofree char *epoch = g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, install->options->epoch);
  g_strv_builder_add(builder, epoch);
  char **all = g_strv_builder_end(builder);
  g_strv_builder_unref(builder);
  return all;
}

static json_t *
texts_of(char **texts)
{
  json_t *list = json_array();
  for (char **text = texts; text != NULL && *text != NULL; text++)
    json_array_append_new(list, json_string(*text));
  return list;
}

static json_t *
describe_packages(const Install *install, const DebianBatch *batch)
{
  json_t *list = json_array();
  for (guint i = 0; i < batch->units->len; i++) {
    const DebianUnit *unit = batch->units->pdata[i];
    const LockPackage *package = install->locked->packages->pdata[unit->input];
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&package->sha256, hex);
    json_array_append_new(list, json_string(hex));
  }
  return list;
}

/* All that decides what batch @n and those before it come to. */
void
install_key(const Install *install, guint n, Digest *key)
{
  char before[DIGEST_HEX_LENGTH + 1] = "";
  if (n > 0)
    digest_to_hex(&install->keys[n - 1], before);
  else if (install->base != NULL)
    digest_to_hex(&install->base->manifest->descriptor.digest, before);
  g_auto(GStrv) variables = install_environment(install);
  gboolean based = install->base != NULL;
  g_autofree char *begin = debian_tidy_begin_script(), *end = debian_tidy_end_script();
  g_autofree char *tidy = based ? g_strconcat(begin, end, NULL) : debian_tidy_script();
  const RecipeDebian *debian = install->recipe->debian;
  json_t *description = json_pack("{s:s, s:i, s:i, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s}", "action", "install", "format",
                                  PACK_FORMAT, "rules", INSTALL_RULES, "before", before, "packages",
                                  describe_packages(install, install->batches->pdata[n]), "exclude", texts_of(debian->exclude),
                                  "include", texts_of(debian->include), "environment", texts_of(variables), "dpkg",
                                  based ? INSTALL_DPKG_ON_BASE : INSTALL_DPKG, "tidy", tidy, "arch", install->options->arch);
  store_action_key(description, key);
  json_decref(description);
}

json_t *
install_rules(void)
{
  return json_pack("[i, i]", INSTALL_RULES, NATIVE_RULES);
}

GPtrArray *
install_batches(const Recipe *recipe, const LockArch *locked, const DebianSystem *system)
{
  g_autoptr(GPtrArray) asked = g_ptr_array_new(), variant = g_ptr_array_new();
  for (guint i = 0; i < recipe->debian->packages->len; i++)
    g_ptr_array_add(asked, ((const RecipePackage *)recipe->debian->packages->pdata[i])->name);
  for (guint i = 0; i < locked->packages->len; i++) {
    const LockPackage *package = locked->packages->pdata[i];
    if (package->requested && !g_ptr_array_find_with_equal_func(asked, package->name, g_str_equal, NULL))
      g_ptr_array_add(variant, package->name);
  }
  g_ptr_array_add(asked, NULL);
  g_ptr_array_add(variant, NULL);
  return debian_install_plan(system, (const char *const *)variant->pdata, (const char *const *)asked->pdata);
}
