/* SPDX-License-Identifier: Apache-2.0
 *
 * How packages are configured natively (builder/sources/debian/native.h), remembered in the store: to follow all scripts takes
 * longer than all else that is done for an image of known packages, and what comes of it depends on nothing that a recipe adds
 * to them.
 */
#ifndef ASHLAR_ENGINE_CONFIGURED_H
#define ASHLAR_ENGINE_CONFIGURED_H

#include "builder/recipe/recipe.h"
#include "builder/sources/debian/native.h"

typedef struct {
  Store *store;
  const RecipeDebian *debian;
  const DebianSystem *system;
  const Tree *tree;
  const Digest *base;            /* of the manifest of the image that is built upon, or NULL */
  DebianConfigureOptions follow; /* its store counts not */
} ConfiguredOptions;

/* After debian_merge into @options->tree and *changes: does what debian_native_configure does, or recalls it. *changes and
 * *accounts may be others afterwards, with the account files among the changes; they are of no use where the report tells that
 * something is not known and nothing may be left out, or after an error. */
gboolean configured_follow(const ConfiguredOptions *options, Changes **changes, Accounts **accounts, DebianScriptReport *report,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
