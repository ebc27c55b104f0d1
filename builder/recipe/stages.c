/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"
#include "builder/recipe/nearest.h"

#include <string.h>

/* A stage that was read. */
typedef struct {
  Recipe *recipe;
  RecipePlace place;
  enum { UNSEEN, OPEN, DONE } state;
} Stage;

/* That the stage @who (NULL: the recipe) needs the stage @what. */
typedef struct {
  const char *who, *what;
  const RecipePlace *place;
} Need;

typedef struct {
  Model *model;
  GArray *stages; /* Stage */
  GArray *open;   /* Need: why the stage is looked at that is looked at now, the outermost first */
} Stages;

const Recipe *
recipe_stage(const Recipe *recipe, const char *name)
{
  for (guint i = 0; i < recipe->stages->len; i++)
    if (strcmp(((const Recipe *)recipe->stages->pdata[i])->name, name) == 0)
      return recipe->stages->pdata[i];
  return NULL;
}

static Stage *
find_stage(const Stages *stages, const char *name)
{
  for (guint i = 0; i < stages->stages->len; i++)
    if (strcmp(g_array_index(stages->stages, Stage, i).recipe->name, name) == 0)
      return &g_array_index(stages->stages, Stage, i);
  return NULL;
}

/* ---- reading ---- */

static Recipe *
read_stage(Model *model, const NodePair *pair)
{
  const Recipe *whole = model->recipe;
  Recipe *stage = recipe_new(whole->path);
  stage->name = g_strdup(pair->key);
  stage->title = g_strdup_printf("%s, stage '%s'", whole->title, pair->key);
  stage->combination = g_strdupv(whole->combination);
  stage->arch = g_strdupv(whole->arch);
  stage->epoch = whole->epoch;
  stage->layers = whole->layers;
  g_ptr_array_unref(stage->secrets);
  stage->secrets = g_ptr_array_ref(whole->secrets);
  Model own = {stage, pair->value, model->diagnostics};
  model_from(&own);
  model_debian(&own);
  model_accounts(&own);
  model_files(&own);
  model_steps(&own);
  model_check(&own);
  return stage;
}

static void
clear_stage(gpointer data)
{
  g_clear_pointer(&((Stage *)data)->recipe, recipe_free);
}

/* ---- who needs whom ---- */

static void
unknown_stage(const Stages *stages, const Need *need)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (guint i = 0; i < stages->stages->len; i++)
    g_strv_builder_add(builder, g_array_index(stages->stages, Stage, i).recipe->name);
  g_auto(GStrv) names = g_strv_builder_end(builder);
  const char *nearest = nearest_name(need->what, (const char *const *)names);
  diagnostics_error(stages->model->diagnostics, need->place, "there is no stage '%s'", need->what);
  if (nearest != NULL)
    diagnostics_hint(stages->model->diagnostics, "did you mean '%s'?", nearest);
  else
    diagnostics_hint(stages->model->diagnostics, "add it to 'stages'");
}

/* @need closes a circle: the others of it are the last that are open, from what it asks for on. */
static void
circle(const Stages *stages, const Need *need)
{
  guint first = stages->open->len;
  while (first > 0 && g_strcmp0(g_array_index(stages->open, Need, first - 1).who, need->what) != 0)
    first--;
  diagnostics_error(stages->model->diagnostics, need->place, "the stage '%s' needs itself", need->what);
  for (guint i = first - 1; first > 0 && i < stages->open->len; i++) {
    const Need *other = &g_array_index(stages->open, Need, i);
    diagnostics_hint(stages->model->diagnostics, "'%s' needs '%s' on line %u of %s", other->who, other->what,
                     other->place->line, other->place->file);
  }
}

static void keep_needed(Stages *stages, const Recipe *recipe);

static void
keep(Stages *stages, const Need *need)
{
  Stage *stage = find_stage(stages, need->what);
  if (stage == NULL)
    unknown_stage(stages, need);
  else if (stage->state == OPEN)
    circle(stages, need);
  if (stage == NULL || stage->state != UNSEEN)
    return;
  stage->state = OPEN;
  g_array_append_vals(stages->open, need, 1);
  keep_needed(stages, stage->recipe);
  g_array_set_size(stages->open, stages->open->len - 1);
  stage->state = DONE;
  g_ptr_array_add(stages->model->recipe->stages, g_steal_pointer(&stage->recipe));
  /* names are looked up by those that are left, too */
  stage->recipe = recipe_new(stages->model->recipe->path);
  stage->recipe->name = g_strdup(need->what);
}

/* Keeps all that @recipe needs, what those need first. */
static void
keep_needed(Stages *stages, const Recipe *recipe)
{
  const char *who = recipe != stages->model->recipe ? recipe->name : NULL;
  if (recipe->from.stage != NULL) {
    const Need need = {who, recipe->from.stage, &recipe->from.place};
    keep(stages, &need);
  }
  for (guint i = 0; i < recipe->files->len; i++) {
    const RecipeFile *file = recipe->files->pdata[i];
    const Need need = {who, file->stage, &file->place};
    if (file->stage != NULL)
      keep(stages, &need);
  }
}

void
model_stages(Model *model)
{
  const Node *map = node_get(model->root, "stages");
  g_autoptr(GArray) read = g_array_new(FALSE, TRUE, sizeof(Stage));
  g_array_set_clear_func(read, clear_stage);
  for (guint i = 0; map != NULL && map->kind == NODE_MAP && i < map->pairs->len; i++) {
    const NodePair *pair = map->pairs->pdata[i];
    if (pair->value->bad || pair->value->kind != NODE_MAP)
      continue;
    const Stage stage = {.recipe = read_stage(model, pair), .place = pair->place};
    g_array_append_val(read, stage);
  }
  g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(Need));
  Stages stages = {model, read, open};
  keep_needed(&stages, model->recipe);
  for (guint i = 0; i < read->len; i++) {
    Stage *stage = &g_array_index(read, Stage, i);
    if (stage->state != UNSEEN)
      continue;
    diagnostics_warning(model->diagnostics, &stage->place, "nothing uses the stage '%s'", stage->recipe->name);
    /* what it names must be there all the same */
    stage->state = OPEN;
    guint needed = model->recipe->stages->len;
    keep_needed(&stages, stage->recipe);
    g_ptr_array_set_size(model->recipe->stages, (gint)needed);
    stage->state = DONE;
  }
}
