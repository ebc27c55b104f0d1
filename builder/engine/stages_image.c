/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/stages_private.h"
#include "builder/base/base_source.h"
#include "builder/engine/assemble.h"
#include "builder/engine/memo.h"
#include "builder/executor/parallel.h"

static void
image_key(const Stages *stages, const Recipe *stage, PackEncoding encoding, Digest *key)
{
  int most = stage->layers.single ? 0 : (int)stage->layers.most;
  json_t *description = json_pack("{s:s, s:o, s:s, s:o, s:s, s:i}", "action", "stage image", "stage",
                                  stage_keys_json(&stages->keys, stage->name), "name", stage->name, "format",
                                  lock_current_format(), "encoding", pack_encoding_name(encoding), "layers", most);
  store_action_key(description, key);
  json_decref(description);
}

static Assembled *
assemble_image(const Stages *stages, const Recipe *stage, PackEncoding encoding, GError **error)
{
  AssembleOptions options = {
    .packages = stages_packages_options(stages, encoding),
    .stages = &stages->keys,
    .runtime = stages->options.runtime,
    .keep = stages->options.keep,
  };
  g_autoptr(Base) base = NULL;
  g_autoptr(Assembled) below = NULL;
  if (!stages_obtain(stages, stage, error) || !stages_obtain_base(stages, stage, encoding, &base, &below, error))
    return NULL;
  options.base = base;
  options.stage = below;
  parallel_enter();
  Assembled *image = assemble(stages->options.store, stage, stages->options.arch, stages_locked(stages, stage), &options,
                              error);
  parallel_leave();
  return image;
}

static Assembled *
obtain_image(const Stages *stages, const Recipe *stage, PackEncoding encoding, GError **error)
{
  Store *store = stages->options.store;
  const FetchOptions *fetch = &stages->options.fetch;
  Digest key;
  image_key(stages, stage, encoding, &key);
  if (!store_claim_waiting(store, &key, fetch->cancellable, error))
    return NULL;
  g_autoptr(Assembled) image = memo_find_image(store, &key);
  progress_cache(fetch->progress, PROGRESS_CACHE_STAGE, image != NULL);
  gboolean done = image != NULL || ((image = assemble_image(stages, stage, encoding, error)) != NULL &&
                                    memo_keep_image(store, &key, image, error));
  store_release(store, &key);
  return done ? g_steal_pointer(&image) : NULL;
}

/* @image: of the stage that @name says. */
static Base *
open_image(const Stages *stages, const Assembled *image, const char *name, GError **error)
{
  const FetchOptions *fetch = &stages->options.fetch;
  const BaseOptions options = {.progress = fetch->progress, .cancellable = fetch->cancellable};
  return base_open_stored(stages->options.store, &image->manifest.digest, name, &options, error);
}

gboolean
stages_obtain_base(const Stages *stages, const Recipe *recipe, PackEncoding encoding, Base **base, Assembled **stage,
                   GError **error)
{
  const StagesOptions *options = &stages->options;
  g_autoptr(Assembled) image = NULL;
  *base = NULL;
  if (stage != NULL)
    *stage = NULL;
  if (recipe->from.image == NULL)
    return TRUE;
  if (recipe->from.stage == NULL) {
    *base = base_source_obtain(recipe, options->store, stages_lock(stages, recipe), options->arch, &options->fetch, error);
    return *base != NULL;
  }
  image = obtain_image(stages, recipe_stage(stages->recipe, recipe->from.stage), encoding, error);
  if (image != NULL)
    *base = open_image(stages, image, recipe->from.image, error);
  if (*base != NULL && stage != NULL)
    *stage = g_steal_pointer(&image);
  return *base != NULL;
}

Tree *
stages_lay_image(const Stages *stages, const Recipe *stage, GError **error)
{
  g_autofree char *name = g_strdup_printf("stage:%s", stage->name);
  g_autoptr(Assembled) made = obtain_image(stages, stage, STAGE_ENCODING, error);
  g_autoptr(Base) image = made != NULL ? open_image(stages, made, name, error) : NULL;
  g_autoptr(Tree) tree = tree_new();
  return image != NULL && base_lay(image, tree, error) ? g_steal_pointer(&tree) : NULL;
}
