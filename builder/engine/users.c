/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/users.h"

#include <string.h>

/* Turns the error of an account into one at its place in the recipe. Returns FALSE. */
static gboolean
fail_at(const RecipePlace *place, GError *failure, GError **error)
{
  recipe_error_at(error, place, "%s", failure->message);
  g_error_free(failure);
  return FALSE;
}

static gboolean
add_group(Accounts *accounts, const char *name, gint64 gid, const RecipePlace *place, guint32 *out, GError **error)
{
  if (accounts_find_group(accounts, name, out)) {
    if (gid < 0 || *out == (guint32)gid)
      return TRUE;
    return recipe_error_at(error, place, "group '%s' is there already, with gid %u", name, *out);
  }
  GError *failure = NULL;
  if (!accounts_add_group(accounts, name, gid < 0 ? ACCOUNTS_ANY : gid, out, &failure))
    return fail_at(place, failure, error);
  return TRUE;
}

static gboolean
add_members(Accounts *accounts, const RecipeGroup *group, GError **error)
{
  for (char **member = group->members; member != NULL && *member != NULL; member++) {
    GError *failure = NULL;
    if (!accounts_find_user(accounts, *member, NULL, NULL))
      return recipe_error_at(error, &group->place, "group '%s': there is no user '%s'", group->name, *member);
    if (!accounts_add_member(accounts, group->name, *member, &failure))
      return fail_at(&group->place, failure, error);
  }
  return TRUE;
}

static gboolean
join_groups(Accounts *accounts, const RecipeUser *user, GError **error)
{
  for (char **group = user->groups; group != NULL && *group != NULL; group++) {
    GError *failure = NULL;
    if (!accounts_find_group(accounts, *group, NULL))
      return recipe_error_at(error, &user->place, "user '%s': there is no group '%s'", user->name, *group);
    if (!accounts_add_member(accounts, *group, user->name, &failure))
      return fail_at(&user->place, failure, error);
  }
  return TRUE;
}

static gboolean
make_home(Changes *changes, const RecipeUser *user, guint32 uid, guint32 gid, GError **error)
{
  if (user->home == NULL || strcmp(user->home, "/nonexistent") == 0)
    return TRUE;
  GError *failure = NULL;
  g_autofree char *path = entry_canonical_path(user->home, &failure);
  if (path == NULL)
    return fail_at(&user->place, failure, error);
  g_autofree char *there = changes_resolve(changes, path);
  if (there == NULL && *path != '\0')
    changes_put_directory(changes, path, 0755, uid, gid);
  return TRUE;
}

/* The group with the number the recipe gives, whatever its name; else one named as the user, made where it is missing. */
static gboolean
find_own_group(Accounts *accounts, const RecipeUser *user, guint32 *gid, GError **error)
{
  if (user->gid >= 0 && accounts_group_name(accounts, (guint32)user->gid) != NULL) {
    *gid = (guint32)user->gid;
    return TRUE;
  }
  return add_group(accounts, user->name, user->gid >= 0 ? user->gid : user->uid, &user->place, gid, error);
}

static gboolean
add_user(Accounts *accounts, Changes *changes, const RecipeUser *user, GError **error)
{
  guint32 uid, gid;
  if (accounts_find_user(accounts, user->name, &uid, &gid)) {
    if (user->uid >= 0 && uid != (guint32)user->uid)
      return recipe_error_at(error, &user->place, "user '%s' is there already, with uid %u", user->name, uid);
    if (user->gid >= 0 && gid != (guint32)user->gid)
      return recipe_error_at(error, &user->place, "user '%s' is there already, with gid %u", user->name, gid);
    return join_groups(accounts, user, error);
  }
  if (!find_own_group(accounts, user, &gid, error))
    return FALSE;
  AccountsUser account = {
    .name = user->name,
    .uid = user->uid < 0 ? ACCOUNTS_ANY : user->uid,
    .gid = gid,
    .gecos = user->gecos,
    .home = user->home,
    .shell = user->shell,
    .person = !user->system,
  };
  GError *failure = NULL;
  if (!accounts_add_user(accounts, &account, &uid, &failure))
    return fail_at(&user->place, failure, error);
  return make_home(changes, user, uid, gid, error) && join_groups(accounts, user, error);
}

/* An image without base-passwd that has users has root too: programs look it up. */
static gboolean
add_root(Accounts *accounts, GError **error)
{
  guint32 number;
  if (accounts_find_user(accounts, "root", NULL, NULL))
    return TRUE;
  AccountsUser root = {.name = "root", .uid = 0, .gid = 0, .gecos = "root", .home = "/root", .shell = "/bin/sh"};
  if (!accounts_find_group(accounts, "root", NULL) && !accounts_add_group(accounts, "root", 0, &number, error))
    return FALSE;
  return accounts_add_user(accounts, &root, &number, error);
}

gboolean
users_apply(const Recipe *recipe, Accounts *accounts, Changes *changes, GError **error)
{
  if (recipe->users->len == 0 && recipe->groups->len == 0)
    return TRUE;
  if (accounts_n_users(accounts) == 0 && !add_root(accounts, error))
    return FALSE;
  guint32 gid;
  for (guint i = 0; i < recipe->groups->len; i++) {
    const RecipeGroup *group = recipe->groups->pdata[i];
    if (!add_group(accounts, group->name, group->gid, &group->place, &gid, error))
      return FALSE;
  }
  for (guint i = 0; i < recipe->users->len; i++)
    if (!add_user(accounts, changes, recipe->users->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < recipe->groups->len; i++)
    if (!add_members(accounts, recipe->groups->pdata[i], error))
      return FALSE;
  return TRUE;
}
