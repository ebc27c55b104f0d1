/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store_private.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* A download that nobody resumed for so long is given up. */
#define PARTIAL_SECONDS (7 * 24 * 60 * 60)

typedef struct {
  Digest digest;
  guint64 size;
  gint64 used; /* nanoseconds: its own time of use, or that of the action naming it that was used last */
} Blob;

typedef struct {
  Digest key;
  gint64 used;
  GArray *names; /* Digest */
} Action;

typedef struct {
  Store *store;
  GArray *blobs;      /* Blob, sorted by digest until they are sorted by use */
  GPtrArray *actions; /* Action* */
  StoreGc *result;
} Gc;

static gint64
time_of_use(const struct stat *status)
{
  return (gint64)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

static void
action_free(gpointer data)
{
  Action *action = data;
  g_array_unref(action->names);
  g_free(action);
}

static gboolean
remove_file(Store *store, const char *name, GError **error)
{
  return unlinkat(store->folder, name, 0) == 0 || errno == ENOENT ||
         error_set_errno(error, errno, "remove '%s/%s'", store->path, name);
}

static gboolean
remove_action(Gc *gc, const Digest *key, GError **error)
{
  char name[STORE_NAME_SIZE];
  gc->result->removed_actions++;
  return remove_file(gc->store, store_name(STORE_ACTIONS, key, name), error);
}

/* ---- what there is ---- */

static gboolean
list_blobs(Gc *gc, GError **error)
{
  g_autoptr(GArray) digests = store_list(gc->store, STORE_BLOBS, NULL, error);
  if (digests == NULL)
    return FALSE;
  for (guint i = 0; i < digests->len; i++) {
    Blob blob = {.digest = g_array_index(digests, Digest, i)};
    char name[STORE_NAME_SIZE];
    struct stat status;
    store_name(STORE_BLOBS, &blob.digest, name);
    if (fstatat(gc->store->folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    blob.size = (guint64)status.st_size;
    blob.used = time_of_use(&status);
    g_array_append_val(gc->blobs, blob);
    gc->result->kept_bytes += blob.size;
  }
  return TRUE;
}

static int
compare_digests(gconstpointer a, gconstpointer b)
{
  return digest_compare(&((const Blob *)a)->digest, &((const Blob *)b)->digest);
}

static Blob *
find_blob(Gc *gc, const Digest *digest)
{
  const Blob wanted = {.digest = *digest};
  guint i;
  return g_array_binary_search(gc->blobs, &wanted, compare_digests, &i) ? &g_array_index(gc->blobs, Blob, i) : NULL;
}

static gboolean
append_digest(const Digest *digest, gpointer names)
{
  g_array_append_vals(names, digest, 1);
  return TRUE;
}

/* NULL for a record that is worthless: damaged, or with a blob that is gone. */
static Action *
load_action(Gc *gc, const Digest *key)
{
  struct stat status;
  json_t *outputs = store_action_load(gc->store, key, &status, NULL);
  if (outputs == NULL)
    return NULL;
  Action *action = g_new0(Action, 1);
  action->key = *key;
  action->used = time_of_use(&status);
  action->names = g_array_new(FALSE, FALSE, sizeof(Digest));
  store_action_digests(outputs, append_digest, action->names);
  json_decref(outputs);
  gboolean whole = TRUE;
  for (guint i = 0; whole && i < action->names->len; i++)
    whole = find_blob(gc, &g_array_index(action->names, Digest, i)) != NULL;
  if (whole)
    return action;
  action_free(action);
  return NULL;
}

static gboolean
list_actions(Gc *gc, GError **error)
{
  g_autoptr(GArray) keys = store_list(gc->store, STORE_ACTIONS, NULL, error);
  if (keys == NULL)
    return FALSE;
  for (guint i = 0; i < keys->len; i++) {
    const Digest *key = &g_array_index(keys, Digest, i);
    Action *action = load_action(gc, key);
    if (action != NULL)
      g_ptr_array_add(gc->actions, action);
    else if (!remove_action(gc, key, error))
      return FALSE;
  }
  return TRUE;
}

/* A blob is as young as the youngest action that names it. */
static void
spread_use(Gc *gc)
{
  for (guint i = 0; i < gc->actions->len; i++) {
    const Action *action = g_ptr_array_index(gc->actions, i);
    for (guint j = 0; j < action->names->len; j++) {
      Blob *blob = find_blob(gc, &g_array_index(action->names, Digest, j));
      blob->used = MAX(blob->used, action->used);
    }
  }
}

/* ---- forgetting ---- */

static int
compare_use(gconstpointer a, gconstpointer b)
{
  const Blob *one = a, *other = b;
  if (one->used != other->used)
    return one->used < other->used ? -1 : 1;
  return digest_compare(&one->digest, &other->digest);
}

static gboolean
names_any(const Action *action, GHashTable *doomed)
{
  for (guint i = 0; i < action->names->len; i++)
    if (g_hash_table_contains(doomed, &g_array_index(action->names, Digest, i)))
      return TRUE;
  return FALSE;
}

/* Actions go before the blobs they name: a kill in between leaves no record that promises what is not there. */
static gboolean
forget(Gc *gc, guint64 max_bytes, GError **error)
{
  g_autoptr(GHashTable) doomed = g_hash_table_new(digest_hash, digest_equal);
  guint n = 0;
  for (guint64 left = gc->result->kept_bytes; left > max_bytes && n < gc->blobs->len; n++) {
    Blob *blob = &g_array_index(gc->blobs, Blob, n);
    left -= blob->size;
    g_hash_table_add(doomed, &blob->digest);
  }
  gint64 horizon = n > 0 ? g_array_index(gc->blobs, Blob, n - 1).used : G_MININT64;
  for (guint i = 0; i < gc->actions->len; i++) {
    const Action *action = g_ptr_array_index(gc->actions, i);
    if ((action->used < horizon || names_any(action, doomed)) && !remove_action(gc, &action->key, error))
      return FALSE;
  }
  for (guint i = 0; i < n; i++) {
    const Blob *blob = &g_array_index(gc->blobs, Blob, i);
    if (!store_remove_blob(gc->store, &blob->digest, error))
      return FALSE;
    gc->result->removed_blobs++;
    gc->result->removed_bytes += blob->size;
    gc->result->kept_bytes -= blob->size;
  }
  return TRUE;
}

/* With the lock held exclusively, whatever lies in tmp/ belongs to nobody alive. */
static gboolean
sweep(Store *store, const char *folder, gint64 older_than, GError **error)
{
  g_autoptr(GPtrArray) names = store_names(store, folder, error);
  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *relative = g_build_filename(folder, names->pdata[i], NULL);
    g_autofree char *path = g_build_filename(store->path, relative, NULL);
    struct stat status;
    if (fstatat(store->folder, relative, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_mtime >= older_than)
      continue;
    if (S_ISDIR(status.st_mode) ? !store_scratch_remove(path, error)
                                : S_ISREG(status.st_mode) && !remove_file(store, relative, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
collect(Store *store, guint64 max_bytes, StoreGc *result, GCancellable *cancellable, GError **error)
{
  g_autoptr(GArray) blobs = g_array_new(FALSE, FALSE, sizeof(Blob));
  g_autoptr(GPtrArray) actions = g_ptr_array_new_with_free_func(action_free);
  Gc gc = {.store = store, .blobs = blobs, .actions = actions, .result = result};
  if (!sweep(store, STORE_TMP, G_MAXINT64, error) || !sweep(store, STORE_PARTIAL, time(NULL) - PARTIAL_SECONDS, error) ||
      !list_blobs(&gc, error) || !list_actions(&gc, error) || g_cancellable_set_error_if_cancelled(cancellable, error))
    return FALSE;
  spread_use(&gc);
  g_array_sort(blobs, compare_use);
  return forget(&gc, max_bytes, error);
}

gboolean
store_gc(Store *store, guint64 max_bytes, gboolean wait, StoreGc *result, GCancellable *cancellable, GError **error)
{
  *result = (StoreGc){0};
  if (store->lock < 0)
    return error_set_errno(error, EROFS, "the store '%s' cannot be written", store->path);
  GError *problem = NULL;
  gboolean done = store_flock(store->lock, LOCK_EX, wait, store->path, cancellable, &problem);
  if (!done && g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS)) {
    g_clear_error(&problem);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS,
                "the store '%s' is in use by another process\nhint: '--wait' waits for the builds that run", store->path);
  } else if (!done)
    g_propagate_error(error, problem);
  else
    done = collect(store, max_bytes, result, cancellable, error);
  /* a lock that could not be had exclusively may have been lost too */
  return store_flock(store->lock, LOCK_SH, TRUE, store->path, NULL, done ? error : NULL) && done;
}
