/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/elf/library_path.h"
#include "signing/limits.h"

#include <fnmatch.h>
#include <string.h>

/* Files that include each other. */
#define INCLUDES_MAX 8

static gboolean read_conf(const Tree *tree, const char *path, guint depth, GPtrArray *folders, GError **error);

/* A glob is looked for in the last component only, where ld.so.conf has it. */
static gboolean
include_conf(const Tree *tree, const char *conf, const char *pattern, guint depth, GPtrArray *folders, GError **error)
{
  g_autofree char *beside = g_path_get_dirname(conf);
  g_autofree char *path = g_canonicalize_filename(pattern, beside), *folder = g_path_get_dirname(path);
  g_autofree char *glob = g_path_get_basename(path), *real = tree_resolve(tree, folder);
  if (real == NULL)
    return TRUE;
  g_autoptr(GPtrArray) children = tree_children(tree, real);
  for (guint i = 0; i < children->len; i++) {
    const char *child = ((const TreeNode *)children->pdata[i])->entry->path;
    g_autofree char *name = g_path_get_basename(child);
    if (fnmatch(glob, name, FNM_PERIOD) != 0)
      continue;
    g_autofree char *absolute = g_strconcat("/", child, NULL);
    if (!read_conf(tree, absolute, depth + 1, folders, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_line(const Tree *tree, const char *conf, char *line, guint depth, GPtrArray *folders, GError **error)
{
  line[strcspn(line, "#")] = '\0';
  g_auto(GStrv) words = g_strsplit_set(g_strstrip(line), " \t:,=", -1);
  if (g_strcmp0(words[0], "include") == 0) {
    for (char **word = words + 1; *word != NULL; word++)
      if (**word != '\0' && !include_conf(tree, conf, *word, depth, folders, error))
        return FALSE;
    return TRUE;
  }
  for (char **word = words; *word != NULL; word++)
    if (**word == '/')
      g_ptr_array_add(folders, g_strdup(*word));
  return TRUE;
}

/* What is not there, or no file, is passed over, as ldconfig does. */
static gboolean
read_conf(const Tree *tree, const char *path, guint depth, GPtrArray *folders, GError **error)
{
  g_autofree char *real = depth < INCLUDES_MAX ? tree_resolve(tree, path) : NULL;
  const TreeNode *node = real != NULL ? tree_lookup(tree, real) : NULL;
  if (node == NULL || (node->entry->type != ENTRY_FILE && node->entry->type != ENTRY_HARDLINK))
    return TRUE;
  g_autoptr(GBytes) content = tree_read(tree, real, limits_get(LIMIT_TEXT_FILE), error);
  if (content == NULL)
    return FALSE;
  if (g_bytes_get_size(content) == 0)
    return TRUE;
  g_autofree char *text = g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (!read_line(tree, path, *line, depth, folders, error))
      return FALSE;
  return TRUE;
}

/* The folders of the multiarch system, one a machine. */
static void
add_multiarch(const Tree *tree, const char *folder, GPtrArray *folders)
{
  g_autofree char *real = tree_resolve(tree, folder);
  g_autoptr(GPtrArray) children = tree_children(tree, real != NULL ? real : folder + 1);
  for (guint i = 0; i < children->len; i++) {
    const char *child = ((const TreeNode *)children->pdata[i])->entry->path;
    g_autofree char *name = g_path_get_basename(child);
    if (fnmatch("*-linux-*", name, 0) == 0)
      g_ptr_array_add(folders, g_strconcat("/", child, NULL));
  }
}

GPtrArray *
library_path_of(const Tree *tree, GError **error)
{
  static const char *const own[] = {"/lib",   "/usr/lib",   "/lib64",  "/usr/lib64",
                                    "/lib32", "/usr/lib32", "/libx32", "/usr/libx32"};
  g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *cache = tree_resolve(tree, "/etc/ld.so.cache");
  if (cache != NULL && !read_conf(tree, "/etc/ld.so.conf", 0, folders, error))
    return NULL;
  add_multiarch(tree, "/lib", folders);
  add_multiarch(tree, "/usr/lib", folders);
  for (guint i = 0; i < G_N_ELEMENTS(own); i++)
    g_ptr_array_add(folders, g_strdup(own[i]));
  return g_steal_pointer(&folders);
}
