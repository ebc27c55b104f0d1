/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"
#include "builder/recipe/nearest.h"

#include <string.h>

/* ---- accounts ---- */

static char **
user_names(const Recipe *recipe)
{
  char **names = g_new0(char *, recipe->users->len + 2);
  for (guint i = 0; i < recipe->users->len; i++)
    names[i] = g_strdup(((const RecipeUser *)g_ptr_array_index(recipe->users, i))->name);
  names[recipe->users->len] = g_strdup("root");
  return names;
}

static char **
group_names(const Recipe *recipe)
{
  g_auto(GStrv) users = user_names(recipe);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < recipe->groups->len; i++)
    g_ptr_array_add(names, g_strdup(((const RecipeGroup *)g_ptr_array_index(recipe->groups, i))->name));
  /* each user has a group of the same name */
  for (guint i = 0; users[i] != NULL; i++)
    g_ptr_array_add(names, g_strdup(users[i]));
  g_ptr_array_add(names, NULL);
  return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* An account that the recipe does not declare may come with a package: then it is worth a word only where it looks like a
 * slip. */
static void
check_account(Model *model, const char *kind, const char *name, char **declared, const RecipePlace *place)
{
  if (name == NULL || g_ascii_isdigit(*name) || g_strv_contains((const char *const *)declared, name))
    return;
  const char *nearest = nearest_name(name, (const char *const *)declared);
  if (model->recipe->debian == NULL && model->recipe->from.image == NULL)
    diagnostics_error(model->diagnostics, place, "nothing declares the %s '%s'", kind, name);
  else if (nearest != NULL)
    diagnostics_warning(model->diagnostics, place, "the recipe declares no %s '%s'", kind, name);
  else
    return;
  if (nearest != NULL)
    diagnostics_hint(model->diagnostics, "did you mean '%s'?", nearest);
  else
    diagnostics_hint(model->diagnostics, "add it to '%ss', or write its number", kind);
}

static void
check_owners(Model *model, char **users, char **groups)
{
  Node *item;
  for (guint i = 0; model_item(model->root, "files", i, &item); i++) {
    const Node *owner = node_get(item, "owner"), *group = node_get(item, "group");
    if (owner != NULL)
      check_account(model, "user", owner->text, users, &owner->place);
    if (group != NULL)
      check_account(model, "group", group->text, groups, &group->place);
  }
}

static void
check_config_user(Model *model, char **users, char **groups)
{
  const Node *user = node_get(node_get(model->root, "config"), "user");
  if (user == NULL)
    return;
  g_auto(GStrv) parts = g_strsplit(user->text, ":", 2);
  check_account(model, "user", parts[0], users, &user->place);
  check_account(model, "group", parts[1], groups, &user->place);
}

static void
check_members(Model *model, char **users, char **groups)
{
  Node *item, *name;
  for (guint i = 0; model_item(model->root, "groups", i, &item); i++)
    for (guint j = 0; model_item(item, "members", j, &name); j++)
      if (name != NULL)
        check_account(model, "user", name->text, users, &name->place);
  for (guint i = 0; model_item(model->root, "users", i, &item); i++)
    for (guint j = 0; model_item(item, "groups", j, &name); j++)
      if (name != NULL)
        check_account(model, "group", name->text, groups, &name->place);
}

/* ---- paths ---- */

typedef struct {
  const RecipePlace *place;
  gboolean folder; /* may be one: two folders can be put into the same place */
} Claim;

static void
claim(Model *model, GHashTable *claims, const char *path, const RecipePlace *place, gboolean folder)
{
  if (path == NULL)
    return;
  const Claim *other = g_hash_table_lookup(claims, path);
  if (other != NULL && !(other->folder && folder)) {
    diagnostics_error(model->diagnostics, place, "the path '%s' is taken", path);
    diagnostics_hint(model->diagnostics, "the other is in %s on line %u", other->place->file, other->place->line);
    return;
  }
  Claim *mine = g_new0(Claim, 1);
  mine->place = place;
  mine->folder = folder;
  g_hash_table_insert(claims, (gpointer)path, mine);
}

static void
check_paths(Model *model)
{
  g_autoptr(GHashTable) claims = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  for (guint i = 0; i < model->recipe->files->len; i++) {
    const RecipeFile *file = g_ptr_array_index(model->recipe->files, i);
    claim(model, claims, file->path, &file->place, file->from != NULL || file->unpack);
  }
  for (guint i = 0; i < model->recipe->links->len; i++) {
    const RecipeLink *link = g_ptr_array_index(model->recipe->links, i);
    claim(model, claims, link->path, &link->place, FALSE);
  }
}

void
model_check(Model *model)
{
  g_auto(GStrv) users = user_names(model->recipe);
  g_auto(GStrv) groups = group_names(model->recipe);
  check_owners(model, users, groups);
  check_config_user(model, users, groups);
  check_members(model, users, groups);
  check_paths(model);
}
