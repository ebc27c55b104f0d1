/* SPDX-License-Identifier: Apache-2.0
 *
 * What the steps of debian_configure share. Each step reads the merged tree through the changes above it, and adds to them.
 */
#ifndef ASHLAR_DEBIAN_CONFIGURATION_H
#define ASHLAR_DEBIAN_CONFIGURATION_H

#include "builder/sources/debian/configure.h"
#include "builder/sources/debian/script.h"
#include "signing/limits.h"

typedef struct {
  const DebianUnit *unit;
  const char *kind; /* "preinst", "postinst" */
  char *text;
  GPtrArray *commands; /* DebianCommand* */
} DebianUnitScript;

typedef struct {
  const DebianSystem *system;
  Changes *changes;
  Accounts *accounts;
  gint64 epoch;
  GPtrArray *scripts; /* DebianUnitScript*, in the order of the packages */
} DebianConfiguration;

/* Alternatives one call at a time: the groups so far, empty. */
GPtrArray *debian_alternatives_new(void);
/* `update-alternatives --install ...`: its links and state are put; FALSE: it is not understood, or its path is not there. */
gboolean debian_alternatives_install(const DebianConfiguration *configuration, GPtrArray *groups, char **words);
gboolean debian_alternatives_has(const GPtrArray *groups, const char *name);
void debian_alternatives_apply(const DebianConfiguration *configuration);
/* The accounts of base-passwd come first, for other steps' owners. */
gboolean debian_users_apply_base(const DebianConfiguration *configuration, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean debian_users_apply(const DebianConfiguration *configuration, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean debian_basefiles_apply(const DebianConfiguration *configuration, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean debian_shells_apply(const DebianConfiguration *configuration, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean debian_pam_apply(const DebianConfiguration *configuration, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean debian_cabundle_apply(const DebianConfiguration *configuration, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the calls of that program with literal words are carried out by a step (so that they are not missing). */
gboolean debian_users_knows(const DebianCommand *command);

/* The file that @path leads to, as text (transfer full); NULL without an error when there is none. */
char *debian_configuration_read(const DebianConfiguration *configuration, const char *path, GError **error);

#endif
