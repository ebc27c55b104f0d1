/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of a sandbox share: what it is, and how its keeper is spoken to.
 */
#ifndef ASHLAR_ROOTFS_SANDBOX_PRIVATE_H
#define ASHLAR_ROOTFS_SANDBOX_PRIVATE_H

#include "rootfs/sandbox.h"

/* Entries that one message speaks of. */
#define SANDBOX_BATCH 1024

struct Sandbox {
  char *folder; /* absolute */
  char *name;   /* of the folder, and of the control group */
  char *runtime;
  int tree; /* the folder of the files */
  int extras;
  int hold; /* its lock, until the warden has it */
  int socket, lifeline, output, errors, input;
  GPid warden;
  guint32 uid, gid; /* who stand for root */
  gboolean many_users;
  gboolean in_memory; /* the tree */
  gboolean kept;      /* its folder stays */
  gboolean broken;    /* the keeper did not answer as it should: nothing more is asked of it */
  GCancellable *cancellable;
  gulong cancelled; /* the handler's number */
};

/* Starts the keeper of its folder, with a warden that has the folder's lock from now on; the tree may take @memory bytes of memory
 * (0: it is on the disk). */
gboolean sandbox_start_keeper(Sandbox *sandbox, guint64 memory, const SandboxOptions *options,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends @value (NULL: TRUE; a floating one is taken). */
gboolean sandbox_ask(Sandbox *sandbox, const char *verb, GVariant *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The next answer, which may be @verb or @other (NULL: none), and is told by *is_other (or NULL); "error" is an error. *value is a new
 * reference. */
gboolean sandbox_hear(Sandbox *sandbox, const char *verb, const char *other, gboolean *is_other, GVariant **value,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is answered by "ok". */
gboolean sandbox_ask_simply(Sandbox *sandbox, const char *verb, GVariant *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The keeper is gone; that is why, if it is because the user wants to stop. Returns FALSE. */
gboolean sandbox_lost(Sandbox *sandbox, GError **error);

#endif
