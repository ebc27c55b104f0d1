/* SPDX-License-Identifier: Apache-2.0
 *
 * The secrets of a step: read when it is run, known to nothing else, and looked for in what it left.
 */
#ifndef ASHLAR_STEPS_SECRETS_H
#define ASHLAR_STEPS_SECRETS_H

#include "builder/recipe/recipe.h"
#include "rootfs/pack.h"
#include "rootfs/sandbox.h"

/* Larger ones are refused. */
#define SECRET_MAX (1 << 20)
/* Shorter ones stand everywhere by chance, and are not looked for. */
#define SECRET_SOUGHT_MIN 6

typedef struct {
  SandboxSecret *items;
  guint n;
  GPtrArray *forms; /* char*: as text, in base64 and in hexadecimal digits: what must not be seen */
} Secrets;

/* Reads those that @step names. A file or variable that is not there, a program that fails, and an empty secret are errors at the
 * secret's place. */
gboolean secrets_read(const Recipe *recipe, const RecipeStep *step, GCancellable *cancellable, Secrets *out,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
void secrets_clear(Secrets *secrets);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Secrets, secrets_clear)

/* FALSE, with an error at @step that names secret and file, where a secret stands in a name, link, attribute or content of @pack,
 * as it is, in base64 or in hexadecimal digits. */
gboolean secrets_check(const Secrets *secrets, Pack *pack, const RecipeStep *step, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
