/* SPDX-License-Identifier: Apache-2.0
 *
 * The root filesystem of an image: what it is built upon, its packages merged and configured, the recipe's users, files and links
 * laid on top, its steps run and its removals made, as one tree of packs.
 */
#ifndef ASHLAR_ENGINE_ROOT_H
#define ASHLAR_ENGINE_ROOT_H

#include "builder/base/base.h"
#include "builder/engine/packages.h"
#include "builder/engine/stage_keys.h"
#include "rootfs/tree.h"

/* What the image is made of: packs of the tree, from the bottom up. */
typedef struct {
  char *title;  /* "nginx 1.22.1-9", "system configuration" */
  guint number; /* of its pack in the tree */
} RootPart;

typedef struct {
  Tree *tree;
  GPtrArray *parts;   /* RootPart*: the lock's packages in its order, generated files, the recipe's own, its steps; of a base
                       * nothing, though it is what the tree begins with */
  guint n_packages;   /* how many of the parts are packages */
  guint system;       /* number of the generated files' pack in the tree, or TREE_NO_PACK */
  guint installed;    /* of the pack of what dpkg and maintainer scripts made, or TREE_NO_PACK */
  GPtrArray *skipped; /* char*: maintainer scripts that were left out, sorted: "nginx postinst: what of it" */
  GPtrArray *scripts; /* ScriptNote*: what became of every maintainer script, by package and script */
} Root;

void root_free(Root *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Root, root_free)

typedef struct {
  const PackagesOptions *packages;
  const Base *base;    /* or NULL */
  const char *runtime; /* see StepsOptions */
  gboolean keep;
  const guint *steps;      /* the number of steps that are run, and nothing is removed then; NULL: all */
  GPtrArray *ran;          /* see StepsOptions */
  const StageKeys *stages; /* obtained, where files are taken out of any; else may be NULL */
} RootOptions;

/* @locked and @packs (Pack*, in its order) are the packages, NULL: none. */
Root *root_assemble(Store *store, const Recipe *recipe, const char *arch, const LockArch *locked, GPtrArray *packs,
                    const RootOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
