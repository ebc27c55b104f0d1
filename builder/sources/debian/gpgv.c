/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/gpgv.h"
#include "builder/sources/debian/keyring.h"
#include "signing/error.h"

#include <glib/gstdio.h>
#include <string.h>

#define CLEAR_BEGIN "-----BEGIN PGP SIGNED MESSAGE-----\n"
#define CLEAR_SIGNATURE "\n-----BEGIN PGP SIGNATURE-----\n"
#define CLEAR_END "\n-----END PGP SIGNATURE-----"

/* What gpgv said of all signatures together. */
typedef struct {
  gboolean good, bad;
  char *expired, *revoked, *unknown, *weak; /* the key of such a one */
} Verdict;

static void
verdict_clear(Verdict *verdict)
{
  g_free(verdict->expired);
  g_free(verdict->revoked);
  g_free(verdict->unknown);
  g_free(verdict->weak);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Verdict, verdict_clear)

static gboolean
set_shape(GError **error, const char *what)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "InRelease %s", what);
  return FALSE;
}

/* gpgv is happy with text before, between and behind signed parts; then what is read might not be what was signed. */
static gboolean
check_shape(GBytes *message, GError **error)
{
  gsize size;
  const char *text = g_bytes_get_data(message, &size);
  if (size == 0 || memchr(text, '\0', size) != NULL)
    return set_shape(error, "is not a text");
  if (size < strlen(CLEAR_BEGIN) || memcmp(text, CLEAR_BEGIN, strlen(CLEAR_BEGIN)) != 0)
    return set_shape(error, "is not signed");
  const char *end = g_strstr_len(text, (gssize)size, CLEAR_END);
  if (end == NULL)
    return set_shape(error, "is cut short");
  for (const char *rest = end + strlen(CLEAR_END); rest < text + size; rest++)
    if (!g_ascii_isspace(*rest))
      return set_shape(error, "goes on behind its signature");
  if (g_strstr_len(text + 1, (gssize)size - 1, "\n" CLEAR_BEGIN) != NULL)
    return set_shape(error, "holds more than one signed text");
  return TRUE;
}

static gboolean
is_wanted(const Keyring *keyring, const char *fingerprint)
{
  for (guint i = 0; i < keyring->fingerprints->len; i++) {
    const char *wanted = keyring->fingerprints->pdata[i];
    gsize length = strlen(wanted) - (g_str_has_suffix(wanted, "!") ? 1 : 0);
    if (strlen(fingerprint) == length && g_ascii_strncasecmp(wanted, fingerprint, length) == 0)
      return TRUE;
  }
  return keyring->fingerprints->len == 0;
}

/* VALIDSIG FPR DATE TIME EXPIRE VERSION RESERVED PUBKEY HASH CLASS PRIMARY-FPR (gnupg doc/DETAILS) */
static void
take_valid(const Keyring *keyring, char **words, Verdict *verdict)
{
  static const char *const weak[] = {"1", "2", "3", NULL}; /* MD5, SHA-1, RIPE-MD/160 */
  if (g_strv_length(words) < 12)
    return;
  if (g_strv_contains(weak, words[9])) {
    g_free(verdict->weak);
    verdict->weak = g_strdup(words[2]);
  } else if (is_wanted(keyring, words[2]) || is_wanted(keyring, words[11])) {
    verdict->good = TRUE;
  } else {
    g_free(verdict->unknown);
    verdict->unknown = g_strdup(words[2]);
  }
}

/* VALIDSIG is told of signatures by expired and revoked keys too: only what follows a GOODSIG counts. */
static void
read_status(const Keyring *keyring, const char *status, Verdict *verdict)
{
  gboolean good = FALSE;
  g_auto(GStrv) lines = g_strsplit(status, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) words = g_strsplit(*line, " ", -1);
    if (g_strv_length(words) < 2 || strcmp(words[0], "[GNUPG:]") != 0)
      continue;
    const char *word = words[1], *key = words[2] != NULL ? words[2] : "";
    char **place = strcmp(word, "EXPKEYSIG") == 0 || strcmp(word, "EXPSIG") == 0 ? &verdict->expired
                   : strcmp(word, "REVKEYSIG") == 0                              ? &verdict->revoked
                   : strcmp(word, "NO_PUBKEY") == 0                              ? &verdict->unknown
                                                                                 : NULL;
    if (place != NULL) {
      g_free(*place);
      *place = g_strdup(key);
    }
    if (strcmp(word, "NEWSIG") == 0)
      good = FALSE;
    else if (strcmp(word, "GOODSIG") == 0)
      good = TRUE;
    else if (strcmp(word, "BADSIG") == 0)
      verdict->bad = TRUE;
    else if (strcmp(word, "VALIDSIG") == 0 && good)
      take_valid(keyring, words, verdict);
  }
}

static gboolean
judge(const Verdict *verdict, GError **error)
{
  if (verdict->good && !verdict->bad)
    return TRUE;
  if (verdict->bad)
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "the signature does not fit the text: it was changed");
  else if (verdict->expired != NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                "signed by key %s, which has expired\nhint: install a newer keyring, or name one with 'keyring:'",
                verdict->expired);
  else if (verdict->revoked != NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "signed by key %s, which was revoked", verdict->revoked);
  else if (verdict->weak != NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "signed by key %s over a digest that is no longer safe",
                verdict->weak);
  else if (verdict->unknown != NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY,
                "signed by key %s, which is not in the keyring\nhint: name the archive's keyring with 'keyring:'",
                verdict->unknown);
  else
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "there is no signature that can be checked");
  return FALSE;
}

static gboolean
put_file(const char *folder, const char *name, GBytes *bytes, GError **error)
{
  gsize size;
  const void *data = g_bytes_get_data(bytes, &size);
  g_autofree char *path = g_build_filename(folder, name, NULL);
  return g_file_set_contents_full(path, data, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, error);
}

/* Lays out what gpgv reads in @folder, and gives its command line. */
static GPtrArray *
prepare(const Keyring *keyring, const char *folder, GBytes *message, GBytes *signature, GError **error)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  static const char *const first[] = {"gpgv", "--status-fd", "1", "--homedir"};
  for (guint i = 0; i < G_N_ELEMENTS(first); i++)
    g_ptr_array_add(argv, g_strdup(first[i]));
  g_ptr_array_add(argv, g_strdup(folder));
  for (guint i = 0; i < keyring->files->len; i++) {
    g_autofree char *name = g_strdup_printf("keys-%u.gpg", i);
    if (!put_file(folder, name, keyring->files->pdata[i], error))
      return NULL;
    g_ptr_array_add(argv, g_strdup("--keyring"));
    g_ptr_array_add(argv, g_build_filename(folder, name, NULL));
  }
  if (!put_file(folder, "message", message, error) || (signature != NULL && !put_file(folder, "signature", signature, error)))
    return NULL;
  if (signature == NULL) {
    g_ptr_array_add(argv, g_strdup("--output"));
    g_ptr_array_add(argv, g_build_filename(folder, "text", NULL));
  } else {
    g_ptr_array_add(argv, g_build_filename(folder, "signature", NULL));
  }
  g_ptr_array_add(argv, g_build_filename(folder, "message", NULL));
  g_ptr_array_add(argv, NULL);
  return g_steal_pointer(&argv);
}

static gboolean
run(const GPtrArray *argv, const Keyring *keyring, GCancellable *cancellable, GError **error)
{
  g_autoptr(GBytes) output = NULL; /* names of keys' owners in it need not be UTF-8 */
  g_autoptr(GError) failure = NULL;
  g_auto(Verdict) verdict = {0};
  g_autoptr(GSubprocess) process = g_subprocess_newv(
    (const char *const *)argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &failure);
  if (process == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
                "cannot run gpgv: %s\nhint: install gpgv, which checks the archive's signature", failure->message);
    return FALSE;
  }
  if (!g_subprocess_communicate(process, NULL, cancellable, &output, NULL, &failure)) {
    g_subprocess_force_exit(process);
    gboolean cancelled = g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_set_error(error, ASHLAR_ERROR, cancelled ? ASHLAR_ERROR_CANCELLED : ASHLAR_ERROR_FAILED, "gpgv: %s", failure->message);
    return FALSE;
  }
  g_autofree char *status = g_strndup(g_bytes_get_data(output, NULL), g_bytes_get_size(output));
  read_status(keyring, status, &verdict);
  return judge(&verdict, error);
}

static GBytes *
read_text(const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename(folder, "text", NULL);
  char *text;
  gsize size;
  return g_file_get_contents(path, &text, &size, error) ? g_bytes_new_take(text, size) : NULL;
}

static void
remove_folder(const char *folder)
{
  GDir *dir = g_dir_open(folder, 0, NULL);
  for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_unlink(path);
  }
  g_clear_pointer(&dir, g_dir_close);
  g_rmdir(folder);
}

GBytes *
gpgv_verify(const Keyring *keyring, GBytes *message, GBytes *signature, GCancellable *cancellable, GError **error)
{
  if (signature == NULL && !check_shape(message, error))
    return NULL;
  g_autofree char *folder = g_dir_make_tmp("ashlar-gpgv-XXXXXX", error);
  if (folder == NULL)
    return NULL;
  GBytes *text = NULL;
  g_autoptr(GPtrArray) argv = prepare(keyring, folder, message, signature, error);
  if (argv != NULL && run(argv, keyring, cancellable, error))
    text = signature == NULL ? read_text(folder, error) : g_bytes_ref(message);
  else
    g_prefix_error(error, "%s: ", signature == NULL ? "InRelease" : "Release.gpg");
  remove_folder(folder);
  return text;
}

GBytes *
gpgv_strip(GBytes *message, GError **error)
{
  gsize size;
  const char *text = g_bytes_get_data(message, &size);
  if (size < strlen(CLEAR_BEGIN) || memcmp(text, CLEAR_BEGIN, strlen(CLEAR_BEGIN)) != 0)
    return g_bytes_ref(message);
  if (!check_shape(message, error))
    return NULL;
  const char *start = g_strstr_len(text, (gssize)size, "\n\n"), *end = g_strstr_len(text, (gssize)size, CLEAR_SIGNATURE);
  if (start == NULL || end == NULL || end < start) {
    set_shape(error, "is cut short");
    return NULL;
  }
  g_autofree char *body = g_strndup(start + 2, (gsize)(end - start - 1));
  g_auto(GStrv) lines = g_strsplit(body, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix(*line, "- "))
      memmove(*line, *line + 2, strlen(*line + 2) + 1);
  char *stripped = g_strjoinv("\n", lines);
  return g_bytes_new_take(stripped, strlen(stripped));
}
