/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"
#include "builder/recipe/nearest.h"

#include <string.h>

void
recipe_step_free(RecipeStep *step)
{
  g_free(step->name);
  g_strfreev(step->command);
  g_strfreev(step->env);
  g_free(step->working_dir);
  g_free(step->user);
  g_strfreev(step->secrets);
  g_ptr_array_unref(step->mounts);
  g_free(step);
}

void
recipe_secret_free(RecipeSecret *secret)
{
  g_free(secret->name);
  g_free(secret->file);
  g_free(secret->variable);
  g_strfreev(secret->command);
  g_free(secret);
}

/* ---- secrets ---- */

static void
read_secret(Model *model, const NodePair *pair)
{
  const Node *map = pair->value, *file = node_get(map, "file");
  guint sources = (file != NULL) + (node_get(map, "env") != NULL) + (node_get(map, "command") != NULL);
  if (sources != 1) {
    diagnostics_error(model->diagnostics, &pair->place, "the secret '%s' needs exactly one of 'file', 'env' and 'command'",
                      pair->key);
    return;
  }
  RecipeSecret *secret = g_new0(RecipeSecret, 1);
  secret->name = g_strdup(pair->key);
  secret->file = file != NULL ? g_canonicalize_filename(file->text, model->recipe->folder) : NULL;
  secret->variable = model_text(map, "env");
  secret->command = model_texts(map, "command");
  secret->place = pair->place;
  g_ptr_array_add(model->recipe->secrets, secret);
}

static char **
secret_names(const Recipe *recipe)
{
  char **names = g_new0(char *, recipe->secrets->len + 1);
  for (guint i = 0; i < recipe->secrets->len; i++)
    names[i] = g_strdup(((const RecipeSecret *)recipe->secrets->pdata[i])->name);
  return names;
}

static void
check_secrets(Model *model, const Node *map)
{
  g_auto(GStrv) names = secret_names(model->recipe);
  Node *item;
  for (guint i = 0; model_item(map, "secrets", i, &item); i++) {
    if (item == NULL || g_strv_contains((const char *const *)names, item->text))
      continue;
    const char *nearest = nearest_name(item->text, (const char *const *)names);
    diagnostics_error(model->diagnostics, &item->place, "the recipe has no secret '%s'", item->text);
    if (nearest != NULL)
      diagnostics_hint(model->diagnostics, "did you mean '%s'?", nearest);
    else
      diagnostics_hint(model->diagnostics, "add it to 'secrets'");
  }
}

/* ---- steps ---- */

/* "512M", "10m": a number and what it is multiplied by; the schema has seen to the form. */
static guint64
read_amount(Model *model, const Node *node, const char *units, const guint64 *factors)
{
  if (node == NULL)
    return 0;
  char *unit;
  guint64 number = g_ascii_strtoull(node->text, &unit, 10), factor = 1, product;
  if (*unit != '\0')
    factor = factors[strchr(units, *unit) - units];
  if (!g_uint64_checked_mul(&product, number, factor) || product > G_MAXINT64) {
    diagnostics_error(model->diagnostics, &node->place, "'%s' is too much", node->text);
    return 0;
  }
  return product;
}

static guint
read_timeout(Model *model, const Node *map)
{
  static const guint64 factors[] = {1, 60, 3600};
  return (guint)MIN(read_amount(model, node_get(map, "timeout"), "smh", factors), G_MAXUINT32);
}

static guint64
read_memory(Model *model, const Node *map)
{
  static const guint64 factors[] = {1 << 10, 1 << 20, 1 << 30, G_GUINT64_CONSTANT(1) << 40};
  return read_amount(model, node_get(map, "memory"), "KMGT", factors);
}

static char **
shell_command(const char *text)
{
  return g_strdupv((char *[]){(char *)"/bin/sh", (char *)"-ec", (char *)text, NULL});
}

/* The first line of what is run. */
static char *
title_of(const RecipeStep *step)
{
  g_autofree char *words = g_strjoinv(" ", step->command);
  const char *text = strcmp(step->command[0], "/bin/sh") == 0 && step->command[2] != NULL ? step->command[2] : words;
  text += strspn(text, " \t\n");
  g_autofree char *line = g_strndup(text, strcspn(text, "\n"));
  return g_strstrip(g_utf8_substring(line, 0, MIN(g_utf8_strlen(line, -1), 60)));
}

static char **
read_command(Model *model, const Node *map, const RecipePlace *place)
{
  const Node *command = node_get(map, "command"), *shell = node_get(map, "shell");
  if ((node_pair(map, "command") != NULL) == (node_pair(map, "shell") != NULL))
    diagnostics_error(model->diagnostics, place, "a step needs exactly one of 'command' and 'shell'");
  if ((command != NULL) == (shell != NULL))
    return NULL;
  if (shell != NULL)
    return shell_command(shell->text);
  if (command->items->len == 0 || *((const Node *)command->items->pdata[0])->text == '\0') {
    diagnostics_error(model->diagnostics, &command->place, "'run.command' names no program");
    return NULL;
  }
  return model_texts(map, "command");
}

static void
read_step(Model *model, const Node *item)
{
  gboolean text = item->kind == NODE_SCALAR;
  char **command = text ? shell_command(item->text) : read_command(model, item, &item->place);
  if (command == NULL)
    return;
  const Node *env = node_get(item, "env"), *workdir = node_get(item, "workdir"), *clock = node_get(item, "clock");
  RecipeStep *step = g_new0(RecipeStep, 1);
  step->command = command;
  step->name = model_text(item, "name");
  if (step->name == NULL)
    step->name = title_of(step);
  step->env = env != NULL ? model_pairs(env) : NULL;
  step->working_dir = workdir != NULL ? model_image_path(model, workdir) : NULL;
  step->user = model_text(item, "user");
  step->network = model_bool(item, "network", FALSE);
  step->fixed_clock = model_word(item, "clock", "run[].clock", 0) == 1;
  step->seconds = read_timeout(model, item);
  step->memory = read_memory(model, item);
  step->secrets = model_texts(item, "secrets");
  step->mounts = model_mounts(model, item);
  step->place = item->place;
  step->clock_place = clock != NULL ? clock->place : item->place;
  check_secrets(model, item);
  g_ptr_array_add(model->recipe->steps, step);
}

void
model_steps(Model *model)
{
  const Node *secrets = node_get(model->root, "secrets");
  for (guint i = 0; secrets != NULL && i < secrets->pairs->len; i++) {
    const NodePair *pair = secrets->pairs->pdata[i];
    if (!pair->value->bad)
      read_secret(model, pair);
  }
  Node *item;
  for (guint i = 0; model_item(model->root, "run", i, &item); i++)
    if (item != NULL)
      read_step(model, item);
}
