/* SPDX-License-Identifier: Apache-2.0
 *
 * A program of the user's choice, a shell by default, in a sandbox that it reads and prints through our own standard descriptors;
 * where these are a terminal it has one of its own.
 */
#ifndef ASHLAR_STEPS_ENTER_H
#define ASHLAR_STEPS_ENTER_H

#include "builder/recipe/recipe.h"
#include "builder/sources/fetch.h"
#include "rootfs/tree.h"

typedef struct {
  const char *const *command; /* NULL or empty: bash, where that is there, or sh */
  const char *user;           /* "NAME", "NUMBER", either with a group behind ':'; NULL: as it would be */
  gboolean network;           /* in any case */
  const char *runtime;        /* or NULL */
  FetchOptions fetch;         /* for its progress and cancellable */
} EnterOptions;

/* What programs find in a container of the image. */
typedef struct {
  const char *const *environment; /* "NAME=VALUE"; or NULL */
  const char *folder, *user;      /* or NULL */
} EnterPlace;

/* In a copy of @tree, which is forgotten. *@status is the program's; signals are 128 and more. */
gboolean enter_tree(Store *store, const Tree *tree, const EnterPlace *place, const EnterOptions *options, int *status,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same as step number @step of @recipe is run, with its environment, folder, user, network, secrets and mounts. */
typedef struct {
  const Recipe *recipe;
  guint step;
  const char *arch;
  gint64 epoch;
} EnterStep;
gboolean enter_step(Store *store, const Tree *tree, const EnterStep *place, const EnterOptions *options, int *status,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* In what --keep-on-error kept in @folder, which stays as the program leaves it. Users have numbers only. */
gboolean enter_kept(const char *folder, const EnterOptions *options, int *status, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
