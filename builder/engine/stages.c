/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/stages_private.h"
#include "builder/steps/install.h"
#include "builder/executor/parallel.h"
#include "builder/engine/root.h"
#include "builder/sources/files.h"
#include "signing/error.h"

#include <string.h>

/* ---- what a stage is made of ---- */

const Lock *
stages_lock(const Stages *stages, const Recipe *recipe)
{
  return recipe == stages->recipe || stages->lock == NULL ? stages->lock : lock_stage(stages->lock, recipe->name);
}

/* {name: key} of the stages whose files @recipe takes. */
static json_t *
needs_json(const Stages *stages, const Recipe *recipe)
{
  json_t *needs = json_object();
  for (guint i = 0; i < recipe->files->len; i++) {
    const RecipeFile *file = recipe->files->pdata[i];
    if (file->stage != NULL)
      json_object_set_new(needs, file->stage, stage_keys_json(&stages->keys, file->stage));
  }
  return needs;
}

static gboolean
add_key(Stages *stages, const Recipe *stage, GError **error)
{
  Digest inputs, locked = {0}, key;
  char inputs_hex[DIGEST_HEX_LENGTH + 1], locked_hex[DIGEST_HEX_LENGTH + 1];
  const Lock *lock = stages_lock(stages, stage);
  if (!files_inputs(stage, NULL, &inputs, stages->options.fetch.cancellable, error))
    return FALSE;
  if (lock != NULL) {
    g_autofree char *text = lock_to_text(lock);
    digest_of(text, strlen(text), &locked);
  }
  digest_to_hex(&inputs, inputs_hex);
  digest_to_hex(&locked, locked_hex);
  json_t *description = json_pack("{s:s, s:s, s:i, s:o, s:s, s:s, s:o, s:I, s:s}", "action", "stage", "ashlar", ASHLAR_VERSION,
                                  "format", PACK_FORMAT, "stage", recipe_stage_to_json(stage), "inputs", inputs_hex, "locked",
                                  locked_hex, "needs", needs_json(stages, stage), "epoch", (json_int_t)stages->options.epoch,
                                  "arch", stages->options.arch);
  /* an image from elsewhere is in the lock */
  if (stage->from.stage != NULL)
    json_object_set_new(description, "base", stage_keys_json(&stages->keys, stage->from.stage));
  if (stage->debian != NULL)
    json_object_set_new(description, "install", install_rules());
  if (stage->steps->len > 0)
    json_object_set_new(description, "steps", json_integer(STEPS_RULES));
  store_action_key(description, &key);
  json_decref(description);
  g_array_append_val(stages->keys.keys, key);
  return TRUE;
}

Stages *
stages_new(const Recipe *recipe, const Lock *lock, const StagesOptions *options, GError **error)
{
  g_autoptr(Stages) stages = g_new0(Stages, 1);
  *stages = (Stages){.recipe = recipe, .lock = lock, .options = *options};
  stages->keys = (StageKeys){options->store, recipe, g_array_new(FALSE, FALSE, sizeof(Digest))};
  for (guint i = 0; i < recipe->stages->len; i++)
    if (!add_key(stages, recipe->stages->pdata[i], error))
      return NULL;
  return g_steal_pointer(&stages);
}

void
stages_free(Stages *stages)
{
  g_array_unref(stages->keys.keys);
  g_free(stages);
}

const StageKeys *
stages_keys(const Stages *stages)
{
  return &stages->keys;
}

/* ---- what is taken out of one ---- */

/* All files that are taken out of the stage @name, by whomever (const RecipeFile*, transfer container). */
static GPtrArray *
taken_of(const Stages *stages, const char *name)
{
  GPtrArray *taken = g_ptr_array_new();
  for (guint i = 0; i <= stages->recipe->stages->len; i++) {
    const Recipe *recipe = i == 0 ? stages->recipe : stages->recipe->stages->pdata[i - 1];
    for (guint j = 0; j < recipe->files->len; j++) {
      const RecipeFile *file = recipe->files->pdata[j];
      if (g_strcmp0(file->stage, name) == 0)
        g_ptr_array_add(taken, (gpointer)file);
    }
  }
  return taken;
}

static gboolean
all_taken(const Stages *stages, const GPtrArray *files)
{
  gboolean known = TRUE;
  for (guint i = 0; known && i < files->len; i++) {
    g_auto(Taken) taken = {0};
    known = stage_keys_find_taken(&stages->keys, files->pdata[i], &taken);
  }
  return known;
}

/* ---- making one ---- */

PackagesOptions
stages_packages_options(const Stages *stages, PackEncoding encoding)
{
  const StagesOptions *options = &stages->options;
  return (PackagesOptions){.encoding = encoding, .epoch = options->epoch, .mirrors = options->mirrors, .fetch = options->fetch};
}

const LockArch *
stages_locked(const Stages *stages, const Recipe *stage)
{
  const Lock *lock = stages_lock(stages, stage);
  return lock != NULL ? lock_find_arch(lock, stages->options.arch) : NULL;
}

static gboolean
is_built_upon(const Stages *stages, const Recipe *stage)
{
  gboolean some = g_strcmp0(stages->recipe->from.stage, stage->name) == 0;
  for (guint i = 0; !some && i < stages->recipe->stages->len; i++)
    some = g_strcmp0(((const Recipe *)stages->recipe->stages->pdata[i])->from.stage, stage->name) == 0;
  return some;
}

static gboolean
take_all(const Stages *stages, const Tree *tree, const GPtrArray *files, GError **error)
{
  gboolean done = TRUE;
  for (guint i = 0; done && i < files->len; i++) {
    g_auto(Taken) taken = {0};
    done = take_out(stages->options.store, tree, files->pdata[i], &taken, error) &&
           stage_keys_keep_taken(&stages->keys, files->pdata[i], &taken, error);
  }
  return done;
}

static Root *
assemble_stage(const Stages *stages, const Recipe *stage, const Base *base, GError **error)
{
  const StagesOptions *options = &stages->options;
  const LockArch *locked = stages_locked(stages, stage);
  const PackagesOptions packages = stages_packages_options(stages, STAGE_ENCODING);
  g_autoptr(GPtrArray) packs = NULL;
  if (locked != NULL) {
    packs = packages_obtain(options->store, stage, locked, &packages, error);
    if (packs == NULL)
      return NULL;
  }
  const RootOptions root = {
    .packages = &packages, .base = base, .runtime = options->runtime, .keep = options->keep, .stages = &stages->keys};
  return root_assemble(options->store, stage, options->arch, locked, packs, &root, error);
}

static gboolean
make_stage(const Stages *stages, const Recipe *stage, const GPtrArray *files, GError **error)
{
  g_autoptr(Base) base = NULL;
  if (is_built_upon(stages, stage)) { /* then it is an image anyway */
    g_autoptr(Tree) tree = stages_lay_image(stages, stage, error);
    return tree != NULL && take_all(stages, tree, files, error);
  }
  if (!stages_obtain(stages, stage, error) || !stages_obtain_base(stages, stage, STAGE_ENCODING, &base, NULL, error))
    return FALSE;
  parallel_enter();
  g_autoptr(Root) root = assemble_stage(stages, stage, base, error);
  gboolean done = root != NULL && take_all(stages, root->tree, files, error);
  parallel_leave();
  return done;
}

static gboolean
obtain_stage(const Stages *stages, guint number, GError **error)
{
  const Recipe *stage = stages->recipe->stages->pdata[number];
  const Digest *key = &g_array_index(stages->keys.keys, Digest, number);
  const FetchOptions *fetch = &stages->options.fetch;
  g_autoptr(GPtrArray) files = taken_of(stages, stage->name);
  if (!store_claim_waiting(stages->options.store, key, fetch->cancellable, error))
    return FALSE;
  gboolean known = all_taken(stages, files), done = known || make_stage(stages, stage, files, error);
  progress_cache(fetch->progress, PROGRESS_CACHE_STAGE, known);
  store_release(stages->options.store, key);
  return done;
}

typedef struct {
  const Stages *stages;
  guint number;
  GError *error; /* NULL: it is there */
} StageJob;

static void
run_stage_job(guint i, gpointer data)
{
  StageJob *job = &g_array_index((GArray *)data, StageJob, i);
  (void)!obtain_stage(job->stages, job->number, &job->error);
}

gboolean
stages_obtain(const Stages *stages, const Recipe *recipe, GError **error)
{
  g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(StageJob));
  json_auto_t *needs = needs_json(stages, recipe);
  for (guint i = 0; i < stages->recipe->stages->len; i++) {
    const StageJob job = {.stages = stages, .number = i};
    if (json_object_get(needs, ((const Recipe *)stages->recipe->stages->pdata[i])->name) != NULL)
      g_array_append_val(jobs, job);
  }
  parallel_run(jobs->len, parallel_width(), run_stage_job, jobs);
  GError *failure = NULL;
  for (guint i = 0; i < jobs->len; i++) {
    StageJob *job = &g_array_index(jobs, StageJob, i);
    if (failure == NULL)
      failure = g_steal_pointer(&job->error);
    g_clear_error(&job->error);
  }
  if (failure != NULL)
    g_propagate_error(error, failure);
  return failure == NULL;
}
