/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/lock/lock_private.h"

#include <string.h>

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

const char *
lock_base_member(const char *from)
{
  return g_str_has_prefix(from, "stage:") ? "packages" : "manifests";
}

/* Borrowed, or NULL. */
static json_t *
base_digests(const Lock *lock)
{
  const char *from = json_string_value(json_object_get(lock->base, "from"));
  return from != NULL ? json_object_get(lock->base, lock_base_member(from)) : NULL;
}

gboolean
lock_base(const Lock *lock, const char *arch, Digest *out)
{
  json_t *digest = json_object_get(base_digests(lock), arch);
  return digest != NULL && digest_from_string(json_string_value(digest), out, NULL);
}

void
lock_set_base(Lock *lock, const char *from, const char *arch, const Digest *digest)
{
  char text[DIGEST_STRING_SIZE];
  if (lock->base == NULL || strcmp(json_string_value(json_object_get(lock->base, "from")), from) != 0) {
    json_decref(lock->base);
    lock->base = json_pack("{s:s, s:{}}", "from", from, lock_base_member(from));
  }
  json_object_set_new(base_digests(lock), arch, json_string(digest_to_string(digest, text)));
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
