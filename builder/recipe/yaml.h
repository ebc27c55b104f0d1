/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML text -> nodes, strictly (the only file that knows libyaml). Refused, each with its place: text that is no UTF-8, several
 * documents, duplicate keys, keys that are no text, tags, merge keys, anchors that contain themselves, and whatever exceeds the
 * limits below. Aliases are expanded as copies that keep the places of what they stand for; each copy counts.
 *
 * Scalars stay text: 1.10 and "1.10" are both the four characters, and nothing is a number before the schema asks for one.
 */
#ifndef ASHLAR_RECIPE_YAML_H
#define ASHLAR_RECIPE_YAML_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

#define YAML_DEPTH_MAX 24
/* Nodes, and bytes of text in them, after aliases are expanded. */
#define YAML_NODES_MAX 50000
#define YAML_TEXT_MAX (8 << 20)

/* The document in @text (from source_read), which the user knows as @file. NULL where it cannot be read as a whole; else a
 * tree that may hold bad nodes. Either way what is wrong stands in @diagnostics. */
Node *node_from_yaml(const char *file, const char *text, gsize length, Diagnostics *diagnostics);

#endif
