/* SPDX-License-Identifier: Apache-2.0
 *
 * What gpgv.c needs to know of a Keyring (see gpgv.h).
 */
#ifndef ASHLAR_DEBIAN_KEYRING_H
#define ASHLAR_DEBIAN_KEYRING_H

#include "builder/sources/debian/gpgv.h"

struct Keyring {
  GPtrArray *files;        /* GBytes*: binary, as gpgv reads them */
  GPtrArray *fingerprints; /* char*: only these keys are good; empty: all */
};

#endif
