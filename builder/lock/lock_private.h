/* SPDX-License-Identifier: Apache-2.0
 *
 * What writing and reading a lock file have in common beyond lock.h.
 */
#ifndef ASHLAR_LOCK_LOCK_PRIVATE_H
#define ASHLAR_LOCK_LOCK_PRIVATE_H

#include "builder/lock/lock.h"

/* The version of the file's own structure. */
#define LOCK_VERSION 1

/* The member of Lock.base that holds the digests, where it is called @from. */
const char *lock_base_member(const char *from);

#endif
