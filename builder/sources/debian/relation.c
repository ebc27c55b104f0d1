/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/relation.h"
#include "builder/sources/debian/version.h"
#include "signing/error.h"

#include <string.h>

static const struct {
  const char *text;
  RelationOperator op;
} operators[] = {
  /* longest first; a single '<' or '>' is the old spelling of '<=' and '>=', as dpkg reads it */
  {"<<", RELATION_LT}, {"<=", RELATION_LE}, {">=", RELATION_GE}, {">>", RELATION_GT},
  {"=", RELATION_EQ},  {"<", RELATION_LE},  {">", RELATION_GE},
};

static void
relation_free(gpointer data)
{
  Relation *relation = data;
  g_free(relation->name);
  g_free(relation->qualifier);
  g_free(relation->version);
  g_free(relation);
}

static void
skip_space(const char **at)
{
  while (g_ascii_isspace(**at))
    (*at)++;
}

/* The word of letters, digits and characters of @more at *@at, or NULL; steps behind it. */
static char *
take_word(const char **at, const char *more)
{
  const char *start = *at;
  while (g_ascii_isalnum(**at) || (**at != '\0' && strchr(more, **at) != NULL))
    (*at)++;
  return *at > start ? g_strndup(start, (gsize)(*at - start)) : NULL;
}

/* "(>= 1)" if there is one. */
static gboolean
take_version(const char **at, Relation *relation)
{
  if (**at != '(')
    return TRUE;
  (*at)++;
  skip_space(at);
  for (guint i = 0; i < G_N_ELEMENTS(operators) && relation->op == RELATION_NONE; i++)
    if (g_str_has_prefix(*at, operators[i].text)) {
      relation->op = operators[i].op;
      *at += strlen(operators[i].text);
    }
  skip_space(at);
  relation->version = take_word(at, ".+-~:");
  skip_space(at);
  if (relation->op == RELATION_NONE || relation->version == NULL || **at != ')')
    return FALSE;
  (*at)++;
  return TRUE;
}

/* name[:qualifier] [(op version)] */
static gboolean
take_relation(const char **at, Relation *relation)
{
  skip_space(at);
  if (!g_ascii_isalnum(**at))
    return FALSE;
  relation->name = take_word(at, "+-._");
  if (**at == ':') {
    (*at)++;
    relation->qualifier = take_word(at, "-");
    if (relation->qualifier == NULL)
      return FALSE;
  }
  skip_space(at);
  if (!take_version(at, relation))
    return FALSE;
  skip_space(at);
  return TRUE;
}

static gboolean
take_group(const char **at, GPtrArray *group)
{
  for (;;) {
    Relation *relation = g_new0(Relation, 1);
    g_ptr_array_add(group, relation);
    if (!take_relation(at, relation))
      return FALSE;
    if (**at != '|')
      return **at == ',' || **at == '\0';
    (*at)++;
  }
}

static void
set_unreadable(GError **error, const char *group)
{
  g_autofree char *part = g_strndup(group, MIN(strcspn(group, ","), 200));
  g_autofree char *shown = g_strescape(g_strstrip(part), NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is not a relation between packages", shown);
}

GPtrArray *
relation_parse(const char *field, GError **error)
{
  g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
  for (const char *at = field;;) {
    /* empty places between commas are left by generators of control files, and mean nothing */
    while (g_ascii_isspace(*at) || *at == ',')
      at++;
    if (*at == '\0')
      return g_steal_pointer(&groups);
    const char *start = at;
    GPtrArray *group = g_ptr_array_new_with_free_func(relation_free);
    g_ptr_array_add(groups, group);
    if (!take_group(&at, group)) {
      set_unreadable(error, start);
      return NULL;
    }
  }
}

gboolean
relation_matches(const Relation *relation, const char *version)
{
  if (relation->op == RELATION_NONE)
    return TRUE;
  int order = debian_version_compare(version, relation->version);
  switch (relation->op) {
  case RELATION_LT:
    return order < 0;
  case RELATION_LE:
    return order <= 0;
  case RELATION_EQ:
    return order == 0;
  case RELATION_GE:
    return order >= 0;
  default:
    return order > 0;
  }
}

char *
relation_to_string(const Relation *relation)
{
  static const char *const spellings[] = {"", "<<", "<=", "=", ">=", ">>"};
  GString *text = g_string_new(relation->name);
  if (relation->qualifier != NULL)
    g_string_append_printf(text, ":%s", relation->qualifier);
  if (relation->op != RELATION_NONE)
    g_string_append_printf(text, " (%s %s)", spellings[relation->op], relation->version);
  return g_string_free(text, FALSE);
}
