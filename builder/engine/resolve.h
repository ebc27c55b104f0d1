/* SPDX-License-Identifier: Apache-2.0
 *
 * From a recipe, and the lock it has, to the lock that holds: the old one where it answers all that the recipe asks, else one
 * solved anew against the archive in which only what must move moves.
 */
#ifndef ASHLAR_ENGINE_RESOLVE_H
#define ASHLAR_ENGINE_RESOLVE_H

#include "builder/engine/lock.h"
#include "builder/sources/debian/archive.h"

typedef struct {
  const char *const *archs; /* NULL: the recipe's; those that the lock has and are not named here stay in it */
  const char *mirror;       /* --mirror, or NULL */
  gboolean locked;          /* refuse where the lock does not hold */
  gboolean update;          /* move to the newest versions ... */
  const char *const *update_packages; /* ... of these only, or NULL: of all */
  FetchOptions fetch;
} ResolveOptions;

/* The archive that @recipe takes its packages from (it must have a `debian` section); touches no network. */
DebianArchive *resolve_archive(const Recipe *recipe, const char *mirror, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @lock (NULL: none) answers all that @recipe asks for on @archs; else *why (transfer full) says what it lacks. */
gboolean resolve_holds(const Recipe *recipe, const Lock *lock, const char *const *archs, char **why);

/* Whether @recipe has any input that a lock would pin; without, it has no lock. */
gboolean resolve_needs_lock(const Recipe *recipe);

/* A new lock solved against the archive; @old (NULL: none) says which versions to keep, and what moved from it is noted on the
 * progress. */
Lock *resolve(const Recipe *recipe, Store *store, const Lock *old, const ResolveOptions *options,
              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The lock that holds for @recipe: the one in the file at @path, or, where that is missing, does not hold, or is to be updated, a
 * new one, which is written there. With `locked`, a lock that does not hold is ASHLAR_ERROR_USAGE instead. */
Lock *resolve_lock_file(const Recipe *recipe, Store *store, const char *path, const ResolveOptions *options,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
