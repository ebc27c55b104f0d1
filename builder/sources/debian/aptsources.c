/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/aptsources.h"
#include "builder/sources/debian/aptconf.h"
#include "signing/error.h"

#include <string.h>

/* What stands in one line or stanza. */
typedef struct {
  char **types, **uris, **suites, **components, **architectures;
  char *signed_by, *trusted, *check_date, *check_valid_until, *enabled;
} Entry;

static void
source_free(gpointer data)
{
  AptSource *source = data;
  g_free(source->uri);
  g_free(source->suite);
  g_strfreev(source->components);
  g_strfreev(source->architectures);
  g_free(source->signed_by);
  g_free(source->trusted);
  g_free(source->check_date);
  g_free(source->check_valid_until);
  g_free(source);
}

static void
entry_clear(Entry *entry)
{
  g_strfreev(entry->types);
  g_strfreev(entry->uris);
  g_strfreev(entry->suites);
  g_strfreev(entry->components);
  g_strfreev(entry->architectures);
  g_free(entry->signed_by);
  g_free(entry->trusted);
  g_free(entry->check_date);
  g_free(entry->check_valid_until);
  g_free(entry->enabled);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Entry, entry_clear)

GPtrArray *
aptsources_new(void)
{
  return g_ptr_array_new_with_free_func(source_free);
}

/* Words between @separators, without empty ones. */
static char **
words_of(const char *text, const char *separators)
{
  g_auto(GStrv) parts = g_strsplit_set(text, separators, -1);
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();
  for (char **part = parts; *part != NULL; part++)
    if (**part != '\0')
      g_strv_builder_add(words, *part);
  return g_strv_builder_end(words);
}

static gboolean
is_flat(const char *suite)
{
  return g_str_has_suffix(suite, "/");
}

static void
add_source(GPtrArray *sources, const Entry *entry, const char *uri, const char *suite)
{
  /* a suite that ends with '/' is a flat repository: no Release of a distribution, no components */
  if (is_flat(suite) || g_str_has_prefix(uri, "cdrom:"))
    return;
  AptSource *source = g_new0(AptSource, 1);
  gsize length = strlen(uri);
  while (length > 1 && uri[length - 1] == '/')
    length--;
  source->uri = g_strndup(uri, length);
  source->suite = g_strdup(suite);
  source->components = g_strdupv(entry->components);
  source->architectures = g_strdupv(entry->architectures);
  source->signed_by = g_strdup(entry->signed_by);
  source->trusted = g_strdup(entry->trusted);
  source->check_date = g_strdup(entry->check_date);
  source->check_valid_until = g_strdup(entry->check_valid_until);
  g_ptr_array_add(sources, source);
}

/* As apt has it, a suite of a distribution is nothing without components. */
static gboolean
is_complete(const Entry *entry)
{
  if (entry->types == NULL || entry->uris == NULL || entry->suites == NULL)
    return FALSE;
  gboolean components = entry->components != NULL && *entry->components != NULL;
  for (char **suite = entry->suites; *suite != NULL; suite++)
    if (!components && !is_flat(*suite))
      return FALSE;
  return TRUE;
}

static gboolean
add_entry(GPtrArray *sources, const Entry *entry, const char *file, guint line, GError **error)
{
  if (!aptconf_boolean(entry->enabled, TRUE) ||
      (entry->types != NULL && !g_strv_contains((const char *const *)entry->types, "deb")))
    return TRUE;
  if (!is_complete(entry)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
                "%s:%u: a package source needs a type, a URI, and a suite with components", file, line);
    return FALSE;
  }
  for (char **uri = entry->uris; *uri != NULL; uri++)
    for (char **suite = entry->suites; *suite != NULL; suite++)
      add_source(sources, entry, *uri, *suite);
  return TRUE;
}

/* Where the value of the option or field @name goes, which both styles call the same. */
static char **
word_named(Entry *entry, const char *name)
{
  if (g_ascii_strcasecmp(name, "Signed-By") == 0)
    return &entry->signed_by;
  if (g_ascii_strcasecmp(name, "Trusted") == 0)
    return &entry->trusted;
  if (g_ascii_strcasecmp(name, "Check-Date") == 0)
    return &entry->check_date;
  if (g_ascii_strcasecmp(name, "Check-Valid-Until") == 0)
    return &entry->check_valid_until;
  return g_ascii_strcasecmp(name, "Enabled") == 0 ? &entry->enabled : NULL;
}

/* ---- one line each ---- */

static void
take_option(Entry *entry, const char *option)
{
  const char *value = strchr(option, '=');
  if (value == NULL)
    return;
  g_autofree char *name = g_strndup(option, (gsize)(value - option));
  value++;
  char **word = word_named(entry, name);
  if (strcmp(name, "arch") == 0) {
    g_strfreev(entry->architectures);
    entry->architectures = words_of(value, ",");
  } else if (word != NULL) {
    g_free(*word);
    *word = g_strdup(value);
  }
}

/* deb [OPTION=VALUE ...] URI SUITE [COMPONENT...] */
static gboolean
take_line(GPtrArray *sources, char *line, const char *file, guint number, GError **error)
{
  g_auto(Entry) entry = {0};
  char *comment = strchr(line, '#'), *rest = line;
  if (comment != NULL)
    *comment = '\0';
  g_strstrip(line);
  if (*line == '\0')
    return TRUE;
  gsize type = strcspn(line, " \t");
  entry.types = g_new0(char *, 2);
  entry.types[0] = g_strndup(line, type);
  rest = g_strchug(line + type);
  char *close = *rest == '[' ? strchr(rest, ']') : NULL;
  if (close != NULL) {
    *close = '\0';
    g_auto(GStrv) options = words_of(rest + 1, " \t");
    for (char **option = options; *option != NULL; option++)
      take_option(&entry, *option);
    rest = close + 1;
  }
  g_auto(GStrv) words = words_of(rest, " \t");
  if (g_strv_length(words) >= 2) {
    entry.uris = words_of(words[0], " ");
    entry.suites = words_of(words[1], " ");
    entry.components = g_strdupv(words + 2);
  }
  return add_entry(sources, &entry, file, number, error);
}

static gboolean
parse_lines(GPtrArray *sources, const char *text, const char *file, GError **error)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (!take_line(sources, lines[i], file, i + 1, error))
      return FALSE;
  return TRUE;
}

/* ---- deb822 ---- */

static char ***
list_named(Entry *entry, const char *name)
{
  if (g_ascii_strcasecmp(name, "Types") == 0)
    return &entry->types;
  if (g_ascii_strcasecmp(name, "URIs") == 0)
    return &entry->uris;
  if (g_ascii_strcasecmp(name, "Suites") == 0)
    return &entry->suites;
  if (g_ascii_strcasecmp(name, "Components") == 0)
    return &entry->components;
  return g_ascii_strcasecmp(name, "Architectures") == 0 ? &entry->architectures : NULL;
}

static void
take_field(Entry *entry, const char *name, const char *value)
{
  char ***list = list_named(entry, name), **word = word_named(entry, name);
  if (list != NULL) {
    g_strfreev(*list);
    *list = words_of(value, " \t\n");
  }
  if (word != NULL) {
    g_free(*word);
    *word = g_strstrip(g_strdup(value));
  }
}

/* A stanza: its lines, comments among them. A line " ." of a value is an empty one. */
static gboolean
take_stanza(GPtrArray *sources, char **lines, guint n, const char *file, guint number, GError **error)
{
  g_auto(Entry) entry = {0};
  g_autofree char *name = NULL;
  g_autoptr(GString) value = g_string_new(NULL);
  gboolean some = FALSE;
  for (guint i = 0; i < n; i++) {
    const char *colon = strchr(lines[i], ':');
    if (lines[i][0] == '#')
      continue;
    some = TRUE;
    if (name != NULL && (lines[i][0] == ' ' || lines[i][0] == '\t')) {
      const char *text = lines[i] + strspn(lines[i], " \t");
      g_string_append_printf(value, "\n%s", strcmp(text, ".") == 0 ? "" : text);
      continue;
    }
    if (colon == NULL) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s:%u: not a field", file, number + i);
      return FALSE;
    }
    if (name != NULL)
      take_field(&entry, name, value->str);
    g_free(name);
    name = g_strndup(lines[i], (gsize)(colon - lines[i]));
    g_string_assign(value, colon + 1);
  }
  if (name != NULL)
    take_field(&entry, name, value->str);
  return !some || add_entry(sources, &entry, file, number, error);
}

static gboolean
parse_stanzas(GPtrArray *sources, const char *text, const char *file, GError **error)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL;) {
    guint n = 0;
    while (lines[i + n] != NULL && lines[i + n][strspn(lines[i + n], " \t\r")] != '\0')
      n++;
    if (n > 0 && !take_stanza(sources, lines + i, n, file, i + 1, error))
      return FALSE;
    i += n;
    if (lines[i] != NULL)
      i++;
  }
  return TRUE;
}

gboolean
aptsources_parse(GPtrArray *sources, const char *text, gboolean deb822, const char *file, GError **error)
{
  return deb822 ? parse_stanzas(sources, text, file, error) : parse_lines(sources, text, file, error);
}

static gboolean
read_file(GPtrArray *sources, const char *path, GPtrArray *unreadable, GError **error)
{
  g_autofree char *text = aptconf_file(path, unreadable);
  return text == NULL || aptsources_parse(sources, text, g_str_has_suffix(path, ".sources"), path, error);
}

GPtrArray *
aptsources_read(const char *root, GPtrArray *unreadable, GError **error)
{
  static const char *const endings[] = {".list", ".sources", NULL};
  g_autoptr(GPtrArray) sources = aptsources_new();
  g_autofree char *main_file = g_build_filename(root, "etc/apt/sources.list", NULL);
  g_autofree char *folder = g_build_filename(root, "etc/apt/sources.list.d", NULL);
  g_auto(GStrv) parts = aptconf_list_parts(folder, endings);
  if (!read_file(sources, main_file, unreadable, error))
    return NULL;
  for (char **part = parts; *part != NULL; part++)
    if (!read_file(sources, *part, unreadable, error))
      return NULL;
  return g_steal_pointer(&sources);
}
