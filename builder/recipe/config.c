/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"

#include <string.h>

void
recipe_config_clear(RecipeConfig *config)
{
  g_free(config->user);
  g_free(config->working_dir);
  g_free(config->stop_signal);
  g_free(config->author);
  g_strfreev(config->entrypoint);
  g_strfreev(config->command);
  g_strfreev(config->env);
  g_strfreev(config->ports);
  g_strfreev(config->volumes);
  g_strfreev(config->labels);
}

static int
by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **
finish(GPtrArray *texts)
{
  if (texts->len == 0)
    return NULL;
  g_ptr_array_add(texts, NULL);
  return (char **)g_ptr_array_steal(texts, NULL);
}

/* A list keeps its order; a map has none, and is sorted. */
static char **
read_env(Model *model, const Node *config)
{
  const Node *env = node_get(config, "env");
  if (env == NULL || env->kind == NODE_MAP)
    return env != NULL ? model_pairs(env) : NULL;
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  Node *item;
  for (guint i = 0; model_item(config, "env", i, &item); i++) {
    if (item == NULL)
      continue;
    gsize name = strcspn(item->text, "=") + 1;
    for (guint j = 0; j < texts->len; j++)
      if (strncmp(g_ptr_array_index(texts, j), item->text, name) == 0)
        diagnostics_error(model->diagnostics, &item->place, "the variable '%.*s' is set a second time", (int)name - 1,
                          item->text);
    g_ptr_array_add(texts, g_strdup(item->text));
  }
  return finish(texts);
}

char *
model_port(Model *model, const Node *node)
{
  char *slash;
  guint64 number = g_ascii_strtoull(node->text, &slash, 10);
  if (number > G_MAXUINT16) {
    diagnostics_error(model->diagnostics, &node->place, "there is no port %s: they end at 65535", node->text);
    return NULL;
  }
  return g_strdup_printf("%" G_GUINT64_FORMAT "%s", number, *slash != '\0' ? slash : "/tcp");
}

/* The items of @key through @read, sorted, each once. */
static char **
read_set(Model *model, const Node *config, const char *key, char *(*read)(Model *, const Node *))
{
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  Node *item;
  for (guint i = 0; model_item(config, key, i, &item); i++) {
    g_autofree char *text = item != NULL ? read(model, item) : NULL;
    if (text != NULL && !g_ptr_array_find_with_equal_func(texts, text, g_str_equal, NULL))
      g_ptr_array_add(texts, g_steal_pointer(&text));
  }
  g_ptr_array_sort(texts, by_text);
  return finish(texts);
}

void
model_config(Model *model)
{
  RecipeConfig *config = &model->recipe->config;
  const Node *map = node_get(model->root, "config");
  if (map == NULL)
    return;
  const Node *workdir = node_get(map, "workdir"), *labels = node_get(map, "labels");
  config->entrypoint = model_texts(map, "entrypoint");
  config->command = model_texts(map, "cmd");
  config->env = read_env(model, map);
  config->user = model_text(map, "user");
  config->working_dir = workdir != NULL ? model_image_path(model, workdir) : NULL;
  config->ports = read_set(model, map, "ports", model_port);
  config->volumes = read_set(model, map, "volumes", model_image_path);
  config->labels = labels != NULL ? model_pairs(labels) : NULL;
  config->stop_signal = model_text(map, "stop_signal");
  config->author = model_text(map, "author");
}
