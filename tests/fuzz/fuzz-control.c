/* SPDX-License-Identifier: Apache-2.0
 *
 * Control files, and in them dependency fields and versions. A relation that is taken reads the same once it is written;
 * versions are ordered: each is equal to itself, of two the one is before the other or they are equal, whichever is asked.
 */
#include "builder/sources/debian/control.h"
#include "builder/sources/debian/relation.h"
#include "builder/sources/debian/version.h"
#include "tests/fuzz/fuzz.h"

static int
sign(int order)
{
  return (order > 0) - (order < 0);
}

static void
check_versions(const char *a, const char *b)
{
  g_assert(debian_version_compare(a, a) == 0);
  g_assert(sign(debian_version_compare(a, b)) == -sign(debian_version_compare(b, a)));
}

static void
check_relation(const Relation *relation)
{
  g_autofree char *text = relation_to_string(relation);
  g_autoptr(GPtrArray) again = relation_parse(text, NULL);
  g_assert(again != NULL && again->len == 1 && ((GPtrArray *)again->pdata[0])->len == 1);
  const Relation *same = ((GPtrArray *)again->pdata[0])->pdata[0];
  g_assert_cmpstr(same->name, ==, relation->name);
  g_assert_cmpstr(same->qualifier, ==, relation->qualifier);
  g_assert_cmpstr(same->version, ==, relation->version);
  g_assert(same->op == relation->op);
  if (relation->version != NULL)
    g_assert(relation_matches(relation, relation->version) == (relation->op != RELATION_LT && relation->op != RELATION_GT));
}

static void
check_field(const char *value)
{
  g_autoptr(GPtrArray) groups = relation_parse(value, NULL);
  const Relation *previous = NULL;
  for (guint i = 0; groups != NULL && i < groups->len; i++) {
    const GPtrArray *alternatives = groups->pdata[i];
    g_assert(alternatives->len > 0);
    for (guint j = 0; j < alternatives->len; j++) {
      const Relation *relation = alternatives->pdata[j];
      check_relation(relation);
      if (previous != NULL && previous->version != NULL && relation->version != NULL)
        check_versions(previous->version, relation->version);
      previous = relation;
    }
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DebianControl) control = debian_control_parse((const char *)data, size, &error);
  g_assert((control == NULL) == (error != NULL));
  for (guint i = 0; control != NULL && i < control->n_fields; i++) {
    const DebianField *field = &control->fields[i];
    g_assert(debian_control_get(control, field->name) == field->value);
    check_field(field->value);
    check_versions(field->value, control->fields[0].value);
  }
  return 0;
}
