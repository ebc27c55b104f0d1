/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/installed.h"
#include "builder/sources/debian/system.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

#define STATUS "var/lib/dpkg/status"
#define INFO "var/lib/dpkg/info/"

static void
installed_free(gpointer data)
{
  DebianInstalled *package = data;
  g_free(package->text);
  g_free(package->file);
  g_clear_pointer(&package->control, debian_control_free);
  g_clear_pointer(&package->lost, g_hash_table_unref);
  g_free(package);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianInstalled, installed_free)

void
debian_installed_free(DebianInstalledSet *set)
{
  g_free(set->architecture);
  g_ptr_array_unref(set->packages);
  g_clear_pointer(&set->counted, g_hash_table_unref);
  g_clear_pointer(&set->owners, g_hash_table_unref);
  g_free(set);
}

/* ---- reading ---- */

static gboolean
says_installed(const DebianControl *control)
{
  const char *status = debian_control_get(control, "Status");
  return status != NULL && g_str_has_suffix(status, " installed");
}

/* One architecture an image: packages of others are left alone. */
static gboolean
counts(const DebianInstalledSet *set, const DebianInstalled *package)
{
  return package->installed &&
         (strcmp(package->architecture, "all") == 0 || strcmp(package->architecture, set->architecture) == 0);
}

/* @file: of status.d, where a stanza tells no status. */
static gboolean
add_stanza(DebianInstalledSet *set, const char *text, gsize size, const char *file, GError **error)
{
  g_autoptr(DebianInstalled) package = g_new0(DebianInstalled, 1);
  package->text = g_strchomp(g_strndup(text, size));
  if (*package->text == '\0')
    return TRUE;
  package->file = g_strdup(file);
  package->control = debian_control_parse(package->text, strlen(package->text), error);
  if (package->control == NULL)
    return FALSE;
  package->name = debian_control_get(package->control, "Package");
  package->version = debian_control_get(package->control, "Version");
  package->architecture = debian_control_get(package->control, "Architecture");
  if (!debian_is_package_name(package->name)) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "a stanza names no package");
    return FALSE;
  }
  package->installed = package->version != NULL && package->architecture != NULL &&
                       (file != NULL || says_installed(package->control));
  if (counts(set, package) && !g_hash_table_contains(set->counted, package->name))
    g_hash_table_insert(set->counted, (gpointer)package->name, package);
  g_ptr_array_add(set->packages, g_steal_pointer(&package));
  return TRUE;
}

static gboolean
read_status(DebianInstalledSet *set, const Tree *tree, GError **error)
{
  g_autofree char *real = tree_resolve(tree, STATUS);
  g_autoptr(GBytes) content = real != NULL ? tree_read(tree, STATUS, limits_get(LIMIT_DATABASE), error) : NULL;
  if (content == NULL)
    return real == NULL;
  gsize size;
  const char *at = g_bytes_get_data(content, &size), *end = at + size, *stanza;
  while ((stanza = debian_stanza_next(&at, end, &size)) != NULL)
    if (!add_stanza(set, stanza, size, NULL, error)) {
      g_prefix_error(error, "/" STATUS ": ");
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_status_folder(DebianInstalledSet *set, const Tree *tree, GError **error)
{
  g_autoptr(GPtrArray) files = tree_children(tree, STATUS ".d");
  for (guint i = 0; i < files->len; i++) {
    const Entry *entry = ((const TreeNode *)files->pdata[i])->entry;
    if (entry->type == ENTRY_DIRECTORY || g_str_has_suffix(entry->path, ".md5sums"))
      continue;
    g_autoptr(GBytes) content = tree_read(tree, entry->path, limits_get(LIMIT_CONTROL), error);
    if (content == NULL || !add_stanza(set, g_bytes_get_data(content, NULL), g_bytes_get_size(content), entry->path, error)) {
      g_autofree char *shown = g_strescape(entry->path, NULL);
      g_prefix_error(error, "/%s: ", shown);
      return FALSE;
    }
  }
  return TRUE;
}

DebianInstalledSet *
debian_installed_read(const Tree *tree, const char *architecture, GError **error)
{
  g_autoptr(DebianInstalledSet) set = g_new0(DebianInstalledSet, 1);
  set->architecture = g_strdup(architecture);
  set->packages = g_ptr_array_new_with_free_func(installed_free);
  set->counted = g_hash_table_new(g_str_hash, g_str_equal);
  if (!read_status(set, tree, error) || !read_status_folder(set, tree, error))
    return NULL;
  return set->packages->len > 0 ? g_steal_pointer(&set) : NULL;
}

DebianInstalled *
debian_installed_find(const DebianInstalledSet *set, const char *name)
{
  return set != NULL ? g_hash_table_lookup(set->counted, name) : NULL;
}

static gboolean
provides(const DebianInstalled *package, const Relation *relation)
{
  const char *field = debian_control_get(package->control, "Provides");
  g_autoptr(GPtrArray) groups = field != NULL ? relation_parse(field, NULL) : NULL;
  for (guint i = 0; relation->op == RELATION_NONE && groups != NULL && i < groups->len; i++)
    if (strcmp(((const Relation *)((const GPtrArray *)groups->pdata[i])->pdata[0])->name, relation->name) == 0)
      return TRUE;
  return FALSE;
}

gboolean
debian_installed_satisfies(const DebianInstalledSet *set, const Relation *relation)
{
  for (guint i = 0; set != NULL && i < set->packages->len; i++) {
    const DebianInstalled *package = set->packages->pdata[i];
    if (!counts(set, package))
      continue;
    gboolean named = strcmp(package->name, relation->name) == 0;
    if (named ? relation->op == RELATION_NONE || relation_matches(relation, package->version) : provides(package, relation))
      return TRUE;
  }
  return FALSE;
}

/* ---- files ---- */

char *
debian_installed_info(const DebianInstalled *package, const Tree *tree)
{
  g_autofree char *own = g_strdup_printf("%s:%s", package->name, package->architecture);
  g_autofree char *list = g_strdup_printf(INFO "%s.list", own);
  return tree_lookup(tree, list) != NULL ? g_steal_pointer(&own) : g_strdup(package->name);
}

/* Of status.d: the sums name the files, without their '/'. */
static void
take_line(const DebianInstalled *package, const char *line, GStrvBuilder *paths)
{
  const char *sum = package->file != NULL ? strstr(line, "  ") : NULL;
  if (package->file == NULL && *line == '/')
    g_strv_builder_add(paths, line);
  else if (sum != NULL && sum[2] != '\0') {
    g_autofree char *path = g_strconcat("/", sum + 2, NULL);
    g_strv_builder_add(paths, path);
  }
}

char **
debian_installed_list(const DebianInstalled *package, const Tree *tree, GError **error)
{
  g_autoptr(GStrvBuilder) paths = g_strv_builder_new();
  g_autofree char *info = debian_installed_info(package, tree);
  g_autofree char *name = package->file != NULL ? g_strconcat(package->file, ".md5sums", NULL)
                                                : g_strdup_printf(INFO "%s.list", info);
  if (tree_lookup(tree, name) == NULL)
    return g_strv_builder_end(paths);
  g_autoptr(GBytes) content = tree_read(tree, name, limits_get(LIMIT_DATABASE), error);
  if (content == NULL)
    return NULL;
  g_autofree char *text = debian_text(content);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    take_line(package, lines[i], paths);
  return g_strv_builder_end(paths);
}

gboolean
debian_installed_load_owners(DebianInstalledSet *set, const Tree *tree, GError **error)
{
  if (set->owners != NULL)
    return TRUE;
  set->owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < set->packages->len; i++) {
    DebianInstalled *package = set->packages->pdata[i];
    g_auto(GStrv) paths = package->installed ? debian_installed_list(package, tree, error) : NULL;
    if (package->installed && paths == NULL)
      return FALSE;
    for (guint k = 0; paths != NULL && paths[k] != NULL; k++) {
      g_autofree char *path = debian_merged_path(paths[k]);
      gpointer other = NULL;
      gboolean shared = g_hash_table_lookup_extended(set->owners, path, NULL, &other) && other != package;
      g_hash_table_replace(set->owners, g_steal_pointer(&path), shared ? NULL : package);
    }
  }
  return TRUE;
}

DebianInstalled *
debian_installed_owner(const DebianInstalledSet *set, const char *path)
{
  return set != NULL && set->owners != NULL ? g_hash_table_lookup(set->owners, path) : NULL;
}
