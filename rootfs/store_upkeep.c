/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store_private.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- info ---- */

gboolean
store_info(Store *store, StoreInfo *info, GError **error)
{
  *info = (StoreInfo){0};
  g_autoptr(GArray) blobs = store_list(store, STORE_BLOBS, NULL, error);
  g_autoptr(GArray) actions = blobs != NULL ? store_list(store, STORE_ACTIONS, NULL, error) : NULL;
  g_autoptr(GArray) partials = actions != NULL ? store_list(store, STORE_PARTIAL, NULL, error) : NULL;
  if (partials == NULL)
    return FALSE;
  for (guint i = 0; i < blobs->len; i++) {
    gint64 size = store_blob_size(store, &g_array_index(blobs, Digest, i));
    info->blobs += size >= 0;
    info->bytes += (guint64)MAX(size, 0);
  }
  info->actions = actions->len;
  info->partials = partials->len;
  for (guint i = 0; i < partials->len; i++) {
    char name[STORE_NAME_SIZE];
    struct stat status;
    store_name(STORE_PARTIAL, &g_array_index(partials, Digest, i), name);
    if (fstatat(store->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
      info->partial_bytes += (guint64)status.st_size;
  }
  return TRUE;
}

/* ---- verify ---- */

typedef struct {
  Store *store;
  GArray *blobs;   /* Digest */
  GError **faults; /* one for each blob; NULL: it is well */
  guint next;      /* taken by the threads one by one */
  GCancellable *cancellable;
} Check;

static gpointer
check_blobs(gpointer data)
{
  Check *check = data;
  for (;;) {
    guint i = (guint)g_atomic_int_add((gint *)&check->next, 1);
    if (i >= check->blobs->len || g_cancellable_is_cancelled(check->cancellable))
      return NULL;
    if (!store_check_blob(check->store, &g_array_index(check->blobs, Digest, i), &check->faults[i]) &&
        g_error_matches(check->faults[i], ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND))
      g_clear_error(&check->faults[i]); /* somebody removed it meanwhile */
  }
}

static void
check_in_parallel(Check *check)
{
  guint n = MIN(g_get_num_processors(), MAX(check->blobs->len, 1));
  g_autofree GThread **threads = g_new(GThread *, n);
  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new("verify", check_blobs, check);
  for (guint i = 0; i < n; i++)
    g_thread_join(threads[i]);
}

typedef struct {
  Store *store;
  gboolean repair;
  StoreFault fault;
  gpointer data;
  guint64 *checked, *faults;
} Report;

static void
tell(Report *report, const char *message)
{
  *report->faults += 1;
  if (report->fault != NULL)
    report->fault(message, report->data);
}

static gboolean
report_blobs(Report *report, const Check *check, GError **error)
{
  for (guint i = 0; i < check->blobs->len; i++) {
    *report->checked += 1;
    if (check->faults[i] == NULL)
      continue;
    tell(report, check->faults[i]->message);
    /* a blob that could not be read may be well all the same: only what was seen to be wrong goes */
    gboolean wrong = g_error_matches(check->faults[i], ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
    if (report->repair && wrong && !store_remove_blob(report->store, &g_array_index(check->blobs, Digest, i), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
verify_blobs(Report *report, GCancellable *cancellable, GError **error)
{
  g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) blobs = store_list(report->store, STORE_BLOBS, others, error);
  if (blobs == NULL)
    return FALSE;
  Check check = {.store = report->store, .blobs = blobs, .cancellable = cancellable};
  check.faults = g_new0(GError *, blobs->len);
  check_in_parallel(&check);
  gboolean done = !g_cancellable_set_error_if_cancelled(cancellable, error) && report_blobs(report, &check, error);
  for (guint i = 0; i < blobs->len; i++)
    g_clear_error(&check.faults[i]);
  g_free(check.faults);
  for (guint i = 0; done && i < others->len; i++) {
    g_autofree char *shown = g_strescape(g_ptr_array_index(others, i), NULL);
    g_autofree char *message = g_strdup_printf("'%s/" STORE_BLOBS "/%s' is no blob: its name is no digest", report->store->path,
                                               shown);
    tell(report, message);
  }
  return done;
}

typedef struct {
  Store *store;
  Digest missing;
} Search;

static gboolean
look_for(const Digest *digest, gpointer data)
{
  Search *search = data;
  search->missing = *digest;
  return store_has(search->store, digest);
}

/* What is wrong with an action, or NULL (transfer full). */
static char *
action_fault(Store *store, const Digest *key)
{
  struct stat status;
  g_autoptr(GError) problem = NULL;
  json_t *outputs = store_action_load(store, key, &status, &problem);
  if (outputs == NULL)
    return g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND) ? NULL : g_strdup(problem->message);
  Search search = {.store = store};
  gboolean whole = store_action_digests(outputs, look_for, &search);
  json_decref(outputs);
  if (whole)
    return NULL;
  char name[STORE_NAME_SIZE], text[DIGEST_STRING_SIZE];
  return g_strdup_printf("action '%s/%s' names blob %s, which is gone", store->path, store_name(STORE_ACTIONS, key, name),
                         digest_to_string(&search.missing, text));
}

static gboolean
verify_actions(Report *report, GCancellable *cancellable, GError **error)
{
  g_autoptr(GArray) actions = store_list(report->store, STORE_ACTIONS, NULL, error);
  if (actions == NULL)
    return FALSE;
  for (guint i = 0; i < actions->len; i++) {
    const Digest *key = &g_array_index(actions, Digest, i);
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
      return FALSE;
    *report->checked += 1;
    g_autofree char *fault = action_fault(report->store, key);
    if (fault == NULL)
      continue;
    tell(report, fault);
    char name[STORE_NAME_SIZE];
    store_name(STORE_ACTIONS, key, name);
    if (report->repair && unlinkat(report->store->folder, name, 0) != 0 && errno != ENOENT)
      return error_set_errno(error, errno, "remove '%s/%s'", report->store->path, name);
  }
  return TRUE;
}

gboolean
store_verify(Store *store, gboolean repair, StoreFault fault, gpointer data, guint64 *checked, guint64 *faults,
             GCancellable *cancellable, GError **error)
{
  Report report = {.store = store, .repair = repair, .fault = fault, .data = data, .checked = checked, .faults = faults};
  *checked = 0;
  *faults = 0;
  return verify_blobs(&report, cancellable, error) && verify_actions(&report, cancellable, error);
}
