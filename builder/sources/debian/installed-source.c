/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/installed.h"
#include "builder/sources/debian/solve-model.h"

#include <string.h>

/* What an index must hold of a package, and what is not the database's to tell: these say that there is nothing to fetch. */
#define PLACE "Filename: installed\nSize: 1\nSHA256: "

static void
append_field(GString *text, const char *name, const char *value)
{
  if (value != NULL && *value != '\0')
    g_string_append_printf(text, "%s: %s\n", name, value);
}

static void
append_own(GString *text, const DebianInstalled *package, const char *const *fields)
{
  for (; *fields != NULL; fields++) {
    g_autofree char *folded = g_strdup(debian_control_get(package->control, *fields));
    append_field(text, *fields, folded != NULL ? g_strdelimit(folded, "\n", ' ') : NULL);
  }
}

static void
append_place(GString *text, const DebianInstalled *package)
{
  Digest digest;
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_of(package->text, strlen(package->text), &digest);
  digest_to_hex(&digest, hex);
  g_string_append_printf(text, PLACE "%s\n\n", hex);
}

static GPtrArray *
counted(const DebianInstalledSet *set)
{
  GPtrArray *packages = g_ptr_array_new();
  for (guint i = 0; i < set->packages->len; i++) {
    DebianInstalled *package = set->packages->pdata[i];
    if (debian_installed_find(set, package->name) == package)
      g_ptr_array_add(packages, package);
  }
  return packages;
}

static DebianIndex *
open_text(Store *store, const char *architecture, const GString *text, GCancellable *cancellable, Digest *blob, GError **error)
{
  DebianIndexSource source = {.label = "the base's dpkg database"};
  if (!store_put(store, text->str, text->len, &source.blob, error))
    return NULL;
  *blob = source.blob;
  return debian_index_open(store, architecture, &source, 1, cancellable, error);
}

static const char *const identity[] = {"Package",   "Version",  "Architecture", "Multi-Arch",
                                       "Essential", "Priority", "Provides",     NULL};

/* All that its packages say, as an index: to see which relations hold among them. */
static DebianIndex *
index_of_all(const DebianInstalledSet *set, const GPtrArray *packages, Store *store, GCancellable *cancellable, GError **error)
{
  static const char *const relations[] = {"Depends", "Pre-Depends", "Conflicts", "Breaks", NULL};
  g_autoptr(GString) text = g_string_new(NULL);
  Digest blob;
  for (guint i = 0; i < packages->len; i++) {
    append_own(text, packages->pdata[i], identity);
    append_own(text, packages->pdata[i], relations);
    append_place(text, packages->pdata[i]);
  }
  return open_text(store, set->architecture, text, cancellable, &blob, error);
}

/* The relations of @node that hold, as the field of @kind has them. */
static void
append_holding(GString *text, const SolveNode *node, SolveKind kind, const char *name, const guint32 *chosen)
{
  g_autoptr(GString) all = g_string_new(NULL);
  for (guint i = 0; i < node->groups->len; i++) {
    const SolveGroup *group = &g_array_index(node->groups, SolveGroup, i);
    if (group->kind != kind || !solve_group_holds(group, chosen))
      continue;
    g_autofree char *one = solve_group_to_string(group);
    g_string_append_printf(all, "%s%s", all->len > 0 ? ", " : "", one);
  }
  append_field(text, name, all->str);
}

gboolean
debian_installed_source(const DebianInstalledSet *set, Store *store, GCancellable *cancellable, Digest *blob, GError **error)
{
  g_autoptr(GPtrArray) packages = counted(set);
  g_autoptr(DebianIndex) all = index_of_all(set, packages, store, cancellable, error);
  if (all == NULL)
    return FALSE;
  g_autoptr(SolveModel) model = solve_model_new(all);
  g_autofree guint32 *chosen = g_new0(guint32, debian_index_size(all) + 1);
  for (guint id = 0; id < debian_index_size(all); id++)
    chosen[solve_model_slot(model, id)] = id + 1;
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < packages->len; i++) {
    const DebianInstalled *package = packages->pdata[i];
    guint first;
    append_own(text, package, identity);
    if (debian_index_find(all, package->name, &first) > 0) {
      const SolveNode *node = solve_model_node(model, first);
      append_holding(text, node, SOLVE_NEEDS, "Depends", chosen);
      append_holding(text, node, SOLVE_CONFLICTS, "Conflicts", chosen);
      append_holding(text, node, SOLVE_BREAKS, "Breaks", chosen);
    }
    append_place(text, package);
  }
  return solve_model_check(model, error) && store_put(store, text->str, text->len, blob, error);
}

/* ---- of packages that are about to be installed ---- */

static void
append_solved(GString *text, const DebianPackage *package)
{
  static const char *const multi_arch[] = {NULL, "same", "foreign", "allowed"};
  static const char *const priorities[] = {NULL, "required", "important", "standard", "optional", "extra"};
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&package->sha256, hex);
  append_field(text, "Package", package->name);
  append_field(text, "Version", package->version);
  append_field(text, "Architecture", package->architecture);
  append_field(text, "Multi-Arch", multi_arch[package->multi_arch]);
  append_field(text, "Essential", package->essential ? "yes" : NULL);
  append_field(text, "Priority", priorities[package->priority]);
  append_field(text, "Provides", package->provides);
  append_field(text, "Pre-Depends", package->pre_depends);
  append_field(text, "Depends", package->depends);
  append_field(text, "Conflicts", package->conflicts);
  append_field(text, "Breaks", package->breaks);
  g_string_append_printf(text, PLACE "%s\n\n", hex);
}

gboolean
debian_installed_solved(const DebianIndex *index, const GArray *ids, Store *store, Digest *blob, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < ids->len; i++) {
    DebianPackage package;
    debian_index_get(index, g_array_index(ids, guint, i), &package);
    append_solved(text, &package);
  }
  return store_put(store, text->str, text->len, blob, error);
}
