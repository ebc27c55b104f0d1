/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/release.h"
#include "rootfs/entry.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <stdio.h>
#include <string.h>

#define MAX_INDEX (G_GUINT64_CONSTANT(4) << 30)

static void
entry_clear(gpointer data)
{
  g_free(((ReleaseEntry *)data)->path);
}

void
release_free(Release *release)
{
  g_free(release->origin);
  g_free(release->label);
  g_free(release->suite);
  g_free(release->codename);
  g_strfreev(release->components);
  g_strfreev(release->architectures);
  g_array_unref(release->entries);
  g_free(release);
}

static gboolean
set_invalid(GError **error, const char *what, const char *value)
{
  g_autofree char *shown = g_strescape(value, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "Release: %s '%.100s'", what, shown);
  return FALSE;
}

/* "Sat, 11 Jul 2026 10:16:37 UTC" (RFC 1123, or with +0000), whatever the locale. */
static gboolean
parse_date(const char *text, gint64 *out)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  char month[4], zone[8];
  int day, year, hour, minute, second;
  const char *comma = strchr(text, ',');
  if (comma == NULL ||
      sscanf(comma + 1, " %2d %3s %4d %2d:%2d:%2d %7s", &day, month, &year, &hour, &minute, &second, zone) != 7)
    return FALSE;
  const char *found = strstr(months, month);
  if (found == NULL || strlen(month) != 3 || (found - months) % 3 != 0)
    return FALSE;
  if (strcmp(zone, "UTC") != 0 && strcmp(zone, "GMT") != 0 && strcmp(zone, "+0000") != 0 && strcmp(zone, "Z") != 0)
    return FALSE;
  g_autoptr(GDateTime) date = g_date_time_new_utc(year, (int)(found - months) / 3 + 1, day, hour, minute, second);
  if (date == NULL)
    return FALSE;
  *out = g_date_time_to_unix(date);
  return TRUE;
}

static char **
words_of(const char *text)
{
  g_auto(GStrv) parts = g_strsplit_set(text, " \t", -1);
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();
  for (char **part = parts; *part != NULL; part++)
    if (**part != '\0')
      g_strv_builder_add(words, *part);
  return g_strv_builder_end(words);
}

/* The security archive calls its components "updates/main" in this one field, and "main" in all paths. */
static void
strip_prefixes(char **components)
{
  for (; components != NULL && *components != NULL; components++) {
    const char *slash = strrchr(*components, '/');
    if (slash != NULL)
      memmove(*components, slash + 1, strlen(slash));
  }
}

static gboolean
take_field(Release *release, const char *name, const char *value, GError **error)
{
  char **text = strcmp(name, "Origin") == 0     ? &release->origin
                : strcmp(name, "Label") == 0    ? &release->label
                : strcmp(name, "Suite") == 0    ? &release->suite
                : strcmp(name, "Codename") == 0 ? &release->codename
                                                : NULL;
  char ***list = strcmp(name, "Components") == 0      ? &release->components
                 : strcmp(name, "Architectures") == 0 ? &release->architectures
                                                      : NULL;
  gint64 *date = strcmp(name, "Date") == 0 ? &release->date : strcmp(name, "Valid-Until") == 0 ? &release->valid_until : NULL;
  if (text != NULL) {
    g_free(*text);
    *text = g_strdup(value);
  } else if (list != NULL) {
    g_strfreev(*list);
    *list = words_of(value);
  } else if (date != NULL && !parse_date(value, date)) {
    return set_invalid(error, "unreadable date", value);
  } else if (strcmp(name, "Acquire-By-Hash") == 0) {
    release->by_hash = strcmp(value, "yes") == 0;
  } else if (strcmp(name, "No-Support-for-Architecture-all") == 0) {
    release->split_all = strcmp(value, "Packages") != 0;
  }
  return TRUE;
}

/* " DIGEST SIZE PATH" */
static gboolean
take_entry(Release *release, const char *line, GError **error)
{
  ReleaseEntry entry;
  guint64 size;
  g_auto(GStrv) words = words_of(line);
  if (g_strv_length(words) != 3 || !digest_from_hex(words[0], &entry.digest) ||
      !g_ascii_string_to_unsigned(words[1], 10, 0, MAX_INDEX, &size, NULL))
    return set_invalid(error, "malformed entry", line);
  if (!entry_path_is_canonical(words[2]))
    return set_invalid(error, "an index that lies elsewhere, in", line);
  if (release->entries->len >= limits_get(LIMIT_RELEASE_ENTRIES))
    return limits_refuse(LIMIT_RELEASE_ENTRIES, error, "Release");
  entry.size = size;
  entry.path = g_strdup(words[2]);
  g_array_append_val(release->entries, entry);
  return TRUE; // cppcheck-suppress memleak ; the array has it
}

static gboolean
take_lines(Release *release, char **lines, GError **error)
{
  gboolean digests = FALSE;
  for (char **line = lines; *line != NULL; line++) {
    g_strchomp(*line);
    if (**line == ' ' || **line == '\t') {
      if (digests && !take_entry(release, *line, error))
        return FALSE;
      continue;
    }
    char *colon = strchr(*line, ':');
    if (**line == '\0')
      continue;
    if (colon == NULL)
      return set_invalid(error, "not a field:", *line);
    *colon = '\0';
    digests = strcmp(*line, "SHA256") == 0;
    if (!take_field(release, *line, g_strstrip(colon + 1), error))
      return FALSE;
  }
  return TRUE;
}

static gint
compare_entries(gconstpointer a, gconstpointer b)
{
  return strcmp(((const ReleaseEntry *)a)->path, ((const ReleaseEntry *)b)->path);
}

/* Two digests for one path: which one counts would depend on who reads it. */
static gboolean
check_unique(const Release *release, GError **error)
{
  for (guint i = 1; i < release->entries->len; i++) {
    const ReleaseEntry *a = &g_array_index(release->entries, ReleaseEntry, i - 1), *b = a + 1;
    if (strcmp(a->path, b->path) == 0 && (a->size != b->size || !digest_equal(&a->digest, &b->digest)))
      return set_invalid(error, "two different digests for", a->path);
  }
  return TRUE;
}

Release *
release_parse(const char *text, gsize size, GError **error)
{
  g_autoptr(Release) release = g_new0(Release, 1);
  release->entries = g_array_new(FALSE, FALSE, sizeof(ReleaseEntry));
  g_array_set_clear_func(release->entries, entry_clear);
  release->origin = g_strdup("");
  release->label = g_strdup("");
  release->suite = g_strdup("");
  release->codename = g_strdup("");
  release->components = g_new0(char *, 1);
  release->architectures = g_new0(char *, 1);
  release->split_all = TRUE;
  if (size > 0 && memchr(text, '\0', size) != NULL) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "Release: not a text");
    return NULL;
  }
  g_autofree char *copy = g_strndup(text, size);
  g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
  if (!take_lines(release, lines, error))
    return NULL;
  if (release->date == 0 || release->entries->len == 0) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "Release: no %s", release->date == 0 ? "Date" : "SHA256 digests");
    return NULL;
  }
  strip_prefixes(release->components);
  g_array_sort(release->entries, compare_entries);
  return check_unique(release, error) ? g_steal_pointer(&release) : NULL;
}

char *
release_time_shown(gint64 seconds)
{
  g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(seconds);
  return date != NULL ? g_date_time_format(date, "%Y-%m-%d %H:%M UTC") : g_strdup("?");
}

gboolean
release_check(const Release *release, const char *suite, ReleaseChecks checks, gint64 now, GError **error)
{
  /* the security suites of old releases were called SUITE/updates in the path, and SUITE in the file */
  gsize length = g_str_has_suffix(suite, "/updates") ? strlen(suite) - 8 : strlen(suite);
  g_autofree char *asked = g_strndup(suite, length);
  if (strcmp(release->suite, asked) != 0 && strcmp(release->codename, asked) != 0) {
    g_autofree char *says = g_strescape(release->codename, NULL);
    g_autofree char *calls = g_strescape(release->suite, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "the Release is not of suite '%s': it says suite '%s', codename '%s'",
                suite, calls, says);
    return FALSE;
  }
  if ((checks & RELEASE_CHECK_DATE) && release->date > now + RELEASE_MAX_FUTURE) {
    g_autofree char *is = release_time_shown(release->date), *here = release_time_shown(now);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                "the Release is of %s, and here it is %s: one of the two clocks is wrong\n"
                "hint: set this machine's clock; where that is meant, set 'check_valid_until: false'",
                is, here);
    return FALSE;
  }
  if ((checks & RELEASE_CHECK_VALID_UNTIL) && release->valid_until != 0 && release->valid_until < now) {
    g_autofree char *day = release_time_shown(release->valid_until);
    g_set_error(
      error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
      "the Release expired on %s\nhint: the mirror is out of date; where that is meant, set 'check_valid_until: false'", day);
    return FALSE;
  }
  return TRUE;
}

static const ReleaseEntry *
find_entry(const Release *release, const char *path)
{
  guint found;
  ReleaseEntry key = {.path = (char *)path};
  if (!g_array_binary_search(release->entries, &key, compare_entries, &found))
    return NULL;
  return &g_array_index(release->entries, ReleaseEntry, found);
}

static void
set_missing(GError **error, const char *what, const char *name, char **known)
{
  g_autofree char *list = g_strjoinv(", ", known);
  g_autofree char *shown = g_strescape(list, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "it has no %s '%s'\nhint: it has %s", what, name,
              *shown != '\0' ? shown : "none");
}

const ReleaseEntry *
release_index(const Release *release, const char *component, const char *architecture, GError **error)
{
  static const char *const endings[] = {".xz", ".zst", ".gz", ""};
  for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
    g_autofree char *path = g_strdup_printf("%s/binary-%s/Packages%s", component, architecture, endings[i]);
    const ReleaseEntry *entry = find_entry(release, path);
    if (entry != NULL)
      return entry;
  }
  if (!g_strv_contains((const char *const *)release->components, component))
    set_missing(error, "component", component, release->components);
  else if (!g_strv_contains((const char *const *)release->architectures, architecture))
    set_missing(error, "architecture", architecture, release->architectures);
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "it lists no Packages of component '%s' for '%s'", component,
                architecture);
  return NULL;
}
