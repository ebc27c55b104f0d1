/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/aptsources.h"
#include "builder/sources/debian/archive-private.h"
#include "builder/sources/url.h"
#include "signing/error.h"

#include <string.h>

static const char *const only_main[] = {"main", NULL};

/* What is asked for, and where. */
typedef struct {
  DebianArchive *archive;
  const DebianArchiveRequest *request;
  const AptConf *conf;
  const char *const *components;
  GPtrArray *sources; /* AptSource*, with a configuration */
} Search;

static gboolean
has_scheme(const char *url, const char *scheme)
{
  return g_ascii_strncasecmp(url, scheme, strlen(scheme)) == 0;
}

/* What may stand in a URL as it is (RFC 3986): all else has to be percent-encoded. */
static gboolean
is_encoded(const char *url)
{
  for (const char *c = url; *c != '\0'; c++)
    if (!g_ascii_isgraph(*c) || strchr("\"<>\\^`{|}", *c) != NULL)
      return FALSE;
  return TRUE;
}

/* @uri as a base that can be fetched from: without '/' at its end; files, plain paths too, as file:// URLs. */
static char *
base_of(const char *uri, GError **error)
{
  g_autofree char *base = NULL;
  const char *path = has_scheme(uri, "file:") || has_scheme(uri, "copy:") ? uri + 5 : NULL;
  if (*uri == '/')
    base = g_filename_to_uri(uri, NULL, NULL);
  else if (!is_encoded(uri))
    path = NULL;
  else if (has_scheme(uri, "http://") || has_scheme(uri, "https://") || has_scheme(uri, "file:///"))
    base = g_strdup(uri);
  else if (path != NULL && *path == '/')
    base = g_strconcat("file://", path + (g_str_has_prefix(path, "///") ? 2 : 0), NULL);
  if (base == NULL) {
    g_autofree char *shown = url_shown(uri);
    g_set_error(
      error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
      "'%s' is not a mirror that packages can be fetched from\nhint: name one with 'mirror:' or --mirror: http, https or file",
      shown);
    return NULL;
  }
  while (g_str_has_suffix(base, "/"))
    base[strlen(base) - 1] = '\0';
  return g_steal_pointer(&base);
}

/* ---- snapshots ---- */

static gboolean
is_timestamp(const char *text)
{
  static const char shape[] = "00000000T000000Z";
  for (gsize i = 0; i < sizeof shape; i++)
    if (shape[i] == '0' ? !g_ascii_isdigit(text[i]) : text[i] != shape[i])
      return FALSE;
  return TRUE;
}

/* What apt.conf says of snapshots for the host of @uri, or NULL. */
static const char *
snapshot_form(const Search *search, const char *uri)
{
  const char *host = strstr(uri, "://");
  if (host == NULL)
    return NULL;
  const char *end = host + 3 + strcspn(host + 3, "/");
  const char *at = g_strrstr_len(host + 3, end - host - 3, "@");
  host = at != NULL ? at + 1 : host + 3;
  g_autofree char *name = g_strdup_printf("Acquire::Snapshots::URI::Host::%.*s", (int)(end - host), host);
  return aptconf_get(search->conf, name);
}

static char *
replace(const char *text, const char *word, const char *by)
{
  g_auto(GStrv) parts = g_strsplit(text, word, -1);
  return g_strjoinv(by, parts);
}

/* @uri as it is to be used: at the moment asked for. */
static char *
expand(const Search *search, const char *uri, GError **error)
{
  const char *moment = search->request->snapshot;
  if (moment == NULL)
    return base_of(uri, error);
  const char *form = strstr(uri, "@SNAPSHOT") != NULL ? uri : snapshot_form(search, uri);
  if (form == NULL || strstr(form, "@SNAPSHOT") == NULL) {
    g_autofree char *shown = url_shown(uri);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                "the mirror '%s' has no snapshots that are known\nhint: give a 'mirror:' whose URL holds @SNAPSHOT@ where the "
                "timestamp belongs, such as https://snapshot.example.org/archive/debian/@SNAPSHOT@",
                shown);
    return NULL;
  }
  g_autofree char *once = replace(form, "@SNAPSHOTID@", moment);
  g_autofree char *twice = replace(once, "@SNAPSHOT@", moment);
  return base_of(twice, error);
}

/* ---- suites ---- */

static ArchiveSuite *
find_suite(const DebianArchive *archive, const char *name, const char *base)
{
  for (guint i = 0; i < archive->suites->len; i++) {
    ArchiveSuite *suite = archive->suites->pdata[i];
    if (strcmp(suite->suite.suite, name) == 0 && strcmp(suite->suite.bases[0], base) == 0)
      return suite;
  }
  return NULL;
}

static void
add_component(ArchiveSuite *suite, const char *component)
{
  guint n = g_strv_length(suite->suite.components);
  if (g_strv_contains((const char *const *)suite->suite.components, component))
    return;
  suite->suite.components = g_renew(char *, suite->suite.components, n + 2);
  suite->suite.components[n] = g_strdup(component);
  suite->suite.components[n + 1] = NULL;
}

/* The suite @name at @uri, which may have been added already. */
static ArchiveSuite *
add_suite(Search *search, const char *name, const char *uri, GError **error)
{
  const DebianArchiveRequest *request = search->request;
  g_autofree char *base = expand(search, uri, error);
  if (base == NULL)
    return NULL;
  ArchiveSuite *suite = find_suite(search->archive, name, base);
  if (suite != NULL)
    return suite;
  suite = g_new0(ArchiveSuite, 1);
  suite->secondary = strcmp(name, request->suite) != 0;
  suite->suite.suite = g_strdup(name);
  suite->suite.components = g_new0(char *, 1);
  suite->suite.bases = g_new0(char *, 2);
  suite->suite.bases[0] = g_steal_pointer(&base);
  suite->suite.keyring = request->keyring != NULL ? g_canonicalize_filename(request->keyring, NULL) : NULL;
  suite->suite.check_valid_until = request->check_valid_until && request->snapshot == NULL &&
                                   aptconf_get_boolean(search->conf, "Acquire::Check-Valid-Until", TRUE);
  suite->suite.check_date = request->check_valid_until && aptconf_get_boolean(search->conf, "Acquire::Check-Date", TRUE);
  g_ptr_array_add(search->archive->suites, suite);
  return suite;
}

static gboolean
add_base(Search *search, ArchiveSuite *suite, const char *uri, GError **error)
{
  guint n = g_strv_length(suite->suite.bases);
  g_autofree char *base = expand(search, uri, error);
  if (base == NULL || g_strv_contains((const char *const *)suite->suite.bases, base))
    return base != NULL;
  suite->suite.bases = g_renew(char *, suite->suite.bases, n + 2);
  suite->suite.bases[n] = g_steal_pointer(&base);
  suite->suite.bases[n + 1] = NULL;
  return TRUE;
}

/* A suite of the mirrors that were named. */
static gboolean
add_named(Search *search, const char *name, const char *const *uris, gboolean optional, GError **error)
{
  ArchiveSuite *suite = add_suite(search, name, uris[0], error);
  if (suite == NULL)
    return FALSE;
  for (const char *const *uri = uris + 1; *uri != NULL; uri++)
    if (!add_base(search, suite, *uri, error))
      return FALSE;
  suite->optional = optional;
  for (const char *const *component = search->components; *component != NULL; component++)
    add_component(suite, *component);
  return TRUE;
}

/* The archive of security updates beside the one at @uri: its path, up to a snapshot's moment, with "-security"; or NULL. */
static char *
security_beside(const char *uri)
{
  g_autofree char *head = g_strdup(uri);
  char *tail = strstr(head, "/@SNAPSHOT");
  const char *rest = tail != NULL ? uri + (tail - head) : "";
  if (tail != NULL)
    *tail = '\0';
  while (g_str_has_suffix(head, "/"))
    head[strlen(head) - 1] = '\0';
  const char *authority = strstr(head, "://");
  if (strrchr(authority != NULL ? authority + 3 : head, '/') == NULL)
    return NULL;
  return g_strconcat(head, "-security", rest, NULL);
}

static gboolean
search_mirror(Search *search, GError **error)
{
  const char *const *mirrors = search->request->mirrors;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (const char *const *mirror = mirrors; *mirror != NULL; mirror++) {
    g_autofree char *one = security_beside(*mirror);
    if (one != NULL)
      g_strv_builder_add(builder, one);
  }
  g_auto(GStrv) beside = g_strv_builder_end(builder);
  g_autofree char *updates = g_strconcat(search->request->suite, "-updates", NULL);
  g_autofree char *security = g_strconcat(search->request->suite, "-security", NULL);
  return add_named(search, search->request->suite, mirrors, FALSE, error) && add_named(search, updates, mirrors, TRUE, error) &&
         (beside[0] == NULL || add_named(search, security, (const char *const *)beside, TRUE, error));
}

/* ---- the configuration ---- */

static gboolean
has_component(const Search *search, const AptSource *source)
{
  for (const char *const *component = search->components; *component != NULL; component++)
    if (g_strv_contains((const char *const *)source->components, *component))
      return TRUE;
  return FALSE;
}

/* Takes @source in as suite @name. */
static gboolean
add_configured(Search *search, const AptSource *source, const char *name, gboolean optional, GError **error)
{
  ArchiveSuite *suite = add_suite(search, name, source->uri, error);
  if (suite == NULL)
    return FALSE;
  suite->optional = optional;
  suite->suite.trusted |= aptconf_boolean(source->trusted, FALSE);
  suite->suite.check_valid_until &= aptconf_boolean(source->check_valid_until, TRUE);
  suite->suite.check_date &= aptconf_boolean(source->check_date, TRUE);
  if (suite->suite.keyring == NULL)
    suite->suite.keyring = g_strdup(source->signed_by);
  if (suite->architectures == NULL)
    suite->architectures = g_strdupv(source->architectures);
  for (const char *const *component = search->components; *component != NULL; component++)
    if (g_strv_contains((const char *const *)source->components, *component))
      add_component(suite, *component);
  return TRUE;
}

/* Takes in all configured sources of suite @from as suite @name; @n is how many they were. */
static gboolean
add_all(Search *search, const char *from, const char *name, gboolean optional, guint *n, GError **error)
{
  *n = 0;
  for (guint i = 0; i < search->sources->len; i++) {
    const AptSource *source = search->sources->pdata[i];
    if (strcmp(source->suite, from) != 0 || !has_component(search, source))
      continue;
    if (!add_configured(search, source, name, optional, error))
      return FALSE;
    (*n)++;
  }
  return TRUE;
}

/* Components that no source has are looked for in the first: what its Release has instead is told then. */
static void
add_uncovered(Search *search)
{
  ArchiveSuite *first = search->archive->suites->pdata[0];
  for (const char *const *component = search->components; *component != NULL; component++) {
    gboolean covered = FALSE;
    for (guint i = 0; i < search->archive->suites->len; i++) {
      const ArchiveSuite *suite = search->archive->suites->pdata[i];
      covered |= !suite->secondary && g_strv_contains((const char *const *)suite->suite.components, *component);
    }
    for (guint i = 0; !covered && i < search->archive->suites->len; i++) {
      ArchiveSuite *suite = search->archive->suites->pdata[i];
      if (suite == first || suite->secondary)
        add_component(suite, *component);
    }
  }
}

static gboolean
is_configured(const Search *search, const char *suite, const char *ending)
{
  g_autofree char *name = g_strconcat(suite, ending, NULL);
  for (guint i = 0; i < search->sources->len; i++)
    if (strcmp(((const AptSource *)search->sources->pdata[i])->suite, name) == 0)
      return TRUE;
  return FALSE;
}

/* A configured suite that has -updates or -security beside it, as a distribution does; or NULL. */
static const char *
distribution_suite(const Search *search)
{
  for (guint i = 0; i < search->sources->len; i++) {
    const AptSource *source = search->sources->pdata[i];
    if (is_configured(search, source->suite, "-updates") || is_configured(search, source->suite, "-security"))
      return source->suite;
  }
  return NULL;
}

/* SUITE, SUITE-updates and SUITE-security from where the configuration has those of @from (SUITE itself, or a sister). */
static gboolean
add_family(Search *search, const char *from, gboolean optional, GError **error)
{
  static const char *const endings[] = {"", "-updates", "-security", "/updates"};
  guint n;
  for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
    g_autofree char *source = g_strconcat(from, endings[i], NULL);
    g_autofree char *name = g_strconcat(search->request->suite, endings[i], NULL);
    if (!add_all(search, source, name, optional && i > 0, &n, error))
      return FALSE;
    if (i == 0 && n == 0)
      break;
  }
  return TRUE;
}

/* More than these are no help. */
#define SUITES_TOLD 20

static gboolean
set_unknown(const Search *search, GError **error)
{
  g_autoptr(GString) known = g_string_new(NULL);
  g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < search->sources->len; i++) {
    const AptSource *source = search->sources->pdata[i];
    if (g_hash_table_add(told, source->suite) && g_hash_table_size(told) <= SUITES_TOLD)
      g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", source->suite);
  }
  if (g_hash_table_size(told) > SUITES_TOLD)
    g_string_append(known, " ...");
  g_autoptr(GString) unreadable = g_string_new(NULL);
  for (guint i = 0; i < search->archive->unreadable->len; i++)
    g_string_append_printf(unreadable, "\nhint: it is not whole: %s", (const char *)search->archive->unreadable->pdata[i]);
  g_autofree char *components = g_strjoinv(", ", (char **)search->components);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND,
              "suite '%s' (%s) is not in apt's configuration of this machine, which has %s%s\nhint: name a mirror with "
              "'mirror:' or --mirror",
              search->request->suite, components, known->len > 0 ? known->str : "no suite at all", unreadable->str);
  return FALSE;
}

static gboolean
search_configuration(Search *search, GError **error)
{
  if (!add_family(search, search->request->suite, FALSE, error))
    return FALSE;
  const char *sister = search->archive->suites->len == 0 ? distribution_suite(search) : NULL;
  if (sister != NULL && !add_family(search, sister, TRUE, error))
    return FALSE;
  if (search->archive->suites->len == 0)
    return set_unknown(search, error);
  add_uncovered(search);
  return TRUE;
}

gboolean
debian_archive_find_suites(DebianArchive *archive, const DebianArchiveRequest *request, const AptConf *conf, GError **error)
{
  Search search = {archive, request, conf, request->components != NULL ? request->components : only_main, NULL};
  if (request->snapshot != NULL && !is_timestamp(request->snapshot)) {
    g_autofree char *shown = g_strescape(request->snapshot, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "snapshot '%s' is not a timestamp such as 20261101T000000Z", shown);
    return FALSE;
  }
  if (request->mirrors != NULL && request->mirrors[0] != NULL)
    return search_mirror(&search, error);
  g_autoptr(GPtrArray) sources = aptsources_read(request->apt_root, archive->unreadable, error);
  search.sources = sources;
  return sources != NULL && search_configuration(&search, error);
}
