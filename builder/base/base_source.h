/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the recipe's `from`, the lock, and the store: which image is meant, and where its bytes are. Errors stand at the recipe's
 * place.
 */
#ifndef ASHLAR_BASE_BASE_SOURCE_H
#define ASHLAR_BASE_BASE_SOURCE_H

#include "builder/base/base.h"
#include "builder/lock/lock.h"
#include "builder/sources/fetch.h"

/* Finds the base's digest for each of @archs that @lock does not name yet, and writes it there; nothing where the recipe has no
 * base. */
gboolean base_source_lock(const Recipe *recipe, Store *store, const char *const *archs, const FetchOptions *options, Lock *lock,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether what lies on this machine is still what @lock names for @archs: ASHLAR_ERROR_USAGE where it is not. A file that is gone
 * is no fault while the store has the image. */
gboolean base_source_check(const Recipe *recipe, Store *store, const Lock *lock, const char *const *archs,
                           const FetchOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The base of @recipe for @arch, as @lock names it (transfer full). */
Base *base_source_obtain(const Recipe *recipe, Store *store, const Lock *lock, const char *arch, const FetchOptions *options,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
