/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/store_private.h"
#include "rootfs/outfile.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
store_action_key(json_t *description, Digest *key)
{
  char *text = json_dumps(description, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
  if (text == NULL)
    g_error("the description of an action is not JSON");
  digest_of(text, strlen(text), key);
  free(text);
}

/* @path's bytes, at most STORE_ACTION_MAX of them. */
static char *
read_record(int fd, gsize size, GError **error)
{
  g_autofree char *text = g_malloc(size + 1);
  gsize have = 0;
  while (have < size) {
    ssize_t n = read(fd, text + have, size - have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      error_set_errno(error, errno, "read");
      return NULL;
    }
    if (n == 0)
      break;
    have += (gsize)n;
  }
  text[have] = '\0';
  return g_steal_pointer(&text);
}

/* A record ends with the digest of its key and its text: one flipped bit, or another action's record in its place, would be
 * another image. */
static void
seal_of(const Digest *key, const char *text, gsize size, char hex[DIGEST_HEX_LENGTH + 1])
{
  g_autoptr(Hasher) hasher = hasher_new();
  Digest seal;
  hasher_update(hasher, key->bytes, sizeof key->bytes);
  hasher_update(hasher, text, size);
  hasher_finish(hasher, &seal);
  digest_to_hex(&seal, hex);
}

/* Cuts the seal off @text; FALSE when it is not the one that belongs there. */
static gboolean
check_seal(const Digest *key, char *text)
{
  char *end = strrchr(text, '\n'), hex[DIGEST_HEX_LENGTH + 1];
  if (end == NULL)
    return FALSE;
  *end = '\0';
  seal_of(key, text, (gsize)(end - text), hex);
  return strcmp(end + 1, hex) == 0;
}

static json_t *
parse_record(int fd, const Digest *key, const struct stat *status, GError **error)
{
  if (!S_ISREG(status->st_mode) || status->st_size > STORE_ACTION_MAX + 1 + DIGEST_HEX_LENGTH) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "not the record of an action");
    return NULL;
  }
  g_autofree char *text = read_record(fd, (gsize)status->st_size, error);
  if (text == NULL)
    return NULL;
  if (!check_seal(key, text)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "not what was written there");
    return NULL;
  }
  json_error_t problem;
  json_t *outputs = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
  if (json_is_object(outputs))
    return outputs;
  json_decref(outputs);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "not a JSON object");
  return NULL;
}

static json_t *
load_record(Store *store, const Digest *key, gboolean mark, struct stat *status, GError **error)
{
  char name[STORE_NAME_SIZE];
  store_name(STORE_ACTIONS, key, name);
  int fd = openat(store->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 || fstat(fd, status) != 0) {
    error_set_errno(error, errno, "open '%s/%s'", store->path, name);
    if (fd >= 0)
      close(fd);
    return NULL;
  }
  json_t *outputs = parse_record(fd, key, status, error);
  if (outputs == NULL)
    g_prefix_error(error, "action '%s/%s': ", store->path, name);
  else if (mark)
    store_mark_used(fd, status);
  close(fd);
  return outputs;
}

json_t *
store_action_load(Store *store, const Digest *key, struct stat *status, GError **error)
{
  return load_record(store, key, FALSE, status, error);
}

gboolean
store_action_digests(json_t *value, StoreDigestVisit visit, gpointer data)
{
  Digest digest;
  if (json_is_string(value))
    return !digest_from_string(json_string_value(value), &digest, NULL) || visit(&digest, data);
  const char *key;
  json_t *item;
  json_object_foreach (value, key, item)
    if (!store_action_digests(item, visit, data))
      return FALSE;
  gsize i;
  json_array_foreach (value, i, item)
    if (!store_action_digests(item, visit, data))
      return FALSE;
  return TRUE;
}

static gboolean
is_there(const Digest *digest, gpointer store)
{
  return store_has(store, digest);
}

json_t *
store_action_get(Store *store, const Digest *key)
{
  struct stat status;
  json_t *outputs = load_record(store, key, TRUE, &status, NULL);
  if (outputs == NULL || store_action_digests(outputs, is_there, store))
    return outputs;
  json_decref(outputs);
  return NULL;
}

gboolean
store_action_put(Store *store, const Digest *key, json_t *outputs, GError **error)
{
  char *text = json_dumps(outputs, JSON_COMPACT | JSON_SORT_KEYS);
  gsize size = text != NULL ? strlen(text) : 0;
  if (!json_is_object(outputs) || size == 0 || size > STORE_ACTION_MAX)
    g_error("what an action put out is not a JSON object of at most %d bytes", STORE_ACTION_MAX);
  g_autofree char *folder = g_build_filename(store->path, STORE_TMP, NULL);
  g_autofree char *path = store_full_name(store, STORE_ACTIONS, key);
  /* Not synced: a record that a power cut tore is no JSON, and then the action is done again. */
  g_autoptr(Outfile) file = outfile_new_in(folder, 0644, OUTFILE_VOLATILE, error);
  char seal[DIGEST_HEX_LENGTH + 2] = "\n";
  if (size > 0)
    seal_of(key, text, size, seal + 1);
  gboolean done = file != NULL && outfile_write(file, text, size, error) && outfile_write(file, seal, strlen(seal), error) &&
                  outfile_commit_as(file, path, error);
  if (!done)
    g_prefix_error(error, "write to the store: ");
  free(text);
  return done;
}
