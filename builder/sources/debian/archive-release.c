/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/archive-private.h"
#include "builder/sources/debian/gpgv.h"
#include "signing/error.h"

#include <string.h>

#define MAX_RELEASE (16 * 1024 * 1024)
#define MAX_SIGNATURE (1024 * 1024)
#define SECONDS_A_DAY 86400

/* A Release on its way: InRelease, or Release with its signature. */
typedef struct {
  ArchiveSuite *suite;
  char *url;  /* of InRelease */
  Digest key; /* of what is remembered of that URL */
  GBytes *message, *signature;
  char *validator;
  gboolean unchanged; /* what is remembered is what is there */
} Pending;

static void
pending_clear(gpointer data)
{
  Pending *pending = data;
  g_free(pending->url);
  g_clear_pointer(&pending->message, g_bytes_unref);
  g_clear_pointer(&pending->signature, g_bytes_unref);
  g_free(pending->validator);
}

void
debian_archive_prefix_suite(GError **error, const ArchiveSuite *suite)
{
  g_autofree char *base = fetch_url_shown(suite->suite.bases[0]);
  g_prefix_error(error, "suite '%s' at %s: ", suite->suite.suite, base);
}

static char *
url_of(const ArchiveSuite *suite, const char *file)
{
  return g_strconcat(suite->suite.bases[0], "/dists/", suite->suite.suite, "/", file, NULL);
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
  key_of(&pending->key, "debian-release", pending->url, "", "");
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

/* A Release older than one seen before of the same suite is an old state put in the place of the new one. */
static gboolean
check_not_older(Store *store, const ArchiveSuite *suite, const Release *release, gboolean may_be_older, GError **error)
{
  Digest key;
  g_autofree char *origin = g_utf8_make_valid(release->origin, -1);
  g_autofree char *label = g_utf8_make_valid(release->label, -1);
  key_of(&key, "debian-release-seen", suite->suite.suite, origin, label);
  json_t *record = store_action_get(store, &key);
  gint64 seen = json_integer_value(json_object_get(record, "date"));
  json_decref(record);
  if (release->date < seen && !may_be_older) {
    g_autofree char *is = release_time_shown(release->date), *was = release_time_shown(seen);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                "the Release is of %s, and one of %s was seen before: it was set back\n"
                "hint: the mirror lags behind or is attacked; where an older state is meant, set 'check_valid_until: false'",
                is, was);
    return FALSE;
  }
  if (release->date <= seen)
    return TRUE;
  record = json_pack("{s:I}", "date", (json_int_t)release->date);
  gboolean done = store_action_put(store, &key, record, error);
  json_decref(record);
  return done;
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
  g_autofree char *release = url_of(suite, "Release"), *signature = url_of(suite, "Release.gpg");
  FetchDocument documents[] = {{.url = release, .max = MAX_RELEASE}, {.url = signature, .max = MAX_SIGNATURE}};
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
    documents[i].url = pending->url;
    documents[i].max = MAX_RELEASE;
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

static GBytes *
signed_text(const DebianArchive *archive, Store *store, const Pending *pending, gint64 now, const FetchOptions *options,
            GError **error)
{
  const DebianSuite *suite = &pending->suite->suite;
  if (suite->trusted)
    return gpgv_strip(pending->message, error);
  g_autoptr(Keyring) keyring = keyring_load(suite->keyring, (const char *const *)archive->default_keys, error);
  if (keyring == NULL)
    return NULL;
  return verified_text(store, pending, keyring, now, options->cancellable, error);
}

static gboolean
open_one(DebianArchive *archive, Store *store, Pending *pending, const FetchOptions *options, GError **error)
{
  ArchiveSuite *suite = pending->suite;
  gint64 now = g_get_real_time() / G_USEC_PER_SEC;
  gsize size;
  ReleaseChecks checks = (suite->suite.check_date ? RELEASE_CHECK_DATE : RELEASE_NO_CHECK) |
                         (suite->suite.check_date && suite->suite.check_valid_until ? RELEASE_CHECK_VALID_UNTIL
                                                                                    : RELEASE_NO_CHECK);
  g_autoptr(GBytes) text = signed_text(archive, store, pending, now, options, error);
  if (text == NULL)
    return FALSE;
  const char *data = g_bytes_get_data(text, &size);
  g_autoptr(Release) release = release_parse(data, size, error);
  if (release == NULL || !release_check(release, suite->suite.suite, checks, now, error) ||
      !check_not_older(store, suite, release, archive->may_be_older, error))
    return FALSE;
  if (!pending->unchanged && !remember(store, pending, error))
    return FALSE;
  suite->suite.date = release->date;
  digest_of(data, size, &suite->suite.release);
  suite->release = g_steal_pointer(&release);
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
    Pending pending = {.suite = suite, .url = url_of(suite, "InRelease")};
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
    if (!pending->suite->absent && !open_one(archive, store, pending, options, error)) {
      debian_archive_prefix_suite(error, pending->suite);
      return FALSE;
    }
  }
  return TRUE;
}
