/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/replace.h"

#include <string.h>

#define INFO "var/lib/dpkg/info/"

/* The path of @line in the tree, where its folder is followed as the kernel would (transfer full), or NULL. */
static char *
place_of(const Tree *tree, const char *line)
{
  g_autofree char *path = entry_canonical_path(line, NULL);
  const char *slash = path != NULL ? strrchr(path, '/') : NULL;
  if (slash == NULL)
    return g_steal_pointer(&path);
  g_autofree char *folder = g_strndup(path, (gsize)(slash - path));
  g_autofree char *real = tree_resolve(tree, folder);
  return real == NULL ? NULL : *real != '\0' ? g_strconcat(real, slash, NULL) : g_strdup(slash + 1);
}

static void
remove_files(const DebianInstalledSet *set, const DebianInstalled *package, char **lines, Tree *tree)
{
  guint n = g_strv_length(lines);
  /* what lies in a folder stands behind it */
  for (guint i = n; i-- > 0;) {
    g_autofree char *path = place_of(tree, lines[i]), *merged = debian_merged_path(lines[i]);
    const TreeNode *node = path != NULL ? tree_lookup(tree, path) : NULL;
    if (node == NULL || *path == '\0' || debian_installed_owner(set, merged) != package)
      continue;
    g_autoptr(GPtrArray) below = node->entry->type == ENTRY_DIRECTORY ? tree_children(tree, path) : NULL;
    if (below == NULL || below->len == 0)
      tree_remove(tree, path);
  }
}

/* Its own files in the database: "NAME.list", "NAME:ARCH.postinst" ... */
static void
remove_info(const DebianInstalled *package, Tree *tree)
{
  g_autofree char *info = debian_installed_info(package, tree), *stem = g_strconcat(INFO, info, ".", NULL);
  g_autoptr(GPtrArray) nodes = tree_children(tree, "var/lib/dpkg/info");
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < nodes->len; i++) {
    const char *path = ((const TreeNode *)nodes->pdata[i])->entry->path;
    if (g_str_has_prefix(path, stem) && strchr(path + strlen(stem), '.') == NULL)
      g_ptr_array_add(paths, g_strdup(path));
  }
  if (package->file != NULL) {
    g_ptr_array_add(paths, g_strdup(package->file));
    g_ptr_array_add(paths, g_strconcat(package->file, ".md5sums", NULL));
  }
  for (guint i = 0; i < paths->len; i++)
    tree_remove(tree, paths->pdata[i]);
}

gboolean
debian_replace(DebianSystem *system, Tree *tree, GError **error)
{
  DebianInstalledSet *set = system->installed;
  if (set == NULL)
    return TRUE;
  if (!debian_installed_load_owners(set, tree, error))
    return FALSE;
  for (guint i = 0; i < system->n_units; i++) {
    DebianInstalled *before = debian_installed_find(set, system->units[i]->name);
    if (before == NULL)
      continue;
    g_auto(GStrv) lines = debian_installed_list(before, tree, error);
    if (lines == NULL)
      return FALSE;
    before->replaced = TRUE;
    remove_files(set, before, lines, tree);
    remove_info(before, tree);
  }
  return TRUE;
}
