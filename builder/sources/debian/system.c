/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/system.h"
#include "rootfs/deb.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

static void
unit_free(DebianUnit *unit)
{
  g_clear_pointer(&unit->pack, pack_unref);
  g_clear_pointer(&unit->control, debian_control_free);
  g_clear_pointer(&unit->lost, g_hash_table_unref);
  g_free(unit->info);
  g_free(unit);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianUnit, unit_free)

static void
diversion_free(gpointer data)
{
  DebianDiversion *diversion = data;
  g_free(diversion->name);
  g_free(diversion->path);
  g_free(diversion->to);
  g_free(diversion);
}

void
debian_system_free(DebianSystem *system)
{
  for (guint i = 0; i < system->n_units; i++)
    unit_free(system->units[i]);
  g_ptr_array_unref(system->diversions);
  g_free(system->units);
  g_free(system->architecture);
  g_free(system);
}

/* Debian policy 5.6.7; also what keeps a hostile name from leading out of var/lib/dpkg/info. */
gboolean
debian_is_package_name(const char *name)
{
  if (name == NULL || !g_ascii_isalnum(name[0]) || strlen(name) > 200)
    return FALSE;
  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && strchr("+-.", *c) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
says_yes(const DebianControl *control, const char *field)
{
  const char *value = debian_control_get(control, field);
  return value != NULL && g_ascii_strcasecmp(value, "yes") == 0;
}

static DebianUnit *
read_unit(Pack *pack, guint input, GError **error)
{
  GBytes *meta = pack_meta(pack, "control");
  if (meta == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "pack %u holds no Debian package", input);
    return NULL;
  }
  gsize size;
  const char *text = g_bytes_get_data(meta, &size);
  g_autoptr(DebianUnit) unit = g_new0(DebianUnit, 1);
  unit->pack = pack_ref(pack);
  unit->input = input;
  unit->control = debian_control_parse(text, size, error);
  if (unit->control == NULL)
    return NULL;
  unit->name = debian_control_get(unit->control, "Package");
  unit->version = debian_control_get(unit->control, "Version");
  unit->architecture = debian_control_get(unit->control, "Architecture");
  if (!debian_is_package_name(unit->name) || !debian_is_package_name(unit->architecture) || unit->version == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
                "pack %u: its control file names no package, version and architecture", input);
    return NULL;
  }
  const char *multi_arch = debian_control_get(unit->control, "Multi-Arch");
  unit->multi_arch_same = multi_arch != NULL && g_ascii_strcasecmp(multi_arch, "same") == 0;
  unit->essential = says_yes(unit->control, "Essential");
  unit->info = unit->multi_arch_same ? g_strconcat(unit->name, ":", unit->architecture, NULL) : g_strdup(unit->name);
  return g_steal_pointer(&unit);
}

static int
compare_units(gconstpointer a, gconstpointer b)
{
  const DebianUnit *x = *(DebianUnit *const *)a, *y = *(DebianUnit *const *)b;
  if (x->essential != y->essential)
    return x->essential ? -1 : 1;
  int order = strcmp(x->name, y->name);
  return order != 0 ? order : strcmp(x->architecture, y->architecture);
}

static gboolean
check_unique(const DebianSystem *system, GError **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < system->n_units; i++)
    if (!g_hash_table_add(seen, system->units[i]->info)) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "package '%s' is there twice", system->units[i]->info);
      return FALSE;
    }
  return TRUE;
}

DebianSystem *
debian_system_new(Pack *const *packs, guint n, const char *architecture, GError **error)
{
  g_autoptr(DebianSystem) system = g_new0(DebianSystem, 1);
  system->architecture = g_strdup(architecture);
  system->diversions = g_ptr_array_new_with_free_func(diversion_free);
  system->units = g_new0(DebianUnit *, n + 1);
  for (; system->n_units < n; system->n_units++) {
    DebianUnit *unit = read_unit(packs[system->n_units], system->n_units, error);
    if (unit == NULL)
      return NULL;
    system->units[system->n_units] = unit;
  }
  qsort(system->units, n, sizeof *system->units, compare_units);
  return check_unique(system, error) ? g_steal_pointer(&system) : NULL;
}

DebianUnit *
debian_system_find(const DebianSystem *system, const char *name)
{
  for (guint i = 0; i < system->n_units; i++)
    if (strcmp(system->units[i]->name, name) == 0)
      return system->units[i];
  return NULL;
}

gboolean
debian_system_has(const DebianSystem *system, const char *name)
{
  return debian_system_find(system, name) != NULL || debian_installed_find(system->installed, name) != NULL;
}

/* Some packs have the text in their index as well, where it costs no decompression ("conffiles" there means something else). */
char *
debian_unit_file(const DebianUnit *unit, const char *kind, GError **error)
{
  GBytes *meta = strcmp(kind, "conffiles") != 0 ? pack_meta(unit->pack, kind) : NULL;
  if (meta != NULL)
    return g_strndup(g_bytes_get_data(meta, NULL), g_bytes_get_size(meta));
  g_autofree char *path = g_strdup_printf("var/lib/dpkg/info/%s.%s", unit->info, kind);
  for (guint i = pack_n_entries(unit->pack); i-- > 0;) {
    const Entry *entry = pack_entry(unit->pack, i);
    if (entry->type != ENTRY_FILE || strcmp(entry->path, path) != 0)
      continue;
    g_autoptr(GBytes) content = pack_read(unit->pack, i, limits_get(LIMIT_CONTROL), error);
    if (content == NULL) {
      g_prefix_error(error, "package '%s': ", unit->name);
      return NULL;
    }
    return g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
  }
  return NULL;
}

char *
debian_text(GBytes *content)
{
  gsize size;
  const char *data = g_bytes_get_data(content, &size);
  return size > 0 ? g_strndup(data, size) : g_strdup("");
}

char *
debian_merged_path(const char *path)
{
  return deb_merged_path(path + strspn(path, "/"));
}
