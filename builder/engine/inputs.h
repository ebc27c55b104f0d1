/* SPDX-License-Identifier: Apache-2.0
 *
 * All that an image is made of, as data that can be kept and compared, and what of it is another than the last time:
 *
 *   json_t *inputs = inputs_describe(description, locked, files);
 *   GPtrArray *changes = inputs_compare(before, inputs, text);
 *
 * What is compared is whatever the description holds: an input that is new there (see describe_image in build.c) is told of
 * without a change here.
 */
#ifndef ASHLAR_ENGINE_INPUTS_H
#define ASHLAR_ENGINE_INPUTS_H

#include "builder/lock/lock.h"
#include "builder/recipe/locate.h"

/* @image: what the image's key is made of. @locked (NULL: none) are its packages, @files (FilesInput) its local files. A new
 * reference. */
json_t *inputs_describe(json_t *image, const LockArch *locked, const GArray *files);

/* One input that is another one. */
typedef struct {
  char *input; /* "recipe.files[2].content", "package.nginx", "local.site/index.html", "epoch" */
  char *text;  /* "recipe: files[2].content changed (web.yaml:14)"; printable */
} InputChange;

/* InputChange*, in a fixed order: the description's members by name, packages, local files. @text is the recipe as it is
 * now. */
GPtrArray *inputs_compare(json_t *before, json_t *after, const RecipeText *text);
/* Whether the change is one of @inputs, "package|recipe.files": each stands for what is below it too. */
gboolean input_change_is_of(const InputChange *change, const char *inputs);

#endif
