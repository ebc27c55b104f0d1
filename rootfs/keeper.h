/* SPDX-License-Identifier: Apache-2.0
 *
 * The process that keeps a sandbox (see sandbox.h): the program itself, started anew under another name, because a process with
 * threads can neither fork nor enter a user namespace. It is two:
 *
 *   the warden   outside, in a session of its own. It waits until the sandbox is no longer needed, or whoever made it is dead,
 *                and then leaves nothing: no process, no folder, no control group. What a warden left that was killed itself
 *                is removed by one that is started only for that.
 *   the keeper   root of a new user namespace, and the first process of a new pid namespace, so that with it all ends that runs
 *                in the sandbox. It does what is asked for over the socket.
 *
 * Messages (wire.h), each answered by "error", or by what stands behind the arrow:
 *   own     a(entries)        sets owners, modes and xattrs                                          -> ok
 *   mark                      remembers how all files look now                                       -> ok
 *   run     a{sv}             runs an OCI bundle; see keeper_run.c                                    -> exit a{sv}
 *   list    b                 all files; digests of those that changed since the mark, or (TRUE) of all; marks again
 *                                                                                                    -> entries a(entries) ..., end
 *   send    aay               contents of the files named                                            -> data ay ..., end (for each)
 * The first message is the keeper's: ready (uubb), who stands for root outside, whether there are other users, and whether the tree
 * is in memory; the tree's folder, open, comes with it.
 */
#ifndef ASHLAR_ROOTFS_KEEPER_H
#define ASHLAR_ROOTFS_KEEPER_H

#include <glib.h>

/* argv[0] by which main knows that it is to be this, and the arguments behind it. */
#define KEEPER_NAME "ashlar-sandbox"

/* Descriptors that it is given. */
enum {
  KEEPER_SOCKET = 3,
  KEEPER_LIFELINE = 4, /* its end is the end */
  KEEPER_OUTPUT = 5,   /* what programs print */
  KEEPER_ERRORS = 7,   /* what they print as messages, where that is asked for apart */
  KEEPER_HOLD = 6,     /* the folder's KEEPER_LOCK, locked as long as there is a warden */
  KEEPER_INPUT = 8,    /* what programs read, where that is asked for */
};

/* In the sandbox's folder, which is the warden's working folder. */
#define KEEPER_TREE "root"
#define KEEPER_INPUTS_FOLDER "inputs" /* what steps mount of sandbox_add_input */
#define KEEPER_EXTRAS "extras"        /* what may be mounted at SANDBOX_EXTRAS */
#define KEEPER_LOCK "lock"
/* Where this is there, the folder stays. */
#define KEEPER_KEEP "keep"

/* @argv: KEEPER_NAME, what to do, the sandbox's folder, the name of its control group, and for KEEPER_KEEPS how many bytes the tree
 * may take in memory (0: it is to be on the disk). Returns the exit status. */
#define KEEPER_KEEPS "keep-sandbox"
#define KEEPER_SWEEPS "sweep-sandbox"
#define KEEPER_MEASURES "measure-sandbox" /* prints the bytes of its tree's files */
int keeper_main(int argc, char **argv);

#endif
