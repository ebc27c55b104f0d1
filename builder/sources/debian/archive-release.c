/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/archive-private.h"
#include "builder/sources/debian/gpgv.h"
#include "builder/sources/url.h"
#include "signing/error.h"

#include <string.h>

#define SECONDS_A_DAY 86400

/* A Release on its way: InRelease, or Release with its signature. */
typedef struct {
  ArchiveSuite *suite;
  char **urls; /* of InRelease, one a mirror */
  Digest key;  /* of what is remembered of the first */
  GBytes *message, *signature;
  char *validator;
  gboolean unchanged; /* what is remembered is what is there */
} Pending;

static void
pending_clear(gpointer data)
{
  Pending *pending = data;
  g_strfreev(pending->urls);
  g_clear_pointer(&pending->message, g_bytes_unref);
  g_clear_pointer(&pending->signature, g_bytes_unref);
  g_free(pending->validator);
}

void
debian_archive_prefix_suite(GError **error, const ArchiveSuite *suite)
{
  g_autofree char *base = url_shown(suite->suite.bases[0]);
  g_prefix_error(error, "suite '%s' at %s: ", suite->suite.suite, base);
}

static char **
urls_of(const ArchiveSuite *suite, const char *file)
{
  g_autoptr(GStrvBuilder) urls = g_strv_builder_new();
  for (char **base = suite->suite.bases; *base != NULL; base++) {
    g_autofree char *url = g_strconcat(*base, "/dists/", suite->suite.suite, "/", file, NULL);
    g_strv_builder_add(urls, url);
  }
  return g_strv_builder_end(urls);
}

/* ---- what is remembered: of a URL, of a signature, of a suite ---- */

static void
key_of(Digest *key, const char *action, const char *a, const char *b, const char *c)
{
  json_t *description = json_pack("{s:s, s:i, s:[s,s,s]}", "action", action, "format", 1, "of", a, b, c);
  g_return_if_fail(description != NULL);
  store_action_key(description, key);
  json_decref(description);
}

static GBytes *
read_named(Store *store, const json_t *record, const char *name)
{
  const char *text = json_string_value(json_object_get(record, name));
  Digest digest;
  return text != NULL && digest_from_string(text, &digest, NULL) ? store_read_blob(store, &digest, NULL) : NULL;
}

/* Takes the copy at hand, if there is one, and how to ask whether it is still the newest. */
static void
recall(Store *store, Pending *pending)
{
  key_of(&pending->key, "debian-release", pending->urls[0], "", "");
  json_t *record = store_action_get(store, &pending->key);
  pending->message = read_named(store, record, "message");
  pending->signature = read_named(store, record, "signature");
  if (pending->message != NULL)
    pending->validator = g_strdup(json_string_value(json_object_get(record, "validator")));
  json_decref(record);
}

static gboolean
put_named(Store *store, json_t *record, const char *name, GBytes *bytes, GError **error)
{
  gsize size;
  Digest digest;
  char text[DIGEST_STRING_SIZE];
  if (bytes == NULL)
    return TRUE;
  const void *data = g_bytes_get_data(bytes, &size);
  if (!store_put(store, data, size, &digest, error))
    return FALSE;
  json_object_set_new(record, name, json_string(digest_to_string(&digest, text)));
  return TRUE;
}

static gboolean
remember(Store *store, const Pending *pending, GError **error)
{
  json_t *record = json_object();
  if (pending->validator != NULL) /* one that is not UTF-8 is not remembered: then it is fetched again */
    json_object_set_new(record, "validator", json_string(pending->validator));
  gboolean done = put_named(store, record, "message", pending->message, error) &&
                  put_named(store, record, "signature", pending->signature, error) &&
                  store_action_put(store, &pending->key, record, error);
  json_decref(record);
  return done;
}

static void
digest_text(GBytes *bytes, char text[DIGEST_STRING_SIZE])
{
  gsize size = 0;
  Digest digest;
  const void *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : "";
  digest_of(data, size, &digest);
  digest_to_string(&digest, text);
}

/* The signed text. That a signature is good is remembered for the day: keys expire. */
static GBytes *
verified_text(Store *store, const Pending *pending, const Keyring *keyring, gint64 now, GCancellable *cancellable,
              GError **error)
{
  Digest keys, key;
  char message[DIGEST_STRING_SIZE], signature[DIGEST_STRING_SIZE], keys_text[DIGEST_STRING_SIZE];
  keyring_digest(keyring, &keys);
  digest_text(pending->message, message);
  digest_text(pending->signature, signature);
  g_autofree char *when = g_strdup_printf("%s %" G_GINT64_FORMAT, digest_to_string(&keys, keys_text), now / SECONDS_A_DAY);
  key_of(&key, "debian-release-verified", message, signature, when);
  json_t *record = store_action_get(store, &key);
  GBytes *text = read_named(store, record, "text");
  json_decref(record);
  if (text != NULL)
    return text;
  text = gpgv_verify(keyring, pending->message, pending->signature, cancellable, error);
  if (text == NULL)
    return NULL;
  record = json_object();
  if (!put_named(store, record, "text", text, error) || !store_action_put(store, &key, record, error))
    g_clear_pointer(&text, g_bytes_unref);
  json_decref(record);
  return text;
}

/* ---- bringing them ---- */

/* Without the network, the copy at hand is what there is. */
static gboolean
can_do_without(const Pending *pending, const FetchOptions *options)
{
  return options->offline && pending->message != NULL;
}

static void
take_document(Pending *pending, FetchDocument *document)
{
  if (document->unchanged) {
    pending->unchanged = TRUE;
    return;
  }
  g_clear_pointer(&pending->message, g_bytes_unref);
  g_clear_pointer(&pending->signature, g_bytes_unref);
  g_free(pending->validator);
  pending->message = g_steal_pointer(&document->body);
  pending->validator = g_steal_pointer(&document->validator);
}

/* Where there is no InRelease: Release and Release.gpg. */
static gboolean
fetch_detached(Pending *pending, const FetchOptions *options, GError **error)
{
  ArchiveSuite *suite = pending->suite;
  g_auto(GStrv) release = urls_of(suite, "Release");
  g_auto(GStrv) signature = urls_of(suite, "Release.gpg");
  FetchDocument documents[] = {{.urls = (const char *const *)release, .limit = LIMIT_RELEASE},
                               {.urls = (const char *const *)signature, .limit = LIMIT_RELEASE_SIGNATURE}};
  gboolean done = fetch_documents(documents, 2, options, error);
  if (done && documents[0].error != NULL) {
    suite->absent = suite->optional && g_error_matches(documents[0].error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
    done = suite->absent;
    if (done)
      progress_note(options->progress, "there is no suite '%s' on the mirror", suite->suite.suite);
    else
      g_propagate_error(error, g_steal_pointer(&documents[0].error));
  } else if (done && documents[1].error != NULL && !suite->suite.trusted) {
    gboolean unsigned_ = g_error_matches(documents[1].error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
    done = FALSE;
    if (unsigned_)
      g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                          "it is not signed: there is neither InRelease nor Release.gpg");
    else
      g_propagate_error(error, g_steal_pointer(&documents[1].error));
  } else if (done) {
    take_document(pending, &documents[0]);
    g_clear_pointer(&pending->validator, g_free); /* two files: nothing says that both are unchanged */
    pending->signature = g_steal_pointer(&documents[1].body);
  }
  fetch_document_clear(&documents[0]);
  fetch_document_clear(&documents[1]);
  return done;
}

/* What became of the request for InRelease. */
static gboolean
settle(Pending *pending, FetchDocument *document, const FetchOptions *options, GError **error)
{
  if (document->error == NULL) {
    take_document(pending, document);
    return TRUE;
  }
  if (can_do_without(pending, options)) {
    pending->unchanged = TRUE;
    return TRUE;
  }
  if (g_error_matches(document->error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND))
    return fetch_detached(pending, options, error);
  g_propagate_error(error, g_steal_pointer(&document->error));
  return FALSE;
}

static gboolean
fetch_all(GArray *list, const FetchOptions *options, GError **error)
{
  g_autofree FetchDocument *documents = g_new0(FetchDocument, list->len);
  for (guint i = 0; i < list->len; i++) {
    const Pending *pending = &g_array_index(list, Pending, i);
    documents[i].urls = (const char *const *)pending->urls;
    documents[i].limit = LIMIT_RELEASE;
    documents[i].validator = g_strdup(pending->validator);
  }
  gboolean done = fetch_documents(documents, list->len, options, error);
  for (guint i = 0; i < list->len; i++) {
    Pending *pending = &g_array_index(list, Pending, i);
    if (done && !settle(pending, &documents[i], options, error)) {
      debian_archive_prefix_suite(error, pending->suite);
      done = FALSE;
    }
    fetch_document_clear(&documents[i]);
  }
  return done;
}

/* ---- opening them ---- */

/* What is opened, and how it is judged. */
typedef struct {
  DebianArchive *archive;
  Store *store;
  const FetchOptions *options;
  ArchiveSuite *suite;
  Keyring *keyring; /* NULL: the suite is trusted as it is */
  gint64 now;
} Opening;

/* The signed text of what is pending, and what it says: signed by the right keys, for this suite, of this time. */
static Release *
read_release(const Opening *opening, const Pending *pending, GBytes **text, GError **error)
{
  const DebianSuite *suite = &opening->suite->suite;
  ReleaseChecks checks = (suite->check_date ? RELEASE_CHECK_DATE : RELEASE_NO_CHECK) |
                         (suite->check_date && suite->check_valid_until ? RELEASE_CHECK_VALID_UNTIL : RELEASE_NO_CHECK);
  gsize size;
  *text = opening->keyring == NULL
            ? gpgv_strip(pending->message, error)
            : verified_text(opening->store, pending, opening->keyring, opening->now, opening->options->cancellable, error);
  if (*text == NULL)
    return NULL;
  const char *data = g_bytes_get_data(*text, &size);
  g_autoptr(Release) release = release_parse(data, size, error);
  if (release == NULL || !release_check(release, suite->suite, checks, opening->now, error))
    return NULL;
  return g_steal_pointer(&release);
}

/* Under which the newest Release seen of an archive's suite is remembered, whichever mirror it came from: an archive is known
 * by its keys and by what it calls itself, and many call themselves nothing. */
static void
newest_key(const Opening *opening, const Release *release, Digest *key)
{
  Digest keys = {0};
  char text[DIGEST_STRING_SIZE];
  g_autofree char *origin = g_utf8_make_valid(release->origin, -1);
  g_autofree char *label = g_utf8_make_valid(release->label, -1);
  g_autofree char *name = g_strdup_printf("%s\n%s", origin, label);
  if (opening->keyring != NULL)
    keyring_digest(opening->keyring, &keys);
  key_of(key, "debian-release-seen", opening->suite->suite.suite, name, digest_to_string(&keys, text));
}

static GBytes *
read_hex(Store *store, const json_t *record, const char *name)
{
  const char *hex = json_string_value(json_object_get(record, name));
  Digest digest;
  return hex != NULL && digest_from_hex(hex, &digest) ? store_read_blob(store, &digest, NULL) : NULL;
}

static void
set_hex(json_t *record, const char *name, GBytes *bytes)
{
  if (bytes == NULL)
    return;
  gsize size;
  Digest digest;
  char hex[DIGEST_HEX_LENGTH + 1];
  const void *data = g_bytes_get_data(bytes, &size);
  digest_of(data, size, &digest);
  digest_to_hex(&digest, hex);
  json_object_set_new(record, name, json_string(hex));
}

/* The date outlives the bytes: hexadecimal is no name of a blob to gc. */
static gboolean
remember_newest(Store *store, const Digest *key, const Pending *pending, const Release *release, GError **error)
{
  json_t *record = json_pack("{s:I}", "date", (json_int_t)release->date);
  set_hex(record, "message", pending->message);
  set_hex(record, "signature", pending->signature);
  gboolean done = store_action_put(store, key, record, error);
  json_decref(record);
  return done;
}

/* A Release older than one seen before is an old state put in the place of the new one, or comes from a mirror that lags behind
 * another one of its name. As apt does, the newer one is held to where it is still at hand; else there is no way on. */
static Release *
hold_to_newer(const Opening *opening, const json_t *record, const Release *older, GBytes **text, GError **error)
{
  gint64 seen = json_integer_value(json_object_get(record, "date"));
  g_autofree char *is = release_time_shown(older->date), *was = release_time_shown(seen);
  Pending newest = {.suite = opening->suite,
                    .message = read_hex(opening->store, record, "message"),
                    .signature = read_hex(opening->store, record, "signature")};
  g_clear_pointer(text, g_bytes_unref);
  g_autoptr(Release) newer = newest.message != NULL ? read_release(opening, &newest, text, NULL) : NULL;
  pending_clear(&newest);
  if (newer == NULL || newer->date < seen) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                "the Release is of %s, and one of %s was seen before: it was set back\n"
                "hint: the mirror lags behind or is attacked: wait, or name another one; where an older state is meant, set "
                "'check_valid_until: false'",
                is, was);
    return NULL;
  }
  g_autofree char *base = url_shown(opening->suite->suite.bases[0]);
  progress_warn(opening->options->progress,
                "suite '%s' at %s: the Release is of %s, older than the one of %s that was seen before: the mirror lags behind "
                "or is attacked; the newer one counts",
                opening->suite->suite.suite, base, is, was);
  return g_steal_pointer(&newer);
}

/* What counts: what is pending, or what is newer. */
static Release *
choose_release(const Opening *opening, const Pending *pending, GBytes **text, GError **error)
{
  Digest key;
  g_autoptr(Release) release = read_release(opening, pending, text, error);
  if (release == NULL)
    return NULL;
  newest_key(opening, release, &key);
  json_t *record = store_action_get(opening->store, &key);
  gint64 seen = json_integer_value(json_object_get(record, "date"));
  Release *chosen;
  if (release->date < seen && !opening->archive->may_be_older)
    chosen = hold_to_newer(opening, record, release, text, error);
  else if ((release->date > seen && !remember_newest(opening->store, &key, pending, release, error)) ||
           (!pending->unchanged && !remember(opening->store, pending, error)))
    chosen = NULL;
  else
    chosen = g_steal_pointer(&release);
  json_decref(record);
  return chosen;
}

static gboolean
open_one(DebianArchive *archive, Store *store, Pending *pending, const FetchOptions *options, GError **error)
{
  ArchiveSuite *suite = pending->suite;
  Opening opening = {archive, store, options, suite, NULL, g_get_real_time() / G_USEC_PER_SEC};
  g_autoptr(Keyring) keyring = NULL;
  g_autoptr(GBytes) text = NULL;
  if (!suite->suite.trusted) {
    keyring = keyring_load(suite->suite.keyring, (const char *const *)archive->default_keys, error);
    if (keyring == NULL)
      return FALSE;
  }
  opening.keyring = keyring;
  Release *release = choose_release(&opening, pending, &text, error);
  if (release == NULL)
    return FALSE;
  gsize size;
  const char *data = g_bytes_get_data(text, &size);
  suite->suite.date = release->date;
  digest_of(data, size, &suite->suite.release);
  suite->release = release;
  return TRUE;
}

static GArray *
list_pending(DebianArchive *archive, Store *store)
{
  GArray *list = g_array_new(FALSE, TRUE, sizeof(Pending));
  g_array_set_clear_func(list, pending_clear);
  for (guint i = 0; i < archive->suites->len; i++) {
    ArchiveSuite *suite = archive->suites->pdata[i];
    if (suite->release != NULL || suite->absent)
      continue;
    Pending pending = {.suite = suite, .urls = urls_of(suite, "InRelease")};
    recall(store, &pending);
    g_array_append_val(list, pending);
  }
  return list;
}

gboolean
debian_archive_open_releases(DebianArchive *archive, Store *store, const FetchOptions *options, GError **error)
{
  g_autoptr(GArray) list = list_pending(archive, store);
  if (!fetch_all(list, options, error))
    return FALSE;
  for (guint i = 0; i < list->len; i++) {
    Pending *pending = &g_array_index(list, Pending, i);
    if (pending->suite->absent)
      continue;
    g_autofree char *subject = g_strdup_printf("Release of %s", pending->suite->suite.suite);
    ProgressTask *task = progress_start(options->progress, PROGRESS_RESOLVE, subject, 0);
    gboolean opened = open_one(archive, store, pending, options, error);
    progress_finish(task, opened ? PROGRESS_MADE : PROGRESS_FAILED);
    if (!opened) {
      debian_archive_prefix_suite(error, pending->suite);
      return FALSE;
    }
  }
  return TRUE;
}
