/* SPDX-License-Identifier: Apache-2.0
 *
 * Debian package versions: [epoch:]upstream[-revision], compared as Debian policy 5.6.12 and deb-version(7) say.
 */
#ifndef ASHLAR_DEBIAN_VERSION_H
#define ASHLAR_DEBIAN_VERSION_H

#include <glib.h>

/* <0, 0, >0. Any strings compare without fault, well-formed or not. */
int debian_version_compare(const char *a, const char *b);

#endif
