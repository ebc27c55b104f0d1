/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/yaml.h"
#include "builder/recipe/source.h"
#include "signing/limits.h"

#include <string.h>
#include <yaml.h>

/* A position in the text, moved forward only: events come in the order of the text. */
typedef struct {
  const char *at;
  gsize index; /* in characters, as libyaml counts */
  guint line, column;
} Cursor;

typedef struct {
  const char *file; /* interned */
  const char *text;
  Cursor cursor;
  Diagnostics *diagnostics;
  yaml_parser_t parser;
  GHashTable *anchors; /* name -> Node *, borrowed from the tree; NULL while the node is being read */
  GPtrArray *aside;    /* keys and refused values: no part of the tree, but an anchor may stand on them */
  guint nodes;
  gsize bytes;
  gboolean failed; /* nothing after it can be understood: reported already */
} Reader;

static RecipePlace
place_of(const Reader *reader, const yaml_mark_t *mark)
{
  return (RecipePlace){reader->file, (guint)mark->line + 1, (guint)mark->column + 1};
}

static Node *
fail(Reader *reader, const RecipePlace *place, const char *message)
{
  if (!reader->failed)
    diagnostics_error(reader->diagnostics, place, "%s", message);
  reader->failed = TRUE;
  return NULL;
}

/* ---- characters ---- */

static void
cursor_step(Cursor *cursor)
{
  const char *next = source_skip_break(cursor->at);
  /* CR LF is one break of two characters */
  gboolean breaks = next != cursor->at;
  cursor->index += breaks && next == cursor->at + 2 && cursor->at[0] == '\r' ? 2 : 1;
  cursor->line += breaks;
  cursor->column = breaks ? 1 : cursor->column + 1;
  cursor->at = breaks ? next : g_utf8_next_char(cursor->at);
}

static gboolean
is_allowed(gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || c == 0x85 ||
         (c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c < 0xfffe) || (c >= 0x10000 && (c & 0xfffe) != 0xfffe);
}

/* libyaml would stop at these too, but cannot say where. */
static gboolean
check_characters(Reader *reader, gsize length)
{
  const char *end = NULL;
  gboolean valid = g_utf8_validate_len(reader->text, length, &end);
  Cursor cursor = {reader->text, 0, 1, 1};
  while (cursor.at < end && is_allowed(g_utf8_get_char(cursor.at)))
    cursor_step(&cursor);
  if (cursor.at >= end && valid)
    return TRUE;
  RecipePlace place = {reader->file, cursor.line, cursor.column};
  if (cursor.at < end)
    diagnostics_error(reader->diagnostics, &place, "the character U+%04X is not allowed in a recipe",
                      g_utf8_get_char(cursor.at));
  else if (*cursor.at == '\0')
    diagnostics_error(reader->diagnostics, &place, "a NUL byte is not allowed in a recipe");
  else
    diagnostics_error(reader->diagnostics, &place, "the byte 0x%02x is no UTF-8", (guint8)*cursor.at);
  diagnostics_hint(reader->diagnostics,
                   "recipes are UTF-8 text; in \"quotes\" any character can be written as \\xHH or \\uHHHH");
  reader->failed = TRUE;
  return FALSE;
}

/* ---- errors of libyaml ---- */

static void
syntax_error(Reader *reader)
{
  const yaml_parser_t *parser = &reader->parser;
  if (reader->failed)
    return;
  RecipePlace place = place_of(reader, &parser->problem_mark);
  const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
  if (parser->context != NULL && parser->context_mark.line != parser->problem_mark.line)
    diagnostics_error(reader->diagnostics, &place, "YAML: %s (%s that began on line %zu)", problem, parser->context,
                      parser->context_mark.line + 1);
  else
    diagnostics_error(reader->diagnostics, &place, "YAML: %s", problem);
  if (strstr(problem, "cannot start any token") != NULL)
    diagnostics_hint(reader->diagnostics, "indent with spaces, not tabs; quote text that begins with @ ` %% or a tab");
  else if (strstr(problem, "mapping values are not allowed") != NULL)
    diagnostics_hint(reader->diagnostics, "quote text that holds ': '; keys of one map begin in the same column");
  reader->failed = TRUE;
}

/* ---- events -> nodes ---- */

static gboolean
next_event(Reader *reader, yaml_event_t *event)
{
  if (reader->failed)
    return FALSE;
  if (!yaml_parser_parse(&reader->parser, event)) {
    syntax_error(reader);
    return FALSE;
  }
  return TRUE;
}

/* Counts what a node costs. */
static gboolean
charge(Reader *reader, const RecipePlace *place, gsize bytes)
{
  reader->nodes++;
  reader->bytes += bytes;
  LimitId exceeded = reader->nodes > limits_get(LIMIT_RECIPE_NODES) ? LIMIT_RECIPE_NODES : LIMIT_RECIPE_TEXT;
  if (exceeded == LIMIT_RECIPE_TEXT && reader->bytes <= limits_get(LIMIT_RECIPE_TEXT))
    return TRUE;
  if (!reader->failed)
    diagnostics_exceeded(reader->diagnostics, place, "the recipe is too large once its aliases are expanded", exceeded);
  reader->failed = TRUE;
  return FALSE;
}

static gboolean
charge_tree(Reader *reader, const RecipePlace *place, const Node *node)
{
  if (!charge(reader, place, node->length))
    return FALSE;
  for (guint i = 0; node->items != NULL && i < node->items->len; i++)
    if (!charge_tree(reader, place, g_ptr_array_index(node->items, i)))
      return FALSE;
  for (guint i = 0; node->pairs != NULL && i < node->pairs->len; i++) {
    const NodePair *pair = g_ptr_array_index(node->pairs, i);
    if (!charge(reader, place, strlen(pair->key)) || !charge_tree(reader, place, pair->value))
      return FALSE;
  }
  return TRUE;
}

static guint
depth_of(const Node *node)
{
  guint deepest = 0;
  for (guint i = 0; node->items != NULL && i < node->items->len; i++)
    deepest = MAX(deepest, depth_of(g_ptr_array_index(node->items, i)));
  for (guint i = 0; node->pairs != NULL && i < node->pairs->len; i++)
    deepest = MAX(deepest, depth_of(((NodePair *)g_ptr_array_index(node->pairs, i))->value));
  return deepest + 1;
}

static Node *
read_alias(Reader *reader, const yaml_event_t *event, guint depth)
{
  RecipePlace place = place_of(reader, &event->start_mark);
  const char *name = (const char *)event->data.alias.anchor;
  gpointer found = NULL;
  if (!g_hash_table_lookup_extended(reader->anchors, name, NULL, &found)) {
    diagnostics_error(reader->diagnostics, &place, "the alias '*%s' has no anchor '&%s' before it", name, name);
    reader->failed = TRUE;
    return NULL;
  }
  if (found == NULL)
    return fail(reader, &place, "an alias inside the very thing it stands for");
  if (depth + depth_of(found) > YAML_DEPTH_MAX + 1)
    return fail(reader, &place, "the recipe is nested too deeply");
  /* charged before it is copied: memory stays within the limit */
  return charge_tree(reader, &place, found) ? node_copy(found) : NULL;
}

/* Where each "${" of the scalar stands in the text, so that an unknown parameter can be pointed at. */
static void
note_references(Reader *reader, Node *node, const yaml_event_t *event)
{
  if (strstr(node->text, "${") == NULL)
    return;
  node->references = g_array_new(FALSE, FALSE, sizeof(RecipePlace));
  Cursor *cursor = &reader->cursor;
  while (cursor->index < event->start_mark.index && *cursor->at != '\0')
    cursor_step(cursor);
  while (cursor->index < event->end_mark.index && *cursor->at != '\0') {
    if (cursor->at[0] == '$' && cursor->at[1] == '{') {
      RecipePlace place = {reader->file, cursor->line, cursor->column};
      g_array_append_val(node->references, place);
    }
    cursor_step(cursor);
  }
}

static Node *
read_scalar(Reader *reader, const yaml_event_t *event)
{
  RecipePlace place = place_of(reader, &event->start_mark);
  gsize length = event->data.scalar.length;
  if (!charge(reader, &place, length))
    return NULL;
  Node *node = node_new(NODE_SCALAR, &place);
  node->text = g_memdup2(event->data.scalar.value, length + 1);
  node->length = length;
  node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  note_references(reader, node, event);
  return node;
}

static Node *read_node(Reader *reader, const yaml_event_t *event, guint depth);

static Node *
read_list(Reader *reader, const RecipePlace *place, guint depth)
{
  g_autoptr(Node) list = charge(reader, place, 0) ? node_new(NODE_LIST, place) : NULL;
  yaml_event_t event;
  while (list != NULL && next_event(reader, &event)) {
    gboolean end = event.type == YAML_SEQUENCE_END_EVENT;
    Node *item = end ? NULL : read_node(reader, &event, depth + 1);
    yaml_event_delete(&event);
    if (end)
      return g_steal_pointer(&list);
    if (item == NULL)
      return NULL;
    g_ptr_array_add(list->items, item);
  }
  return NULL;
}

/* Whether the pair of @key may be kept; says why not. */
static gboolean
check_key(Reader *reader, const Node *key, GHashTable *seen)
{
  if (key->kind != NODE_SCALAR) {
    diagnostics_error(reader->diagnostics, &key->place, "a key must be text, not %s", node_kind_name(key));
    return FALSE;
  }
  if (strlen(key->text) != key->length) {
    diagnostics_error(reader->diagnostics, &key->place, "a key must not hold a NUL");
    return FALSE;
  }
  if (key->plain && strcmp(key->text, "<<") == 0) {
    diagnostics_error(reader->diagnostics, &key->place, "merge keys ('<<') are not part of the recipe language");
    diagnostics_hint(reader->diagnostics, "write the keys out, or put what recipes share into a file and 'include' it");
    return FALSE;
  }
  const RecipePlace *first = g_hash_table_lookup(seen, key->text);
  if (first != NULL) {
    diagnostics_error(reader->diagnostics, &key->place, "the key '%s' stands here a second time", key->text);
    diagnostics_hint(reader->diagnostics, "the first is on line %u", first->line);
    return FALSE;
  }
  return TRUE;
}

/* (transfer full) in, borrowed out. */
static Node *
set_aside(Reader *reader, Node *node)
{
  if (node != NULL)
    g_ptr_array_add(reader->aside, node);
  return node;
}

static Node *
read_map(Reader *reader, const RecipePlace *place, guint depth)
{
  g_autoptr(Node) map = charge(reader, place, 0) ? node_new(NODE_MAP, place) : NULL;
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  yaml_event_t event;
  while (map != NULL && next_event(reader, &event)) {
    gboolean end = event.type == YAML_MAPPING_END_EVENT;
    Node *key = end ? NULL : set_aside(reader, read_node(reader, &event, depth + 1));
    yaml_event_delete(&event);
    if (end)
      return g_steal_pointer(&map);
    if (key == NULL || !next_event(reader, &event))
      return NULL;
    Node *value = read_node(reader, &event, depth + 1);
    yaml_event_delete(&event);
    if (value == NULL)
      return NULL;
    if (!check_key(reader, key, seen)) {
      set_aside(reader, value);
      continue;
    }
    node_add(map, key->text, &key->place, value);
    NodePair *pair = g_ptr_array_index(map->pairs, map->pairs->len - 1);
    g_hash_table_insert(seen, pair->key, &pair->place);
  }
  return NULL;
}

static const char *
tag_of(const yaml_event_t *event)
{
  if (event->type == YAML_SCALAR_EVENT)
    return (const char *)event->data.scalar.tag;
  return (const char *)(event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.tag
                                                                 : event->data.mapping_start.tag);
}

static const char *
anchor_of(const yaml_event_t *event)
{
  if (event->type == YAML_SCALAR_EVENT)
    return (const char *)event->data.scalar.anchor;
  return (const char *)(event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
                                                                 : event->data.mapping_start.anchor);
}

static Node *
read_node(Reader *reader, const yaml_event_t *event, guint depth)
{
  RecipePlace place = place_of(reader, &event->start_mark);
  if (depth > YAML_DEPTH_MAX)
    return fail(reader, &place, "the recipe is nested too deeply");
  if (event->type == YAML_ALIAS_EVENT)
    return read_alias(reader, event, depth);
  if (tag_of(event) != NULL) {
    diagnostics_error(reader->diagnostics, &place, "tags ('%s') are not part of the recipe language", tag_of(event));
    diagnostics_hint(reader->diagnostics, "leave the tag out; quote what must be text");
  }
  const char *anchor = anchor_of(event);
  if (anchor != NULL)
    g_hash_table_insert(reader->anchors, g_strdup(anchor), NULL);
  Node *node = event->type == YAML_SCALAR_EVENT           ? read_scalar(reader, event)
               : event->type == YAML_SEQUENCE_START_EVENT ? read_list(reader, &place, depth)
                                                          : read_map(reader, &place, depth);
  /* what the tag would have made of it is anybody's guess */
  if (node != NULL && tag_of(event) != NULL)
    node->bad = TRUE;
  if (anchor != NULL && node != NULL)
    g_hash_table_insert(reader->anchors, g_strdup(anchor), node);
  return node;
}

/* ---- the document ---- */

/* The next event's type, and its place; YAML_NO_EVENT after an error. */
static yaml_event_type_t
skip_event(Reader *reader, RecipePlace *place)
{
  yaml_event_t event;
  if (!next_event(reader, &event))
    return YAML_NO_EVENT;
  yaml_event_type_t type = event.type;
  *place = place_of(reader, &event.start_mark);
  yaml_event_delete(&event);
  return type;
}

static Node *
read_document(Reader *reader)
{
  RecipePlace place = {reader->file, 1, 1};
  if (skip_event(reader, &place) != YAML_STREAM_START_EVENT)
    return NULL;
  yaml_event_type_t type = skip_event(reader, &place);
  if (type == YAML_STREAM_END_EVENT)
    return fail(reader, &(RecipePlace){reader->file, 0, 0}, "the file is empty");
  yaml_event_t event;
  if (type != YAML_DOCUMENT_START_EVENT || !next_event(reader, &event))
    return NULL;
  g_autoptr(Node) root = read_node(reader, &event, 1);
  yaml_event_delete(&event);
  if (root == NULL || skip_event(reader, &place) != YAML_DOCUMENT_END_EVENT)
    return NULL;
  type = skip_event(reader, &place);
  if (type == YAML_DOCUMENT_START_EVENT)
    return fail(reader, &place, "a second document begins here: a recipe file holds one");
  return type == YAML_STREAM_END_EVENT ? g_steal_pointer(&root) : NULL;
}

Node *
node_from_yaml(const char *file, const char *text, gsize length, Diagnostics *diagnostics)
{
  Reader reader = {
    .file = g_intern_string(file),
    .text = text,
    .cursor = {text, 0, 1, 1},
    .diagnostics = diagnostics,
  };
  if (!check_characters(&reader, length))
    return NULL;
  if (!yaml_parser_initialize(&reader.parser))
    g_error("libyaml: out of memory");
  yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&reader.parser, (const guint8 *)text, length);
  reader.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  reader.aside = g_ptr_array_new_with_free_func((GDestroyNotify)node_free);
  Node *root = read_document(&reader);
  g_hash_table_unref(reader.anchors);
  g_ptr_array_unref(reader.aside);
  yaml_parser_delete(&reader.parser);
  return root;
}
