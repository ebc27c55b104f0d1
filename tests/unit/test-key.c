/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/error.h"
#include "signing/limits.h"
#include "signing/key.h"
#include "signing/passphrase.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE "cut to exact dimensions\n"

typedef struct {
  char *folder;
  char *private_path, *public_path, *message_path, *signature_path;
} Files;

static void
files_set_up(Files *files, gconstpointer data)
{
  files->folder = g_dir_make_tmp("ashlar-key-XXXXXX", NULL);
  files->private_path = g_build_filename(files->folder, "k.pem", NULL);
  files->public_path = g_build_filename(files->folder, "k.pub", NULL);
  files->message_path = g_build_filename(files->folder, "message", NULL);
  files->signature_path = g_build_filename(files->folder, "signature", NULL);
  g_assert_true(g_file_set_contents(files->message_path, MESSAGE, -1, NULL));
}

static void
files_tear_down(Files *files, gconstpointer data)
{
  char *const paths[] = {files->private_path, files->public_path, files->message_path, files->signature_path};
  for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
    g_unlink(paths[i]);
    g_free(paths[i]);
  }
  g_rmdir(files->folder);
  g_free(files->folder);
}

/* Runs openssl, the judge; whether it ended well. */
static gboolean
openssl(const char *first, ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  g_ptr_array_add(argv, (gpointer) "openssl");
  va_list args;
  va_start(args, first);
  for (const char *arg = first; arg != NULL; arg = va_arg(args, const char *))
    g_ptr_array_add(argv, (gpointer)arg);
  va_end(args);
  g_ptr_array_add(argv, NULL);
  int status;
  g_autoptr(GError) error = NULL;
  g_assert_true(g_spawn_sync(NULL, (char **)argv->pdata, NULL,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                             NULL, &status, &error));
  return g_spawn_check_wait_status(status, NULL);
}

static gboolean
openssl_verifies(Files *files, KeyType type)
{
  if (type == KEY_ED25519)
    return openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", files->public_path, "-in", files->message_path,
                   "-sigfile", files->signature_path, NULL);
  return openssl("dgst", "-sha256", "-verify", files->public_path, "-signature", files->signature_path, files->message_path,
                 NULL);
}

static void
openssl_signs(Files *files, KeyType type)
{
  if (type == KEY_ED25519)
    g_assert_true(openssl("pkeyutl", "-sign", "-rawin", "-inkey", files->private_path, "-in", files->message_path, "-out",
                          files->signature_path, NULL));
  else
    g_assert_true(
      openssl("dgst", "-sha256", "-sign", files->private_path, "-out", files->signature_path, files->message_path, NULL));
}

static void
write_key(Files *files, const Key *key, const Secret *passphrase)
{
  g_auto(Secret) pem = {0};
  g_autoptr(GError) error = NULL;
  g_assert_true(key_private_pem(key, passphrase, &pem, &error));
  g_assert_true(g_file_set_contents(files->private_path, pem.data, (gssize)pem.size, NULL));
  g_autofree char *public = key_public_pem(key);
  g_assert_true(g_file_set_contents(files->public_path, public, -1, NULL));
}

static void
openssl_verifies_what_we_sign(Files *files, gconstpointer data)
{
  KeyType type = (KeyType)GPOINTER_TO_INT(data);
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) key = key_generate(type, &error);
  g_assert_no_error(error);
  write_key(files, key, NULL);
  g_autoptr(GBytes) signature = key_sign(key, MESSAGE, strlen(MESSAGE), &error);
  g_assert_no_error(error);
  g_assert_true(
    g_file_set_contents(files->signature_path, g_bytes_get_data(signature, NULL), (gssize)g_bytes_get_size(signature), NULL));
  g_assert_true(openssl_verifies(files, type));
  g_assert_true(g_file_set_contents(files->message_path, MESSAGE "more", -1, NULL));
  g_assert_false(openssl_verifies(files, type));
}

static void
we_verify_what_openssl_signs(Files *files, gconstpointer data)
{
  KeyType type = (KeyType)GPOINTER_TO_INT(data);
  g_autoptr(GError) error = NULL;
  const char *algorithm = type == KEY_ED25519 ? "ed25519" : type == KEY_ECDSA ? "EC" : "RSA";
  const char *option = type == KEY_ECDSA ? "ec_paramgen_curve:P-256" : "rsa_keygen_bits:2048";
  if (type == KEY_ED25519)
    g_assert_true(openssl("genpkey", "-algorithm", algorithm, "-out", files->private_path, NULL));
  else
    g_assert_true(openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", files->private_path, NULL));
  g_assert_true(openssl("pkey", "-in", files->private_path, "-pubout", "-out", files->public_path, NULL));
  openssl_signs(files, type);
  g_autoptr(Key) key = key_load_public(files->public_path, &error);
  g_assert_no_error(error);
  g_assert_cmpint(key_type(key), ==, type);
  g_autofree char *signature = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(files->signature_path, &signature, &size, NULL));
  g_assert_true(key_verify(key, MESSAGE, strlen(MESSAGE), signature, size));
  g_assert_false(key_verify(key, MESSAGE, strlen(MESSAGE) - 1, signature, size));
  g_assert_false(key_verify(key, MESSAGE, strlen(MESSAGE), signature, size - 1));
  g_assert_false(key_verify(key, MESSAGE, strlen(MESSAGE), "", 0));
  signature[size / 2] ^= 1;
  g_assert_false(key_verify(key, MESSAGE, strlen(MESSAGE), signature, size));
  g_autoptr(Key) private = key_load_private(files->private_path, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_true(digest_equal(key_fingerprint(key), key_fingerprint(private)));
}

static void
ed25519_signatures_are_deterministic(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) key = key_generate(KEY_ED25519, &error);
  g_autoptr(GBytes) one = key_sign(key, "x", 1, &error);
  g_autoptr(GBytes) two = key_sign(key, "x", 1, &error);
  g_assert_true(g_bytes_equal(one, two));
}

static gboolean
answer(const char *subject, gpointer data, Secret *out, GError **error)
{
  secret_set(out, data, strlen(data));
  return TRUE;
}

static void
encrypted_keys_open_with_their_passphrase_only(Files *files, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) key = key_generate(KEY_ED25519, &error);
  g_auto(Secret) passphrase = {0};
  secret_set(&passphrase, "open sesame", 11);
  write_key(files, key, &passphrase);
  g_assert_true(openssl("pkey", "-in", files->private_path, "-passin", "pass:open sesame", "-noout", NULL));
  g_assert_false(openssl("pkey", "-in", files->private_path, "-passin", "pass:open barley", "-noout", NULL));
  g_autoptr(Key) again = key_load_private(files->private_path, answer, (gpointer) "open sesame", &error);
  g_assert_no_error(error);
  g_assert_true(digest_equal(key_fingerprint(key), key_fingerprint(again)));
  g_assert_null(key_load_private(files->private_path, answer, (gpointer) "open barley", &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_nonnull(strstr(error->message, "does not open with this passphrase"));
  g_clear_error(&error);
  g_assert_null(key_load_private(files->private_path, NULL, NULL, &error));
  g_assert_nonnull(strstr(error->message, "is encrypted"));
}

static void
openssl_encrypted_keys_are_read(Files *files, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_assert_true(
    openssl("genpkey", "-algorithm", "ed25519", "-aes-256-cbc", "-pass", "pass:hush", "-out", files->private_path, NULL));
  g_autoptr(Key) key = key_load_private(files->private_path, answer, (gpointer) "hush", &error);
  g_assert_no_error(error);
  g_assert_cmpint(key_type(key), ==, KEY_ED25519);
}

static void
keys_of_other_kinds_are_refused(Files *files, gconstpointer data)
{
  static const char *const kinds[][2] = {{"RSA", "rsa_keygen_bits:1024"}, {"EC", "ec_paramgen_curve:P-384"}};
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_true(openssl("genpkey", "-algorithm", kinds[i][0], "-pkeyopt", kinds[i][1], "-out", files->private_path, NULL));
    g_assert_null(key_load_private(files->private_path, NULL, NULL, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "not supported"));
  }
}

static void
the_wrong_half_is_told(Files *files, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) key = key_generate(KEY_ED25519, &error);
  write_key(files, key, NULL);
  g_assert_null(key_load_private(files->public_path, NULL, NULL, &error));
  g_assert_nonnull(strstr(error->message, "is a public key"));
  g_clear_error(&error);
  g_assert_null(key_load_public(files->private_path, &error));
  g_assert_nonnull(strstr(error->message, "is a private key"));
}

static void
what_is_no_key_is_refused(Files *files, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(key_load_public(files->message_path, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_clear_error(&error);
  g_assert_null(key_load_private(files->message_path, NULL, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_clear_error(&error);
  g_assert_null(key_load_private(files->signature_path, NULL, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_null(key_load_public("/dev/zero", &error));
  g_assert_nonnull(strstr(error->message, "a key larger than 64 KiB (limit 'key')"));
}

/* The key and signature of the DSSE specification (protocol.md), the signature re-encoded as DER. */
static void
dsse_test_vector(void)
{
  static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
                            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ805D3eqNZywjCI19lInBJOp7YMr\n"
                            "CrzAH3CVTAOQ0jgMeCvVTiaRJaRPRDOv8UMs6U4SvKc6pnrIDOoSYI3fdA==\n"
                            "-----END PUBLIC KEY-----\n";
  static const char message[] = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
  static const guint8 expected[] = {0xf7, 0x93, 0x58, 0x00, 0x60, 0x56};
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) key = key_parse_public(pem, strlen(pem), "vector", &error);
  g_assert_no_error(error);
  gsize size;
  g_autofree guchar *signature =
    g_base64_decode("MEQCIANyarEBrVbCdjtsaqyOSHJ14qeRk6CdxfhZ2fjvPEo7AiBR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==", &size);
  g_assert_true(key_verify(key, message, strlen(message), signature, size));
  g_assert_false(key_verify(key, message, strlen(message) - 1, signature, size));
  /* 95NYAGBW... in base64 */
  g_assert_cmpmem(key_fingerprint(key)->bytes, sizeof expected, expected, sizeof expected);
}

static void
passphrases_come_from_a_descriptor(void)
{
  g_autoptr(GError) error = NULL;
  g_auto(Secret) secret = {0};
  int ends[2];
  g_assert_cmpint(pipe(ends), ==, 0);
  g_assert_cmpint(write(ends[1], "first line\nrest", 15), ==, 15);
  PassphraseSource source = {.fd = ends[0]};
  g_assert_true(passphrase_ask("k", &source, &secret, &error));
  g_assert_cmpstr(secret.data, ==, "first line");
  char rest[8] = "";
  g_assert_cmpint(read(ends[0], rest, sizeof rest - 1), ==, 4);
  g_assert_cmpstr(rest, ==, "rest");
  close(ends[0]);
  close(ends[1]);
  g_assert_false(passphrase_ask("k", &source, &secret, &error));
  g_assert_nonnull(error);
}

static void
too_long_a_passphrase_is_refused(void)
{
  g_autoptr(GError) error = NULL;
  g_auto(Secret) secret = {0};
  char text[PASSPHRASE_MAX + 1];
  int ends[2];
  g_assert_cmpint(pipe(ends), ==, 0);
  memset(text, 'x', sizeof text);
  g_assert_cmpint(write(ends[1], text, sizeof text), ==, (int)sizeof text);
  close(ends[1]);
  g_assert_false(passphrase_read(ends[0], &secret, &error));
  g_assert_nonnull(strstr(error->message, "longer than"));
  close(ends[0]);
}

static void
passphrases_come_from_the_environment(void)
{
  g_autoptr(GError) error = NULL;
  g_auto(Secret) secret = {0};
  PassphraseSource source = {.fd = -1};
  g_setenv(PASSPHRASE_VARIABLE, "from outside", TRUE);
  g_assert_true(passphrase_ask("k", &source, &secret, &error));
  g_assert_cmpstr(secret.data, ==, "from outside");
  g_unsetenv(PASSPHRASE_VARIABLE);
}

#define ADD(path, function, data) g_test_add(path, Files, data, files_set_up, function, files_tear_down)

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  ADD("/key/openssl-verifies/ed25519", openssl_verifies_what_we_sign, GINT_TO_POINTER(KEY_ED25519));
  ADD("/key/openssl-verifies/ecdsa", openssl_verifies_what_we_sign, GINT_TO_POINTER(KEY_ECDSA));
  ADD("/key/openssl-verifies/rsa", openssl_verifies_what_we_sign, GINT_TO_POINTER(KEY_RSA));
  ADD("/key/we-verify/ed25519", we_verify_what_openssl_signs, GINT_TO_POINTER(KEY_ED25519));
  ADD("/key/we-verify/ecdsa", we_verify_what_openssl_signs, GINT_TO_POINTER(KEY_ECDSA));
  ADD("/key/we-verify/rsa", we_verify_what_openssl_signs, GINT_TO_POINTER(KEY_RSA));
  g_test_add_func("/key/ed25519-deterministic", ed25519_signatures_are_deterministic);
  ADD("/key/encrypted", encrypted_keys_open_with_their_passphrase_only, NULL);
  ADD("/key/encrypted-by-openssl", openssl_encrypted_keys_are_read, NULL);
  ADD("/key/other-kinds", keys_of_other_kinds_are_refused, NULL);
  ADD("/key/wrong-half", the_wrong_half_is_told, NULL);
  ADD("/key/no-key", what_is_no_key_is_refused, NULL);
  g_test_add_func("/key/dsse-vector", dsse_test_vector);
  g_test_add_func("/passphrase/descriptor", passphrases_come_from_a_descriptor);
  g_test_add_func("/passphrase/too-long", too_long_a_passphrase_is_refused);
  g_test_add_func("/passphrase/environment", passphrases_come_from_the_environment);
  return g_test_run();
}
