/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper itself, once it is root of its namespaces: a part of keeper.c's work, see keeper.h.
 */
#ifndef ASHLAR_ROOTFS_KEEPER_INSIDE_H
#define ASHLAR_ROOTFS_KEEPER_INSIDE_H

#include "rootfs/idmap.h"

/* In the keeper's own mount namespace, in memory: what a runtime needs besides the tree. */
#define KEEPER_PLACE "/tmp"
#define KEEPER_BUNDLE KEEPER_PLACE "/bundle"
#define KEEPER_BUNDLE_TREE KEEPER_BUNDLE "/rootfs"
#define KEEPER_STATE KEEPER_PLACE "/state"
#define KEEPER_SECRETS KEEPER_PLACE "/secrets"
#define KEEPER_CACHES KEEPER_PLACE "/caches"
#define KEEPER_INPUTS KEEPER_PLACE "/inputs"
#define KEEPER_CONSOLE KEEPER_PLACE "/console"
#define KEEPER_EXTRAS_PLACE KEEPER_PLACE "/extras"

typedef struct {
  int tree;          /* the folder of the files, open */
  GHashTable *marks; /* path -> how it looked; see keeper_list.c */
} Keeper;

/* What the warden knows already. */
typedef struct {
  IdMap map;
  guint64 memory;     /* bytes that the tree may take in memory; 0: it lies on the disk */
  gboolean in_memory; /* it is there: the warden could mount it */
} KeeperOrders;

/* Serves until the socket ends. Does not return. */
void keeper_inside(const KeeperOrders *orders) G_GNUC_NORETURN;

/* The messages; each answers over the socket, or returns FALSE with @error for an answer. */
gboolean keeper_own(Keeper *keeper, GVariant *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean keeper_mark(Keeper *keeper, GVariant *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean keeper_list(Keeper *keeper, GVariant *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean keeper_send(Keeper *keeper, GVariant *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean keeper_run(Keeper *keeper, GVariant *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
