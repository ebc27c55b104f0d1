/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"
#include "signing/digest.h"

#include <string.h>

#define CACHE_NAME_MAX 64

static void
free_mount(gpointer data)
{
  RecipeMount *mount = data;
  g_free(mount->path);
  g_free(mount->cache);
  g_free(mount->from);
  g_free(mount);
}

/* "var.cache.apt" for /var/cache/apt; a path that others could be spelled as too has a part of its digest behind it. */
static char *
cache_name(const char *path)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  GString *name = g_string_new(path + 1);
  gboolean exact = name->len <= CACHE_NAME_MAX;
  for (gsize i = 0; i < name->len; i++)
    if (strchr(plain, name->str[i]) == NULL) {
      exact = exact && name->str[i] == '/';
      name->str[i] = '.';
    }
  if (!exact || name->str[0] == '.' || name->str[0] == '-') {
    Digest digest;
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_of(path, strlen(path), &digest);
    digest_to_hex(&digest, hex);
    g_string_truncate(name, MIN(name->len, CACHE_NAME_MAX - 17));
    g_string_prepend_c(name, '_');
    g_string_append_printf(name, "-%.12s", hex);
  }
  return g_string_free(name, FALSE);
}

/* ---- where nothing may be mounted ---- */

static gboolean
is_below(const char *path, const char *folder)
{
  gsize length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static gboolean
check_path(Model *model, const Node *node, const char *path)
{
  static const char *const own[] = {"/proc", "/sys", "/dev", "/run/secrets"};
  if (strcmp(path, "/") == 0) {
    diagnostics_error(model->diagnostics, &node->place, "'/' cannot be mounted on");
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS(own); i++)
    if (is_below(path, own[i])) {
      diagnostics_error(model->diagnostics, &node->place, "'%s' cannot be mounted on: %s is the sandbox's own", path, own[i]);
      return FALSE;
    }
  return TRUE;
}

static gint
compare_paths(gconstpointer a, gconstpointer b)
{
  const RecipeMount *one = *(RecipeMount *const *)a, *other = *(RecipeMount *const *)b;
  return entry_path_compare(one->path, other->path);
}

/* Two at one place hide each other, and what is read-only cannot hold a place for another. */
static void
check_apart(Model *model, const GPtrArray *mounts)
{
  for (guint i = 1; i < mounts->len; i++) {
    const RecipeMount *mount = mounts->pdata[i], *before = mounts->pdata[i - 1];
    if (strcmp(mount->path, before->path) == 0)
      diagnostics_error(model->diagnostics, &mount->place, "'%s' is mounted on twice", mount->path);
    else if (is_below(mount->path, before->path))
      diagnostics_error(model->diagnostics, &mount->place, "'%s' lies in '%s', which is mounted on too", mount->path,
                        before->path);
  }
}

/* ---- reading ---- */

/* NULL, reported, where the path in @node cannot be mounted on. */
static RecipeMount *
new_mount(Model *model, const Node *node, const RecipePlace *place)
{
  char *path = node != NULL ? model_image_path(model, node) : NULL;
  if (path == NULL || !check_path(model, node, path)) {
    g_free(path);
    return NULL;
  }
  RecipeMount *mount = g_new0(RecipeMount, 1);
  mount->path = path;
  mount->place = *place;
  return mount;
}

static void
add_cache(Model *model, const Node *item, GPtrArray *mounts)
{
  gboolean text = item->kind == NODE_SCALAR;
  RecipeMount *mount = new_mount(model, text ? item : node_get(item, "path"), &item->place);
  if (mount == NULL)
    return;
  mount->cache = text ? NULL : model_text(item, "name");
  if (mount->cache == NULL)
    mount->cache = cache_name(mount->path);
  for (guint i = 0; i < mounts->len; i++) {
    const RecipeMount *other = mounts->pdata[i];
    if (strcmp(other->cache, mount->cache) == 0 && strcmp(other->path, mount->path) != 0)
      diagnostics_error(model->diagnostics, &item->place, "the step has the cache '%s' twice", mount->cache);
  }
  g_ptr_array_add(mounts, mount);
}

static void
add_bind(Model *model, const Node *item, GPtrArray *mounts)
{
  const Node *from = node_get(item, "from");
  RecipeMount *mount = from != NULL ? new_mount(model, node_get(item, "path"), &item->place) : NULL;
  if (mount == NULL)
    return;
  mount->from = model_source_path(model, from);
  if (mount->from != NULL)
    g_ptr_array_add(mounts, mount);
  else
    free_mount(mount);
}

GPtrArray *
model_mounts(Model *model, const Node *map)
{
  GPtrArray *mounts = g_ptr_array_new_with_free_func(free_mount);
  Node *item;
  if (map->kind == NODE_SCALAR)
    return mounts;
  for (guint i = 0; model_item(map, "cache", i, &item); i++)
    if (item != NULL)
      add_cache(model, item, mounts);
  for (guint i = 0; model_item(map, "bind", i, &item); i++)
    if (item != NULL)
      add_bind(model, item, mounts);
  g_ptr_array_sort(mounts, compare_paths);
  check_apart(model, mounts);
  return mounts;
}
