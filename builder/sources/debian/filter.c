/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/filter.h"
#include "builder/sources/debian/system.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <fnmatch.h>
#include <string.h>

#define SETTINGS "etc/dpkg/dpkg.cfg"

typedef struct {
  gboolean include;
  char *glob;
  gsize literal;   /* bytes before the first special character: compared first, since most paths fail there */
  gboolean prefix; /* nothing but "*" follows them: no need to match at all */
} Pattern;

struct DebianFilter {
  GArray *patterns; /* Pattern, of which the last one that matches decides */
};

static void
clear_pattern(gpointer data)
{
  g_free(((Pattern *)data)->glob);
}

static void
add_pattern(DebianFilter *filter, const char *glob, gboolean include)
{
  Pattern pattern = {.include = include, .glob = debian_merged_path(glob)};
  pattern.literal = strcspn(pattern.glob, "*?[\\");
  pattern.prefix = strcmp(pattern.glob + pattern.literal, "*") == 0;
  g_array_append_val(filter->patterns, pattern);
}

static void
add_patterns(DebianFilter *filter, const char *const *globs, gboolean include)
{
  for (guint i = 0; globs != NULL && globs[i] != NULL; i++)
    add_pattern(filter, globs[i], include);
}

DebianFilter *
debian_filter_new(const char *const *exclude, const char *const *include)
{
  DebianFilter *filter = g_new(DebianFilter, 1);
  filter->patterns = g_array_new(FALSE, FALSE, sizeof(Pattern));
  g_array_set_clear_func(filter->patterns, clear_pattern);
  add_patterns(filter, exclude, FALSE);
  add_patterns(filter, include, TRUE);
  return filter;
}

void
debian_filter_free(DebianFilter *filter)
{
  g_array_unref(filter->patterns);
  g_free(filter);
}

/* ---- dpkg's own settings ---- */

/* The value of the option @name in a line "name=value" or "name value", where quotes around it are dropped; else NULL. */
static char *
option_value(const char *line, const char *name)
{
  gsize length = strlen(name);
  if (!g_str_has_prefix(line, name) || line[length] == '\0' || strchr("= \t", line[length]) == NULL)
    return NULL;
  g_autofree char *value = g_strstrip(g_strdup(line + length + 1));
  gsize size = strlen(value);
  gboolean quoted = size >= 2 && (*value == '"' || *value == '\'') && value[size - 1] == *value;
  return quoted ? g_strndup(value + 1, size - 2) : g_steal_pointer(&value);
}

static gboolean
read_settings(DebianFilter *filter, const Tree *tree, const char *path, GError **error)
{
  g_autoptr(GBytes) content = tree_read(tree, path, limits_get(LIMIT_TEXT_FILE), error);
  if (content == NULL)
    return FALSE;
  g_autofree char *text = debian_text(content);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_autofree char *exclude = option_value(g_strstrip(*line), "path-exclude"), *include = option_value(*line, "path-include");
    if (exclude != NULL || include != NULL)
      add_pattern(filter, exclude != NULL ? exclude : include, include != NULL);
  }
  return TRUE;
}

/* dpkg.cfg(5): files of the folder are read whose names are of letters, digits, '_' and '-'. */
static gboolean
is_settings(const Entry *entry)
{
  const char *name = strrchr(entry->path, '/') + 1;
  return entry->type == ENTRY_FILE && name[strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-")] == '\0';
}

DebianFilter *
debian_filter_of_system(const Tree *tree, const char *const *exclude, const char *const *include, GError **error)
{
  g_autoptr(DebianFilter) filter = debian_filter_new(NULL, NULL);
  g_autoptr(GPtrArray) folder = tree_children(tree, SETTINGS ".d");
  for (guint i = 0; i < folder->len; i++) {
    const Entry *entry = ((const TreeNode *)folder->pdata[i])->entry;
    if (is_settings(entry) && !read_settings(filter, tree, entry->path, error))
      return NULL;
  }
  const TreeNode *node = tree_lookup(tree, SETTINGS);
  if (node != NULL && node->entry->type == ENTRY_FILE && !read_settings(filter, tree, SETTINGS, error))
    return NULL;
  add_patterns(filter, exclude, FALSE);
  add_patterns(filter, include, TRUE);
  return g_steal_pointer(&filter);
}

/* ---- asking ---- */

static gboolean
matches(const Pattern *pattern, const char *path)
{
  return strncmp(path, pattern->glob, pattern->literal) == 0 && (pattern->prefix || fnmatch(pattern->glob, path, 0) == 0);
}

gboolean
debian_filter_excludes(const DebianFilter *filter, const char *path)
{
  for (guint i = filter->patterns->len; i > 0; i--) {
    const Pattern *pattern = &g_array_index(filter->patterns, Pattern, i - 1);
    if (matches(pattern, path))
      return !pattern->include;
  }
  return FALSE;
}
