/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuring a merged system without running any of its programs (scripts: skip): what the maintainer scripts of Debian's
 * base do is done here, from the packages' files alone, and the same whatever the host. What is done:
 *
 *   accounts       base-passwd's users and groups, shadow files where package passwd is there, users and groups of sysusers.d
 *                  and of adduser, addgroup, useradd and groupadd calls with literal words
 *   alternatives   every literal `update-alternatives --install`
 *   basefiles      what base-files, libc-bin, login, netbase, tzdata and their like copy, make and link
 *   shells         /etc/shells from debianutils' shells.d and add-shell calls
 *   pam            /etc/pam.d/common-* from the profiles of pam-configs
 *   cabundle       /etc/ca-certificates.conf, /etc/ssl/certs with its hash links, ca-certificates.crt
 *
 * The report tells of every maintainer script whether all it does at a first installation was done (native) or not: no script
 * is skipped in silence.
 */
#ifndef ASHLAR_DEBIAN_CONFIGURE_H
#define ASHLAR_DEBIAN_CONFIGURE_H

#include "builder/sources/debian/system.h"
#include "rootfs/accounts.h"

typedef struct {
  gint64 epoch;
  /* DebianBatch*: in which order packages are installed (install_plan.h); matters where scripts are followed (native.h) */
  const GPtrArray *batches;
} DebianConfigureOptions;

typedef struct {
  char *package;
  char *script;    /* "preinst", "postinst" */
  gboolean native; /* nothing that it does at a first installation is missing */
  char *missing;   /* else the commands that were not done, sorted, with ", " between; or "" */
} DebianScriptNote;

typedef struct {
  GPtrArray *notes; /* DebianScriptNote*, sorted by package and script */
  guint n_left_out; /* of them, those that are not native */
} DebianScriptReport;

DebianScriptReport *debian_script_report_new(void);
void debian_script_report_free(DebianScriptReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianScriptReport, debian_script_report_free)

/* Lines "\n  PACKAGE SCRIPT: WHY" for what is not native (transfer full). */
char *debian_script_report_unknown(const DebianScriptReport *report);

/* After debian_merge. Users and groups go into @accounts (accounts_write puts the files); all else into @changes. */
gboolean debian_configure(const DebianSystem *system, Changes *changes, Accounts *accounts,
                          const DebianConfigureOptions *options, DebianScriptReport *report,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
