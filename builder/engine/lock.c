/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/lock.h"
#include "rootfs/outfile.h"
#include "signing/document.h"
#include "signing/error.h"

#include <string.h>
#include <sys/stat.h>

/* The version of the file's own structure. */
#define LOCK_VERSION 1

void
lock_package_free(LockPackage *package)
{
  g_free(package->name);
  g_free(package->version);
  g_free(package->architecture);
  g_free(package->suite);
  g_free(package->path);
  g_free(package);
}

static void
lock_arch_free(LockArch *arch)
{
  g_free(arch->arch);
  g_ptr_array_unref(arch->packages);
  g_free(arch);
}

static void
stage_free(gpointer data)
{
  LockStage *stage = data;
  g_free(stage->name);
  lock_free(stage->lock);
  g_free(stage);
}

Lock *
lock_new(void)
{
  Lock *lock = g_new0(Lock, 1);
  lock->date = -1;
  lock->asked = json_null();
  lock->files = json_array();
  lock->format = lock_current_format();
  lock->archs = g_ptr_array_new_with_free_func((GDestroyNotify)lock_arch_free);
  lock->stages = g_ptr_array_new_with_free_func(stage_free);
  return lock;
}

void
lock_free(Lock *lock)
{
  json_decref(lock->asked);
  json_decref(lock->base);
  json_decref(lock->files);
  json_decref(lock->format);
  g_ptr_array_unref(lock->archs);
  g_ptr_array_unref(lock->stages);
  g_free(lock);
}

const Lock *
lock_stage(const Lock *lock, const char *name)
{
  for (guint i = 0; i < lock->stages->len; i++) {
    const LockStage *stage = lock->stages->pdata[i];
    if (strcmp(stage->name, name) == 0)
      return stage->lock;
  }
  return NULL;
}

static gint
compare_stages(gconstpointer a, gconstpointer b)
{
  return strcmp((*(const LockStage *const *)a)->name, (*(const LockStage *const *)b)->name);
}

void
lock_add_stage(Lock *lock, const char *name, Lock *own)
{
  LockStage *stage = g_new(LockStage, 1);
  *stage = (LockStage){g_strdup(name), own};
  g_ptr_array_add(lock->stages, stage);
  g_ptr_array_sort(lock->stages, compare_stages);
}

gint64
lock_date(const Lock *lock)
{
  gint64 date = lock->date;
  for (guint i = 0; i < lock->stages->len; i++)
    date = MAX(date, ((const LockStage *)lock->stages->pdata[i])->lock->date);
  return date;
}

char *
lock_path_for(const char *recipe_path)
{
  const char *base = strrchr(recipe_path, '/');
  base = base != NULL ? base + 1 : recipe_path;
  const char *dot = strrchr(base, '.');
  gsize stem = dot != NULL && dot != base ? (gsize)(dot - recipe_path) : strlen(recipe_path);
  return g_strdup_printf("%.*s.lock", (int)stem, recipe_path);
}

/* Adds "K=V" such that nothing of V is taken for what is between two of them, or for a folder. */
static void
append_setting(GString *path, const char *setting)
{
  gsize key = strcspn(setting, "=") + 1;
  g_string_append_len(path, setting, (gssize)key);
  for (const char *c = setting + key; *c != '\0'; c++)
    if (g_ascii_isalnum(*c) || strchr(".+_-", *c) != NULL)
      g_string_append_c(path, *c);
    else
      g_string_append_printf(path, "%%%02X", (guint8)*c);
}

char *
lock_path_of(const Recipe *recipe)
{
  g_autofree char *plain = lock_path_for(recipe->path);
  g_autoptr(GString) path = g_string_new_len(plain, (gssize)(strlen(plain) - strlen(".lock")));
  for (guint i = 0; recipe->combination[i] != NULL; i++) {
    g_string_append_c(path, i == 0 ? '.' : ',');
    append_setting(path, recipe->combination[i]);
  }
  g_string_append(path, ".lock");
  return g_strdup(path->str);
}

LockArch *
lock_find_arch(const Lock *lock, const char *arch)
{
  for (guint i = 0; i < lock->archs->len; i++) {
    LockArch *candidate = lock->archs->pdata[i];
    if (strcmp(candidate->arch, arch) == 0)
      return candidate;
  }
  return NULL;
}

static gint
compare_archs(gconstpointer a, gconstpointer b)
{
  return strcmp((*(LockArch *const *)a)->arch, (*(LockArch *const *)b)->arch);
}

LockArch *
lock_add_arch(Lock *lock, const char *name)
{
  LockArch *arch = g_new0(LockArch, 1);
  arch->arch = g_strdup(name);
  arch->packages = g_ptr_array_new_with_free_func((GDestroyNotify)lock_package_free);
  g_ptr_array_add(lock->archs, arch);
  g_ptr_array_sort(lock->archs, compare_archs);
  return arch;
}

const LockPackage *
lock_find_package(const LockArch *arch, const char *name)
{
  guint low = 0, high = arch->packages->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const LockPackage *package = arch->packages->pdata[middle];
    int order = strcmp(package->name, name);
    if (order == 0)
      return package;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

gboolean
lock_base(const Lock *lock, const char *arch, Digest *out)
{
  json_t *digest = json_object_get(json_object_get(lock->base, "manifests"), arch);
  return digest != NULL && digest_from_string(json_string_value(digest), out, NULL);
}

void
lock_set_base(Lock *lock, const char *from, const char *arch, const Digest *manifest)
{
  char text[DIGEST_STRING_SIZE];
  if (lock->base == NULL || strcmp(json_string_value(json_object_get(lock->base, "from")), from) != 0) {
    json_decref(lock->base);
    lock->base = json_pack("{s:s, s:{}}", "from", from, "manifests");
  }
  json_object_set_new(json_object_get(lock->base, "manifests"), arch, json_string(digest_to_string(manifest, text)));
}

json_t *
lock_current_format(void)
{
  return json_pack("{s:i, s:s, s:s, s:s}", "layer", PACK_FORMAT, "gzip", pack_encoding_compressor(PACK_GZIP), "zstd",
                   pack_encoding_compressor(PACK_ZSTD), "zstd:chunked", pack_encoding_compressor(PACK_ZSTD_CHUNKED));
}

static gint
compare_strings(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *
lock_asked(const Recipe *recipe)
{
  static const char *const variants[] = {"none", "essential", "minbase", "standard"};
  const RecipeDebian *debian = recipe->debian;
  if (debian == NULL)
    return json_null();
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < debian->packages->len; i++) {
    const RecipePackage *package = debian->packages->pdata[i];
    g_ptr_array_add(names, package->version != NULL ? g_strdup_printf("%s=%s", package->name, package->version)
                                                    : g_strdup(package->name));
  }
  g_ptr_array_sort(names, compare_strings);
  json_t *packages = json_array();
  for (guint i = 0; i < names->len; i++)
    json_array_append_new(packages, json_string(names->pdata[i]));
  json_t *components = json_array();
  for (char **component = debian->components; component != NULL && *component != NULL; component++)
    json_array_append_new(components, json_string(*component));
  return json_pack("{s:s, s:o, s:s?, s:s, s:b, s:o}", "suite", debian->suite, "components", components, "snapshot",
                   debian->snapshot, "variant", variants[debian->variant], "recommends", debian->recommends, "packages",
                   packages);
}

json_t *
lock_files(const Recipe *recipe)
{
  json_t *files = json_array();
  for (guint i = 0; i < recipe->files->len; i++) {
    const RecipeFile *file = recipe->files->pdata[i];
    if (file->url == NULL)
      continue;
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&file->sha256, hex);
    json_array_append_new(files, json_pack("{s:s, s:s}", "sha256", hex, "url", file->url));
  }
  return files;
}

/* ---- writing ---- */

static void
append_json(GString *text, json_t *value)
{
  g_autofree char *dumped = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
  g_string_append(text, dumped);
}

static void
append_package(GString *text, const LockPackage *package)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&package->sha256, hex);
  json_t *value = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b}", "arch", package->architecture, "name", package->name,
                            "path", package->path, "sha256", hex, "suite", package->suite, "version", package->version, "size",
                            (json_int_t)package->size, "requested", package->requested);
  append_json(text, value);
  json_decref(value);
}

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One manifest a line. */
static void
append_base(GString *text, json_t *base)
{
  g_string_append(text, ",\n\"base\":{\"from\":");
  append_json(text, json_object_get(base, "from"));
  g_string_append(text, ",\"manifests\":{");
  g_autoptr(GPtrArray) archs = g_ptr_array_new();
  json_t *manifests = json_object_get(base, "manifests"), *digest;
  const char *arch;
  json_object_foreach (manifests, arch, digest)
    g_ptr_array_add(archs, (gpointer)arch);
  g_ptr_array_sort(archs, compare_keys);
  for (guint i = 0; i < archs->len; i++)
    g_string_append_printf(text, "%s\n\"%s\":\"%s\"", i > 0 ? "," : "", (const char *)archs->pdata[i],
                           json_string_value(json_object_get(manifests, archs->pdata[i])));
  g_string_append(text, "\n}}");
}

static void append_document(GString *text, const Lock *lock, gboolean is_stage);

static void
append_stages(GString *text, const GPtrArray *stages)
{
  g_string_append(text, ",\n\"stages\":{");
  for (guint i = 0; i < stages->len; i++) {
    const LockStage *stage = stages->pdata[i];
    g_string_append_printf(text, "%s\n\"%s\":", i > 0 ? "," : "", stage->name);
    append_document(text, stage->lock, TRUE);
  }
  g_string_append_c(text, '}');
}

static void
append_document(GString *text, const Lock *lock, gboolean is_stage)
{
  g_string_append(text, "{\n\"asked\":");
  append_json(text, lock->asked);
  if (lock->base != NULL)
    append_base(text, lock->base);
  if (lock->date >= 0) {
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(lock->date);
    g_autofree char *shown = g_date_time_format(date, "%Y-%m-%dT%H:%M:%SZ");
    g_string_append_printf(text, ",\n\"date\":\"%s\"", shown);
  }
  g_string_append(text, ",\n\"files\":[");
  for (gsize i = 0; i < json_array_size(lock->files); i++) {
    g_string_append(text, i > 0 ? ",\n" : "\n");
    append_json(text, json_array_get(lock->files, i));
  }
  g_string_append_c(text, ']');
  if (!is_stage) {
    g_string_append(text, ",\n\"format\":");
    append_json(text, lock->format);
    g_string_append_printf(text, ",\n\"lock\":%d", LOCK_VERSION);
  }
  g_string_append(text, ",\n\"packages\":{");
  for (guint i = 0; i < lock->archs->len; i++) {
    const LockArch *arch = lock->archs->pdata[i];
    g_string_append_printf(text, "%s\n\"%s\":[", i > 0 ? "," : "", arch->arch);
    for (guint j = 0; j < arch->packages->len; j++) {
      g_string_append(text, j > 0 ? ",\n" : "\n");
      append_package(text, arch->packages->pdata[j]);
    }
    g_string_append(text, "\n]");
  }
  g_string_append_c(text, '}');
  if (lock->stages->len > 0)
    append_stages(text, lock->stages);
  g_string_append(text, "\n}");
}

char *
lock_to_text(const Lock *lock)
{
  GString *text = g_string_new(NULL);
  append_document(text, lock, FALSE);
  g_string_append_c(text, '\n');
  return g_string_free(text, FALSE);
}

gboolean
lock_save(const Lock *lock, const char *path, GError **error)
{
  g_autofree char *text = lock_to_text(lock);
  g_autoptr(GBytes) before = document_read(path, LIMIT_LOCK, NULL);
  if (before != NULL && g_bytes_get_size(before) == strlen(text) && strcmp(g_bytes_get_data(before, NULL), text) == 0)
    return TRUE;
  return outfile_put(path, text, strlen(text), 0644, OUTFILE_REPLACE, error);
}

/* ---- reading ---- */

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
  json_t *from, *manifests, *value;
  const char *arch;
  if (base == NULL)
    return TRUE;
  if (json_unpack(base, "{s:o, s:o !}", "from", &from, "manifests", &manifests) != 0 || !json_is_string(from) ||
      !json_is_object(manifests))
    return FALSE;
  json_object_foreach (manifests, arch, value) {
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
