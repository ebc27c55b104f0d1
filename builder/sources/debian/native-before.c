/* SPDX-License-Identifier: Apache-2.0
 *
 * A system that was there before: its diversions and overrides are continued, and those of its packages that wait for triggers
 * take part as packages that are configured and have nothing to bring. Their scripts are files of the tree.
 */
#include "builder/sources/debian/native-private.h"

#define OVERRIDES "var/lib/dpkg/statoverride"

static void
unit_free(gpointer data)
{
  DebianUnit *unit = data;
  g_free(unit->info);
  g_free(unit);
}

GPtrArray *
native_before_new(void)
{
  return g_ptr_array_new_with_free_func(unit_free);
}

static char *
read_file(Native *native, const char *path)
{
  const DebianConfiguration *configuration = &native->configuration;
  if (native->error != NULL || changes_lookup(configuration->changes, path) == NULL)
    return NULL;
  return debian_configuration_read(configuration, path, &native->error);
}

char *
native_unit_file(Native *native, const DebianUnit *unit, const char *kind)
{
  if (unit->pack != NULL)
    return debian_unit_file(unit, kind, native->error == NULL ? &native->error : NULL);
  g_autofree char *path = g_strdup_printf("var/lib/dpkg/info/%s.%s", unit->info, kind);
  return read_file(native, path);
}

static void
take_package(Native *native, const DebianInstalled *package)
{
  g_autofree char *info = debian_installed_info(package, native->tree);
  g_autofree char *triggers = g_strdup_printf("var/lib/dpkg/info/%s.triggers", info);
  if (!package->installed || package->replaced || tree_lookup(native->tree, triggers) == NULL)
    return;
  DebianUnit *unit = g_new0(DebianUnit, 1);
  unit->name = package->name;
  unit->version = package->version;
  unit->architecture = package->architecture;
  unit->info = g_steal_pointer(&info);
  g_ptr_array_add(native->before, unit);
  g_hash_table_add(native->unpacked, unit);
  g_hash_table_add(native->configured, unit);
  native_triggers_interest(native, unit);
}

void
native_before_load(Native *native)
{
  const DebianSystem *system = native->configuration.system;
  if (system->installed == NULL)
    return;
  for (guint i = 0; i < system->installed->packages->len; i++)
    take_package(native, system->installed->packages->pdata[i]);
  for (guint i = 0; i < system->diversions->len; i++) {
    const DebianDiversion *diversion = system->diversions->pdata[i];
    if (diversion->by == NULL)
      g_hash_table_add(native->diverted, g_strdup(diversion->path));
  }
  g_autofree char *overrides = read_file(native, OVERRIDES);
  g_string_append(native->overrides, overrides != NULL ? overrides : "");
}
