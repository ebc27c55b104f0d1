/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of what stages.h offers.
 */
#ifndef ASHLAR_ENGINE_STAGES_PRIVATE_H
#define ASHLAR_ENGINE_STAGES_PRIVATE_H

#include "builder/engine/packages.h"
#include "builder/engine/stages.h"
#include "rootfs/tree.h"

/* Of what is taken out of stages, and never seen as it is compressed. */
#define STAGE_ENCODING PACK_ZSTD

struct Stages {
  const Recipe *recipe;
  const Lock *lock;
  StagesOptions options;
  StageKeys keys;
};

/* ---- what a stage is made of (stages.c) ---- */

/* The lock's part of the recipe or a stage, or NULL, and what it has for the architecture, or NULL. */
const Lock *stages_lock(const Stages *stages, const Recipe *recipe);
const LockArch *stages_locked(const Stages *stages, const Recipe *stage);
PackagesOptions stages_packages_options(const Stages *stages, PackEncoding encoding);

/* ---- as an image (stages_image.c) ---- */

/* The tree of @stage as the image that it is for those who are built upon it, which is made where it is not remembered. */
Tree *stages_lay_image(const Stages *stages, const Recipe *stage, GError **error);

#endif
