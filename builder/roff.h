/* SPDX-License-Identifier: Apache-2.0
 *
 * Text for manual pages in man(7), which groff and mandoc both read.
 */
#ifndef ASHLAR_BUILDER_ROFF_H
#define ASHLAR_BUILDER_ROFF_H

#include <glib.h>

/* Appends @text so that it is printed as it stands: no backslash in it is an escape, no '-' a hyphen, and no line a request. */
void roff_append_text(GString *out, const char *text);
/* The same for sentences about a program: an option (--locked) or another page (curl(1)) becomes bold, and so does what
 * stands in 'quotes'; a word in capitals that is one of @words (NULL-terminated, or NULL) becomes italic. */
void roff_append_prose(GString *out, const char *text, const char *const *words);
/* What a page begins with: roff_append_title(out, "ashlar-build", 1). */
void roff_append_title(GString *out, const char *name, int section);

#endif
