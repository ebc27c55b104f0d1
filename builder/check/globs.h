/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths and globs of a recipe's tests: '*' and '?' match '/' too, as in `exclude` and `remove`. A path of an image whose /usr
 * is merged may be spelled in either way.
 */
#ifndef ASHLAR_CHECK_GLOBS_H
#define ASHLAR_CHECK_GLOBS_H

#include <glib.h>

typedef struct CheckGlobs CheckGlobs;

/* @globs are absolute, NULL-terminated, or NULL; they must live as long as what is made of them. */
CheckGlobs *check_globs_new(const char *const *globs);
void check_globs_free(CheckGlobs *globs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckGlobs, check_globs_free)

/* Whether one of them matches @path, as Entry.path. */
gboolean check_globs_match(const CheckGlobs *globs, const char *path);

#endif
