/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"

#include <string.h>

void
recipe_file_free(RecipeFile *file)
{
  g_free(file->path);
  g_free(file->from);
  g_free(file->stage);
  g_free(file->content);
  g_free(file->url);
  g_free(file->owner);
  g_free(file->group);
  g_free(file);
}

void
recipe_link_free(RecipeLink *link)
{
  g_free(link->path);
  g_free(link->to);
  g_free(link);
}

/* The three sources exclude each other, and some keys make sense with some of them only. */
static void
check_source(Model *model, const Node *map)
{
  const NodePair *from = node_pair(map, "from"), *content = node_pair(map, "content"), *url = node_pair(map, "url");
  const NodePair *sha256 = node_pair(map, "sha256"), *unpack = node_pair(map, "unpack"),
                 *folder = node_pair(map, "folder_mode");
  Diagnostics *diagnostics = model->diagnostics;
  guint sources = (from != NULL) + (content != NULL) + (url != NULL);
  if (sources != 1)
    diagnostics_error(diagnostics, &map->place, "a file needs exactly one of 'from', 'content' and 'url', not %s",
                      sources == 0   ? "none"
                      : sources == 2 ? "two"
                                     : "three");
  if (url != NULL && sha256 == NULL) {
    diagnostics_error(diagnostics, &url->place, "a 'url' needs the 'sha256' of what it gives");
    diagnostics_hint(diagnostics, "fetch it once, check it, and take the digest from 'sha256sum FILE'");
  }
  if (sha256 != NULL && url == NULL)
    diagnostics_error(diagnostics, &sha256->place, "'sha256' goes with 'url'");
  const NodePair *stage = node_pair(map, "stage");
  if (stage != NULL && from == NULL)
    diagnostics_error(diagnostics, &stage->place, "'stage' needs 'from', the path there");
  if (stage != NULL && unpack != NULL)
    diagnostics_error(diagnostics, &unpack->place, "'unpack' does not go with 'stage'");
  if (unpack != NULL && content != NULL)
    diagnostics_error(diagnostics, &unpack->place, "'unpack' goes with 'from' or 'url', not with 'content'");
  if (folder != NULL && content != NULL)
    diagnostics_error(diagnostics, &folder->place, "'folder_mode' goes with a folder, not with 'content'");
}

static char *
stage_path(Model *model, const Node *from)
{
  if (*from->text == '/')
    return model_image_path(model, from);
  diagnostics_error(model->diagnostics, &from->place, "'%s' is no absolute path of the stage", from->text);
  return NULL;
}

static void
read_file(Model *model, const Node *map)
{
  check_source(model, map);
  const Node *path = node_get(map, "path"), *from = node_get(map, "from"), *content = node_get(map, "content");
  const Node *sha256 = node_get(map, "sha256");
  RecipeFile *file = g_new0(RecipeFile, 1);
  g_ptr_array_add(model->recipe->files, file);
  file->place = map->place;
  file->path = path != NULL ? model_image_path(model, path) : NULL;
  file->stage = model_text(map, "stage");
  if (from != NULL)
    file->from = file->stage != NULL ? stage_path(model, from) : model_source_path(model, from);
  if (content != NULL) {
    file->content = g_memdup2(content->text, content->length + 1);
    file->content_length = content->length;
  }
  file->url = model_text(map, "url");
  if (sha256 != NULL && !digest_from_hex(sha256->text, &file->sha256))
    g_assert_not_reached();
  file->unpack = model_bool(map, "unpack", FALSE);
  file->mode = model_mode(map, "mode");
  file->folder_mode = model_mode(map, "folder_mode");
  file->owner = model_text(map, "owner");
  file->group = model_text(map, "group");
  if (g_strcmp0(file->path, "/") == 0 && (content != NULL || (file->url != NULL && !file->unpack)))
    diagnostics_error(model->diagnostics, &path->place, "'/' cannot be a file");
}

static void
read_link(Model *model, const Node *map)
{
  const Node *path = node_get(map, "path");
  RecipeLink *link = g_new0(RecipeLink, 1);
  g_ptr_array_add(model->recipe->links, link);
  link->place = map->place;
  link->path = path != NULL ? model_image_path(model, path) : NULL;
  link->to = model_text(map, "to");
  if (g_strcmp0(link->path, "/") == 0)
    diagnostics_error(model->diagnostics, &path->place, "'/' cannot be a link");
  if (link->path != NULL && g_strcmp0(link->path, link->to) == 0)
    diagnostics_error(model->diagnostics, &path->place, "'%s' would point to itself", link->path);
}

static void
read_removals(Model *model)
{
  g_autoptr(GPtrArray) paths = g_ptr_array_new();
  Node *item;
  for (guint i = 0; model_item(model->root, "remove", i, &item); i++) {
    char *path = item != NULL ? model_image_path(model, item) : NULL;
    if (path != NULL)
      g_ptr_array_add(paths, path);
    if (g_strcmp0(path, "/") == 0)
      diagnostics_error(model->diagnostics, &item->place, "'/' cannot be removed");
  }
  g_ptr_array_add(paths, NULL);
  model->recipe->remove = (char **)g_ptr_array_free(g_steal_pointer(&paths), FALSE);
}

void
model_files(Model *model)
{
  Node *item;
  for (guint i = 0; model_item(model->root, "files", i, &item); i++)
    if (item != NULL)
      read_file(model, item);
  for (guint i = 0; model_item(model->root, "links", i, &item); i++)
    if (item != NULL)
      read_link(model, item);
  read_removals(model);
}
