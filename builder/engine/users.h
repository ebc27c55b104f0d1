/* SPDX-License-Identifier: Apache-2.0
 *
 * The recipe's own users and groups, added to those that the packages brought.
 */
#ifndef ASHLAR_ENGINE_USERS_H
#define ASHLAR_ENGINE_USERS_H

#include "builder/recipe/recipe.h"
#include "rootfs/accounts.h"

/* Adds @recipe's groups, then its users, each user without a named group with a group of its own name and number; makes home
 * folders that are not there. One that is there already with the numbers that the recipe gives stays as it is. Errors stand at their
 * place in the recipe. Without any account so far, root comes first. */
gboolean users_apply(const Recipe *recipe, Accounts *accounts, Changes *changes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
