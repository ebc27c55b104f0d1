/* SPDX-License-Identifier: Apache-2.0
 *
 * Why the actions of a build ran: which of them had to, which were remembered, and what of their inputs was another than at the
 * last build of the same recipe. The store remembers those inputs (a small record for each image and output, written only
 * when an output was made); a recipe is known by its absolute path, and which combination of its matrix it is.
 *
 *   Why *why = why_new(&options)                   before the first image
 *   why_image(why, &image)                         for each image, made or found
 *   why_output(why, &output, error)                when the output that holds them was made or found
 *
 * What kinds of actions there are is a table in why.c: a new kind of step is a row there.
 */
#ifndef ASHLAR_ENGINE_WHY_H
#define ASHLAR_ENGINE_WHY_H

#include "builder/engine/assemble.h"

#include <stdio.h>

typedef struct {
  const char *action; /* "pack", "configuration", "files", "layer", "image", "output" */
  char *subject;      /* "nginx 1.22.1-9 (amd64)", "amd64 zstd", a path */
  gboolean reused;
  GPtrArray *because; /* char*: of one that ran; printable */
} WhyAction;
void why_action_free(gpointer action);

typedef struct Why Why;
/* @actions: where WhyAction* go; NULL: nobody asks, and only the memory is kept. All is borrowed. */
Why *why_new(Store *store, const Recipe *recipe, GPtrArray *actions);
void why_free(Why *why);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Why, why_free)

typedef struct {
  const char *arch;
  PackEncoding encoding;
  json_t *description;    /* what its key is made of */
  const LockArch *locked; /* or NULL */
  const GArray *files;    /* FilesInput */
  const Assembled *assembled;
  gboolean reused;
} WhyImage;
void why_image(Why *why, const WhyImage *image);

typedef struct {
  const char *kind, *path;
  PackEncoding encoding;
  json_t *description; /* what its key is made of */
  gboolean reused, was_there;
} WhyOutput;
/* FALSE: the memory could not be written. */
gboolean why_output(Why *why, const WhyOutput *output, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- telling ---- */

/* A line an action, packs that were reused in one; of many reasons the first few, unless @verbose. */
void why_print(FILE *out, const GPtrArray *actions, gboolean verbose);
/* [{"action", "subject", "outcome": "made" | "reused", "because": [...]}] (new reference) */
json_t *why_to_json(const GPtrArray *actions);

#endif
