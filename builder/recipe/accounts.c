/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"

#include <string.h>

void
recipe_user_free(RecipeUser *user)
{
  g_free(user->name);
  g_free(user->home);
  g_free(user->shell);
  g_free(user->gecos);
  g_strfreev(user->groups);
  g_free(user);
}

void
recipe_group_free(RecipeGroup *group)
{
  g_free(group->name);
  g_strfreev(group->members);
  g_free(group);
}

static void
check_user_is_new(Model *model, const RecipeUser *user, const Node *map)
{
  for (guint i = 0; i < model->recipe->users->len; i++) {
    const RecipeUser *other = g_ptr_array_index(model->recipe->users, i);
    if (g_strcmp0(other->name, user->name) == 0) {
      diagnostics_error(model->diagnostics, &node_get(map, "name")->place, "the user '%s' is declared a second time",
                        user->name);
      diagnostics_hint(model->diagnostics, "the first is in %s on line %u", other->place.file, other->place.line);
    } else if (user->uid >= 0 && other->uid == user->uid) {
      diagnostics_error(model->diagnostics, &node_get(map, "uid")->place,
                        "the uid %" G_GINT64_FORMAT " is taken by the user '%s'", user->uid, other->name);
    }
  }
}

static void
read_user(Model *model, const Node *map)
{
  if (node_get(map, "name") == NULL)
    return;
  RecipeUser *user = g_new0(RecipeUser, 1);
  user->place = map->place;
  user->name = model_text(map, "name");
  user->uid = node_integer(node_get(map, "uid"));
  user->gid = node_integer(node_get(map, "gid"));
  user->home = model_image_path_of(model, map, "home");
  user->shell = model_image_path_of(model, map, "shell");
  user->gecos = model_text(map, "gecos");
  user->groups = model_texts(map, "groups");
  user->system = model_bool(map, "system", FALSE);
  check_user_is_new(model, user, map);
  g_ptr_array_add(model->recipe->users, user);
}

static void
check_group_is_new(Model *model, const RecipeGroup *group, const Node *map)
{
  for (guint i = 0; i < model->recipe->groups->len; i++) {
    const RecipeGroup *other = g_ptr_array_index(model->recipe->groups, i);
    if (g_strcmp0(other->name, group->name) == 0) {
      diagnostics_error(model->diagnostics, &node_get(map, "name")->place, "the group '%s' is declared a second time",
                        group->name);
      diagnostics_hint(model->diagnostics, "the first is in %s on line %u", other->place.file, other->place.line);
    } else if (group->gid >= 0 && other->gid == group->gid) {
      diagnostics_error(model->diagnostics, &node_get(map, "gid")->place,
                        "the gid %" G_GINT64_FORMAT " is taken by the group '%s'", group->gid, other->name);
    }
  }
}

static void
read_group(Model *model, const Node *map)
{
  if (node_get(map, "name") == NULL)
    return;
  RecipeGroup *group = g_new0(RecipeGroup, 1);
  group->place = map->place;
  group->name = model_text(map, "name");
  group->gid = node_integer(node_get(map, "gid"));
  group->members = model_texts(map, "members");
  check_group_is_new(model, group, map);
  g_ptr_array_add(model->recipe->groups, group);
}

void
model_accounts(Model *model)
{
  Node *item;
  for (guint i = 0; model_item(model->root, "users", i, &item); i++)
    if (item != NULL)
      read_user(model, item);
  for (guint i = 0; model_item(model->root, "groups", i, &item); i++)
    if (item != NULL)
      read_group(model, item);
}
