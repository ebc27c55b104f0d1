/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"
#include "builder/recipe/schema.h"

#include <gio/gio.h>
#include <string.h>

#define DEFAULT_ARCH "amd64"

/* What git says of the recipe's folder; NULL, reported, where it says nothing that can be a version. */
static char *
describe_by_git(Model *model, const RecipePlace *place)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *out = NULL, *err = NULL;
  g_autoptr(GSubprocess) git = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, "git",
                                                "-C", model->recipe->folder, "describe", "--tags", "--always", "--dirty", NULL);
  if (git == NULL || !g_subprocess_communicate_utf8(git, NULL, NULL, &out, &err, &error)) {
    diagnostics_error(model->diagnostics, place, "git cannot be asked for the version: %s", error->message);
    return NULL;
  }
  g_strstrip(out);
  g_strstrip(err);
  if (!g_subprocess_get_successful(git)) {
    diagnostics_error(model->diagnostics, place, "git cannot tell the version: %s", err);
    diagnostics_hint(model->diagnostics, "'git: describe' needs a recipe that lies in a git checkout with at least one commit");
    return NULL;
  }
  const SchemaKey *key = schema_find("version");
  if (!g_regex_match_simple(key->pattern, out, G_REGEX_DOLLAR_ENDONLY, 0)) {
    diagnostics_error(model->diagnostics, place, "git's version '%s' must be %s", out, key->says);
    return NULL;
  }
  return g_steal_pointer(&out);
}

static void
read_version(Model *model)
{
  const Node *version = node_get(model->root, "version");
  if (version == NULL)
    return;
  if (version->kind == NODE_SCALAR)
    model->recipe->version = g_strdup(version->text);
  else if (node_get(version, "git") != NULL)
    model->recipe->version = describe_by_git(model, &version->place);
}

static int
by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In one order, each once: the order of the text is no property of the image. */
static void
read_arch(Model *model)
{
  g_autoptr(GPtrArray) arch = g_ptr_array_new_with_free_func(g_free);
  const Node *list = node_get(model->root, "arch");
  Node *item;
  for (guint i = 0; model_item(model->root, "arch", i, &item); i++) {
    if (item != NULL && g_ptr_array_find_with_equal_func(arch, item->text, g_str_equal, NULL))
      diagnostics_error(model->diagnostics, &item->place, "the architecture '%s' stands here a second time", item->text);
    else if (item != NULL)
      g_ptr_array_add(arch, g_strdup(item->text));
  }
  if (list == NULL)
    g_ptr_array_add(arch, g_strdup(DEFAULT_ARCH));
  else if (list->items->len == 0)
    diagnostics_error(model->diagnostics, &list->place, "'arch' names no architecture");
  g_ptr_array_sort(arch, by_text);
  g_ptr_array_set_free_func(arch, NULL);
  g_ptr_array_add(arch, NULL);
  model->recipe->arch = (char **)g_ptr_array_free(g_steal_pointer(&arch), FALSE);
}

static void
read_epoch(Model *model)
{
  const Node *epoch = node_get(model->root, "epoch");
  model->recipe->epoch = -1;
  if (epoch == NULL)
    return;
  if (strchr(epoch->text, 'T') == NULL) {
    model->recipe->epoch = node_integer(epoch);
    return;
  }
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(epoch->text, NULL);
  if (time == NULL || g_date_time_to_unix(time) < 0)
    diagnostics_error(model->diagnostics, &epoch->place, "there is no time '%s' since 1970", epoch->text);
  else
    model->recipe->epoch = g_date_time_to_unix(time);
}

void
model_identity(Model *model)
{
  model->recipe->name = model_text(model->root, "name");
  model->recipe->description = model_text(model->root, "description");
  read_version(model);
  read_arch(model);
  read_epoch(model);
}
