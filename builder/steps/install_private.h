/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of an installation share: how far it is, what decides its batches, and how dpkg is run for one.
 */
#ifndef ASHLAR_STEPS_INSTALL_PRIVATE_H
#define ASHLAR_STEPS_INSTALL_PRIVATE_H

#include "builder/steps/install.h"
#include "builder/steps/step_log.h"
#include "builder/sources/debian/install_plan.h"
#include "rootfs/sandbox.h"

#define INSTALL_DPKG "dpkg --force-unsafe-io --force-confold --force-confdef"
/* A new package may break what is there until that is unpacked anew, too. */
#define INSTALL_DPKG_ON_BASE INSTALL_DPKG " --auto-deconfigure"

typedef struct {
  Store *store;
  const Recipe *recipe;
  const LockArch *locked;
  const DebianSystem *system;
  const Base *base; /* or NULL */
  const StepsOptions *options;
  GPtrArray *batches; /* DebianBatch* */
  Digest *keys;       /* of the batches */
  Sandbox *sandbox;   /* NULL, or one that holds what the batches so far came to */
  gint64 began;       /* when it was made */
  gboolean on_disk;   /* where its files are to be */
  gboolean again;     /* a batch did not fit into memory */
  gboolean has_first; /* the first batch's key is claimed */
} Install;

/* ---- what decides it (install_keys.c) ---- */

/* What dpkg and the scripts find in their environment, with SOURCE_DATE_EPOCH (transfer full). */
char **install_environment(const Install *install);
/* All that decides what batch @n and those before it come to; needs the keys of those. */
void install_key(const Install *install, guint n, Digest *key);

/* ---- dpkg (install_dpkg.c) ---- */

/* Puts the batch's packages among the sandbox's extras as files, where dpkg finds them. */
gboolean install_write_debs(const Install *install, const DebianBatch *batch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void install_remove_debs(const Install *install, const DebianBatch *batch);
/* Installs batch @n. Where it did not fit into memory, install->again is set and there is no error. */
gboolean install_run_dpkg(Install *install, guint n, StepLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
