/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store_cache.h"
#include "rootfs/acl.h"
#include "rootfs/idmap.h"
#include "rootfs/keeper.h"
#include "rootfs/sandbox_sweep.h"
#include "rootfs/store_private.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct StoreCache {
  char *folder; /* its name */
  int lock;
};

/* Nobody else is to find in it what programs of this user's builds left; root's sandboxes go through it as somebody else. */
static mode_t
place_mode(void)
{
  return geteuid() == 0 ? 0711 : 0700;
}

/* Whatever the umask and the folder above are; TRUE where it is there. */
static gboolean
make_one(const char *path, mode_t mode)
{
  if (mkdir(path, mode) != 0)
    return errno == EEXIST;
  acl_disinherit(path);
  return chmod(path, mode) == 0;
}

char *
store_caches_place(const Store *store)
{
  char *place = g_build_filename(store_path(store), "caches", NULL);
  (void)make_one(place, place_mode());
  return place;
}

/* ---- taking one ---- */

/* What is still the maker's own has not been given away; what a user of a sandbox has is his. */
static gboolean
give_away(const char *path, const IdMap *map, GError **error)
{
  struct stat status;
  if (map->users.root == geteuid())
    return TRUE;
  if (lstat(path, &status) != 0 || (status.st_uid == geteuid() && lchown(path, map->users.root, map->groups.root) != 0))
    return error_set_errno(error, errno, "give the cache '%s' to the sandbox", path);
  return TRUE;
}

/* Makes what is not there yet; whoever was killed on the way left a part. */
static gboolean
make_folder(const char *path, const IdMap *map, GError **error)
{
  g_autofree char *tree = g_build_filename(path, KEEPER_TREE, NULL);
  if (!make_one(path, 0711) || !make_one(tree, 0755))
    return error_set_errno(error, errno, "make the cache '%s'", path);
  return give_away(path, map, error) && give_away(tree, map, error);
}

static gboolean
wait_for_lock(int fd, const char *name, const char *path, StoreCacheWaits waits, gpointer data, GCancellable *cancellable,
              GError **error)
{
  GError *problem = NULL;
  if (store_flock(fd, LOCK_EX, FALSE, path, cancellable, &problem))
    return TRUE;
  if (!g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS)) {
    g_propagate_error(error, problem);
    return FALSE;
  }
  g_clear_error(&problem);
  if (waits != NULL)
    waits(name, data);
  if (store_flock(fd, LOCK_EX, TRUE, path, cancellable, &problem))
    return TRUE;
  if (g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_clear_error(&problem);
    g_set_error_literal(&problem, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
  }
  g_propagate_error(error, problem);
  return FALSE;
}

/* A gc may have removed it while we waited. */
static gboolean
is_still(int fd, const char *path)
{
  struct stat named, opened;
  return lstat(path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

StoreCache *
store_cache_take(Store *store, const char *name, StoreCacheWaits waits, gpointer data, GCancellable *cancellable,
                 GError **error)
{
  IdMap map;
  idmap_find(&map);
  g_autofree char *place = store_caches_place(store), *folder = g_strdup_printf("%s,%u", name, map.users.root);
  g_autofree char *path = g_build_filename(place, folder, NULL), *lock = g_build_filename(path, KEEPER_LOCK, NULL);
  for (;;) {
    if (!make_folder(path, &map, error))
      return NULL;
    int fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ENOENT)
      continue;
    if (fd < 0 || !wait_for_lock(fd, name, lock, waits, data, cancellable, error)) {
      if (fd < 0)
        error_set_errno(error, errno, "lock the cache '%s'", path);
      else
        close(fd);
      return NULL;
    }
    if (is_still(fd, lock) && make_folder(path, &map, NULL)) {
      (void)futimens(fd, NULL);
      StoreCache *cache = g_new(StoreCache, 1);
      *cache = (StoreCache){g_steal_pointer(&folder), fd};
      return cache;
    }
    close(fd);
  }
}

void
store_cache_free(StoreCache *cache)
{
  close(cache->lock);
  g_free(cache->folder);
  g_free(cache);
}

const char *
store_cache_folder(const StoreCache *cache)
{
  return cache->folder;
}

/* ---- upkeep ---- */

typedef struct {
  char *path;
  guint64 bytes;
  gint64 used; /* nanoseconds */
} Cache;

static void
clear_cache(gpointer data)
{
  g_free(((Cache *)data)->path);
}

static GArray *
list_caches(const Store *store)
{
  GArray *caches = g_array_new(FALSE, FALSE, sizeof(Cache));
  g_array_set_clear_func(caches, clear_cache);
  g_autofree char *place = g_build_filename(store_path(store), "caches", NULL);
  GDir *all = g_dir_open(place, 0, NULL);
  const char *name;
  while (all != NULL && (name = g_dir_read_name(all)) != NULL) {
    g_autofree char *lock = g_build_filename(place, name, KEEPER_LOCK, NULL);
    struct stat status;
    Cache cache = {.path = g_build_filename(place, name, NULL)};
    if (lstat(lock, &status) == 0)
      cache.used = (gint64)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    cache.bytes = sandbox_measure_folder(cache.path);
    g_array_append_val(caches, cache);
  }
  g_clear_pointer(&all, g_dir_close);
  return caches;
}

void
store_caches_info(const Store *store, StoreCaches *info)
{
  g_autoptr(GArray) caches = list_caches(store);
  *info = (StoreCaches){.caches = caches->len};
  for (guint i = 0; i < caches->len; i++)
    info->bytes += g_array_index(caches, Cache, i).bytes;
}

static int
compare_use(gconstpointer a, gconstpointer b)
{
  const Cache *one = a, *other = b;
  return one->used != other->used ? (one->used < other->used ? -1 : 1) : strcmp(one->path, other->path);
}

/* FALSE where somebody has it. */
static gboolean
remove_cache(const char *path)
{
  g_autofree char *lock = g_build_filename(path, KEEPER_LOCK, NULL);
  int fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  gboolean free = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (free)
    sandbox_sweep_folder(path);
  if (fd >= 0)
    close(fd);
  return free && access(path, F_OK) != 0;
}

gboolean
store_caches_gc(const Store *store, guint64 max_bytes, StoreCaches *result, GCancellable *cancellable, GError **error)
{
  g_autoptr(GArray) caches = list_caches(store);
  *result = (StoreCaches){.caches = caches->len};
  for (guint i = 0; i < caches->len; i++)
    result->bytes += g_array_index(caches, Cache, i).bytes;
  g_array_sort(caches, compare_use);
  /* of nothing at all, even empty ones are too many */
  for (guint i = 0; i < caches->len && (result->bytes > max_bytes || max_bytes == 0); i++) {
    const Cache *cache = &g_array_index(caches, Cache, i);
    if (g_cancellable_is_cancelled(cancellable)) {
      g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
    if (!remove_cache(cache->path))
      continue;
    result->caches--;
    result->bytes -= cache->bytes;
    result->removed_caches++;
    result->removed_bytes += cache->bytes;
  }
  return TRUE;
}
