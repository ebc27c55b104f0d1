/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/configuration.h"
#include "builder/sources/debian/report.h"
#include "signing/error.h"

#include <string.h>

static void
script_free(gpointer data)
{
  DebianUnitScript *script = data;
  g_free(script->text);
  g_ptr_array_unref(script->commands);
  g_free(script);
}

/* A script of a first installation; the others are for upgrades and removals. */
static gboolean
read_script(const DebianUnit *unit, const char *kind, GPtrArray *scripts, GError **error)
{
  GError *failure = NULL;
  char *text = debian_unit_file(unit, kind, &failure);
  if (failure != NULL) {
    g_propagate_error(error, failure);
    return FALSE;
  }
  if (text == NULL)
    return TRUE;
  DebianUnitScript *script = g_new(DebianUnitScript, 1);
  *script = (DebianUnitScript){unit, kind, text, debian_script_parse(text)};
  g_ptr_array_add(scripts, script);
  return TRUE;
}

static gboolean
read_scripts(const DebianSystem *system, GPtrArray *scripts, GError **error)
{
  for (guint i = 0; i < system->n_units; i++)
    if (!read_script(system->units[i], "preinst", scripts, error) || !read_script(system->units[i], "postinst", scripts, error))
      return FALSE;
  return TRUE;
}

gboolean
debian_configure(const DebianSystem *system, Changes *changes, Accounts *accounts, const DebianConfigureOptions *options,
                 DebianScriptReport *report, GError **error)
{
  g_autoptr(GPtrArray) scripts = g_ptr_array_new_with_free_func(script_free);
  if (!read_scripts(system, scripts, error))
    return FALSE;
  DebianConfiguration configuration = {system, changes, accounts, options->epoch, scripts};
  if (!debian_users_apply_base(&configuration, error) || !debian_basefiles_apply(&configuration, error) ||
      !debian_users_apply(&configuration, error) || !debian_shells_apply(&configuration, error) ||
      !debian_pam_apply(&configuration, error) || !debian_cabundle_apply(&configuration, error)) {
    g_prefix_error(error, "configure: ");
    return FALSE;
  }
  debian_alternatives_apply(&configuration);
  debian_report_scripts(&configuration, report);
  return TRUE;
}
