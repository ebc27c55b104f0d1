/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/lock/lock_private.h"
#include "signing/document.h"
#include "signing/error.h"

#include <string.h>

static gboolean
refuse(GError **error, const char *path, const char *reason)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
              "lock file '%s': %s\nhint: bring back the committed file, or remove it and run 'ashlar lock'", path, reason);
  return FALSE;
}

/* A path below a mirror's base: relative, and it cannot climb out. */
static gboolean
path_is_safe(const char *path)
{
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  for (char **part = parts; *part != NULL; part++)
    if (**part == '\0' || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
      return FALSE;
  return parts[0] != NULL;
}

/* A name, version, architecture or suite: printable, and one word. */
static gboolean
is_word(const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isgraph(*c) || *c == '"' || *c == '\\')
      return FALSE;
  return *text != '\0';
}

static LockPackage *
package_from_json(json_t *value)
{
  const char *name, *version, *arch, *suite, *path, *sha256;
  json_int_t size;
  int requested;
  Digest digest;
  if (json_unpack(value, "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b !}", "arch", &arch, "name", &name, "path", &path, "sha256",
                  &sha256, "suite", &suite, "version", &version, "size", &size, "requested", &requested) != 0 ||
      !digest_from_hex(sha256, &digest) || size <= 0 || !is_word(name) || !is_word(version) || !is_word(arch) ||
      !is_word(suite) || !path_is_safe(path))
    return NULL;
  LockPackage *package = g_new0(LockPackage, 1);
  *package = (LockPackage){
    .name = g_strdup(name),
    .version = g_strdup(version),
    .architecture = g_strdup(arch),
    .suite = g_strdup(suite),
    .path = g_strdup(path),
    .sha256 = digest,
    .size = (guint64)size,
    .requested = requested,
  };
  return package;
}

static gboolean
read_arch(Lock *lock, const char *name, json_t *packages, const char *path, GError **error)
{
  LockArch *arch = lock_add_arch(lock, name);
  for (gsize i = 0; i < json_array_size(packages); i++) {
    LockPackage *package = package_from_json(json_array_get(packages, i));
    if (package == NULL) {
      g_autofree char *reason = g_strdup_printf("package %" G_GSIZE_FORMAT " of '%s' is malformed", i + 1, name);
      return refuse(error, path, reason);
    }
    const LockPackage *previous = i > 0 ? arch->packages->pdata[i - 1] : NULL;
    gboolean sorted = previous == NULL || strcmp(previous->name, package->name) < 0;
    g_ptr_array_add(arch->packages, package);
    if (!sorted) {
      g_autofree char *reason = g_strdup_printf("package '%s' of '%s' is out of order or there twice", package->name, name);
      return refuse(error, path, reason);
    }
  }
  return TRUE;
}

static gboolean
read_date(Lock *lock, const char *text)
{
  if (text == NULL)
    return TRUE;
  g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(text, NULL);
  if (date == NULL || g_date_time_to_unix(date) < 0)
    return FALSE;
  lock->date = g_date_time_to_unix(date);
  return TRUE;
}

/* @base may be NULL: most recipes have none. */
static gboolean
read_base(Lock *lock, json_t *base)
{
  const char *from, *arch;
  json_t *digests, *value;
  if (base == NULL)
    return TRUE;
  if (json_unpack(base, "{s:s}", "from", &from) != 0 ||
      json_unpack(base, "{s:s, s:o !}", "from", &from, lock_base_member(from), &digests) != 0 || !json_is_object(digests))
    return FALSE;
  json_object_foreach (digests, arch, value) {
    Digest digest;
    if (!is_word(arch) || !json_is_string(value) || !digest_from_string(json_string_value(value), &digest, NULL))
      return FALSE;
  }
  lock->base = json_incref(base);
  return TRUE;
}

/* What a lock and a stage in one have in common. */
static gboolean
read_inputs(Lock *lock, json_t *root, const char *path, GError **error)
{
  json_t *asked, *base = NULL, *files, *packages;
  const char *date = NULL, *arch;
  json_error_t where;
  if (json_unpack_ex(root, &where, 0, "{s:o, s?o, s:o, s:o, s?s}", "asked", &asked, "base", &base, "files", &files, "packages",
                     &packages, "date", &date) != 0)
    return refuse(error, path, where.text);
  if (!json_is_object(packages) || !json_is_array(files))
    return refuse(error, path, "'files' or 'packages' is malformed");
  if (!read_date(lock, date))
    return refuse(error, path, "'date' is malformed");
  if (!read_base(lock, base))
    return refuse(error, path, "'base' is malformed");
  json_decref(lock->asked);
  lock->asked = json_incref(asked);
  json_decref(lock->files);
  lock->files = json_incref(files);
  json_t *list;
  json_object_foreach (packages, arch, list) {
    if (!json_is_array(list) || !is_word(arch))
      return refuse(error, path, "'packages' is malformed");
    if (!read_arch(lock, arch, list, path, error))
      return FALSE;
  }
  return TRUE;
}

/* Nobody else's keys: a lock that says more than we know is not understood. */
static gboolean
has_only(json_t *root, const char *const *known, const char *path, GError **error)
{
  const char *key;
  json_t *value;
  json_object_foreach (root, key, value)
    if (!g_strv_contains(known, key)) {
      g_autofree char *shown = g_strescape(key, NULL), *reason = g_strdup_printf("'%s' is no key of it", shown);
      return refuse(error, path, reason);
    }
  return TRUE;
}

static gboolean
read_stages(Lock *lock, json_t *stages, const char *path, GError **error)
{
  static const char *const known[] = {"asked", "base", "date", "files", "packages", NULL};
  const char *name;
  json_t *value;
  if (stages != NULL && !json_is_object(stages))
    return refuse(error, path, "'stages' is malformed");
  json_object_foreach (stages, name, value) {
    if (!is_word(name))
      return refuse(error, path, "'stages' is malformed");
    Lock *stage = lock_new();
    lock_add_stage(lock, name, stage);
    if (!has_only(value, known, path, error) || !read_inputs(stage, value, path, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_document(Lock *lock, json_t *root, const char *path, GError **error)
{
  static const char *const known[] = {"asked", "base", "date", "files", "format", "lock", "packages", "stages", NULL};
  json_t *format, *stages = NULL;
  int version, layer;
  if (json_unpack(root, "{s:i}", "lock", &version) == 0 && version > LOCK_VERSION)
    return refuse(error, path, "it was written by a newer ashlar");
  json_error_t where;
  if (json_unpack_ex(root, &where, 0, "{s:i, s:o, s?o}", "lock", &version, "format", &format, "stages", &stages) != 0)
    return refuse(error, path, where.text);
  if (!has_only(root, known, path, error))
    return FALSE;
  if (json_unpack(format, "{s:i}", "layer", &layer) != 0)
    return refuse(error, path, "'format' is malformed");
  if (layer > PACK_FORMAT)
    return refuse(error, path, "its format is that of a newer ashlar");
  json_decref(lock->format);
  lock->format = json_incref(format);
  return read_inputs(lock, root, path, error) && read_stages(lock, stages, path, error);
}

Lock *
lock_parse(const char *text, gsize size, const char *name, GError **error)
{
  json_error_t where;
  json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
  if (root == NULL) {
    g_autofree char *shown = g_strescape(where.text, "\"");
    g_autofree char *reason = g_strdup_printf("line %d: %s", where.line, shown);
    refuse(error, name, reason);
    return NULL;
  }
  g_autoptr(Lock) lock = lock_new();
  gboolean read = read_document(lock, root, name, error);
  json_decref(root);
  return read ? g_steal_pointer(&lock) : NULL;
}

Lock *
lock_load(const char *path, GError **error)
{
  GError *failure = NULL;
  g_autoptr(GBytes) text = document_read(path, LIMIT_LOCK, &failure);
  if (text == NULL) {
    gboolean invalid = g_error_matches(failure, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_propagate_prefixed_error(error, failure, "lock file: ");
    if (invalid && error != NULL)
      (*error)->code = ASHLAR_ERROR_USAGE;
    return NULL;
  }
  return lock_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), path, error);
}
