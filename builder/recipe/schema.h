/* SPDX-License-Identifier: Apache-2.0
 *
 * The one table of the recipe language's keys (schema-table.c). From it come the checking of a recipe (schema_check), the JSON
 * Schema for editors (schema_to_json) and the reference of ashlar-recipe(5) (schema_manual). A new key is a new row there, and
 * whatever section of the model reads it.
 */
#ifndef ASHLAR_RECIPE_SCHEMA_H
#define ASHLAR_RECIPE_SCHEMA_H

#include "builder/recipe/diagnostics.h"
#include "builder/recipe/node.h"

/* What a value may be; several are or-ed. */
typedef enum {
  SCHEMA_TEXT = 1 << 0,
  SCHEMA_BOOL = 1 << 1,
  SCHEMA_INTEGER = 1 << 2,
  SCHEMA_LIST = 1 << 3,
  SCHEMA_MAP = 1 << 4,
} SchemaKind;

typedef enum {
  SCHEMA_REQUIRED = 1 << 0,
  SCHEMA_LATER = 1 << 1,     /* known, but not of this version: "is not available yet" */
  SCHEMA_BYTES = 1 << 2,     /* may hold NULs */
  SCHEMA_VERBATIM = 1 << 3,  /* "${" has no meaning in it */
  SCHEMA_STAGE = 1 << 4,     /* of a stage too: "stages.*.debian.suite" is the row "debian.suite" */
  SCHEMA_INHERITED = 1 << 5, /* required, unless the stage that is built upon says it (see inherit.h, which checks that) */
} SchemaFlags;

typedef struct {
  /* "debian.packages"; "files[].path" for a key of the items of a list, "params.*" for the values under keys that the user
   * names. NULL ends the table. */
  const char *path;
  SchemaKind kinds;
  SchemaFlags flags;
  const char *values;  /* of a text: the words allowed, "none|essential"; NULL: any */
  const char *pattern; /* of a text: an anchored regular expression that GRegex and JSON Schema both read; NULL: any */
  const char *says;    /* what the pattern or range asks for, after "must be" */
  const char *names;   /* of a row ".*": the pattern of the keys */
  const char *says_names;
  gint64 least, most;   /* of an integer */
  const char *fallback; /* the default, as it would be written; NULL: none */
  const char *also;     /* "command|argv": what people may call the key instead; "x86_64=amd64": the words of other worlds */
  const char *text;     /* one sentence or two for the manual and for editors */
} SchemaKey;

extern const SchemaKey schema_keys[];

/* The row of @path, or NULL. */
const SchemaKey *schema_find(const char *path);
/* The rows directly below @path ("" is the recipe itself), in the table's order; rows of items and of free keys are not among
 * them. (transfer container) */
GPtrArray *schema_children(const char *path);
/* The path as a person would say it: "files.mode" for "files[].mode". */
char *schema_spoken(const char *path);

/* Checks the recipe's tree against the table: every unknown key, wrong kind, missing key and malformed value is reported, and
 * its node marked bad. */
void schema_check(Node *root, Diagnostics *diagnostics);
/* JSON Schema, draft 2020-12. (new reference) */
json_t *schema_to_json(void);
/* ashlar-recipe(5) in roff's man macros. */
char *schema_manual(void);

#endif
