/* SPDX-License-Identifier: Apache-2.0
 *
 * A recipe and all that it includes, as one tree. Included files come first: lists are appended, maps merged key by key, and a
 * scalar of the including file takes the place of an included one. Every node keeps the place it was written at.
 */
#ifndef ASHLAR_RECIPE_INCLUDE_H
#define ASHLAR_RECIPE_INCLUDE_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

#define INCLUDE_DEPTH_MAX 8
#define INCLUDE_FILES_MAX 64

/* Reads @path; @sources gets the absolute path of each file read, the recipe itself first. NULL where a file cannot be read at
 * all, reported like everything else in @diagnostics. */
Node *node_load(const char *path, GPtrArray *sources, Diagnostics *diagnostics);

#endif
