/* SPDX-License-Identifier: Apache-2.0
 *
 * Dependency fields: "a (>= 1) | b:any, c" (Debian policy 7.1) as a list of groups of alternatives.
 */
#ifndef ASHLAR_DEBIAN_RELATION_H
#define ASHLAR_DEBIAN_RELATION_H

#include <glib.h>

typedef enum { RELATION_NONE, RELATION_LT, RELATION_LE, RELATION_EQ, RELATION_GE, RELATION_GT } RelationOperator;

typedef struct {
  char *name;
  char *qualifier; /* "any", "native", an architecture, or NULL */
  RelationOperator op;
  char *version; /* NULL with RELATION_NONE */
} Relation;

/* Parses @field ("" gives no group). Each element is a GPtrArray of Relation* in order, at least one. ASHLAR_ERROR_INVALID
 * quotes the part that cannot be read. */
GPtrArray *relation_parse(const char *field, GError **error);
/* Whether @version satisfies the relation's version part. */
gboolean relation_matches(const Relation *relation, const char *version);
/* "name (>= 1)" (transfer full). */
char *relation_to_string(const Relation *relation);

#endif
