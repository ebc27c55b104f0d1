/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/filter.h"
#include "builder/sources/debian/system.h"

#include <fnmatch.h>
#include <string.h>

typedef struct {
  char *glob;
  gsize literal;   /* bytes before the first special character: compared first, since most paths fail there */
  gboolean prefix; /* nothing but "*" follows them: no need to match at all */
} Pattern;

struct DebianFilter {
  GArray *exclude, *include; /* Pattern */
};

static void
clear_pattern(gpointer data)
{
  g_free(((Pattern *)data)->glob);
}

static GArray *
make_patterns(const char *const *globs)
{
  GArray *patterns = g_array_new(FALSE, FALSE, sizeof(Pattern));
  g_array_set_clear_func(patterns, clear_pattern);
  for (guint i = 0; globs != NULL && globs[i] != NULL; i++) {
    Pattern pattern = {.glob = debian_merged_path(globs[i])};
    pattern.literal = strcspn(pattern.glob, "*?[\\");
    pattern.prefix = strcmp(pattern.glob + pattern.literal, "*") == 0;
    g_array_append_val(patterns, pattern);
  }
  return patterns;
}

DebianFilter *
debian_filter_new(const char *const *exclude, const char *const *include)
{
  DebianFilter *filter = g_new(DebianFilter, 1);
  filter->exclude = make_patterns(exclude);
  filter->include = make_patterns(include);
  return filter;
}

void
debian_filter_free(DebianFilter *filter)
{
  g_array_unref(filter->exclude);
  g_array_unref(filter->include);
  g_free(filter);
}

static gboolean
any_matches(const GArray *patterns, const char *path)
{
  for (guint i = 0; i < patterns->len; i++) {
    const Pattern *pattern = &g_array_index(patterns, Pattern, i);
    if (strncmp(path, pattern->glob, pattern->literal) != 0)
      continue;
    if (pattern->prefix || fnmatch(pattern->glob, path, 0) == 0)
      return TRUE;
  }
  return FALSE;
}

gboolean
debian_filter_excludes(const DebianFilter *filter, const char *path)
{
  return any_matches(filter->exclude, path) && !any_matches(filter->include, path);
}
