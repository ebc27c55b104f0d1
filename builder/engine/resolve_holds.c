/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/resolve_private.h"

gboolean
resolve_locks_base(const Recipe *recipe)
{
  return recipe->from.image != NULL && (recipe->from.stage == NULL || recipe->debian != NULL);
}

gboolean
resolve_needs_own_lock(const Recipe *recipe)
{
  if (recipe->debian != NULL || resolve_locks_base(recipe))
    return TRUE;
  json_t *files = lock_files(recipe);
  gboolean some = json_array_size(files) > 0;
  json_decref(files);
  return some;
}

gboolean
resolve_needs_lock(const Recipe *recipe)
{
  gboolean some = resolve_needs_own_lock(recipe);
  for (guint i = 0; !some && i < recipe->stages->len; i++)
    some = resolve_needs_own_lock(recipe->stages->pdata[i]);
  return some;
}

/* Names in the first list of strings that are not in the second, "a, b" (transfer full); NULL when there is none. */
static char *
missing_names(json_t *wanted, json_t *present)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (gsize i = 0; i < json_array_size(wanted); i++) {
    json_t *name = json_array_get(wanted, i);
    gboolean found = FALSE;
    for (gsize j = 0; !found && j < json_array_size(present); j++)
      found = json_equal(name, json_array_get(present, j));
    if (!found)
      g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", json_string_value(name));
  }
  return names->len > 0 ? g_strdup(names->str) : NULL;
}

static char *
asked_difference(json_t *asked, json_t *locked)
{
  if (!json_is_object(asked) || !json_is_object(locked))
    return g_strdup("the recipe's 'debian' section came or went");
  static const char *const keys[] = {"suite", "components", "snapshot", "variant", "recommends"};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
    if (!json_equal(json_object_get(asked, keys[i]), json_object_get(locked, keys[i])))
      return g_strdup_printf("the recipe's debian.%s is another one", keys[i]);
  json_t *wanted = json_object_get(asked, "packages"), *present = json_object_get(locked, "packages");
  g_autofree char *more = missing_names(wanted, present);
  g_autofree char *less = missing_names(present, wanted);
  return g_strdup_printf("the recipe asks for %s%s%s%s", more != NULL ? more : "", more != NULL && less != NULL ? " and " : "",
                         less != NULL ? "no longer for " : "", less != NULL ? less : "");
}

gboolean
resolve_names_base(const Recipe *recipe, const Lock *lock)
{
  const char *from = resolve_locks_base(recipe) ? recipe->from.image : NULL;
  return g_strcmp0(from, json_string_value(json_object_get(lock->base, "from"))) == 0;
}

/* What the lock lacks of the base on @archs (transfer full), or NULL. */
static char *
base_difference(const Recipe *recipe, const Lock *lock, const char *const *archs)
{
  Digest digest;
  gboolean has = resolve_locks_base(recipe);
  if (!resolve_names_base(recipe, lock))
    return has ? g_strdup_printf("the recipe starts from '%s'", recipe->from.image)
               : g_strdup("the recipe starts from nothing");
  for (const char *const *arch = archs; has && *arch != NULL; arch++)
    if (!lock_base(lock, *arch, &digest))
      return g_strdup_printf("it holds no base for architecture %s", *arch);
  return NULL;
}

/* What @lock lacks of the recipe or stage itself (transfer full), or NULL. */
static char *
own_difference(const Recipe *recipe, const Lock *lock, const char *const *archs)
{
  char *why = NULL;
  json_t *asked = lock_asked(recipe), *files = lock_files(recipe);
  if (!json_equal(asked, lock->asked))
    why = asked_difference(asked, lock->asked);
  else if (!json_equal(files, lock->files))
    why = g_strdup("the recipe fetches other files");
  json_decref(asked);
  json_decref(files);
  if (why == NULL)
    why = base_difference(recipe, lock, archs);
  for (const char *const *arch = archs; recipe->debian != NULL && why == NULL && *arch != NULL; arch++)
    if (lock_find_arch(lock, *arch) == NULL)
      why = g_strdup_printf("it holds nothing for architecture %s", *arch);
  return why;
}

void
resolve_below(const Recipe *whole, const Lock *lock, const Recipe *recipe, const char *arch, Digest *out)
{
  g_autoptr(Hasher) hasher = hasher_new();
  for (const Recipe *at = recipe; at->from.stage != NULL;) {
    at = recipe_stage(whole, at->from.stage);
    const Lock *own = lock_stage(lock, at->name);
    const LockArch *packages = own != NULL ? lock_find_arch(own, arch) : NULL;
    Digest base;
    for (guint i = 0; packages != NULL && i < packages->packages->len; i++)
      hasher_update(hasher, &((const LockPackage *)packages->packages->pdata[i])->sha256, sizeof(Digest));
    if (own != NULL && lock_base(own, arch, &base))
      hasher_update(hasher, &base, sizeof base);
  }
  hasher_finish(hasher, out);
}

/* What @recipe, whose part of @lock is @own, is built upon as another one than it was (transfer full), or NULL. */
static char *
below_difference(const Recipe *whole, const Lock *lock, const Recipe *recipe, const Lock *own, const char *const *archs)
{
  Digest was, is;
  for (const char *const *arch = archs; recipe->from.stage != NULL && recipe->debian != NULL && *arch != NULL; arch++) {
    resolve_below(whole, lock, recipe, *arch, &is);
    if (!lock_base(own, *arch, &was) || !digest_equal(&was, &is))
      return g_strdup_printf("its packages were chosen for another '%s'", recipe->from.image);
  }
  return NULL;
}

gboolean
resolve_holds(const Recipe *recipe, const Lock *lock, const char *const *archs, char **why)
{
  if (lock == NULL) {
    *why = g_strdup("there is none");
    return FALSE;
  }
  *why = own_difference(recipe, lock, archs);
  if (*why == NULL)
    *why = below_difference(recipe, lock, recipe, lock, archs);
  guint n = 0;
  for (guint i = 0; *why == NULL && i < recipe->stages->len; i++) {
    const Recipe *stage = recipe->stages->pdata[i];
    const Lock *locked = lock_stage(lock, stage->name);
    if (!resolve_needs_own_lock(stage))
      continue;
    n++;
    g_autofree char *lack = locked != NULL ? own_difference(stage, locked, archs) : g_strdup("it is new");
    if (lack == NULL)
      lack = below_difference(recipe, lock, stage, locked, archs);
    if (lack != NULL)
      *why = g_strdup_printf("stage '%s': %s", stage->name, lack);
  }
  if (*why == NULL && n != lock->stages->len)
    *why = g_strdup("it holds stages that the recipe no longer has");
  return *why == NULL;
}
