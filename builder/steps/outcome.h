/* SPDX-License-Identifier: Apache-2.0
 *
 * What programs changed in a tree: a pack of all that is new or different, and the paths that are gone. It is remembered under
 * the key of all that decides it, so that the same programs are never run on the same files twice.
 */
#ifndef ASHLAR_STEPS_OUTCOME_H
#define ASHLAR_STEPS_OUTCOME_H

#include "rootfs/delta.h"
#include "rootfs/sandbox.h"
#include "rootfs/tree.h"

typedef struct {
  Digest pack; /* in the encoding in which it was first written */
  gboolean has_pack;
  GPtrArray *removed; /* char* */
} Outcome;

void outcome_clear(Outcome *outcome);

/* What @key is remembered to have led to. */
gboolean outcome_find(Store *store, const Digest *key, Outcome *outcome);
gboolean outcome_keep(Store *store, const Digest *key, const Outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What @delta says of @sandbox, which has not run anything since; its pack is written. Times that were given to files after
 * @began (in seconds) are set back to the epoch; those that were kept (of an archive that was unpacked) stay. */
typedef struct {
  PackEncoding encoding;
  gint64 began, epoch;
} OutcomeOptions;
gboolean outcome_write(Store *store, Sandbox *sandbox, Delta *delta, const OutcomeOptions *options, Outcome *outcome,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Changes @tree so. @number gets the pack's number in it, TREE_NO_PACK where there is none. */
gboolean outcome_insert(Store *store, Tree *tree, PackEncoding encoding, const Outcome *outcome, guint *number,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
