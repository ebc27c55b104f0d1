/* SPDX-License-Identifier: Apache-2.0
 *
 * What `ashlar build` tells of an image that it made: the summary on the stream of events, and the result on stdout.
 */
#ifndef ASHLAR_COMMANDS_BUILD_PRINT_H
#define ASHLAR_COMMANDS_BUILD_PRINT_H

#include "builder/engine/build.h"
#include "builder/progress/progress.h"

typedef struct {
  gboolean json, explain, verbose;
  gboolean check; /* it was built twice */
} BuildPrint;

/* Ends the build on @progress. */
void build_tell_summary(Progress *progress, const Recipe *recipe, const BuildResult *result, const CheckReport *tests);
void build_print(const Recipe *recipe, const BuildResult *result, const CheckReport *tests, const BuildPrint *print);

#endif
