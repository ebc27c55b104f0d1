/* SPDX-License-Identifier: Apache-2.0
 *
 * The known name that somebody most likely meant.
 */
#ifndef ASHLAR_RECIPE_NEAREST_H
#define ASHLAR_RECIPE_NEAREST_H

#include <glib.h>

/* The one of @names (NULL-terminated) that differs from @name by the fewest insertions, deletions, replacements and swaps of
 * neighbours, the first of equals; NULL where none is near enough to be offered (about one fault in three letters). */
const char *nearest_name(const char *name, const char *const *names);

#endif
