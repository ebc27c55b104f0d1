/* SPDX-License-Identifier: Apache-2.0
 *
 * From the packages that a lock names to their packs: what is packed already is taken from the store, what is in the store is
 * unpacked, and what is not is fetched, each package unpacked as soon as its bytes are there, on all cores. What another thread is
 * about to pack in this moment is waited for.
 */
#ifndef ASHLAR_ENGINE_PACKAGES_H
#define ASHLAR_ENGINE_PACKAGES_H

#include "builder/lock/lock.h"
#include "builder/sources/fetch.h"

typedef struct {
  PackEncoding encoding;
  gint64 epoch;               /* later mtimes become it */
  const char *const *mirrors; /* --mirror, or NULL */
  FetchOptions fetch;
  GPtrArray *unpacked; /* gets those that had to be unpacked, "nginx 1.22.1-9" (char *); or NULL */
} PackagesOptions;

/* The packs of @arch's packages, in their order (Pack*, transfer full). A locked version that no mirror has any more is
 * ASHLAR_ERROR_NOT_FOUND with the ways out; with offline, what is missing is listed. */
GPtrArray *packages_obtain(Store *store, const Recipe *recipe, const LockArch *arch, const PackagesOptions *options,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
