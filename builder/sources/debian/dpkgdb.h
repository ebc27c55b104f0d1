/* SPDX-License-Identifier: Apache-2.0
 *
 * dpkg's database as `dpkg --install` of the packages would leave it: var/lib/dpkg/status with every package "install ok
 * installed", info/format, the lists of packages that lost files to others, triggers, diversions, statoverride, available,
 * arch where there is more than one, and apt's extended_states. The files of each package's control member and its list of
 * files are in its pack already.
 *
 * A database that was there before is continued: its packages stand in it as they did, but for those that are replaced.
 *
 * One packages' set gives one database: the order is that of the names, and nothing of time or host is in it.
 */
#ifndef ASHLAR_DEBIAN_DPKGDB_H
#define ASHLAR_DEBIAN_DPKGDB_H

#include "builder/sources/debian/system.h"

typedef struct {
  /* Names of packages that were asked for, NULL-terminated; all others count as installed automatically. NULL: all were. */
  const char *const *asked;
} DebianDatabaseOptions;

/* After debian_merge. */
gboolean debian_write_database(const DebianSystem *system, Changes *changes, const DebianDatabaseOptions *options,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Only apt's part of it, which dpkg does not write: which packages were installed automatically. */
void debian_write_states(const DebianSystem *system, Changes *changes, const DebianDatabaseOptions *options);

/* The stanza of one package as dpkg writes it, a line break at its end but no empty line (transfer full). */
char *debian_status_stanza(const DebianUnit *unit);

#endif
