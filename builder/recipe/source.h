/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of recipe files: reading one whole and safely, and showing a line of it in a report.
 */
#ifndef ASHLAR_RECIPE_SOURCE_H
#define ASHLAR_RECIPE_SOURCE_H

#include "builder/recipe/recipe.h"
#include <glib.h>

/* A recipe larger than this is refused. */

/* Reads the regular file @path (LIMIT_RECIPE at most), without the byte order mark it may begin with. */
char *source_read(const char *path, gsize *length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Steps over the line break that @text points at: LF, CR, CR LF, NEL, LS or PS, as YAML 1.1 knows them. Returns @text itself
 * where there is none. */
const char *source_skip_break(const char *text);
/* Appends the line of @place and a line with a caret below its column; nothing where the file or line is gone. */
void source_append_excerpt(GString *out, const RecipePlace *place);
/* @text with control characters, and bytes that are no UTF-8, as \n, \t, \xHH or \u{HHHH}. */
char *source_escape(const char *text);
/* The same, but line breaks and tabs stay: for messages of several lines, parts of which came from outside. */
char *source_escape_lines(const char *text);

#endif
