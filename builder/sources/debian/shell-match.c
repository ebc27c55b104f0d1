/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns: matching, and the names of files that they stand for.
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

/* At a '[': whether @c is in the set; *after is what follows it, NULL where it is no set. */
static gboolean
match_set(const char *pattern, char c, const char **after)
{
  const char *at = pattern + 1;
  gboolean negated = *at == '!' || *at == '^', found = FALSE;
  at += negated;
  for (gboolean first = TRUE; first || *at != ']'; first = FALSE) {
    if (*at == '\\' && at[1] != '\0')
      at++;
    if (*at == '\0' || (at[0] == '[' && at[1] == ':')) {
      *after = NULL;
      return FALSE;
    }
    char low = *at++, high = low;
    if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
      high = at[1] == '\\' && at[2] != '\0' ? at[2] : at[1];
      at += at[1] == '\\' ? 3 : 2;
    }
    found = found || ((guchar)low <= (guchar)c && (guchar)c <= (guchar)high);
  }
  *after = at + 1;
  return found != negated;
}

/* One character of the text against one of the pattern (no '*'); *next is the pattern's rest. */
static gboolean
match_one(const char *pattern, char c, const char **next)
{
  if (*pattern == '[') {
    gboolean found = match_set(pattern, c, next);
    if (*next != NULL)
      return found;
  }
  if (*pattern == '\\' && pattern[1] != '\0')
    pattern++;
  else if (*pattern == '?') {
    *next = pattern + 1;
    return TRUE;
  }
  *next = pattern + 1;
  return *pattern == c;
}

gboolean
shell_match(const char *pattern, const char *text)
{
  const char *star = NULL, *mark = NULL, *next;
  while (*text != '\0') {
    if (*pattern == '*') {
      star = ++pattern;
      mark = text;
    } else if (*pattern != '\0' && match_one(pattern, *text, &next)) {
      pattern = next;
      text++;
    } else if (star != NULL) {
      pattern = star;
      text = ++mark;
    } else {
      return FALSE;
    }
  }
  return pattern[strspn(pattern, "*")] == '\0';
}

char *
shell_plain_text(const char *pattern)
{
  GString *text = g_string_new(NULL);
  for (const char *c = pattern; *c != '\0'; c++) {
    c += *c == '\\' && c[1] != '\0';
    g_string_append_c(text, *c);
  }
  return g_string_free(text, FALSE);
}

static gboolean
has_stars(const char *pattern)
{
  for (const char *c = pattern; *c != '\0'; c++) {
    if (*c == '\\' && c[1] != '\0')
      c++;
    else if (strchr("*?[", *c) != NULL)
      return TRUE;
  }
  return FALSE;
}

/* Adds all names that the pattern's parts from @part on fit, below @folder. */
static void
glob_parts(Shell *shell, const char *folder, char **parts, GPtrArray *found)
{
  g_autofree char *name = shell_plain_text(parts[0]);
  if (!has_stars(parts[0])) {
    g_autofree char *path = g_strconcat(folder, name, parts[1] != NULL ? "/" : "", NULL);
    if (parts[1] != NULL)
      glob_parts(shell, path, parts + 1, found);
    else if (shell->host->exists(shell, path, shell->data))
      g_ptr_array_add(found, g_steal_pointer(&path));
    return;
  }
  g_auto(GStrv) names = shell->host->list(shell, *folder != '\0' ? folder : ".", shell->data);
  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    if ((names[i][0] == '.' && parts[0][0] != '.') || !shell_match(parts[0], names[i]))
      continue;
    g_autofree char *path = g_strconcat(folder, names[i], parts[1] != NULL ? "/" : "", NULL);
    if (parts[1] == NULL)
      g_ptr_array_add(found, g_steal_pointer(&path));
    else
      glob_parts(shell, path, parts + 1, found);
  }
}

void
shell_add_file_names(Shell *shell, const char *pattern, GPtrArray *fields)
{
  guint before = fields->len;
  if (has_stars(pattern)) {
    g_auto(GStrv) parts = g_strsplit(pattern, "/", SHELL_DEPTH);
    glob_parts(shell, "", parts, fields);
  }
  if (fields->len == before)
    g_ptr_array_add(fields, shell_plain_text(pattern));
}
