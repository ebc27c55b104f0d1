/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of a build share: what holds for all of its outputs, and its images.
 */
#ifndef ASHLAR_ENGINE_BUILD_PRIVATE_H
#define ASHLAR_ENGINE_BUILD_PRIVATE_H

#include "builder/engine/assemble.h"
#include "builder/engine/stages.h"
#include "builder/engine/build.h"
#include "builder/engine/why.h"

/* What holds for all outputs of one build. */
typedef struct {
  Store *store;
  const Recipe *recipe;
  const BuildOptions *options;
  const Lock *lock; /* NULL where the recipe fetches nothing */
  const char *const *archs;
  char **annotations; /* from --label and --vcs */
  gint64 epoch;
  Digest inputs;      /* of the recipe's local files */
  GArray *input_list; /* FilesInput: what they are */
  Why *why;
  GPtrArray *images; /* ImageJob*: those that are needed */
  BuildResult *result;
  CheckReport *tests;
} Build;

/* The image of one architecture in one encoding, which more than one output may hold. */
typedef struct {
  const Build *build;
  const char *arch;
  PackEncoding encoding;
  gboolean with_tests;
  CheckReport *tests; /* of it alone */
  Assembled *image;   /* NULL: it failed, and @error says why */
  gboolean reused;
  GError *error;
} ImageJob;

/* ---- what it is made of (build_keys.c) ---- */

/* Once the lock is known: sets epoch. */
gboolean build_find_epoch(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean build_find_annotations(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All that decides the bytes of the image of @arch in @encoding (new reference), and the key of that. */
json_t *build_describe_image(const Build *build, const char *arch, PackEncoding encoding);
void build_image_key(const Build *build, const char *arch, PackEncoding encoding, Digest *key);
/* All that decides whether the tests of the image of @arch pass. */
void build_tests_key(const Build *build, const char *arch, Digest *key);

/* ---- images (build_images.c) ---- */

/* Whether the images of all architectures were tested, by this build or an earlier one, or have no tests. */
gboolean build_all_tested(const Build *build);
/* Those of the recipe, with what its files need made. */
gboolean build_obtain_stages(const Build *build, const char *arch, Stages **stages, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds the images that @output needs. */
void build_want_images(const Build *build, const RecipeOutput *output);
/* Makes all that are wanted and runs the tests; a failed test is an error too. */
gboolean build_make_images(const Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One that is wanted (borrowed), or NULL. */
ImageJob *build_find_image(const Build *build, const char *arch, PackEncoding encoding);
void build_image_job_free(gpointer job);

/* ---- outputs (build_outputs.c) ---- */

/* All images, then all outputs, each side by side; what comes of it is told in the recipe's order. */
gboolean build_make_outputs(const Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- what is told of it (build_result.c) ---- */

BuildResult *build_result_new(void);
/* @kind: of the output that holds the image. */
void build_report_image(const Build *build, const char *kind, const char *arch, const Assembled *image);
/* For --explain. */
void build_explain_image(const Build *build, const char *arch, PackEncoding encoding, const Assembled *image, gboolean reused);

#endif
