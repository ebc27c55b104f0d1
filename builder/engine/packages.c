/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/packages.h"
#include "builder/executor/executor.h"
#include "builder/engine/resolve.h"
#include "builder/sources/debian/control.h"
#include "rootfs/deb.h"
#include "signing/error.h"

/* Packs that wait for the disk at a time, and how many threads wait with them: a core has better to do. */
#define DISK_THREADS 4
#define DISK_QUEUE 60

/* What all the jobs of one run share. */
typedef struct {
  Store *store;
  const PackagesOptions *options;
  Executor *executor;
  Executor *disk;
} Run;

/* One package on its way. */
typedef struct {
  Run *run;
  const LockPackage *package;
  char *label;         /* "nginx 1.22.1-9" */
  DebPacking *packing; /* unpacked, and not on the disk yet */
  Digest key;          /* that it is claimed by */
  gint claimed;        /* atomic */
  gboolean known;      /* @pack is its pack */
  Digest pack;
  char **urls; /* where it is fetched from, or NULL */
} Item;

static void
item_clear(gpointer data)
{
  Item *item = data;
  g_clear_pointer(&item->packing, deb_packing_free);
  g_free(item->label);
  g_strfreev(item->urls);
}

/* Whoever waits for it sees what became of it. */
static void
release_item(Item *item)
{
  if (g_atomic_int_compare_and_exchange(&item->claimed, TRUE, FALSE))
    store_release(item->run->store, &item->key);
}

static gboolean
keep_item(gpointer data, GCancellable *cancellable, GError **error)
{
  Item *item = data;
  item->known = deb_packing_finish(item->packing, &item->pack, error);
  g_clear_pointer(&item->packing, deb_packing_free);
  release_item(item);
  return item->known;
}

static gboolean
keep_later(gpointer data, GCancellable *cancellable, GError **error)
{
  GError *failure = NULL;
  if (keep_item(data, cancellable, &failure))
    return TRUE;
  executor_fail(((Item *)data)->run->executor, g_error_copy(failure));
  g_propagate_error(error, failure);
  return FALSE;
}

static gboolean
unpack_item(gpointer data, GCancellable *cancellable, GError **error)
{
  Item *item = data;
  Run *run = item->run;
  ProgressTask *task = progress_start(run->options->fetch.progress, PROGRESS_UNPACK, item->label, item->package->size);
  Watch watch = progress_watch(task);
  DebOptions options = {
    .encoding = run->options->encoding,
    .epoch = run->options->epoch,
    .spare = executor_spare(run->executor),
    .watch = &watch,
  };
  item->packing = deb_packing_new(run->store, &item->package->sha256, item->label, &options, cancellable, error);
  gboolean unpacked = item->packing != NULL, later = g_atomic_int_get(executor_spare(run->disk)) > -DISK_QUEUE;
  if (unpacked && later)
    executor_push(run->disk, keep_later, item);
  else
    unpacked = unpacked && keep_item(item, cancellable, error);
  progress_finish(task, unpacked ? PROGRESS_MADE : PROGRESS_FAILED);
  return unpacked;
}

static gboolean
unpack_fetched(const FetchItem *fetched, gpointer data, GError **error)
{
  Item *item = fetched->user;
  executor_push(item->run->executor, unpack_item, item);
  return TRUE;
}

/* ---- fetching what is missing ---- */

static gboolean
fetch_missing(Run *run, GPtrArray *missing, const Recipe *recipe, GError **error)
{
  g_autoptr(DebianArchive) archive = resolve_archive(recipe, run->options->mirrors, error);
  if (archive == NULL)
    return FALSE;
  g_autoptr(GArray) wanted = g_array_new(FALSE, TRUE, sizeof(FetchItem));
  for (guint i = 0; i < missing->len; i++) {
    Item *item = missing->pdata[i];
    g_strfreev(item->urls);
    item->urls = debian_archive_urls(archive, item->package->suite, item->package->path);
    FetchItem fetch = {
      .urls = (const char *const *)item->urls,
      .label = item->label,
      .digest = item->package->sha256,
      .size = item->package->size,
      .user = item,
    };
    g_array_append_val(wanted, fetch);
  }
  FetchOptions options = debian_archive_fetch_options(archive, &run->options->fetch);
  options.cancellable = executor_cancellable(run->executor);
  GError *failure = NULL;
  if (fetch_blobs(run->store, (const FetchItem *)(gpointer)wanted->data, wanted->len, &options, unpack_fetched, NULL, &failure))
    return TRUE;
  if (g_error_matches(failure, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND))
    g_prefix_error(&failure, "the lock names packages that no mirror has any more: ");
  executor_fail(run->executor, failure);
  return executor_wait(run->executor, error);
}

static void
add_ways_out(GError **error, const Recipe *recipe)
{
  if (error == NULL || !g_error_matches(*error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND))
    return;
  GError *told = g_error_new(ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND,
                             "%s\nhint: move the lock on with 'ashlar lock --update %s', or build from a mirror that still has "
                             "them ('debian.snapshot' or 'debian.mirror' in the recipe, or --mirror)",
                             (*error)->message, recipe->path);
  g_clear_error(error);
  *error = told;
}

/* ---- what was unpacked ---- */

/* The digest says that the file is the one the index means; its own control file must say so too, or the image's dpkg
 * database, which scanners read, would name what the lock does not. */
static gboolean
check_identity(const LockPackage *package, Pack *pack, GError **error)
{
  GBytes *meta = pack_meta(pack, "control");
  if (meta == NULL) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "its pack holds no control file");
    return FALSE;
  }
  gsize size;
  const char *text = g_bytes_get_data(meta, &size);
  g_autoptr(DebianControl) control = debian_control_parse(text, size, error);
  if (control == NULL)
    return FALSE;
  const struct {
    const char *field, *locked;
  } wanted[] = {{"Package", package->name}, {"Version", package->version}, {"Architecture", package->architecture}};
  for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
    const char *value = debian_control_get(control, wanted[i].field);
    if (g_strcmp0(value, wanted[i].locked) == 0)
      continue;
    g_autofree char *shown = g_strescape(value != NULL ? value : "", NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "its control file has %s '%s', where the archive's index has '%s'",
                wanted[i].field, shown, wanted[i].locked);
    return FALSE;
  }
  return TRUE;
}

static gboolean
open_packs(Store *store, const GArray *items, GPtrArray *packs, GError **error)
{
  for (guint i = 0; i < items->len; i++) {
    const Item *item = &g_array_index(items, Item, i);
    g_autoptr(Pack) pack = pack_open(store, &item->pack, error);
    if (pack == NULL || !check_identity(item->package, pack, error)) {
      g_prefix_error(error, "package '%s': ", item->label);
      return FALSE;
    }
    g_ptr_array_add(packs, g_steal_pointer(&pack));
  }
  return TRUE;
}

/* ---- the whole ---- */

static gint
compare_sizes(gconstpointer a, gconstpointer b)
{
  guint64 x = (*(const Item *const *)a)->package->size, y = (*(const Item *const *)b)->package->size;
  return x > y ? -1 : x < y;
}

/* Sorts out those that are not known yet: packed (done), being packed by another thread (left for the next round), in the store
 * (unpacking begins), missing (returned; transfer container). The largest come first, so that no core is left with one at the
 * end. */
static GPtrArray *
begin(Run *run, GArray *items)
{
  const PackagesOptions *options = run->options;
  GPtrArray *missing = g_ptr_array_new();
  g_autoptr(GPtrArray) stored = g_ptr_array_new();
  for (guint i = 0; i < items->len; i++) {
    Item *item = &g_array_index(items, Item, i);
    const LockPackage *package = item->package;
    if (item->known || !store_claim(run->store, &item->key))
      continue;
    g_atomic_int_set(&item->claimed, TRUE);
    item->known = deb_find_pack(run->store, &package->sha256, options->encoding, options->epoch, &item->pack);
    progress_cache(options->fetch.progress, PROGRESS_CACHE_PACK, item->known);
    if (item->known) {
      release_item(item);
      continue;
    }
    progress_expect(options->fetch.progress, PROGRESS_UNPACK, 1, package->size);
    if (options->unpacked != NULL)
      g_ptr_array_add(options->unpacked, g_strdup(item->label));
    g_ptr_array_add(store_has(run->store, &package->sha256) ? stored : missing, item);
  }
  g_ptr_array_sort(stored, compare_sizes);
  g_ptr_array_sort(missing, compare_sizes);
  for (guint i = 0; i < stored->len; i++)
    executor_push(run->executor, unpack_item, stored->pdata[i]);
  return missing;
}

/* Packs what no other thread does. */
static gboolean
pack_own(Run *run, GArray *items, const Recipe *recipe, GError **error)
{
  GCancellable *cancellable = run->options->fetch.cancellable;
  /* the jobs of the first push to the second */
  g_autoptr(Executor) disk = executor_new_wide(cancellable, DISK_THREADS);
  g_autoptr(Executor) executor = executor_new(cancellable);
  run->disk = disk;
  run->executor = executor;
  g_autoptr(GPtrArray) missing = begin(run, items);
  if (missing->len > 0 && !fetch_missing(run, missing, recipe, error)) {
    add_ways_out(error, recipe);
    return FALSE;
  }
  return executor_wait(executor, error) && executor_wait(disk, error);
}

/* Waits for what others have in hand; nothing is claimed meanwhile. Those who fail leave theirs to us. */
static gboolean
await_others(const Run *run, const GArray *items, gboolean *all_known, GError **error)
{
  *all_known = TRUE;
  for (guint i = 0; i < items->len; i++) {
    const Item *item = &g_array_index(items, Item, i);
    if (item->known)
      continue;
    *all_known = FALSE;
    if (!store_await(run->store, &item->key, run->options->fetch.cancellable, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
pack_all(Run *run, GArray *items, const Recipe *recipe, GError **error)
{
  for (gboolean all_known = FALSE; !all_known;) {
    gboolean packed = pack_own(run, items, recipe, error);
    for (guint i = 0; i < items->len; i++)
      release_item(&g_array_index(items, Item, i));
    if (!packed || !await_others(run, items, &all_known, error))
      return FALSE;
  }
  return TRUE;
}

GPtrArray *
packages_obtain(Store *store, const Recipe *recipe, const LockArch *arch, const PackagesOptions *options, GError **error)
{
  g_autoptr(GArray) items = g_array_new(FALSE, TRUE, sizeof(Item));
  g_array_set_clear_func(items, item_clear);
  g_array_set_size(items, arch->packages->len);
  Run run = {.store = store, .options = options};
  for (guint i = 0; i < items->len; i++) {
    Item *item = &g_array_index(items, Item, i);
    item->run = &run;
    item->package = arch->packages->pdata[i];
    item->label = g_strdup_printf("%s %s", item->package->name, item->package->version);
    deb_pack_key(&item->package->sha256, options->encoding, &item->key);
  }
  if (!pack_all(&run, items, recipe, error))
    return NULL;
  g_autoptr(GPtrArray) packs = g_ptr_array_new_with_free_func((GDestroyNotify)pack_unref);
  if (!open_packs(store, items, packs, error))
    return NULL;
  return g_steal_pointer(&packs);
}
