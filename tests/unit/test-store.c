/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  char *folder;
  Store *store;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("ashlar-store-XXXXXX", &error);
  g_assert_no_error(error);
  g_autofree char *path = g_build_filename(fixture->folder, "deep", "store", NULL);
  fixture->store = store_open(path, &error);
  g_assert_no_error(error);
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
  return remove(path);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  if (fixture->store != NULL)
    store_unref(fixture->store);
  g_assert_cmpint(nftw(fixture->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
  g_free(fixture->folder);
}

static Digest
put(Store *store, const char *text)
{
  Digest digest;
  g_autoptr(GError) error = NULL;
  g_assert_true(store_put(store, text, strlen(text), &digest, &error));
  g_assert_no_error(error);
  return digest;
}

static char *
blob_path(Store *store, const Digest *digest)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(digest, hex);
  return g_build_filename(store_path(store), "blobs", "sha256", hex, NULL);
}

static guint
count_files(Store *store, const char *name)
{
  g_autofree char *path = g_build_filename(store_path(store), name, NULL);
  g_autoptr(GDir) names = g_dir_open(path, 0, NULL);
  g_assert_nonnull(names);
  guint n = 0;
  while (g_dir_read_name(names) != NULL)
    n++;
  return n;
}

static void
overwrite(const char *path, const char *text)
{
  g_assert_cmpint(g_chmod(path, 0644), ==, 0);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
put_and_read(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest = put(fixture->store, "hello");
  g_assert_true(store_has(fixture->store, &digest));
  g_assert_cmpint(store_blob_size(fixture->store, &digest), ==, 5);
  g_autoptr(GBytes) bytes = store_read_blob(fixture->store, &digest, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "hello", 5);
  g_autofree char *path = blob_path(fixture->store, &digest);
  struct stat status;
  g_assert_cmpint(stat(path, &status), ==, 0);
  g_assert_cmpint(status.st_mode & 07777, ==, 0444);
  g_assert_cmpuint(count_files(fixture->store, "tmp"), ==, 0);
}

static void
empty_blob(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest = put(fixture->store, "");
  g_autoptr(GBytes) bytes = store_read_blob(fixture->store, &digest, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(g_bytes_get_size(bytes), ==, 0);
}

static void
missing_blob_is_not_found(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  digest_of("nowhere", 7, &digest);
  g_assert_false(store_has(fixture->store, &digest));
  g_assert_cmpint(store_blob_size(fixture->store, &digest), ==, -1);
  g_assert_cmpint(store_open_blob(fixture->store, &digest, NULL, &error), ==, -1);
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_null(store_read_blob(fixture->store, &digest, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
}

static void
damaged_blob_is_named(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest = put(fixture->store, "precious");
  g_autofree char *path = blob_path(fixture->store, &digest);
  overwrite(path, "precIous");
  g_assert_null(store_read_blob(fixture->store, &digest, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_nonnull(strstr(error->message, path));
  g_clear_error(&error);
  g_assert_false(store_check_blob(fixture->store, &digest, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_clear_error(&error);
  g_assert_true(store_remove_blob(fixture->store, &digest, &error));
  put(fixture->store, "precious");
  g_assert_true(store_check_blob(fixture->store, &digest, &error));
}

static void
damaged_blob_is_put_again(Fixture *fixture, gconstpointer data)
{
  Digest digest = put(fixture->store, "good");
  g_autofree char *path = blob_path(fixture->store, &digest);
  overwrite(path, "evil");
  put(fixture->store, "good");
  g_assert_true(store_check_blob(fixture->store, &digest, NULL));
}

static void
truncated_blob_is_replaced(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest = put(fixture->store, "precious");
  g_autofree char *path = blob_path(fixture->store, &digest);
  overwrite(path, "prec");
  put(fixture->store, "precious");
  g_assert_true(store_check_blob(fixture->store, &digest, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(count_files(fixture->store, "tmp"), ==, 0);
}

static void
abandoned_writer_leaves_nothing(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  StoreWriter *writer = store_writer_new(fixture->store, &error);
  g_assert_true(store_writer_write(writer, "half", 4, &error));
  g_assert_cmpuint(store_writer_size(writer), ==, 4);
  store_writer_free(writer);
  g_assert_cmpuint(count_files(fixture->store, "tmp"), ==, 0);
  g_assert_cmpuint(count_files(fixture->store, "blobs/sha256"), ==, 0);
}

static void
unexpected_digest_is_refused(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest expected, out;
  digest_of("this", 4, &expected);
  g_autoptr(StoreWriter) writer = store_writer_new(fixture->store, &error);
  g_assert_true(store_writer_write(writer, "that", 4, &error));
  g_assert_false(store_writer_finish(writer, &expected, &out, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_cmpuint(count_files(fixture->store, "blobs/sha256"), ==, 0);
}

static void
partial_becomes_a_blob(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  digest_of("download", 8, &digest);
  int fd = store_partial_open(fixture->store, &digest, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(write(fd, "down", 4), ==, 4);
  close(fd);
  fd = store_partial_open(fixture->store, &digest, NULL, &error);
  g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, 4);
  g_assert_cmpint(write(fd, "load", 4), ==, 4);
  g_assert_true(store_partial_commit(fixture->store, &digest, fd, &error));
  g_assert_no_error(error);
  g_assert_true(store_check_blob(fixture->store, &digest, &error));
  g_assert_cmpuint(count_files(fixture->store, "partial"), ==, 0);
  fd = store_partial_open(fixture->store, &digest, NULL, &error);
  store_partial_discard(fixture->store, &digest, fd);
  g_assert_cmpuint(count_files(fixture->store, "partial"), ==, 0);
}

static gpointer
cancel_soon(gpointer cancellable)
{
  g_usleep(100 * 1000);
  g_cancellable_cancel(cancellable);
  return NULL;
}

/* Runs @act as a user who is not root: what modes forbid is no hindrance to root. */
static void
as_user(Fixture *fixture, void (*act)(Fixture *fixture))
{
  const uid_t nobody = 65534;
  gboolean root = geteuid() == 0;
  if (root) {
    g_autofree char *command = g_strdup_printf("chown -R %u '%s'", nobody, fixture->folder);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_assert_cmpint(seteuid(nobody), ==, 0);
  }
  act(fixture);
  if (root)
    g_assert_cmpint(seteuid(0), ==, 0);
}

static void
open_partial_with_mode_of_blob(Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  digest_of("whole", 5, &digest);
  int fd = store_partial_open(fixture->store, &digest, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(write(fd, "wh", 2), ==, 2);
  g_assert_cmpint(fchmod(fd, 0444), ==, 0);
  close(fd);
  fd = store_partial_open(fixture->store, &digest, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, 2);
  close(fd);
}

/* A kill between the last two steps of store_partial_commit must not keep everybody from ever fetching the blob. */
static void
partial_of_a_killed_commit_is_resumed(Fixture *fixture, gconstpointer data)
{
  as_user(fixture, open_partial_with_mode_of_blob);
}

static void
use_read_only_store(Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_strdup(store_path(fixture->store));
  g_autofree char *lock = g_strdup_printf("chmod -R a-w '%s'", path), *unlock = g_strdup_printf("chmod -R u+w '%s'", path);
  Digest digest = put(fixture->store, "kept"), key;
  digest_of("action", 6, &key);
  json_t *outputs = json_pack("{s:i}", "x", 1);
  g_assert_true(store_action_put(fixture->store, &key, outputs, NULL));
  store_unref(fixture->store);
  g_assert_true(g_spawn_command_line_sync(lock, NULL, NULL, NULL, NULL));

  fixture->store = store_open(path, &error);
  g_assert_no_error(error);
  g_autoptr(GBytes) bytes = store_read_blob(fixture->store, &digest, &error);
  g_assert_no_error(error);
  json_t *found = store_action_get(fixture->store, &key);
  g_assert_true(json_equal(found, outputs));
  put(fixture->store, "kept"); /* nothing is to be written */
  g_assert_false(store_put(fixture->store, "new", 3, &digest, &error));
  g_assert_nonnull(strstr(error->message, path));
  g_clear_error(&error);
  g_assert_false(store_action_put(fixture->store, &key, outputs, &error));
  g_assert_nonnull(strstr(error->message, "write to the store"));
  json_decref(found);
  json_decref(outputs);
  g_assert_true(g_spawn_command_line_sync(unlock, NULL, NULL, NULL, NULL));
}

static void
read_only_store_serves_what_it_holds(Fixture *fixture, gconstpointer data)
{
  as_user(fixture, use_read_only_store);
}

static void
waiting_for_a_partial_can_be_cancelled(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  Digest digest;
  digest_of("download", 8, &digest);
  int fd = store_partial_open(fixture->store, &digest, NULL, &error);
  GThread *thread = g_thread_new("cancel", cancel_soon, cancellable);
  g_assert_cmpint(store_partial_open(fixture->store, &digest, cancellable, &error), ==, -1);
  g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join(thread);
  close(fd);
}

static void
action_is_remembered(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest key, blob = put(fixture->store, "output");
  char text[DIGEST_STRING_SIZE];
  json_t *description = json_pack("{s:s,s:i}", "action", "test", "format", 1);
  store_action_key(description, &key);
  json_decref(description);
  g_assert_null(store_action_get(fixture->store, &key));
  json_t *outputs = json_pack("{s:[{s:s}]}", "list", "digest", digest_to_string(&blob, text));
  g_assert_true(store_action_put(fixture->store, &key, outputs, &error));
  json_t *found = store_action_get(fixture->store, &key);
  g_assert_true(json_equal(found, outputs));
  json_decref(found);
  g_assert_true(store_remove_blob(fixture->store, &blob, &error));
  g_assert_null(store_action_get(fixture->store, &key));
  json_decref(outputs);
}

static void
action_key_ignores_order(void)
{
  Digest a, b;
  json_t *one = json_pack("{s:s,s:i}", "a", "x", "b", 1), *other = json_pack("{s:i,s:s}", "b", 1, "a", "x");
  store_action_key(one, &a);
  store_action_key(other, &b);
  json_decref(one);
  json_decref(other);
  g_assert_true(digest_equal(&a, &b));
  Digest expected;
  digest_of("{\"a\":\"x\",\"b\":1}", 15, &expected);
  g_assert_true(digest_equal(&a, &expected));
}

static void
damaged_action_is_not_known(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest key;
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_of("key", 3, &key);
  digest_to_hex(&key, hex);
  g_autofree char *path = g_build_filename(store_path(fixture->store), "actions", hex, NULL);
  static const char *const bad[] = {"", "{", "[]", "{\"a\":1}}", "\"x\""};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_assert_true(g_file_set_contents(path, bad[i], -1, &error));
    g_assert_null(store_action_get(fixture->store, &key));
  }
  /* whatever bit of a good one is another */
  json_t *outputs = json_pack("{s:s, s:i}", "diffId", "1234", "size", 5);
  g_assert_true(store_action_put(fixture->store, &key, outputs, &error));
  json_t *known = store_action_get(fixture->store, &key);
  g_assert_true(json_equal(known, outputs));
  json_decref(known);
  json_decref(outputs);
  g_autofree char *text = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(path, &text, &size, NULL));
  for (gsize i = 0; i < size * 8; i++) {
    text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
    g_assert_true(g_file_set_contents(path, text, (gssize)size, &error));
    g_assert_null(store_action_get(fixture->store, &key));
    text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
  }
}

static void
folder_with_other_things_is_no_store(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(store_open(fixture->folder, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
  g_assert_nonnull(strstr(error->message, "'deep'"));
}

static void
store_is_an_image_layout(Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = {"oci-layout", "index.json"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = g_build_filename(store_path(fixture->store), names[i], NULL);
    json_t *document = json_load_file(path, 0, NULL);
    g_assert_true(json_is_object(document));
    if (i == 0)
      g_assert_cmpstr(json_string_value(json_object_get(document, "imageLayoutVersion")), ==, "1.0.0");
    else
      g_assert_true(json_is_array(json_object_get(document, "manifests")));
    json_decref(document);
  }
}

/* ---- many at once ---- */

#define WRITERS 4
#define ROUNDS 60

static void
write_same_blobs(const char *path)
{
  g_autoptr(Store) store = store_open(path, NULL);
  for (int i = 0; store != NULL && i < ROUNDS; i++) {
    g_autofree char *text = g_strdup_printf("blob number %d", i);
    Digest digest;
    if (!store_put(store, text, strlen(text), &digest, NULL) || !store_check_blob(store, &digest, NULL))
      _exit(1);
  }
  _exit(store == NULL);
}

static void
processes_that_write_the_same_blobs(Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename(fixture->folder, "shared", NULL);
  pid_t children[WRITERS];
  for (int i = 0; i < WRITERS; i++) {
    children[i] = fork();
    if (children[i] == 0)
      write_same_blobs(path);
  }
  for (int i = 0; i < WRITERS; i++) {
    int status;
    g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
    g_assert_cmpint(status, ==, 0);
  }
  g_autoptr(Store) store = store_open(path, NULL);
  g_assert_cmpuint(count_files(store, "blobs/sha256"), ==, ROUNDS);
  g_assert_cmpuint(count_files(store, "tmp"), ==, 0);
}

static gboolean
every_blob_is_whole(Store *store)
{
  g_autofree char *path = g_build_filename(store_path(store), "blobs/sha256", NULL);
  g_autoptr(GDir) names = g_dir_open(path, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name(names)) != NULL) {
    Digest digest;
    if (!digest_from_hex(name, &digest) || !store_check_blob(store, &digest, NULL))
      return FALSE;
  }
  return TRUE;
}

static void
killed_writer_leaves_nothing_half_visible(Fixture *fixture, gconstpointer data)
{
  for (int round = 0; round < 10; round++) {
    pid_t child = fork();
    if (child == 0) {
      g_autoptr(Store) store = store_open(store_path(fixture->store), NULL);
      for (int i = 0;; i++) {
        g_autofree char *text = g_strnfill(100 * 1000, (char)('a' + (i + round) % 26));
        g_autofree char *unique = g_strdup_printf("%s%d.%d", text, round, i);
        Digest digest;
        if (!store_put(store, unique, strlen(unique), &digest, NULL))
          _exit(1);
      }
    }
    g_usleep(3000 + 1700 * (gulong)round);
    kill(child, SIGKILL);
    int status;
    waitpid(child, &status, 0);
    g_assert_true(WIFSIGNALED(status));
    g_assert_true(every_blob_is_whole(fixture->store));
  }
}

/* ---- upkeep ---- */

static void
set_used(Store *store, const char *folder, const Digest *digest, gint64 seconds)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(digest, hex);
  g_autofree char *path = g_build_filename(store_path(store), folder, hex, NULL);
  const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
  g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

/* An action named @name that put out @blob, used at @seconds. */
static Digest
act(Store *store, const char *name, const Digest *blob, gint64 seconds)
{
  Digest key;
  char text[DIGEST_STRING_SIZE];
  g_autoptr(GError) error = NULL;
  digest_of(name, strlen(name), &key);
  json_t *outputs = json_pack("{s:s}", "blob", digest_to_string(blob, text));
  g_assert_true(store_action_put(store, &key, outputs, &error));
  json_decref(outputs);
  set_used(store, "actions", &key, seconds);
  return key;
}

static void
info_counts(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  StoreInfo info;
  Digest blob = put(fixture->store, "12345");
  put(fixture->store, "123");
  act(fixture->store, "a", &blob, 100);
  int fd = store_partial_open(fixture->store, &blob, NULL, &error);
  g_assert_cmpint(write(fd, "1234567", 7), ==, 7);
  close(fd);
  g_assert_true(store_info(fixture->store, &info, &error));
  g_assert_cmpuint(info.blobs, ==, 2);
  g_assert_cmpuint(info.bytes, ==, 8);
  g_assert_cmpuint(info.actions, ==, 1);
  g_assert_cmpuint(info.partials, ==, 1);
  g_assert_cmpuint(info.partial_bytes, ==, 7);
}

static void
collect_fault(const char *message, gpointer faults)
{
  g_ptr_array_add(faults, g_strdup(message));
}

static void
verify_finds_and_repairs(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  guint64 checked, faults;
  Digest good = put(fixture->store, "good"), bad = put(fixture->store, "bad");
  act(fixture->store, "a", &good, 100);
  act(fixture->store, "b", &bad, 100);
  g_assert_true(store_verify(fixture->store, FALSE, collect_fault, messages, &checked, &faults, NULL, &error));
  g_assert_cmpuint(checked, ==, 4);
  g_assert_cmpuint(faults, ==, 0);
  g_autofree char *path = blob_path(fixture->store, &bad);
  overwrite(path, "BAD");
  g_assert_true(store_verify(fixture->store, TRUE, collect_fault, messages, &checked, &faults, NULL, &error));
  /* the blob, and then the action that names it */
  g_assert_cmpuint(faults, ==, 2);
  g_assert_cmpuint(messages->len, ==, 2);
  g_assert_nonnull(strstr(g_ptr_array_index(messages, 0), path));
  g_assert_true(store_verify(fixture->store, FALSE, collect_fault, messages, &checked, &faults, NULL, &error));
  g_assert_cmpuint(faults, ==, 0);
  g_assert_cmpuint(checked, ==, 2);
}

static void
gc_forgets_the_oldest(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  StoreGc result;
  Digest unnamed = put(fixture->store, "aaaa"), old = put(fixture->store, "bbbb"), young = put(fixture->store, "cccc");
  set_used(fixture->store, "blobs/sha256", &unnamed, 200);
  set_used(fixture->store, "blobs/sha256", &old, 10);
  set_used(fixture->store, "blobs/sha256", &young, 10);
  Digest first = act(fixture->store, "first", &old, 100), last = act(fixture->store, "last", &young, 300);
  g_assert_true(store_gc(fixture->store, 12, FALSE, &result, NULL, &error));
  g_assert_cmpuint(result.removed_blobs, ==, 0);
  g_assert_true(store_gc(fixture->store, 11, FALSE, &result, NULL, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(result.removed_blobs, ==, 1);
  g_assert_cmpuint(result.removed_actions, ==, 1);
  g_assert_cmpuint(result.kept_bytes, ==, 8);
  g_assert_false(store_has(fixture->store, &old));
  g_assert_null(store_action_get(fixture->store, &first));
  g_assert_true(store_has(fixture->store, &unnamed));
  g_assert_true(store_gc(fixture->store, 4, FALSE, &result, NULL, &error));
  g_assert_false(store_has(fixture->store, &unnamed));
  json_t *kept = store_action_get(fixture->store, &last);
  g_assert_nonnull(kept);
  json_decref(kept);
}

static void
gc_sweeps_what_the_dead_left(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  StoreGc result;
  g_autofree char *left = g_build_filename(store_path(fixture->store), "tmp", "left", NULL);
  g_autofree char *scratch = store_scratch_new(fixture->store, &error), *below = g_build_filename(scratch, "a", "b", NULL);
  g_assert_true(g_file_set_contents(left, "x", 1, NULL));
  g_assert_cmpint(g_mkdir_with_parents(below, 0700), ==, 0);
  g_assert_true(store_gc(fixture->store, 1000, FALSE, &result, NULL, &error));
  g_assert_cmpuint(count_files(fixture->store, "tmp"), ==, 0);
}

/* What a symlink in it leads to is nobody's to remove. */
static void
scratch_is_removed_and_nothing_else(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *scratch = store_scratch_new(fixture->store, &error), *other = store_scratch_new(fixture->store, &error);
  g_autofree char *kept = g_build_filename(other, "kept", NULL), *link = g_build_filename(scratch, "link", NULL);
  g_assert_cmpstr(scratch, !=, other);
  g_assert_true(g_file_set_contents(kept, "x", 1, NULL));
  g_assert_cmpint(symlink(other, link), ==, 0);
  g_assert_true(store_scratch_remove(scratch, &error));
  g_assert_false(g_file_test(scratch, G_FILE_TEST_EXISTS));
  g_assert_true(g_file_test(kept, G_FILE_TEST_EXISTS));
  g_assert_true(store_scratch_remove(other, &error));
}

static gboolean
is_on_another_disk(const char *a, const char *b)
{
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev != y.st_dev;
}

/* From a store beside it (linked), and from one on another file system (copied, and checked). */
static void
blobs_are_taken_from_another_store(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *beside = g_build_filename(fixture->folder, "beside", NULL), *far = g_strdup("/dev/shm/ashlar-store-XXXXXX");
  const char *const places[] = {beside, g_mkdtemp(far)};
  for (guint i = 0; i < G_N_ELEMENTS(places) && places[i] != NULL; i++) {
    g_autofree char *text = g_strdup_printf("blob %u", i);
    g_autoptr(Store) other = store_open(places[i], &error);
    g_assert_no_error(error);
    Digest blob = put(other, text), missing = {{1}};
    g_assert_true(store_take_blob(fixture->store, other, &blob, &error));
    g_assert_true(store_take_blob(fixture->store, other, &blob, &error)); /* it has it already */
    g_assert_true(store_check_blob(fixture->store, &blob, &error));
    g_assert_true(store_take_blob(fixture->store, other, &missing, &error));
    g_assert_false(store_has(fixture->store, &missing));
    struct stat status;
    g_autofree char *path = blob_path(fixture->store, &blob);
    g_assert_cmpint(stat(path, &status), ==, 0);
    g_assert_cmpuint(status.st_nlink, ==, is_on_another_disk(places[i], fixture->folder) ? 1 : 2);
  }
  if (places[1] != NULL)
    g_assert_cmpint(nftw(places[1], remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}

static void
gc_leaves_a_store_in_use_alone(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  StoreGc result;
  Digest blob = put(fixture->store, "in use");
  g_autoptr(Store) other = store_open(store_path(fixture->store), &error);
  g_assert_false(store_gc(fixture->store, 0, FALSE, &result, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS);
  g_assert_true(store_has(fixture->store, &blob));
  g_clear_error(&error);
  g_clear_pointer(&other, store_unref);
  g_assert_true(store_gc(fixture->store, 0, FALSE, &result, NULL, &error));
  g_assert_false(store_has(fixture->store, &blob));
}

#define STORE_TEST(name, function) g_test_add("/store/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  STORE_TEST("put-and-read", put_and_read);
  STORE_TEST("empty-blob", empty_blob);
  STORE_TEST("missing-blob", missing_blob_is_not_found);
  STORE_TEST("damaged-blob", damaged_blob_is_named);
  STORE_TEST("damaged-put", damaged_blob_is_put_again);
  STORE_TEST("truncated-blob", truncated_blob_is_replaced);
  STORE_TEST("abandoned-writer", abandoned_writer_leaves_nothing);
  STORE_TEST("unexpected-digest", unexpected_digest_is_refused);
  STORE_TEST("partial", partial_becomes_a_blob);
  STORE_TEST("partial-of-a-killed-commit", partial_of_a_killed_commit_is_resumed);
  STORE_TEST("read-only", read_only_store_serves_what_it_holds);
  STORE_TEST("partial-cancelled", waiting_for_a_partial_can_be_cancelled);
  STORE_TEST("action", action_is_remembered);
  g_test_add_func("/store/action-key", action_key_ignores_order);
  STORE_TEST("damaged-action", damaged_action_is_not_known);
  STORE_TEST("not-a-store", folder_with_other_things_is_no_store);
  STORE_TEST("image-layout", store_is_an_image_layout);
  STORE_TEST("same-blobs-at-once", processes_that_write_the_same_blobs);
  STORE_TEST("killed-writer", killed_writer_leaves_nothing_half_visible);
  STORE_TEST("info", info_counts);
  STORE_TEST("verify", verify_finds_and_repairs);
  STORE_TEST("gc-oldest", gc_forgets_the_oldest);
  STORE_TEST("gc-leftovers", gc_sweeps_what_the_dead_left);
  STORE_TEST("scratch", scratch_is_removed_and_nothing_else);
  STORE_TEST("taken-blobs", blobs_are_taken_from_another_store);
  STORE_TEST("gc-in-use", gc_leaves_a_store_in_use_alone);
  return g_test_run();
}
