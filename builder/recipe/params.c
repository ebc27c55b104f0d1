/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/params.h"
#include "builder/recipe/nearest.h"

#include <string.h>

typedef struct {
  const NodePair *pair; /* its declaration */
  const char *value;
  gboolean used;
} Param;

typedef struct {
  GArray *params; /* Param */
  gsize added;
  gboolean overflow; /* reported */
  Diagnostics *diagnostics;
} Filler;

static Param *
find_param(Filler *filler, const char *name)
{
  for (guint i = 0; i < filler->params->len; i++) {
    Param *param = &g_array_index(filler->params, Param, i);
    if (strcmp(param->pair->key, name) == 0)
      return param;
  }
  return NULL;
}

static char **
names_of_params(const Filler *filler)
{
  char **names = g_new0(char *, filler->params->len + 1);
  for (guint i = 0; i < filler->params->len; i++)
    names[i] = g_strdup(g_array_index(filler->params, Param, i).pair->key);
  return names;
}

/* After an error about @name: which one was meant, or which ones there are. */
static void
hint_known(const Filler *filler, const char *name)
{
  g_auto(GStrv) names = names_of_params(filler);
  g_autofree char *list = g_strjoinv(", ", names);
  const char *nearest = nearest_name(name, (const char *const *)names);
  if (nearest != NULL)
    diagnostics_hint(filler->diagnostics, "did you mean '%s'?", nearest);
  else if (names[0] != NULL)
    diagnostics_hint(filler->diagnostics, "declared are %s", list);
  else
    diagnostics_hint(filler->diagnostics, "the recipe declares no 'params'");
}

/* ---- filling in ---- */

static gboolean
append_value(Filler *filler, GString *out, const char *value, const RecipePlace *place)
{
  filler->added += strlen(value);
  if (filler->added <= limits_get(LIMIT_RECIPE_TEXT)) {
    g_string_append(out, value);
    return TRUE;
  }
  if (!filler->overflow)
    diagnostics_exceeded(filler->diagnostics, place, "the recipe is too large once its parameters are filled in",
                         LIMIT_RECIPE_TEXT);
  filler->overflow = TRUE;
  return FALSE;
}

/* What begins at "${" in @at; returns what follows it, or NULL where it is reported as wrong. */
static const char *
fill_reference(Filler *filler, GString *out, const char *at, const RecipePlace *place)
{
  const char *end = strchr(at, '}');
  if (end == NULL) {
    diagnostics_error(filler->diagnostics, place, "'${' without its '}'");
    diagnostics_hint(filler->diagnostics, "write $${ for the characters ${ themselves");
    return NULL;
  }
  g_autofree char *name = g_strndup(at + 2, (gsize)(end - at) - 2);
  Param *param = find_param(filler, name);
  if (param == NULL) {
    diagnostics_error(filler->diagnostics, place, "unknown parameter '%s'", name);
    hint_known(filler, name);
    return NULL;
  }
  param->used = TRUE;
  return append_value(filler, out, param->value, place) ? end + 1 : NULL;
}

static void
fill_scalar(Filler *filler, Node *node)
{
  g_autoptr(GString) out = g_string_sized_new(node->length);
  const char *at = node->text, *end = node->text + node->length;
  for (guint reference = 0; at < end;) {
    if (strncmp(at, "$${", 3) != 0 && strncmp(at, "${", 2) != 0) {
      g_string_append_c(out, *at++);
      continue;
    }
    const RecipePlace *place = node->references != NULL && reference < node->references->len
                                 ? &g_array_index(node->references, RecipePlace, reference)
                                 : &node->place;
    reference++;
    if (at[1] == '$') {
      g_string_append(out, "${");
      at += 3;
      continue;
    }
    const char *rest = fill_reference(filler, out, at, place);
    if (rest == NULL)
      node->bad = TRUE;
    at = rest != NULL ? rest : at + 2;
  }
  g_free(node->text);
  node->length = out->len;
  node->text = g_string_free(g_steal_pointer(&out), FALSE);
}

static void
fill(Filler *filler, Node *node, gboolean top)
{
  static const char *const verbatim[] = {"params", "include", "matrix", NULL};
  if (node->kind == NODE_SCALAR && strstr(node->text, "${") != NULL)
    fill_scalar(filler, node);
  for (guint i = 0; node->items != NULL && i < node->items->len; i++)
    fill(filler, g_ptr_array_index(node->items, i), FALSE);
  for (guint i = 0; node->pairs != NULL && i < node->pairs->len; i++) {
    NodePair *pair = g_ptr_array_index(node->pairs, i);
    if (!top || !g_strv_contains(verbatim, pair->key))
      fill(filler, pair->value, FALSE);
  }
}

/* ---- declaring and setting ---- */

static void
declare(Filler *filler, const Node *root)
{
  const Node *params = node_get(root, "params");
  for (guint i = 0; params != NULL && params->kind == NODE_MAP && i < params->pairs->len; i++) {
    const NodePair *pair = g_ptr_array_index(params->pairs, i);
    /* the schema tells what is wrong with other kinds of defaults; a use of them is no second error */
    Param param = {pair, pair->value->kind == NODE_SCALAR ? pair->value->text : "", FALSE};
    g_array_append_val(filler->params, param);
  }
}

static void
apply_setting(Filler *filler, const char *setting, const RecipePlace *whole)
{
  const char *equals = strchr(setting, '=');
  if (equals == NULL) {
    diagnostics_error(filler->diagnostics, whole, "--set '%s' is not NAME=VALUE", setting);
    return;
  }
  g_autofree char *name = g_strndup(setting, (gsize)(equals - setting));
  Param *param = find_param(filler, name);
  if (param == NULL) {
    diagnostics_error(filler->diagnostics, whole, "--set of '%s', which is no parameter of the recipe", name);
    hint_known(filler, name);
  } else if (!g_utf8_validate(equals + 1, -1, NULL)) {
    diagnostics_error(filler->diagnostics, whole, "--set of '%s' to what is no UTF-8", name);
  } else {
    param->value = equals + 1;
  }
}

void
params_apply(Node *root, const char *path, const char *const *settings, Diagnostics *diagnostics)
{
  g_autoptr(GArray) params = g_array_new(FALSE, FALSE, sizeof(Param));
  Filler filler = {params, 0, FALSE, diagnostics};
  RecipePlace whole = {g_intern_string(path), 0, 0};
  declare(&filler, root);
  for (; settings != NULL && *settings != NULL; settings++)
    apply_setting(&filler, *settings, &whole);
  fill(&filler, root, TRUE);
  /* what is misspelled where it is used seems unused here */
  for (guint i = 0; i < params->len && diagnostics_n_errors(diagnostics) == 0; i++) {
    const Param *param = &g_array_index(params, Param, i);
    if (!param->used)
      diagnostics_warning(diagnostics, &param->pair->place, "nothing uses the parameter '%s'", param->pair->key);
  }
}
