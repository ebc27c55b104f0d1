/* SPDX-License-Identifier: Apache-2.0
 *
 * The root filesystem of an image: its packages merged and configured, the recipe's users, files, links and removals laid on
 * top, as one tree of packs.
 */
#ifndef ASHLAR_ENGINE_ROOT_H
#define ASHLAR_ENGINE_ROOT_H

#include "builder/engine/packages.h"
#include "rootfs/tree.h"

typedef struct {
  Tree *tree;
  guint *packages; /* for each of the lock's packages, in its order: the number of its pack in the tree */
  guint n_packages;
  guint system;       /* number of the pack of generated files (accounts, dpkg's database ...), or TREE_NO_PACK */
  guint files;        /* number of the pack of the recipe's own files, or TREE_NO_PACK */
  GPtrArray *skipped; /* char*: maintainer scripts that were left out, sorted: "nginx postinst: what of it" */
} Root;

void root_free(Root *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Root, root_free)

/* @locked and @packs (Pack*, in its order) are the packages, NULL: none. */
Root *root_assemble(Store *store, const Recipe *recipe, const char *arch, const LockArch *locked, GPtrArray *packs,
                    const PackagesOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
