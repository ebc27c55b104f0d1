/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/build_private.h"
#include "builder/steps/install.h"
#include "builder/engine/vcs.h"
#include "signing/error.h"

#include <string.h>

/* The last second of the year 9999, the last that dates of images can tell. */
#define EPOCH_MAX G_GINT64_CONSTANT(253402300799)

/* The epoch: SOURCE_DATE_EPOCH, else the recipe's, else the lock's date, else 0. */
gboolean
build_find_epoch(Build *build, GError **error)
{
  const char *text = g_getenv("SOURCE_DATE_EPOCH");
  if (text != NULL && *text != '\0') {
    if (!g_ascii_string_to_signed(text, 10, 0, EPOCH_MAX, &build->epoch, NULL)) {
      g_autofree char *shown = g_strescape(text, NULL);
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                  "SOURCE_DATE_EPOCH: '%s' is no number of seconds since 1970, up to the year 9999", shown);
      return FALSE;
    }
  } else if (build->recipe->epoch >= 0) {
    build->epoch = build->recipe->epoch;
  } else {
    build->epoch = build->lock != NULL ? MAX(lock_date(build->lock), 0) : 0;
  }
  return TRUE;
}

gboolean
build_find_annotations(Build *build, GError **error)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
  if (build->options->vcs) {
    g_auto(GStrv) from_git = vcs_annotations(build->recipe->folder, build->options->fetch.cancellable, error);
    if (from_git == NULL)
      return FALSE;
    for (char **pair = from_git; *pair != NULL; pair++)
      g_ptr_array_add(all, g_strdup(*pair));
  }
  for (const char *const *pair = build->options->annotations; pair != NULL && *pair != NULL; pair++)
    g_ptr_array_add(all, g_strdup(*pair));
  g_ptr_array_add(all, NULL);
  g_ptr_array_set_free_func(all, NULL);
  build->annotations = (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
  return TRUE;
}

/* Whether @recipe or a stage of it has packages, which are configured one way or the other. */
static gboolean
has_packages(const Recipe *recipe)
{
  gboolean some = recipe->debian != NULL;
  for (guint i = 0; !some && i < recipe->stages->len; i++)
    some = has_packages(recipe->stages->pdata[i]);
  return some;
}

/* All that decides the bytes of the image of @arch in @encoding. */
json_t *
build_describe_image(const Build *build, const char *arch, PackEncoding encoding)
{
  char inputs[DIGEST_HEX_LENGTH + 1], locked[DIGEST_HEX_LENGTH + 1] = "";
  digest_to_hex(&build->inputs, inputs);
  if (build->lock != NULL) {
    Digest digest;
    g_autofree char *text = lock_to_text(build->lock);
    digest_of(text, strlen(text), &digest);
    digest_to_hex(&digest, locked);
  }
  json_t *annotations = json_array();
  for (char **pair = build->annotations; *pair != NULL; pair++)
    json_array_append_new(annotations, json_string(*pair));
  json_t *description = json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:I, s:s, s:s, s:o}", "action", "image", "ashlar",
                                  ASHLAR_VERSION, "format", lock_current_format(), "recipe", recipe_to_json(build->recipe),
                                  "lock", locked, "inputs", inputs, "epoch", (json_int_t)build->epoch, "arch", arch, "encoding",
                                  pack_encoding_name(encoding), "annotations", annotations);
  if (has_packages(build->recipe))
    json_object_set_new(description, "install", install_rules());
  if (build->recipe->steps->len > 0)
    json_object_set_new(description, "steps", json_integer(STEPS_RULES));
  Digest base;
  if (build->lock != NULL && lock_base(build->lock, arch, &base)) {
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&base, hex);
    json_object_set_new(description, "base", json_string(hex));
  }
  return description;
}

void
build_image_key(const Build *build, const char *arch, PackEncoding encoding, Digest *key)
{
  json_t *description = build_describe_image(build, arch, encoding);
  store_action_key(description, key);
  json_decref(description);
}

/* All that decides whether the tests of the image of @arch pass: the image, however it is compressed, and the tests. */
void
build_tests_key(const Build *build, const char *arch, Digest *key)
{
  json_t *description = build_describe_image(build, arch, PACK_ZSTD);
  json_object_set_new(description, "action", json_string("tests"));
  json_object_del(description, "encoding");
  json_object_set_new(description, "tests", recipe_tests_to_json(build->recipe));
  store_action_key(description, key);
  json_decref(description);
}
