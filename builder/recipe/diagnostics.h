/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with a recipe, collected in one run and told in the order of the text:
 *
 *   web.yaml:12:3: error: unknown key 'package' in 'debian'
 *    12 |   package: [nginx]
 *       |   ^
 *   hint: did you mean 'packages'?
 *
 * Columns count characters from 1. The source line is read again from the file when the report is made; control characters in
 * it, and in every message, are shown escaped.
 */
#ifndef ASHLAR_RECIPE_DIAGNOSTICS_H
#define ASHLAR_RECIPE_DIAGNOSTICS_H

#include "builder/recipe/recipe.h"
#include "signing/limits.h"
#include <glib.h>
#include <jansson.h>

/* More errors than this are counted, not shown. */
#define DIAGNOSTICS_SHOWN 100

typedef struct Diagnostics Diagnostics;

Diagnostics *diagnostics_new(void);
void diagnostics_free(Diagnostics *diagnostics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Diagnostics, diagnostics_free)

/* A place whose line is 0 means the file as a whole. The same message at the same place is kept once. */
void diagnostics_error(Diagnostics *diagnostics, const RecipePlace *place, const char *format, ...) G_GNUC_PRINTF(3, 4);
void diagnostics_warning(Diagnostics *diagnostics, const RecipePlace *place, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* "MESSAGE: more than 64 included files (limit 'includes')", and how to allow more. */
void diagnostics_exceeded(Diagnostics *diagnostics, const RecipePlace *place, const char *message, LimitId limit);
/* Whether a hint on what was reported last would be seen: not on a repetition, nor beyond what is shown. */
gboolean diagnostics_wants_hint(const Diagnostics *diagnostics);
/* Adds a line "hint: ..." to what was reported last. */
void diagnostics_hint(Diagnostics *diagnostics, const char *format, ...) G_GNUC_PRINTF(2, 3);

guint diagnostics_n_errors(const Diagnostics *diagnostics);
guint diagnostics_n_warnings(const Diagnostics *diagnostics);
/* The whole report, errors and warnings, without a last newline; "" where there is nothing to say. */
char *diagnostics_report(Diagnostics *diagnostics);
/* [{"file","line","column","severity","message","hints":[...]}], in the order of the report. (new reference) */
json_t *diagnostics_to_json(Diagnostics *diagnostics);

#endif
