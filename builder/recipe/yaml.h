/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML text -> nodes, strictly (the only file that knows libyaml). Refused, each with its place: text that is no UTF-8, several
 * documents, duplicate keys, keys that are no text, tags, merge keys, anchors that contain themselves, and whatever exceeds
 * LIMIT_RECIPE_NODES, LIMIT_RECIPE_TEXT or YAML_DEPTH_MAX. Aliases are expanded as copies that keep the places of what they stand for; each copy counts.
 *
 * Scalars stay text: 1.10 and "1.10" are both the four characters, and nothing is a number before the schema asks for one.
 */
#ifndef ASHLAR_RECIPE_YAML_H
#define ASHLAR_RECIPE_YAML_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

/* The document in @text (from source_read), which the user knows as @file. NULL where it cannot be read as a whole; else a
 * tree that may hold bad nodes. Either way what is wrong stands in @diagnostics. */
Node *node_from_yaml(const char *file, const char *text, gsize length, Diagnostics *diagnostics);

#endif
