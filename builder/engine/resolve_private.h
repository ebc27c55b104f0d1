/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of what resolve.h offers.
 */
#ifndef ASHLAR_ENGINE_RESOLVE_PRIVATE_H
#define ASHLAR_ENGINE_RESOLVE_PRIVATE_H

#include "builder/engine/resolve.h"

/* ---- whether a lock holds (resolve_holds.c) ---- */

/* Whether @recipe itself, without its stages, has any input that a lock would pin. */
gboolean resolve_needs_own_lock(const Recipe *recipe);
/* Whether @lock, the part of @recipe or of one stage, is about what that is built upon, whatever it holds of it. */
gboolean resolve_names_base(const Recipe *recipe, const Lock *lock);
/* Whether the lock says of @recipe, or one stage, what it is built upon: of a stage only where packages were chosen to go on top. */
gboolean resolve_locks_base(const Recipe *recipe);
/* A digest of all that is locked for @arch of the stages that @recipe (@whole or a stage of it) is built upon; @lock is that of @whole. */
void resolve_below(const Recipe *whole, const Lock *lock, const Recipe *recipe, const char *arch, Digest *out);

/* ---- solving (resolve_solve.c) ---- */

/* What holds for the recipe and its stages, and what came of the stages so far: those that others are built upon come first. */
typedef struct {
  const Recipe *recipe; /* the whole */
  Store *store;
  const ResolveOptions *options;
  Lock *lock;            /* has those stages */
  GHashTable *installed; /* "STAGE ARCH" -> Digest*: what is installed in one that has packages (see debian_installed_solved) */
} Resolving;

/* Adds to @lock, which has its base by now, the packages that @recipe (the whole or a stage) takes from @archive for @archs; @old
 * (NULL: none) says which versions to keep. Side by side; the first failure in the order of the architectures is the one that is
 * told. */
gboolean resolve_solve(const Resolving *resolving, const Recipe *recipe, DebianArchive *archive, const char *const *archs,
                       const Lock *old, Lock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- telling (resolve_tell.c) ---- */

/* What moved in the recipe's or one stage's part of the lock. */
void resolve_tell_moves(const Recipe *recipe, const Lock *old, const Lock *lock, Progress *progress);
/* A word on what shapes bytes: where a compressor is another one than the lock was made with. */
void resolve_tell_format(const Recipe *recipe, const Lock *lock, Progress *progress);

#endif
