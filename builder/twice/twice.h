/* SPDX-License-Identifier: Apache-2.0
 *
 * A recipe built twice, each time from nothing, in surroundings that differ (see surroundings.h), and the outputs compared byte
 * for byte. What was fetched is shared between the two, and with the user's store: it is checked against its digest by whoever
 * uses it. Packs, layers and images are made anew by each. Both stores lie in the user's, and are removed whatever comes.
 */
#ifndef ASHLAR_TWICE_TWICE_H
#define ASHLAR_TWICE_TWICE_H

#include "builder/progress/progress.h"
#include "builder/recipe/recipe.h"

typedef struct {
  Store *store;               /* the user's */
  const char *const *options; /* of `ashlar build`, NULL-terminated: those that are for both */
  Progress *progress;
  GCancellable *cancellable;
} TwiceOptions;

/* Appends to @images (Digest) what each of @recipe's outputs came to. Outputs that differ are ASHLAR_ERROR_FAILED whose message
 * tells the first difference; a build that failed has told why itself, and @error has its code. */
gboolean twice_build(const Recipe *recipe, const TwiceOptions *options, GArray *images,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
