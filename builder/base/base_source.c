/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/base/base_source.h"
#include "builder/sources/image/image.h"
#include "signing/error.h"

#include <string.h>

/* Tells @problem (taken) at the place of `from`: what is wrong there now as an error of the recipe, all else as what it is. */
static gboolean
blame(const Recipe *recipe, GError *problem, GError **error)
{
  if (problem->code == ASHLAR_ERROR_CANCELLED) {
    g_propagate_error(error, problem);
    return FALSE;
  }
  gboolean said = g_str_has_prefix(problem->message, "base '");
  g_autofree char *text = said ? g_strdup(problem->message)
                               : g_strdup_printf("base '%s': %s", recipe->from.image, problem->message);
  if (problem->code == ASHLAR_ERROR_USAGE || problem->code == ASHLAR_ERROR_NOT_FOUND)
    recipe_error_at(error, &recipe->from.place, "%s", text);
  else
    recipe_failure_at(error, &recipe->from.place, "%s", text);
  if (error != NULL && problem->code == ASHLAR_ERROR_VERIFY)
    (*error)->code = ASHLAR_ERROR_VERIFY;
  g_error_free(problem);
  return FALSE;
}

static gboolean
parse(const Recipe *recipe, ImageSource *source, GError **error)
{
  GError *problem = NULL;
  return image_source_parse(recipe->from.image, recipe->folder, source, &problem) || blame(recipe, problem, error);
}

gboolean
base_source_lock(const Recipe *recipe, Store *store, const char *const *archs, const FetchOptions *options, Lock *lock,
                 GError **error)
{
  g_auto(ImageSource) source = {0};
  Digest digest;
  if (recipe->from.image == NULL)
    return TRUE;
  if (!parse(recipe, &source, error))
    return FALSE;
  for (const char *const *arch = archs; *arch != NULL; arch++) {
    GError *problem = NULL;
    if (lock_base(lock, *arch, &digest))
      continue;
    if (!image_source_resolve(store, &source, *arch, options, &digest, &problem))
      return blame(recipe, problem, error);
    lock_set_base(lock, recipe->from.image, *arch, &digest);
  }
  return TRUE;
}

static gboolean
check_arch(const Recipe *recipe, Store *store, const ImageSource *source, const Lock *lock, const char *arch,
           const FetchOptions *options, GError **error)
{
  Digest locked, now;
  GError *problem = NULL;
  if (!lock_base(lock, arch, &locked))
    return TRUE;
  if (!image_source_resolve(store, source, arch, options, &now, &problem)) {
    if (problem->code != ASHLAR_ERROR_NOT_FOUND || !image_is_stored(store, &locked))
      return blame(recipe, problem, error);
    g_error_free(problem);
    return TRUE;
  }
  if (digest_equal(&locked, &now))
    return TRUE;
  char is[DIGEST_STRING_SIZE], was[DIGEST_STRING_SIZE];
  return recipe_error_at(error, &recipe->from.place,
                         "base '%s' is another one now: for %s it is %s, but the lock has %s\nhint: 'ashlar lock --update %s' "
                         "takes it as it is",
                         source->text, arch, digest_to_string(&now, is), digest_to_string(&locked, was), recipe->path);
}

gboolean
base_source_check(const Recipe *recipe, Store *store, const Lock *lock, const char *const *archs, const FetchOptions *options,
                  GError **error)
{
  g_auto(ImageSource) source = {0};
  if (recipe->from.image == NULL)
    return TRUE;
  if (!parse(recipe, &source, error))
    return FALSE;
  for (const char *const *arch = archs; image_source_is_local(&source) && *arch != NULL; arch++)
    if (!check_arch(recipe, store, &source, lock, *arch, options, error))
      return FALSE;
  return TRUE;
}

/* The image into the store, wherever it comes from. */
static gboolean
bring(const Recipe *recipe, Store *store, const char *arch, const Digest *manifest, const FetchOptions *options, GError **error)
{
  g_auto(ImageSource) source = {0};
  GError *problem = NULL;
  /* another recipe's was just built */
  if (recipe->from.recipe != NULL)
    return TRUE;
  return parse(recipe, &source, error) &&
         (image_source_obtain(store, &source, arch, manifest, options, &problem) || blame(recipe, problem, error));
}

Base *
base_source_obtain(const Recipe *recipe, Store *store, const Lock *lock, const char *arch, const FetchOptions *options,
                   GError **error)
{
  GError *problem = NULL;
  Digest manifest;
  gboolean locked = lock_base(lock, arch, &manifest);
  g_assert(locked);
  const BaseOptions base_options = {.progress = options->progress, .cancellable = options->cancellable};
  if (!bring(recipe, store, arch, &manifest, options, error))
    return NULL;
  Base *base = base_open_stored(store, &manifest, recipe->from.image, &base_options, &problem);
  if (base == NULL)
    blame(recipe, problem, error);
  return base;
}
