/* SPDX-License-Identifier: Apache-2.0
 *
 * From a recipe, and the lock it has, to the lock that holds: the old one where it answers all that the recipe asks, else one
 * solved anew against the archive in which only what must move moves.
 */
#ifndef ASHLAR_ENGINE_RESOLVE_H
#define ASHLAR_ENGINE_RESOLVE_H

#include "builder/lock/lock.h"
#include "builder/sources/debian/archive.h"

/* What came of the recipe that @recipe, one that is being resolved or a stage of it, is built upon. */
typedef struct {
  const Recipe *recipe;
  GArray *manifests; /* Digest, one for each architecture */
} ResolveBase;

typedef struct {
  const char *const
    *archs; /* as resolve_archs gives them, or NULL: the recipe's; those of the lock that are not here stay in it */
  const char *const *mirrors;         /* --mirror, or NULL */
  gboolean locked;                    /* refuse where the lock does not hold */
  gboolean update;                    /* move to the newest versions ... */
  const char *const *update_packages; /* ... of these only, or NULL: of all */
  const GPtrArray *bases;             /* ResolveBase*, for archs: of all that are built upon another recipe; NULL: none are */
  FetchOptions fetch;
} ResolveOptions;

/* The archive that @recipe takes its packages from (it must have a `debian` section); touches no network. */
DebianArchive *resolve_archive(const Recipe *recipe, const char *const *mirrors, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The architectures that @given (--arch: "amd64", "amd64,arm64", any number of times; NULL: all) means: each once, in the
 * recipe's order (NULL-terminated, transfer full). ASHLAR_ERROR_USAGE names one that the recipe does not have. */
char **resolve_archs(const Recipe *recipe, const char *const *given, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @lock (NULL: none) answers all that @recipe asks for on @archs; else *why (transfer full) says what it lacks. */
gboolean resolve_holds(const Recipe *recipe, const Lock *lock, const char *const *archs, char **why);

/* Whether @recipe has any input that a lock would pin; without, it has no lock. */
gboolean resolve_needs_lock(const Recipe *recipe);

/* A new lock solved against the archive; @old (NULL: none) says which versions to keep, and what moved from it is noted on the
 * progress. Where the recipe asks for something else than @old answers, all architectures of @old are solved anew.
 * ASHLAR_ERROR_USAGE names a package to update that is neither in @old nor, then, in the new lock. */
Lock *resolve(const Recipe *recipe, Store *store, const Lock *old, const ResolveOptions *options,
              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The lock that holds for @recipe: the one in the file at @path, or, where that is missing, does not hold, or is to be updated, a
 * new one, which is written there. One that was locked upon another state of the recipe that it is built upon does not hold. With
 * `locked`, a lock that does not hold is ASHLAR_ERROR_USAGE instead. */
Lock *resolve_lock_file(const Recipe *recipe, Store *store, const char *path, const ResolveOptions *options,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
