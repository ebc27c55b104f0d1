/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store_private.h"
#include "rootfs/outfile.h"
#include "signing/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOCK_PAUSE_US (50 * 1000)

char *
store_default_path(void)
{
  const char *given = g_getenv("ASHLAR_STORE");
  if (given != NULL && *given != '\0')
    return g_strdup(given);
  return g_build_filename(g_get_user_cache_dir(), "ashlar", NULL);
}

const char *
store_name(const char *folder, const Digest *digest, char name[STORE_NAME_SIZE])
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(digest, hex);
  g_snprintf(name, STORE_NAME_SIZE, "%s/%s", folder, hex);
  return name;
}

char *
store_full_name(const Store *store, const char *folder, const Digest *digest)
{
  char name[STORE_NAME_SIZE];
  return g_build_filename(store->path, store_name(folder, digest, name), NULL);
}

void
store_mark_used(int fd, const struct stat *status)
{
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) == 0 && ABS(now.tv_sec - status->st_mtime) >= STORE_USE_SECONDS)
    futimens(fd, (const struct timespec[]){{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}});
}

gboolean
store_flock(int fd, int operation, gboolean wait, const char *what, GCancellable *cancellable, GError **error)
{
  for (;;) {
    if (flock(fd, operation | LOCK_NB) == 0)
      return TRUE;
    if (errno != EWOULDBLOCK && errno != EINTR)
      return error_set_errno(error, errno, "lock '%s'", what);
    if (!wait) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS, "'%s' is in use by another process", what);
      return FALSE;
    }
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
      return FALSE;
    g_usleep(LOCK_PAUSE_US);
  }
}

/* ---- making one ---- */

/* Whether @store's folder may become a store: gc removes files, so a folder with something else in it is not taken. */
static gboolean
check_fresh(Store *store, GError **error)
{
  g_autoptr(GPtrArray) names = store_names(store, ".", error);
  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    if (strcmp(name, "lost+found") == 0)
      continue;
    /* another process may just have made it a store */
    if (faccessat(store->folder, STORE_ACTIONS, F_OK, 0) == 0)
      return TRUE;
    g_autofree char *shown = g_strescape(name, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                "'%s' is not a store, and not empty: it holds '%s'\nhint: name an empty or new folder", store->path, shown);
    return FALSE;
  }
  return TRUE;
}

static gboolean
make_file(const Store *store, const char *name, const char *text, GError **error)
{
  if (faccessat(store->folder, name, F_OK, 0) == 0)
    return TRUE;
  g_autofree char *path = g_build_filename(store->path, name, NULL);
  return outfile_put(path, text, strlen(text), 0644, OUTFILE_LOSABLE, error);
}

/* Makes what is missing. "actions" comes first: it is what tells a store from another image layout. */
static gboolean
make_layout(const Store *store, GError **error)
{
  static const char *const folders[] = {STORE_ACTIONS, "blobs", STORE_BLOBS, STORE_PARTIAL, STORE_TMP};
  for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
    if (mkdirat(store->folder, folders[i], 0777) != 0 && errno != EEXIST)
      return error_set_errno(error, errno, "make folder '%s/%s'", store->path, folders[i]);
  return make_file(store, "index.json",
                   "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}\n",
                   error) &&
         make_file(store, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}\n", error);
}

static gboolean
open_folder(Store *store, GError **error)
{
  store->folder = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (store->folder < 0 && errno == ENOENT) {
    if (g_mkdir_with_parents(store->path, 0755) != 0) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
                  "make the store '%s': %s\nhint: name a folder that can be written with --store or $ASHLAR_STORE", store->path,
                  g_strerror(errno));
      return FALSE;
    }
    store->folder = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  if (store->folder < 0)
    return error_set_errno(error, errno, "open the store '%s'", store->path);
  return TRUE;
}

/* A store that cannot be written (a read-only medium, somebody else's) still serves what it holds: then nothing is made, and
 * the first write tells of it. */
static gboolean
complete_layout(Store *store, GError **error)
{
  gboolean fresh = faccessat(store->folder, STORE_ACTIONS, F_OK, 0) != 0;
  if (fresh && !check_fresh(store, error))
    return FALSE;
  if (faccessat(store->folder, ".", W_OK, 0) != 0 && !fresh)
    return TRUE;
  return make_layout(store, error);
}

static gboolean
take_lock(Store *store, GCancellable *cancellable, GError **error)
{
  store->lock = openat(store->folder, STORE_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (store->lock < 0)
    store->lock = openat(store->folder, STORE_LOCK, O_RDONLY | O_CLOEXEC);
  return store->lock < 0 || store_flock(store->lock, LOCK_SH, TRUE, store->path, cancellable, error);
}

Store *
store_open(const char *path, GError **error)
{
  return store_open_waiting(path, NULL, error);
}

Store *
store_open_waiting(const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr(Store) store = g_new0(Store, 1);
  store->references = 1;
  store->lock = -1;
  g_mutex_init(&store->claims_lock);
  g_cond_init(&store->released);
  store->claims = g_hash_table_new_full(digest_hash, digest_equal, g_free, NULL);
  g_autofree char *chosen = path != NULL ? g_strdup(path) : store_default_path();
  store->path = g_canonicalize_filename(chosen, NULL);
  if (!open_folder(store, error) || !complete_layout(store, error) || !take_lock(store, cancellable, error))
    return NULL;
  return g_steal_pointer(&store);
}

Store *
store_ref(Store *store)
{
  g_atomic_int_inc(&store->references);
  return store;
}

void
store_unref(Store *store)
{
  if (!g_atomic_int_dec_and_test(&store->references))
    return;
  if (store->lock >= 0)
    close(store->lock);
  if (store->folder >= 0)
    close(store->folder);
  g_hash_table_unref(store->claims);
  g_cond_clear(&store->released);
  g_mutex_clear(&store->claims_lock);
  g_free(store->path);
  g_free(store);
}

const char *
store_path(const Store *store)
{
  return store->path;
}

/* ---- what is in a folder of it ---- */

GPtrArray *
store_names(Store *store, const char *folder, GError **error)
{
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
  int fd = openat(store->folder, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = fd >= 0 ? fdopendir(fd) : NULL;
  if (names == NULL) {
    error_set_errno(error, errno, "read folder '%s/%s'", store->path, folder);
    if (fd >= 0)
      close(fd);
    return NULL;
  }
  struct dirent *entry;
  while (errno = 0, (entry = readdir(names)) != NULL)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      g_ptr_array_add(found, g_strdup(entry->d_name));
  int problem = errno;
  closedir(names);
  if (problem != 0) {
    error_set_errno(error, problem, "read folder '%s/%s'", store->path, folder);
    return NULL;
  }
  return g_steal_pointer(&found);
}

static int
compare_digests(gconstpointer a, gconstpointer b)
{
  return digest_compare(a, b);
}

GArray *
store_list(Store *store, const char *folder, GPtrArray *others, GError **error)
{
  g_autoptr(GPtrArray) names = store_names(store, folder, error);
  if (names == NULL)
    return NULL;
  GArray *digests = g_array_new(FALSE, FALSE, sizeof(Digest));
  for (guint i = 0; i < names->len; i++) {
    Digest digest;
    if (digest_from_hex(names->pdata[i], &digest))
      g_array_append_val(digests, digest);
    else if (others != NULL)
      g_ptr_array_add(others, g_steal_pointer(&names->pdata[i]));
  }
  g_array_sort(digests, compare_digests);
  return digests;
}
