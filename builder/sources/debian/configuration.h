/* SPDX-License-Identifier: Apache-2.0
 *
 * A system that is being configured, and what programs of Debian's base do to it. Each reads the merged tree through the
 * changes above it, and adds to them.
 */
#ifndef ASHLAR_DEBIAN_CONFIGURATION_H
#define ASHLAR_DEBIAN_CONFIGURATION_H

#include "builder/sources/debian/system.h"
#include "rootfs/accounts.h"
#include "signing/limits.h"

typedef struct {
  const DebianSystem *system;
  Changes *changes;
  Accounts *accounts;
  gint64 epoch;
} DebianConfiguration;

/* update-alternatives(1), one call at a time: the groups so far, empty. */
GPtrArray *debian_alternatives_new(void);
/* `update-alternatives --install ...`: its links and state are put; FALSE: it is not understood, or its path is not there. A
 * group of a system that was there before is continued. */
gboolean debian_alternatives_install(const DebianConfiguration *configuration, GPtrArray *groups, char **words);
/* Whether there is a group of that name, be it from before. */
gboolean debian_alternatives_has(const DebianConfiguration *configuration, const GPtrArray *groups, const char *name);

/* update-shells(8): /etc/shells of debianutils' shells.d */
gboolean debian_shells_apply(const DebianConfiguration *configuration, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* pam-auth-update(8) */
gboolean debian_pam_apply(const DebianConfiguration *configuration, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* update-ca-certificates(8), of a list of all that packages bring */
gboolean debian_cabundle_apply(const DebianConfiguration *configuration, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The file that @path leads to, as text (transfer full); NULL without an error when there is none. */
char *debian_configuration_read(const DebianConfiguration *configuration, const char *path, GError **error);

#endif
