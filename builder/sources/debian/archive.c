/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/archive.h"
#include "builder/sources/debian/aptauth.h"
#include "builder/sources/debian/archive-private.h"
#include "signing/error.h"

#include <string.h>

/* ---- finding it ---- */

static void
suite_free(gpointer data)
{
  ArchiveSuite *suite = data;
  g_free(suite->suite.suite);
  g_strfreev(suite->suite.components);
  g_strfreev(suite->suite.bases);
  g_free(suite->suite.keyring);
  g_strfreev(suite->architectures);
  g_clear_pointer(&suite->release, release_free);
  g_free(suite);
}

/* The keys of apt, and those that Debian's package of them brings: which count, where nothing names others. A mirror that was
 * named is not among those that the machine's owner gave keys for. */
static char **
find_default_keys(const char *root, gboolean named)
{
  static const char *const endings[] = {".gpg", ".asc", NULL};
  static const char *const debian[] = {"usr/share/keyrings/debian-archive-keyring.gpg",
                                       "usr/share/keyrings/debian-archive-keyring.pgp"};
  g_autoptr(GStrvBuilder) keys = g_strv_builder_new();
  guint n = 0;
  for (guint i = 0; named && n == 0 && i < G_N_ELEMENTS(debian); i++) {
    g_autofree char *path = g_build_filename(root, debian[i], NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
      g_strv_builder_add(keys, path);
      n++;
    }
  }
  if (n == 0) {
    g_autofree char *file = g_build_filename(root, "etc/apt/trusted.gpg", NULL);
    g_autofree char *folder = g_build_filename(root, "etc/apt/trusted.gpg.d", NULL);
    g_auto(GStrv) parts = aptconf_list_parts(folder, endings);
    g_strv_builder_add(keys, file);
    g_strv_builder_addv(keys, (const char **)parts);
  }
  return g_strv_builder_end(keys);
}

/* "HOST" of Acquire::http::Proxy::HOST as the beginnings of its URLs. */
typedef struct {
  GStrvBuilder *pairs;
  const char *scheme;
} ProxyList;

static void
add_proxy(const char *host, const char *proxy, gpointer data)
{
  const ProxyList *list = data;
  for (const char *end = "/:"; *end != '\0'; end++) {
    g_autofree char *beginning = g_strdup_printf("%s://%s%c", list->scheme, host, *end);
    g_strv_builder_add_many(list->pairs, beginning, proxy, NULL);
  }
}

static char **
find_proxies(const AptConf *conf)
{
  g_autoptr(GStrvBuilder) pairs = g_strv_builder_new();
  const char *http = aptconf_get(conf, "Acquire::http::Proxy"), *https = aptconf_get(conf, "Acquire::https::Proxy");
  ProxyList list = {pairs, "http"};
  aptconf_below(conf, "Acquire::http::Proxy", add_proxy, &list);
  list.scheme = "https";
  aptconf_below(conf, "Acquire::https::Proxy", add_proxy, &list);
  aptconf_below(conf, "Acquire::http::Proxy", add_proxy, &list); /* apt: what http is told holds for https too */
  if (http != NULL && *http != '\0')
    g_strv_builder_add_many(pairs, "http:", http, NULL);
  if (https == NULL || *https == '\0')
    https = http;
  if (https != NULL && *https != '\0')
    g_strv_builder_add_many(pairs, "https:", https, NULL);
  return g_strv_builder_end(pairs);
}

DebianArchive *
debian_archive_new(const DebianArchiveRequest *request, GError **error)
{
  g_autoptr(GPtrArray) unreadable = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(AptConf) conf = aptconf_read(request->apt_root, unreadable, error);
  if (conf == NULL)
    return NULL;
  g_autoptr(DebianArchive) archive = g_new0(DebianArchive, 1);
  g_mutex_init(&archive->lock);
  archive->suites = g_ptr_array_new_with_free_func(suite_free);
  archive->unreadable = g_steal_pointer(&unreadable);
  archive->default_keys = find_default_keys(request->apt_root, request->mirrors != NULL);
  archive->proxies = find_proxies(conf);
  archive->logins = aptauth_read(request->apt_root);
  archive->may_be_older = !request->check_valid_until || request->snapshot != NULL;
  if (!debian_archive_find_suites(archive, request, conf, error))
    return NULL;
  return g_steal_pointer(&archive);
}

void
debian_archive_free(DebianArchive *archive)
{
  g_ptr_array_unref(archive->suites);
  g_ptr_array_unref(archive->unreadable);
  g_strfreev(archive->default_keys);
  g_strfreev(archive->proxies);
  g_strfreev(archive->logins);
  g_mutex_clear(&archive->lock);
  g_free(archive);
}

guint
debian_archive_n_suites(const DebianArchive *archive)
{
  return archive->suites->len;
}

static const DebianSuite *
suite_at(const DebianArchive *archive, guint number)
{
  return &((const ArchiveSuite *)archive->suites->pdata[number])->suite;
}

const DebianSuite *
debian_archive_suite(const DebianArchive *archive, guint number)
{
  g_return_val_if_fail(number < archive->suites->len, NULL);
  return suite_at(archive, number);
}

gint64
debian_archive_date(const DebianArchive *archive)
{
  gint64 date = 0;
  for (guint i = 0; i < archive->suites->len; i++)
    date = MAX(date, suite_at(archive, i)->date);
  return date;
}

FetchOptions
debian_archive_fetch_options(const DebianArchive *archive, const FetchOptions *options)
{
  FetchOptions own = *options;
  if (own.proxies == NULL)
    own.proxies = (const char *const *)archive->proxies;
  if (own.logins == NULL)
    own.logins = (const char *const *)archive->logins;
  return own;
}

char **
debian_archive_urls(const DebianArchive *archive, const char *suite, const char *path)
{
  g_autoptr(GStrvBuilder) urls = g_strv_builder_new();
  g_autofree char *quoted = g_uri_escape_string(path, "/+:,=@!$&()*;", FALSE);
  gboolean known = FALSE;
  for (guint i = 0; suite != NULL && i < archive->suites->len; i++)
    known |= strcmp(suite_at(archive, i)->suite, suite) == 0;
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < archive->suites->len; i++) {
    const DebianSuite *found = suite_at(archive, i);
    if (known && strcmp(found->suite, suite) != 0)
      continue;
    for (char **base = found->bases; *base != NULL; base++) {
      g_autofree char *url = g_strconcat(*base, "/", quoted, NULL);
      if (g_hash_table_add(seen, *base))
        g_strv_builder_add(urls, url);
    }
  }
  return g_strv_builder_end(urls);
}

/* ---- its indexes ---- */

/* The Packages files to be had: the two arrays go side by side. */
typedef struct {
  GArray *items;     /* FetchItem */
  GArray *sources;   /* DebianIndexSource */
  GPtrArray *labels; /* char* */
  GPtrArray *urls;   /* char** */
} Wanted;

static void
wanted_init(Wanted *wanted)
{
  wanted->items = g_array_new(FALSE, FALSE, sizeof(FetchItem));
  wanted->sources = g_array_new(FALSE, FALSE, sizeof(DebianIndexSource));
  wanted->labels = g_ptr_array_new_with_free_func(g_free);
  wanted->urls = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
}

static void
wanted_clear(Wanted *wanted)
{
  g_array_unref(wanted->items);
  g_array_unref(wanted->sources);
  g_ptr_array_unref(wanted->labels);
  g_ptr_array_unref(wanted->urls);
}

/* By its digest, where the archive offers that: then a mirror that changes meanwhile does no harm. */
static char **
index_urls(const ArchiveSuite *suite, const ReleaseEntry *entry)
{
  g_autoptr(GStrvBuilder) urls = g_strv_builder_new();
  g_autofree char *quoted = g_uri_escape_string(entry->path, "/+:,=@!$&()*;", FALSE);
  const char *slash = strrchr(quoted, '/');
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&entry->digest, hex);
  for (char **base = suite->suite.bases; *base != NULL; base++) {
    g_autofree char *plain = g_strdup_printf("%s/dists/%s/%s", *base, suite->suite.suite, quoted);
    g_autofree char *by_hash = g_strdup_printf("%s/dists/%s/%.*s/by-hash/SHA256/%s", *base, suite->suite.suite,
                                               (int)(slash - quoted), quoted, hex);
    if (suite->release->by_hash)
      g_strv_builder_add(urls, by_hash);
    g_strv_builder_add(urls, plain);
  }
  return g_strv_builder_end(urls);
}

static void
want(Wanted *wanted, const ArchiveSuite *suite, guint number, const char *component, const char *architecture,
     const ReleaseEntry *entry)
{
  char *label = g_strdup_printf("index of %s/%s for %s", suite->suite.suite, component, architecture);
  char **urls = index_urls(suite, entry);
  FetchItem item = {(const char *const *)urls, label, entry->digest, entry->size, NULL};
  DebianIndexSource source = {entry->digest, number, label};
  g_ptr_array_add(wanted->labels, label);
  g_ptr_array_add(wanted->urls, urls);
  g_array_append_val(wanted->items, item);
  g_array_append_val(wanted->sources, source);
}

/* @component of the suite for @architecture, and its packages for all architectures where they are kept apart. */
static gboolean
want_component(Wanted *wanted, const ArchiveSuite *suite, guint number, const char *component, const char *architecture,
               Progress *progress, GError **error)
{
  const Release *release = suite->release;
  if (suite->secondary && !g_strv_contains((const char *const *)release->components, component)) {
    progress_note(progress, "suite '%s' has no component '%s'", suite->suite.suite, component);
    return TRUE;
  }
  const ReleaseEntry *entry = release_index(release, component, architecture, error);
  if (entry == NULL) {
    debian_archive_prefix_suite(error, suite);
    return FALSE;
  }
  want(wanted, suite, number, component, architecture, entry);
  if (!release->split_all || !g_strv_contains((const char *const *)release->architectures, "all"))
    return TRUE;
  entry = release_index(release, component, "all", NULL);
  if (entry != NULL)
    want(wanted, suite, number, component, "all", entry);
  return TRUE;
}

static gboolean
want_all(const DebianArchive *archive, const char *architecture, Wanted *wanted, Progress *progress, GError **error)
{
  for (guint i = 0; i < archive->suites->len; i++) {
    const ArchiveSuite *suite = archive->suites->pdata[i];
    gboolean excluded = suite->architectures != NULL &&
                        !g_strv_contains((const char *const *)suite->architectures, architecture);
    if (suite->absent || (excluded && suite->secondary))
      continue;
    for (char **component = suite->suite.components; *component != NULL; component++)
      if (!want_component(wanted, suite, i, *component, architecture, progress, error))
        return FALSE;
  }
  return TRUE;
}

static gboolean
fetch_wanted(DebianArchive *archive, Store *store, const char *architecture, const FetchOptions *options, Wanted *wanted,
             GError **error)
{
  wanted_init(wanted);
  return debian_archive_open_releases(archive, store, options, error) &&
         want_all(archive, architecture, wanted, options->progress, error) &&
         fetch_blobs(store, (const FetchItem *)wanted->items->data, wanted->items->len, options, NULL, NULL, error);
}

/* A mirror that was renewed between its Release and its indexes shows as a wrong or missing index; then a new Release
 * is there too. */
static gboolean
is_stale(const GError *failure)
{
  return g_error_matches(failure, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY) ||
         g_error_matches(failure, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
}

static gboolean
forget_releases(DebianArchive *archive)
{
  gboolean some = FALSE;
  for (guint i = 0; i < archive->suites->len; i++) {
    ArchiveSuite *suite = archive->suites->pdata[i];
    some |= suite->release != NULL;
    g_clear_pointer(&suite->release, release_free);
  }
  return some;
}

static void
tell_unreadable(DebianArchive *archive, Progress *progress)
{
  for (guint i = 0; i < archive->unreadable->len; i++) {
    g_autofree char *shown = g_strescape(archive->unreadable->pdata[i], NULL);
    progress_warn(progress, "apt's configuration is not whole: %s", shown);
  }
  g_ptr_array_set_size(archive->unreadable, 0);
}

static DebianIndex *
open_index(Store *store, const char *architecture, const Digest *installed, const Wanted *wanted, const FetchOptions *options,
           GError **error)
{
  if (installed != NULL) {
    /* the first of all, so that it is what the index has of a package that the archive has too */
    const DebianIndexSource own = {.blob = *installed, .label = "the base's dpkg database"};
    for (guint i = 0; i < wanted->sources->len; i++)
      g_array_index(wanted->sources, DebianIndexSource, i).suite++;
    g_array_append_val(wanted->sources, own);
  }
  g_autofree char *subject = g_strdup_printf("index for %s", architecture);
  ProgressTask *task = progress_start(options->progress, PROGRESS_RESOLVE, subject, 0);
  DebianIndex *index = debian_index_open(store, architecture, (const DebianIndexSource *)wanted->sources->data,
                                         wanted->sources->len, options->cancellable, error);
  progress_finish(task, index != NULL ? PROGRESS_MADE : PROGRESS_FAILED);
  return index;
}

/* Under the archive's lock: a Release is fetched once, whoever asks. */
static gboolean
fetch_indexes(DebianArchive *archive, Store *store, const char *architecture, const FetchOptions *options, Wanted *wanted,
              GError **error)
{
  g_autoptr(GError) failure = NULL;
  tell_unreadable(archive, options->progress);
  gboolean done = fetch_wanted(archive, store, architecture, options, wanted, &failure);
  if (!done && is_stale(failure) && forget_releases(archive)) {
    g_clear_error(&failure);
    wanted_clear(wanted);
    done = fetch_wanted(archive, store, architecture, options, wanted, &failure);
  }
  if (!done)
    g_propagate_error(error, g_steal_pointer(&failure));
  return done;
}

DebianIndex *
debian_archive_index(DebianArchive *archive, Store *store, const char *architecture, const Digest *installed,
                     const FetchOptions *options, GError **error)
{
  FetchOptions own = debian_archive_fetch_options(archive, options);
  Wanted wanted;
  g_mutex_lock(&archive->lock);
  gboolean done = fetch_indexes(archive, store, architecture, &own, &wanted, error);
  g_mutex_unlock(&archive->lock);
  DebianIndex *index = done ? open_index(store, architecture, installed, &wanted, &own, error) : NULL;
  wanted_clear(&wanted);
  return index;
}
