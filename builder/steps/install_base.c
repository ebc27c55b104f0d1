/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/install_base.h"
#include "signing/error.h"

#define HINT                                                                                                                   \
  "hint: write 'scripts: skip' under debian: what is known of them is then done natively, and what is left out is listed"

Tree *
install_base_lay(const Base *base, const char *arch, DebianInstalledSet **installed, GError **error)
{
  GError *problem = NULL;
  g_autoptr(Tree) tree = tree_new();
  *installed = NULL;
  if (base == NULL)
    return g_steal_pointer(&tree);
  if (!base_lay(base, tree, error))
    return NULL;
  *installed = debian_installed_read(tree, arch, &problem);
  if (problem == NULL)
    return g_steal_pointer(&tree);
  g_propagate_prefixed_error(error, problem, "base '%s': ", base->from);
  return NULL;
}

/* Packages that stand in files of their own are none to dpkg. */
static gboolean
knows_all(const DebianInstalledSet *installed)
{
  for (guint i = 0; i < installed->packages->len; i++)
    if (((const DebianInstalled *)installed->packages->pdata[i])->file != NULL)
      return FALSE;
  return TRUE;
}

static gboolean
has_file(const Tree *tree, const char *path)
{
  g_autofree char *real = tree_resolve(tree, path);
  const TreeNode *node = real != NULL ? tree_lookup(tree, real) : NULL;
  return node != NULL && (node->entry->type == ENTRY_FILE || node->entry->type == ENTRY_HARDLINK);
}

gboolean
install_base_check(const Recipe *recipe, const Base *base, const DebianInstalledSet *installed, GError **error)
{
  const RecipePlace *place = &recipe->debian->place;
  if (installed != NULL && !knows_all(installed))
    return recipe_error_at(error, place,
                           "the packages' scripts cannot be run on base '%s': it keeps its packages in /var/lib/dpkg/status.d, "
                           "which dpkg does not read\n" HINT,
                           base->from);
  g_autoptr(Tree) tree = tree_new();
  if (!base_lay(base, tree, error))
    return FALSE;
  if (debian_installed_find(installed, "dpkg") != NULL && has_file(tree, "usr/bin/dpkg") && has_file(tree, "bin/sh"))
    return TRUE;
  return recipe_error_at(error, place,
                         "the packages' scripts cannot be run on base '%s': it has no dpkg to install them, with its database "
                         "and a shell\n" HINT,
                         base->from);
}
