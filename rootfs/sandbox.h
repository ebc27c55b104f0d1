/* SPDX-License-Identifier: Apache-2.0
 *
 * A sandbox: a tree laid out in a folder of the store, in which programs run as root of namespaces of their own (users, mounts,
 * processes, network, IPC, names of the host, control groups), by an OCI runtime, without privilege outside. What they changed
 * is then found by comparing with the tree.
 *
 *   sandbox = sandbox_new(store, tree, &options, error)
 *   sandbox_run(sandbox, &step, &result, error)
 *   delta = sandbox_compare(sandbox, tree, epoch, error)        what is different now
 *   sandbox_write(sandbox, delta, writer, error)                 as members of a pack
 *   (the caller changes the tree in the same way, and the next step may run)
 *
 * When it is freed, or whoever made it is dead, nothing of it is left: no process, mount, control group or file.
 */
#ifndef ASHLAR_ROOTFS_SANDBOX_H
#define ASHLAR_ROOTFS_SANDBOX_H

#include "rootfs/delta.h"
#include "rootfs/tree.h"
#include <gio/gio.h>

typedef struct {
  const char *runtime; /* a name or path; NULL: the first of crun and runc that is there */
  gboolean on_disk;   /* the tree is never in memory, where it is laid out fastest and can be neither kept nor left uncounted */
  const Watch *watch; /* or NULL: hears of bytes laid out */
  GCancellable *cancellable;
} SandboxOptions;

typedef struct Sandbox Sandbox;
/* Lays @tree out. Where the system does not allow namespaces, or has no runtime, the error says what is missing. */
Sandbox *sandbox_new(Store *store, const Tree *tree, const SandboxOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void sandbox_free(Sandbox *sandbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sandbox, sandbox_free)
/* As sandbox_free, while the caller goes on: so many files take their time to go. */
void sandbox_free_meanwhile(Sandbox *sandbox);
/* Waits for all of these; nothing is left then. To be called before the process ends. */
void sandbox_wait_freed(void);

/* The sandbox at @folder that was kept (sandbox_keep), as it was left; nothing is forgotten when it is freed. */
Sandbox *sandbox_open_kept(const char *folder, const SandboxOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the tree is in memory. A step that fills it (SANDBOX_DISK) may yet succeed in a sandbox on the disk. */
gboolean sandbox_in_memory(const Sandbox *sandbox);

/* A file in memory that one step may read, at SANDBOX_SECRETS/NAME. */
#define SANDBOX_SECRETS "/run/secrets"
typedef struct {
  const char *name;
  GBytes *value;
} SandboxSecret;

/* Something mounted over the tree for one step: a cache that is taken (store_cache.h), or, read-only, an input. What lies there in
 * the tree is hidden and unchanged; what has to be made to mount on is gone again afterwards. */
typedef struct {
  const char *target; /* as Entry.path, without a symlink on its way */
  gboolean folder;    /* else a file */
  const char *cache;  /* store_cache_folder of it, or NULL */
  const char *input;  /* what sandbox_add_input called it, */
  const char *member; /* and what of it: an Entry.path */
} SandboxMount;

/* Lays out @tree under @name, apart from the sandbox's tree and before steps that mount of it; does nothing where it was laid out
 * before. */
gboolean sandbox_add_input(Sandbox *sandbox, const char *name, const Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The folder (open; borrowed) of files that come with the tree and are not part of it: a step that asks for them finds them,
 * read-only, at SANDBOX_EXTRAS. Who puts files there lets everybody read them. */
#define SANDBOX_EXTRAS "/run/extras"
int sandbox_extras(const Sandbox *sandbox);

typedef struct {
  const char *const *command;
  const char *const *environment; /* "NAME=VALUE"; all that the program finds */
  const char *folder;             /* absolute */
  guint32 uid, gid;
  const guint32 *groups;
  guint n_groups;
  gboolean network;
  guint seconds;  /* 0: any time */
  guint64 memory; /* bytes; 0: any */
  const SandboxSecret *secrets;
  guint n_secrets;
  const SandboxMount *mounts;
  guint n_mounts;
  gboolean extras; /* whether it sees SANDBOX_EXTRAS */
  /* What the programs print, piece by piece, in this thread; messages (stderr) are told only where they are to be @apart, else
   * all comes in its order. */
  gboolean apart;
  gboolean interactive; /* it reads our standard input, and prints to our standard output and error instead */
  gboolean terminal;    /* and all three are a terminal of its own, which ours stands in for */
  void (*output)(const char *data, gsize size, gboolean is_error, gpointer user);
  gpointer data;
} SandboxStep;

typedef enum {
  SANDBOX_ENDED,  /* by itself: see status */
  SANDBOX_TIME,   /* it took longer than it may */
  SANDBOX_MEMORY, /* the kernel killed it for want of memory */
  SANDBOX_DISK,   /* it filled the disk, or the memory that the tree is in */
} SandboxEnd;

typedef struct {
  SandboxEnd end;
  int status; /* 0: success; 128 and more: a signal */
} SandboxResult;

/* Runs a program and waits for it and all its children to be gone. FALSE where it could not be run at all. */
gboolean sandbox_run(Sandbox *sandbox, const SandboxStep *step, SandboxResult *result,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is different from @tree, which must be as it was laid out, but for earlier deltas of this sandbox. */
Delta *sandbox_compare(Sandbox *sandbox, const Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is different from any tree: all files are read. */
Delta *sandbox_compare_whole(Sandbox *sandbox, const Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds all that is new or changed in @delta, with contents, to @writer. */
gboolean sandbox_write(Sandbox *sandbox, const Delta *delta, PackWriter *writer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The folder stays when the sandbox is freed (for who wants to look at what a failed step left); its path (borrowed). */
const char *sandbox_keep(Sandbox *sandbox);

#endif
