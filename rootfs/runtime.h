/* SPDX-License-Identifier: Apache-2.0
 *
 * An OCI runtime (crun, runc) and what it is told: the configuration of a container (OCI runtime-spec, config.md) in which a
 * step runs. The namespaces of users, mounts and processes are the keeper's (keeper.h), in which the runtime is root.
 */
#ifndef ASHLAR_ROOTFS_RUNTIME_H
#define ASHLAR_ROOTFS_RUNTIME_H

#include <glib.h>
#include <jansson.h>

/* The program called @name, a path or what is found by PATH; NULL: crun, else runc (transfer full). ASHLAR_ERROR_NOT_FOUND says
 * what to install. */
char *runtime_find(const char *name, GError **error);

typedef struct {
  const char *source; /* absolute: of the keeper's mount namespace */
  const char *target; /* absolute: in the tree */
  gboolean writable;
} RuntimeMount;

typedef struct {
  const char *const *command;
  const char *const *environment; /* "NAME=VALUE" */
  const char *folder;             /* to start in */
  guint32 uid, gid;
  const guint32 *groups; /* further ones */
  guint n_groups;
  gboolean network;  /* the host's, else none */
  gboolean terminal; /* one of its own, of this size */
  guint rows, columns;
  gboolean alone;   /* root is the only user that the sandbox has */
  const char *tree; /* absolute: of the keeper's mount namespace */
  const RuntimeMount *mounts;
  guint n_mounts;
} RuntimeSpec;

/* (new reference) */
json_t *runtime_config(const RuntimeSpec *spec);

#endif
