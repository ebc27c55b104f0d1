/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/schema.h"

#include <string.h>

static json_t *value_to_json(const SchemaKey *key);

/* What the schema of one value holds below the key @name of @object. */
static void
set_below(json_t *object, const char *name, const char *path)
{
  const SchemaKey *key = schema_find(path);
  if (key != NULL)
    json_object_set_new(object, name, value_to_json(key));
}

/* Any text may hold a parameter, whatever it becomes once that is filled in. */
static json_t *
or_parameter(json_t *schema)
{
  return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "$ref", "#/$defs/parameter");
}

/* Text that looks like a number or a word of YAML is text to us: 1.10 need not be quoted. */
static json_t *
text_to_json(const SchemaKey *key)
{
  json_t *schema = json_object();
  if (key->values != NULL) {
    json_t *words = json_array();
    g_auto(GStrv) split = g_strsplit(key->values, "|", -1);
    for (guint i = 0; split[i] != NULL; i++)
      json_array_append_new(words, json_string(split[i]));
    json_object_set_new(schema, "enum", words);
    return or_parameter(schema);
  }
  json_object_set_new(schema, "type", json_pack("[s, s, s]", "string", "number", "boolean"));
  if (key->pattern == NULL)
    return schema;
  json_object_set_new(schema, "pattern", json_string(key->pattern));
  return key->flags & SCHEMA_VERBATIM ? schema : or_parameter(schema);
}

static json_t *
integer_to_json(const SchemaKey *key)
{
  return or_parameter(
    json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)key->least, "maximum", (json_int_t)key->most));
}

static json_t *
list_to_json(const SchemaKey *key)
{
  json_t *schema = json_pack("{s:s}", "type", "array");
  g_autofree char *item = g_strconcat(key->path, "[]", NULL);
  set_below(schema, "items", item);
  return schema;
}

static const char *
last_name(const SchemaKey *key)
{
  const char *dot = strrchr(key->path, '.');
  return dot != NULL ? dot + 1 : key->path;
}

static void
set_required(json_t *schema, const GPtrArray *children)
{
  json_t *required = json_array();
  for (guint i = 0; i < children->len; i++) {
    const SchemaKey *child = g_ptr_array_index(children, i);
    if (child->flags & SCHEMA_REQUIRED)
      json_array_append_new(required, json_string(last_name(child)));
  }
  if (json_array_size(required) > 0)
    json_object_set(schema, "required", required);
  json_decref(required);
}

/* What the map at @path, and the maps below it, must have once everything is merged. */
static json_t *
required_to_json(const char *path)
{
  json_t *schema = json_object(), *properties = json_object();
  g_autoptr(GPtrArray) children = schema_children(path);
  set_required(schema, children);
  for (guint i = 0; i < children->len; i++) {
    const SchemaKey *child = g_ptr_array_index(children, i);
    json_t *below = child->kinds & SCHEMA_MAP ? required_to_json(child->path) : NULL;
    if (below != NULL && json_object_size(below) > 0)
      json_object_set(properties, last_name(child), below);
    json_decref(below);
  }
  if (json_object_size(properties) > 0)
    json_object_set(schema, "properties", properties);
  json_decref(properties);
  return schema;
}

/* A map of the keys below @path, or one whose keys the user names. */
static json_t *
map_to_json(const char *path)
{
  json_t *schema = json_pack("{s:s}", "type", "object");
  g_autofree char *free_path = g_strconcat(path, ".*", NULL);
  const SchemaKey *free_keys = schema_find(free_path);
  g_autoptr(GPtrArray) children = schema_children(path);
  if (free_keys != NULL) {
    json_object_set_new(schema, "propertyNames", json_pack("{s:s}", "pattern", free_keys->names));
    set_below(schema, "additionalProperties", free_path);
  }
  if (free_keys != NULL && children->len == 0)
    return schema;
  json_t *properties = json_object();
  for (guint i = 0; i < children->len; i++) {
    const SchemaKey *child = g_ptr_array_index(children, i);
    if (!(child->flags & SCHEMA_LATER))
      json_object_set_new(properties, last_name(child), value_to_json(child));
  }
  json_object_set_new(schema, "properties", properties);
  if (free_keys == NULL)
    json_object_set_new(schema, "additionalProperties", json_false());
  /* items of lists are never merged with an included file's: what they need is there or missing */
  if (strstr(path, "[]") != NULL)
    set_required(schema, children);
  return schema;
}

static json_t *
value_to_json(const SchemaKey *key)
{
  json_t *shapes = json_array();
  if (key->kinds & SCHEMA_TEXT)
    json_array_append_new(shapes, text_to_json(key));
  if (key->kinds & SCHEMA_BOOL)
    json_array_append_new(shapes, or_parameter(json_pack("{s:s}", "type", "boolean")));
  if (key->kinds & SCHEMA_INTEGER)
    json_array_append_new(shapes, integer_to_json(key));
  if (key->kinds & SCHEMA_LIST)
    json_array_append_new(shapes, list_to_json(key));
  if (key->kinds & SCHEMA_MAP)
    json_array_append_new(shapes, map_to_json(key->path));
  json_t *schema = json_array_size(shapes) == 1 ? json_incref(json_array_get(shapes, 0)) : json_pack("{s:O}", "anyOf", shapes);
  json_decref(shapes);
  g_autofree char *fallback = key->fallback != NULL ? g_strdup_printf(" Default: %s.", key->fallback) : NULL;
  if (key->text != NULL)
    json_object_set_new(schema, "description", json_sprintf("%s%s", key->text, fallback != NULL ? fallback : ""));
  return schema;
}

/* What a recipe that is built upon a stage must have itself. */
static json_t *
required_on_stage(void)
{
  json_t *schema = json_pack("{s:{s:{s:s, s:s}}}", "properties", "from", "type", "string", "pattern", "^stage:");
  g_autoptr(GPtrArray) children = schema_children("");
  set_required(schema, children);
  json_array_append_new(json_object_get(schema, "required"), json_string("from"));
  return schema;
}

json_t *
schema_to_json(void)
{
  json_t *schema = json_object(), *recipe = map_to_json("");
  json_object_set_new(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
  json_object_set_new(schema, "title", json_string("ashlar recipe"));
  json_object_set_new(schema, "$defs", json_pack("{s:{s:s, s:s}}", "parameter", "type", "string", "pattern", "\\$\\{"));
  /* what a recipe must have may stand in a file that it includes */
  json_object_update(schema, recipe);
  json_object_set_new(schema, "anyOf",
                      json_pack("[o, {s:[s]}, o]", required_to_json(""), "required", "include", required_on_stage()));
  json_decref(recipe);
  return schema;
}
