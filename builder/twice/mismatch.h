/* SPDX-License-Identifier: Apache-2.0
 *
 * Two files (or layout folders) that ought to be the same image: whether they are, byte for byte, and if not, the first thing in
 * which they differ, from the image down to the byte, what that byte looks like, and where it came from.
 */
#ifndef ASHLAR_TWICE_MISMATCH_H
#define ASHLAR_TWICE_MISMATCH_H

#include "builder/recipe/recipe.h"
#include "builder/twice/guess.h"

#include <gio/gio.h>

typedef struct {
  const Recipe *recipe; /* that both were made of, or NULL */
  GuessContext context;
  GCancellable *cancellable;
} MismatchOptions;

/* *explanation becomes NULL where they are the same, else lines of text (transfer full), printable. FALSE: they could not be
 * read. */
gboolean mismatch_find(const char *first, const char *second, const MismatchOptions *options, char **explanation,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
