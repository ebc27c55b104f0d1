/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/image/credentials.h"
#include "builder/oci/descriptor.h"
#include "signing/document.h"
#include "signing/error.h"

#include <string.h>

void
credentials_clear(Credentials *credentials)
{
  g_clear_pointer(&credentials->user, g_free);
  g_clear_pointer(&credentials->password, g_free);
  g_clear_pointer(&credentials->missing, g_free);
}

/* ---- which entry ---- */

/* "https://HOST/v1/" -> "HOST", and the names of Docker's servers -> what its images are called by, as older programs wrote them
 * (transfer full). */
static char *
normal_name(const char *key)
{
  const char *host = strstr(key, "://");
  g_autofree char *name = g_strdup(host != NULL ? host + 3 : key);
  static const char *const endings[] = {"/", "/v1", "/v2"};
  for (guint i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(name, endings[i]))
      name[strlen(name) - strlen(endings[i])] = '\0';
  gsize length = strcspn(name, "/");
  static const char *const servers[] = {"index." REGISTRY_DEFAULT, REGISTRY_DEFAULT_SERVER};
  for (guint i = 0; i < G_N_ELEMENTS(servers); i++)
    if (strlen(servers[i]) == length && strncmp(name, servers[i], length) == 0)
      return g_strconcat(REGISTRY_DEFAULT, name + length, NULL);
  return g_steal_pointer(&name);
}

/* Whether @name is @full or what is around it. */
static gboolean
fits(const char *name, const char *full)
{
  gsize length = strlen(name);
  return strncmp(name, full, length) == 0 && (full[length] == '\0' || full[length] == '/');
}

/* The value in @map whose key fits @full best. */
static json_t *
best_entry(json_t *map, const char *full)
{
  const char *key;
  json_t *value, *best = NULL;
  gsize best_length = 0;
  json_object_foreach (map, key, value) {
    g_autofree char *name = normal_name(key);
    if (!fits(name, full) || strlen(name) <= best_length)
      continue;
    best = value;
    best_length = strlen(name);
  }
  return best;
}

/* ---- what it says ---- */

static gboolean
split_pair(const char *encoded, Credentials *out)
{
  gsize size;
  g_autofree char *pair = (char *)g_base64_decode(encoded, &size);
  const char *colon = memchr(pair, ':', size);
  if (colon == NULL)
    return FALSE;
  out->user = g_strndup(pair, (gsize)(colon - pair));
  out->password = g_strndup(colon + 1, size - (gsize)(colon + 1 - pair)); /* up to a NUL, which some programs pad with */
  return TRUE;
}

static void
take_entry(json_t *entry, const char *path, Credentials *out)
{
  const char *pair = json_string_value(json_object_get(entry, "auth"));
  const char *user = json_string_value(json_object_get(entry, "username"));
  const char *password = json_string_value(json_object_get(entry, "password"));
  if (pair != NULL && *pair != '\0' && split_pair(pair, out))
    return;
  if (user != NULL && password != NULL) {
    out->user = g_strdup(user);
    out->password = g_strdup(password);
  } else if (json_object_get(entry, "identitytoken") != NULL)
    out->missing = g_strdup_printf("'%s' has an identity token only, which is not used here: log in with a password", path);
}

/* A program that is named for the registry keeps what the file does not say. */
static void
note_helper(json_t *file, const char *full, const char *path, Credentials *out)
{
  const char *helper = json_string_value(best_entry(json_object_get(file, "credHelpers"), full));
  if (helper == NULL && best_entry(json_object_get(file, "auths"), full) != NULL)
    helper = json_string_value(json_object_get(file, "credsStore"));
  if (helper == NULL || out->missing != NULL)
    return;
  g_autofree char *shown = g_strescape(helper, NULL);
  out->missing =
    g_strdup_printf("'%s' leaves them to the helper 'docker-credential-%.60s', which is not run here: write them to "
                    "a file, as 'podman login --authfile' does, and name that in REGISTRY_AUTH_FILE",
                    path, shown);
}

static gboolean
read_file(const char *path, const char *full, Credentials *out, GError **error)
{
  GError *failure = NULL;
  g_autoptr(GBytes) bytes = document_read(path, LIMIT_DOCUMENT, &failure);
  if (bytes == NULL && g_error_matches(failure, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND)) {
    g_error_free(failure);
    return TRUE;
  }
  json_auto_t *file = bytes != NULL ? oci_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), path, &failure)
                                    : NULL;
  if (file == NULL) {
    g_propagate_prefixed_error(error, failure, "the registry's credentials: ");
    return FALSE;
  }
  json_t *entry = best_entry(json_object_get(file, "auths"), full);
  if (entry != NULL)
    take_entry(entry, path, out);
  if (out->user == NULL)
    note_helper(file, full, path, out);
  return TRUE;
}

static GPtrArray *
find_files(void)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  const char *named = g_getenv("REGISTRY_AUTH_FILE"), *runtime = g_getenv("XDG_RUNTIME_DIR"),
             *docker = g_getenv("DOCKER_CONFIG");
  if (named != NULL && *named != '\0')
    g_ptr_array_add(paths, g_strdup(named));
  if (runtime != NULL && *runtime != '\0')
    g_ptr_array_add(paths, g_build_filename(runtime, "containers", "auth.json", NULL));
  g_ptr_array_add(paths, g_build_filename(g_get_user_config_dir(), "containers", "auth.json", NULL));
  g_ptr_array_add(paths, docker != NULL && *docker != '\0'
                           ? g_build_filename(docker, "config.json", NULL)
                           : g_build_filename(g_get_home_dir(), ".docker", "config.json", NULL));
  return paths;
}

gboolean
credentials_find(const char *host, const char *repository, Credentials *out, GError **error)
{
  *out = (Credentials){0};
  g_autofree char *full = g_strconcat(host, "/", repository, NULL);
  g_autoptr(GPtrArray) paths = find_files();
  for (guint i = 0; i < paths->len && out->user == NULL; i++)
    if (!read_file(paths->pdata[i], full, out, error)) {
      credentials_clear(out);
      return FALSE;
    }
  return TRUE;
}
