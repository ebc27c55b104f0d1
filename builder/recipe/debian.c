/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"

#include <string.h>

void
recipe_package_free(RecipePackage *package)
{
  g_free(package->name);
  g_free(package->version);
  g_free(package);
}

void
recipe_debian_free(RecipeDebian *debian)
{
  g_free(debian->suite);
  g_strfreev(debian->components);
  g_strfreev(debian->mirrors);
  g_free(debian->snapshot);
  g_free(debian->keyring);
  g_ptr_array_unref(debian->packages);
  g_strfreev(debian->exclude);
  g_strfreev(debian->include);
  g_free(debian);
}

static RecipePackage *
find_package(const RecipeDebian *debian, const char *name)
{
  for (guint i = 0; i < debian->packages->len; i++) {
    RecipePackage *package = g_ptr_array_index(debian->packages, i);
    if (strcmp(package->name, name) == 0)
      return package;
  }
  return NULL;
}

/* Files that include each other's wishes may name a package twice; two versions of it are a contradiction. */
static void
merge_package(Model *model, RecipePackage *known, const char *version, const RecipePlace *place)
{
  if (version != NULL && known->version != NULL && strcmp(version, known->version) != 0) {
    diagnostics_error(model->diagnostics, place, "package '%s' is asked for in versions %s and %s", known->name, known->version,
                      version);
    diagnostics_hint(model->diagnostics, "the other is in %s on line %u", known->place.file, known->place.line);
  }
  if (known->version == NULL && version != NULL) {
    known->version = g_strdup(version);
    known->place = *place;
  }
}

static void
read_packages(Model *model, const Node *map, RecipeDebian *debian)
{
  Node *item;
  for (guint i = 0; model_item(map, "packages", i, &item); i++) {
    if (item == NULL)
      continue;
    char *equals = strchr(item->text, '=');
    g_autofree char *name = equals != NULL ? g_strndup(item->text, (gsize)(equals - item->text)) : g_strdup(item->text);
    const char *version = equals != NULL ? equals + 1 : NULL;
    RecipePackage *known = find_package(debian, name);
    if (known != NULL) {
      merge_package(model, known, version, &item->place);
      continue;
    }
    RecipePackage *package = g_new0(RecipePackage, 1);
    package->name = g_steal_pointer(&name);
    package->version = g_strdup(version);
    package->place = item->place;
    g_ptr_array_add(debian->packages, package);
  }
}

static char *
read_keyring(Model *model, const Node *map)
{
  const Node *keyring = node_get(map, "keyring");
  if (keyring == NULL)
    return NULL;
  return g_path_is_absolute(keyring->text) ? g_strdup(keyring->text) : model_source_path(model, keyring);
}

static void
check_components(Model *model, const Node *map)
{
  const Node *components = node_get(map, "components");
  if (components != NULL && components->items->len == 0)
    diagnostics_error(model->diagnostics, &components->place, "'debian.components' names no component");
}

/* One, or a list of them. */
static char **
read_mirrors(Model *model, const Node *map)
{
  const Node *mirror = node_get(map, "mirror");
  if (mirror == NULL)
    return NULL;
  if (mirror->kind == NODE_SCALAR)
    return g_strdupv((char *[]){mirror->text, NULL});
  if (mirror->items->len == 0)
    diagnostics_error(model->diagnostics, &mirror->place, "'debian.mirror' names no mirror");
  return model_texts(map, "mirror");
}

void
model_debian(Model *model)
{
  const Node *map = node_get(model->root, "debian");
  if (map == NULL)
    return;
  RecipeDebian *debian = g_new0(RecipeDebian, 1);
  model->recipe->debian = debian;
  debian->place = node_pair(model->root, "debian")->place;
  debian->suite = model_text(map, "suite");
  debian->components = model_texts(map, "components");
  if (debian->components == NULL)
    debian->components = g_strdupv((char *[]){"main", NULL});
  check_components(model, map);
  debian->mirrors = read_mirrors(model, map);
  debian->snapshot = model_text(map, "snapshot");
  debian->keyring = read_keyring(model, map);
  debian->check_valid_until = model_bool(map, "check_valid_until", TRUE);
  debian->variant = (RecipeVariant)model_word(map, "variant", "debian.variant", RECIPE_VARIANT_NONE);
  debian->recommends = model_bool(map, "recommends", FALSE);
  debian->scripts = (RecipeScripts)model_word(map, "scripts", "debian.scripts", RECIPE_SCRIPTS_AUTO);
  debian->exclude = model_texts(map, "exclude");
  debian->include = model_texts(map, "include");
  debian->packages = g_ptr_array_new_with_free_func((GDestroyNotify)recipe_package_free);
  read_packages(model, map, debian);
}
