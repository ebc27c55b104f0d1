/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/solve-roots.h"
#include "signing/error.h"

#include <string.h>

enum { SIMILAR_MOST = 3, NAMED_MOST = 8 };

static void
clear_root(gpointer data)
{
  g_array_unref(((SolveRoot *)data)->ids);
}

static GArray *
ids_between(guint first, guint n)
{
  GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint32 id = first; id < first + n; id++)
    g_array_append_val(ids, id);
  return ids;
}

gboolean
debian_is_in_variant(const DebianPackage *package, RecipeVariant variant)
{
  if (package->essential)
    return variant != RECIPE_VARIANT_NONE;
  switch (variant) {
  case RECIPE_VARIANT_MINBASE:
    return package->priority == DEBIAN_REQUIRED || strcmp(package->name, "apt") == 0;
  case RECIPE_VARIANT_STANDARD:
    return package->priority <= DEBIAN_STANDARD || strcmp(package->name, "apt") == 0;
  default:
    return FALSE;
  }
}

/* Adds the packages of the index that belong to @variant, judged by the newest version of each name: first (@essential) the
 * Essential ones, then the rest. */
static void
add_variant(GArray *roots, const DebianIndex *index, RecipeVariant variant, gboolean essential)
{
  guint size = debian_index_size(index);
  for (guint id = 0; id < size;) {
    DebianPackage package;
    debian_index_get(index, id, &package);
    guint first = id, n = debian_index_find(index, package.name, &first);
    if (package.essential == essential && debian_is_in_variant(&package, variant)) {
      SolveRoot root = {.name = package.name, .ids = ids_between(first, n)};
      g_array_append_val(roots, root);
    }
    id = first + MAX(n, 1);
  }
}

/* What is there already comes before all else: any version of each name will do. */
static void
add_installed(GArray *roots, const DebianIndex *index)
{
  for (guint id = 0; id < debian_index_size(index); id++) {
    DebianPackage package;
    debian_index_get(index, id, &package);
    if (package.suite != 0)
      continue;
    guint first = id, n = debian_index_find(index, package.name, &first);
    SolveRoot root = {.name = package.name, .ids = ids_between(first, n), .installed = TRUE, .id = id};
    g_array_append_val(roots, root);
  }
}

static void
append_error(GString *text, const RecipePackage *asked, const char *message)
{
  g_autoptr(GError) error = NULL;
  if (asked->place.file)
    (void)recipe_error_at(&error, &asked->place, "%s", message);
  if (text->len)
    g_string_append_c(text, '\n');
  g_string_append(text, error ? error->message : message);
}

/* "'a', 'b'" of at most NAMED_MOST names (transfer full). */
static char *
quote_names(const char *const *names)
{
  GString *text = g_string_new(NULL);
  guint n = g_strv_length((char **)names);
  for (guint i = 0; i < MIN(n, NAMED_MOST); i++) {
    g_autofree char *name = g_strescape(names[i], NULL);
    g_string_append_printf(text, "%s'%s'", i ? ", " : "", name);
  }
  if (n > NAMED_MOST)
    g_string_append_printf(text, " and %u more", n - NAMED_MOST);
  return g_string_free(text, FALSE);
}

static char *
unknown_name(const DebianIndex *index, const RecipePackage *asked)
{
  g_autofree char *name = g_strescape(asked->name, NULL);
  g_auto(GStrv) similar = debian_index_similar(index, asked->name, SIMILAR_MOST);
  if (!similar || !similar[0])
    return g_strdup_printf("there is no package '%s'", name);
  g_autofree char *names = quote_names((const char *const *)similar);
  return g_strdup_printf("there is no package '%s'\nhint: did you mean %s?", name, names);
}

static char *
unknown_version(const DebianIndex *index, const RecipePackage *asked, guint first, guint n)
{
  g_autoptr(GString) versions = g_string_new(NULL);
  g_autofree char *version = g_strescape(asked->version, NULL);
  DebianPackage package;
  for (guint i = 0; i < MIN(n, NAMED_MOST); i++) {
    debian_index_get(index, first + i, &package);
    g_string_append_printf(versions, "%s%s", i ? ", " : "", package.version);
  }
  debian_index_get(index, first, &package);
  g_autofree char *listed = g_strescape(versions->str, NULL), *newest = g_strescape(package.version, NULL);
  return g_strdup_printf("there is no version '%s' of package '%s', only %s\nhint: write %s=%s", version, package.name, listed,
                         package.name, newest);
}

/* The names of the packages whose newest version provides @name, as a list of first ids. */
static GArray *
providers_of(SolveModel *model, const char *name)
{
  GArray *slots = g_array_new(FALSE, FALSE, sizeof(guint32));
  const Relation relation = {.name = (char *)name};
  const GArray *targets = solve_model_targets(model, &relation);
  for (guint i = 0; i < targets->len; i++) {
    const SolveTarget *target = &g_array_index(targets, SolveTarget, i);
    if (target->id == target->slot)
      g_array_append_val(slots, target->slot);
  }
  return slots;
}

static char *
several_providers(const DebianIndex *index, const RecipePackage *asked, const GArray *slots)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < slots->len; i++) {
    DebianPackage package;
    debian_index_get(index, g_array_index(slots, guint32, i), &package);
    g_ptr_array_add(names, (char *)package.name);
  }
  g_ptr_array_add(names, NULL);
  g_autofree char *list = quote_names((const char *const *)names->pdata);
  return g_strdup_printf("'%s' is a virtual package, provided by %s\nhint: name the one that is meant", asked->name, list);
}

/* The ids that will do for @asked, or NULL and what is wrong with it in @message. */
static GArray *
find_asked(SolveModel *model, const RecipePackage *asked, char **message)
{
  const DebianIndex *index = solve_model_index(model);
  guint first = 0, n = debian_index_find(index, asked->name, &first);
  if (n > 0 && !asked->version)
    return ids_between(first, n);
  for (guint i = 0; i < n; i++) {
    DebianPackage package;
    debian_index_get(index, first + i, &package);
    if (strcmp(package.version, asked->version) == 0)
      return ids_between(first + i, 1);
  }
  if (n > 0) {
    *message = unknown_version(index, asked, first, n);
    return NULL;
  }
  g_autoptr(GArray) slots = providers_of(model, asked->name);
  if (slots->len == 1 && !asked->version)
    return g_steal_pointer(&slots);
  *message = slots->len > 1 ? several_providers(index, asked, slots) : unknown_name(index, asked);
  return NULL;
}

GArray *
solve_roots(SolveModel *model, const DebianSolveRequest *request, guint *n_essential, GError **error)
{
  const DebianIndex *index = solve_model_index(model);
  g_autoptr(GString) wrong = g_string_new(NULL);
  g_autoptr(GArray) roots = g_array_new(FALSE, FALSE, sizeof(SolveRoot));
  g_array_set_clear_func(roots, clear_root);
  if (request->installed)
    add_installed(roots, index);
  if (request->variant != RECIPE_VARIANT_NONE)
    add_variant(roots, index, request->variant, TRUE);
  *n_essential = roots->len;
  if (request->variant != RECIPE_VARIANT_NONE)
    add_variant(roots, index, request->variant, FALSE);
  for (guint i = 0; i < request->n_packages; i++) {
    g_autofree char *message = NULL;
    SolveRoot root = {.name = request->packages[i]->name, .asked = request->packages[i]};
    root.ids = find_asked(model, root.asked, &message);
    if (root.ids)
      g_array_append_val(roots, root);
    else
      append_error(wrong, root.asked, message);
  }
  if (!wrong->len)
    return g_steal_pointer(&roots);
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, wrong->str);
  return NULL;
}
