/* SPDX-License-Identifier: Apache-2.0
 *
 * One image of one architecture: from a recipe and the packs of its packages to a manifest and layers in the store.
 */
#ifndef ASHLAR_ENGINE_ASSEMBLE_H
#define ASHLAR_ENGINE_ASSEMBLE_H

#include "builder/check/check.h"
#include "builder/base/base.h"
#include "builder/engine/packages.h"
#include "builder/engine/stage_keys.h"
#include "builder/oci/descriptor.h"
#include "rootfs/layer.h"

/* A layer as it came out, for --explain and --json. */
typedef struct {
  Layer layer;
  char *contents; /* "libc6 2.36-9, libssl3 3.0.11" */
} AssembledLayer;

typedef struct {
  Descriptor manifest;
  GPtrArray *layers;  /* AssembledLayer*, the lowest first, a base's among them */
  GPtrArray *skipped; /* char*: maintainer scripts that were left out, sorted: "nginx postinst" */
  GPtrArray *scripts; /* ScriptNote*: what became of each (script_note.h) */
  /* what had to be done for it (char *), of one that was assembled now */
  GPtrArray *unpacked; /* packages: "nginx 1.22.1-9" */
  GPtrArray *ran;      /* steps, by name */
} Assembled;

typedef struct {
  PackagesOptions packages; /* encoding, epoch, mirror, progress ... */
  const Base *base;         /* or NULL: what it is built upon */
  const Assembled *stage;   /* what came of that where it is a stage, whose scripts are told with its own; else NULL */
  const StageKeys *stages;  /* see RootOptions */
  const char *runtime;      /* see StepsOptions */
  gboolean keep;
  const char *const *annotations; /* "KEY=VALUE", NULL-terminated, or NULL */
  CheckSuite *tests;              /* gets the results of the recipe's tests; NULL: they are not run */
} AssembleOptions;

/* An empty one, to be filled. */
Assembled *assembled_new(void);
void assembled_free(Assembled *assembled);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Assembled, assembled_free)

/* An image whose tests fail is assembled all the same: what comes of that is the caller's choice. @locked (NULL: no packages) names the packages for @arch. */
Assembled *assemble(Store *store, const Recipe *recipe, const char *arch, const LockArch *locked,
                    const AssembleOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
