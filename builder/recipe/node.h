/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of a recipe as a tree of nodes that know where they stand. yaml.h makes it, include.h merges several, params.h
 * fills in parameters, schema.h checks it, and the sections of the model read it.
 *
 * A node that an error was reported for is marked `bad`: whoever reads it later passes it over in silence, so that one fault
 * gives one error.
 */
#ifndef ASHLAR_RECIPE_NODE_H
#define ASHLAR_RECIPE_NODE_H

#include "builder/recipe/recipe.h"
#include <glib.h>

typedef enum { NODE_SCALAR, NODE_LIST, NODE_MAP } NodeKind;

typedef struct Node Node;

typedef struct {
  char *key;
  RecipePlace place; /* of the key */
  Node *value;
} NodePair;

struct Node {
  NodeKind kind;
  RecipePlace place;
  gboolean plain; /* a scalar that is neither quoted nor a block */
  gboolean bad;
  char *text; /* of a scalar: @length bytes of UTF-8 and NUL; NULs inside only where the text wrote "\0" */
  gsize length;
  GArray *references; /* RecipePlace of each "${" in the text, or NULL */
  GPtrArray *items;   /* of a list: Node * */
  GPtrArray *pairs;   /* of a map: NodePair *, in the order of the text */
};

Node *node_new(NodeKind kind, const RecipePlace *place);
void node_free(Node *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_free)
/* A deep copy that keeps the places. */
Node *node_copy(const Node *node);

/* Appends to a map; @value is (transfer full). */
void node_add(Node *map, const char *key, const RecipePlace *place, Node *value);
/* The pair of @key, or NULL; @node may be NULL or no map. */
NodePair *node_pair(const Node *node, const char *key);
/* The value of @key in @node, or NULL where there is none, or a bad one. */
Node *node_get(const Node *node, const char *key);
/* A plain scalar that says nothing: empty, ~ or null. */
gboolean node_is_null(const Node *node);
/* Integer scalars are checked by the schema; -1 where @node is NULL. */
gint64 node_integer(const Node *node);
/* "text", "a list", "a map", "nothing": for messages. */
const char *node_kind_name(const Node *node);

#endif
