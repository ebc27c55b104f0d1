/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole build of a recipe: lock, packages, images, index, signature, outputs. A build whose inputs and outputs are what they
 * were the last time does nothing.
 */
#ifndef ASHLAR_ENGINE_BUILD_H
#define ASHLAR_ENGINE_BUILD_H

#include "builder/engine/script_note.h"
#include "builder/check/check.h"
#include "builder/engine/root.h"
#include "builder/recipe/recipe.h"
#include "builder/sources/fetch.h"
#include "signing/key.h"

typedef struct {
  const char *folder;             /* where outputs go; NULL: the current folder */
  const char *const *archs;       /* as --arch has them (see resolve_archs); NULL: the recipe's */
  const char *const *mirrors;     /* --mirror, or NULL */
  const char *const *annotations; /* "KEY=VALUE" (--label), or NULL */
  gboolean vcs;                   /* annotations from git too */
  gboolean locked;                /* refuse where the lock does not hold */
  const Key *key;                 /* sign with it, or NULL */
  const char *reference;          /* of the signature; NULL: the image's name */
  const char *runtime;            /* that steps are run by; NULL: what is there */
  gboolean keep;                  /* what a failed step left */
  gboolean explain;               /* tell why each action ran */
  const GArray *expected;         /* Digest: the image of each of the recipe's outputs must be this one; or NULL */
  CheckReport *tests;             /* gets the results of the recipe's tests, of a build that fails too; or NULL */
  FetchOptions fetch;
} BuildOptions;

typedef struct {
  const char *kind; /* "oci", "oci-layout" */
  char *path;
  Digest digest;   /* of the image: its manifest or index */
  guint64 size;    /* of the tarball; 0 for a folder */
  gboolean reused; /* it was there already and is as it should be */
} BuildOutput;

typedef struct {
  const char *kind;
  char *arch, *contents;
  Digest digest;
  guint64 size, tar_size;
  gboolean reused;
} BuildLayer;

/* What became of one maintainer script. */
typedef struct {
  char *arch;
  ScriptNote *note;
} BuildScript;

typedef struct {
  gint64 epoch;
  guint n_packages;   /* of all architectures */
  GPtrArray *outputs; /* BuildOutput* */
  GPtrArray *layers;  /* BuildLayer* */
  GPtrArray *actions; /* WhyAction* (see why.h): with BuildOptions.explain */
  GPtrArray *skipped; /* char*: maintainer scripts left out: "nginx postinst (amd64)" */
  GPtrArray *scripts; /* BuildScript* */
} BuildResult;

/* Where tests fail, no output is written, and the error tells of all of them. What passed its tests once is not tested again
 * until image or tests change. */
BuildResult *build_recipe(Store *store, const Recipe *recipe, const BuildOptions *options,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The images of @recipe's first output alone, for those that are built upon it: appends to @manifests (Digest) one for each of @archs.
 * Of @options count what says where inputs come from and how programs are run. */
gboolean build_images(Store *store, const Recipe *recipe, const char *const *archs, const BuildOptions *options,
                      GArray *manifests, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of all recipes that @recipe and its stages are built upon, side by side: ResolveBase* (resolve.h), transfer full. */
GPtrArray *build_bases(Store *store, const Recipe *recipe, const char *const *archs, const BuildOptions *options,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void build_result_free(BuildResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BuildResult, build_result_free)

/* The root filesystem of @recipe for the one architecture in @options->archs: with all of its steps run, or the first *@steps only. *@epoch
 * gets what SOURCE_DATE_EPOCH is in them. Makes no image. */
Root *build_root(Store *store, const Recipe *recipe, const BuildOptions *options, const guint *steps, gint64 *epoch,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
