/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/step_mounts.h"
#include "builder/sources/files_bind.h"
#include "rootfs/store_cache.h"

#include <string.h>

void
step_mounts_clear(StepMounts *mounts)
{
  g_clear_pointer(&mounts->digests, g_free);
  g_clear_pointer(&mounts->items, g_free);
  g_clear_pointer(&mounts->taken, g_ptr_array_unref);
  g_clear_pointer(&mounts->strings, g_ptr_array_unref);
}

static const RecipeMount *
mount_of(const StepMounts *mounts, guint i)
{
  return mounts->step->mounts->pdata[i];
}

/* ---- what is bound ---- */

gboolean
step_mounts_look(const Recipe *recipe, const RecipeStep *step, StepMounts *out, GCancellable *cancellable, GError **error)
{
  *out = (StepMounts){.recipe = recipe, .step = step};
  out->n = step->mounts->len;
  out->digests = g_new0(Digest, MAX(out->n, 1));
  out->items = g_new0(SandboxMount, MAX(out->n, 1));
  out->taken = g_ptr_array_new_with_free_func((GDestroyNotify)store_cache_free);
  out->strings = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < out->n; i++) {
    const RecipeMount *mount = mount_of(out, i);
    if (mount->from != NULL && !files_bind_digest(recipe, mount, NULL, &out->digests[i], cancellable, error))
      return FALSE;
  }
  return TRUE;
}

json_t *
step_mounts_to_json(const StepMounts *mounts)
{
  json_t *object = NULL;
  for (guint i = 0; i < mounts->n; i++) {
    const RecipeMount *mount = mount_of(mounts, i);
    char hex[DIGEST_HEX_LENGTH + 1];
    if (mount->from == NULL)
      continue;
    object = object != NULL ? object : json_object();
    digest_to_hex(&mounts->digests[i], hex);
    json_object_set_new(object, mount->path, json_string(hex));
  }
  return object;
}

static gboolean
lay_bind(StepMounts *mounts, guint i, Sandbox *sandbox, const StepMountsOptions *options, GError **error)
{
  const RecipeMount *mount = mount_of(mounts, i);
  SandboxMount *item = &mounts->items[i];
  Digest digest;
  if (!files_bind_pack(options->store, mounts->recipe, mount, options->epoch, &mounts->digests[i], &digest,
                       options->fetch->cancellable, error))
    return FALSE;
  g_autoptr(Pack) pack = pack_open(options->store, &digest, error);
  g_autoptr(Tree) tree = tree_new();
  if (pack == NULL)
    return FALSE;
  guint number = tree_add_pack(tree, pack);
  for (guint j = 0; j < pack_n_entries(pack); j++)
    if (!tree_insert(tree, number, j, error))
      return FALSE;
  char *name = g_malloc(DIGEST_HEX_LENGTH + 1);
  digest_to_hex(&mounts->digests[i], name);
  g_ptr_array_add(mounts->strings, name);
  item->input = name;
  item->member = FILES_BIND_NAME;
  item->folder = tree_lookup(tree, FILES_BIND_NAME)->entry->type == ENTRY_DIRECTORY;
  return sandbox_add_input(sandbox, name, tree, error);
}

/* ---- where it is mounted ---- */

/* Where @path of the recipe lies when symlinks are followed; what is not there yet lies where its name says. */
static char *
real_path(const Tree *tree, const char *path)
{
  g_autofree char *above = g_strdup(path + 1);
  for (;;) {
    g_autofree char *real = tree_resolve(tree, above);
    const char *rest = path + 1 + strlen(above);
    if (real != NULL)
      return g_strconcat(real, *real == '\0' ? rest + (*rest == '/') : rest, NULL);
    char *slash = strrchr(above, '/');
    *(slash != NULL ? slash : above) = '\0';
  }
}

/* The recipe's own words are checked by its reader; a symlink of the image's may lead there too. */
static gboolean
is_sandboxs(const char *target)
{
  static const char *const own[] = {"proc", "sys", "dev", "run/secrets"};
  for (guint i = 0; i < G_N_ELEMENTS(own); i++) {
    gsize length = strlen(own[i]);
    if (strncmp(target, own[i], length) == 0 && (target[length] == '\0' || target[length] == '/'))
      return TRUE;
  }
  return *target == '\0';
}

/* The runtime would follow a symlink that leads nowhere yet to wherever the sandbox has something, and make what is missing in the
 * tree: what is on the way must be folders. */
static gboolean
check_way(const RecipeMount *mount, const char *target, const Tree *tree, GError **error)
{
  for (const char *slash = strchr(target, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    g_autofree char *above = g_strndup(target, (gsize)(slash - target));
    const TreeNode *node = tree_lookup(tree, above);
    if (node != NULL && node->entry->type != ENTRY_DIRECTORY)
      return recipe_failure_at(error, &mount->place, "'%s' cannot be mounted on: '/%s' of the image leads to no folder",
                               mount->path, above);
  }
  return TRUE;
}

static gboolean
find_target(StepMounts *mounts, guint i, const Tree *tree, GError **error)
{
  const RecipeMount *mount = mount_of(mounts, i);
  SandboxMount *item = &mounts->items[i];
  char *target = real_path(tree, mount->path);
  g_ptr_array_add(mounts->strings, target);
  item->target = target;
  if (is_sandboxs(target))
    return recipe_failure_at(error, &mount->place, "'%s' leads to '/%s', which is the sandbox's own", mount->path, target);
  if (!check_way(mount, target, tree, error))
    return FALSE;
  const TreeNode *node = tree_lookup(tree, target);
  gboolean fits = node == NULL || (item->folder ? node->entry->type == ENTRY_DIRECTORY
                                                : node->entry->type == ENTRY_FILE || node->entry->type == ENTRY_HARDLINK);
  return fits || recipe_failure_at(error, &mount->place, "the image has '%s' already, and that is no %s to mount on",
                                   mount->path, item->folder ? "folder" : "file");
}

/* ---- caches ---- */

typedef struct {
  Progress *progress;
  const RecipeStep *step;
} Waiting;

static void
tell_waiting(const char *name, gpointer data)
{
  const Waiting *waiting = data;
  const char *comma = strchr(name, ',');
  progress_note(waiting->progress, "the step '%s' waits for the cache '%.*s', which another build has", waiting->step->name,
                (int)(comma != NULL ? (gsize)(comma - name) : strlen(name)), name);
}

static gint
compare_names(gconstpointer a, gconstpointer b, gpointer data)
{
  const StepMounts *mounts = data;
  return g_strcmp0(mount_of(mounts, *(const guint *)a)->cache, mount_of(mounts, *(const guint *)b)->cache);
}

/* By name: two steps that have the same ones never wait for each other in a circle. */
static gboolean
take_caches(StepMounts *mounts, const StepMountsOptions *options, GError **error)
{
  if (mounts->taken->len > 0)
    return TRUE;
  Waiting waiting = {options->fetch->progress, mounts->step};
  g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; i < mounts->n; i++)
    g_array_append_val(order, i);
  g_array_sort_with_data(order, compare_names, mounts);
  for (guint j = 0; j < order->len; j++) {
    guint i = g_array_index(order, guint, j);
    const RecipeMount *mount = mount_of(mounts, i);
    if (mount->cache == NULL)
      continue;
    g_autofree char *name = g_strdup_printf("%s,%s", mount->cache, options->arch);
    StoreCache *cache = store_cache_take(options->store, name, tell_waiting, &waiting, options->fetch->cancellable, error);
    if (cache == NULL)
      return FALSE;
    g_ptr_array_add(mounts->taken, cache);
    mounts->items[i].cache = store_cache_folder(cache);
    mounts->items[i].folder = TRUE;
  }
  return TRUE;
}

gboolean
step_mounts_take(StepMounts *mounts, Sandbox *sandbox, const StepMountsOptions *options, GError **error)
{
  for (guint i = 0; i < mounts->n; i++)
    if (mount_of(mounts, i)->from != NULL && !lay_bind(mounts, i, sandbox, options, error))
      return FALSE;
  if (!take_caches(mounts, options, error))
    return FALSE;
  for (guint i = 0; i < mounts->n; i++)
    if (!find_target(mounts, i, options->tree, error))
      return FALSE;
  return TRUE;
}
