/* SPDX-License-Identifier: Apache-2.0
 *
 * What is different in two images' configurations and annotations, member by member. A part of difference.h's work.
 */
#ifndef ASHLAR_LOOK_DIFFERENCE_CONFIG_H
#define ASHLAR_LOOK_DIFFERENCE_CONFIG_H

#include "builder/look/difference.h"

/* DifferenceMember*, by name. An annotation that changed as the label of its name did is not told twice. The history and the
 * diff IDs are left out: they are the layers'. Empty where one subject is no image. */
GPtrArray *difference_config(const Subject *before, const Subject *after);

#endif
