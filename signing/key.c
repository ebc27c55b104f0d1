/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/key.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The largest cost that OpenSSL's own reader takes without being told more (16 MiB of memory). */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 1

struct Key {
  EVP_PKEY *pkey;
  KeyType type;
  gboolean private_part;
  Digest fingerprint;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_SIG, X509_SIG_free)

static const char *const type_names[] = {"ed25519", "ecdsa", "rsa"};

gboolean
key_type_parse(const char *name, KeyType *out)
{
  for (guint i = 0; i < G_N_ELEMENTS(type_names); i++)
    if (strcmp(name, type_names[i]) == 0) {
      *out = (KeyType)i;
      return TRUE;
    }
  return FALSE;
}

const char *
key_type_name(KeyType type)
{
  return type_names[type];
}

/* Sets @error to @message and OpenSSL's own reason. Returns FALSE. */
static gboolean
set_openssl_error(GError **error, AshlarError code, const char *message)
{
  char reason[256];
  unsigned long number = ERR_peek_last_error();
  ERR_error_string_n(number, reason, sizeof reason);
  ERR_clear_error();
  g_set_error(error, ASHLAR_ERROR, (gint)code, "%s%s%s", message, number != 0 ? ": " : "", number != 0 ? reason : "");
  return FALSE;
}

/* ---- making a Key of an EVP_PKEY ---- */

static gboolean
classify(EVP_PKEY *pkey, const char *name, KeyType *type, GError **error)
{
  char group[64] = "";
  int bits = EVP_PKEY_get_bits(pkey);
  if (EVP_PKEY_is_a(pkey, "ED25519")) {
    *type = KEY_ED25519;
    return TRUE;
  }
  if (EVP_PKEY_is_a(pkey, "RSA") && bits >= KEY_RSA_BITS_MIN && bits <= (int)limits_get(LIMIT_RSA_BITS)) {
    *type = KEY_RSA;
    return TRUE;
  }
  if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) &&
      strcmp(group, "prime256v1") == 0) {
    *type = KEY_ECDSA;
    return TRUE;
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
              "'%s' is a key of a kind that is not supported (%s%s%s, %d bits)\nhint: ed25519, ecdsa with P-256, and rsa of "
              "%d to %d bits are",
              name, EVP_PKEY_get0_type_name(pkey), group[0] != '\0' ? " " : "", group, bits, KEY_RSA_BITS_MIN,
              (int)limits_get(LIMIT_RSA_BITS));
  return FALSE;
}

/* Takes @pkey over, on failure too. */
static Key *
key_new(EVP_PKEY *pkey, gboolean private_part, const char *name, GError **error)
{
  g_autoptr(EVP_PKEY) owned = pkey;
  KeyType type;
  if (!classify(pkey, name, &type, error))
    return NULL;
  unsigned char *der = NULL;
  int size = i2d_PUBKEY(pkey, &der);
  if (size <= 0) {
    set_openssl_error(error, ASHLAR_ERROR_INVALID, "the key has no public part");
    return NULL;
  }
  Key *key = g_new0(Key, 1);
  digest_of(der, (gsize)size, &key->fingerprint);
  OPENSSL_free(der);
  key->pkey = g_steal_pointer(&owned);
  key->type = type;
  key->private_part = private_part;
  return key;
}

Key *
key_generate(KeyType type, GError **error)
{
  EVP_PKEY *pkey = NULL;
  switch (type) {
  case KEY_ED25519:
    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    break;
  case KEY_ECDSA:
    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    break;
  case KEY_RSA:
    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)KEY_RSA_BITS);
    break;
  }
  if (pkey == NULL) {
    set_openssl_error(error, ASHLAR_ERROR_FAILED, "generate a key");
    return NULL;
  }
  return key_new(pkey, TRUE, "the new key", error);
}

void
key_free(Key *key)
{
  EVP_PKEY_free(key->pkey);
  g_free(key);
}

KeyType
key_type(const Key *key)
{
  return key->type;
}

gboolean
key_has_private(const Key *key)
{
  return key->private_part;
}

const Digest *
key_fingerprint(const Key *key)
{
  return &key->fingerprint;
}

/* ---- reading ---- */

static gboolean
read_all(int fd, Secret *out, GError **error)
{
  gsize most = limits_get(LIMIT_KEY), size = 0;
  char *buffer = g_malloc(most + 1);
  ssize_t got = 0;
  while (size <= most && (got = read(fd, buffer + size, most + 1 - size)) != 0) {
    if (got < 0 && errno != EINTR)
      break;
    size += got > 0 ? (gsize)got : 0;
  }
  gboolean ok = FALSE;
  if (got < 0)
    error_set_errno(error, errno, "read");
  else if (size > most)
    limits_exceed(LIMIT_KEY, error);
  else
    ok = TRUE;
  if (ok)
    secret_set(out, buffer, size);
  OPENSSL_cleanse(buffer, most + 1);
  g_free(buffer);
  return ok;
}

/* Key files are read here and not with GLib: what is read of a private key is wiped. */
static gboolean
read_key_file(const char *path, Secret *out, GError **error)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return error_set_errno(error, errno, "open the key '%s'", path);
  gboolean ok = read_all(fd, out, error);
  if (!ok)
    g_prefix_error(error, "key '%s': ", path);
  close(fd);
  return ok;
}

/* An empty file has no data to look through. */
static gboolean
holds(const Secret *pem, const char *text)
{
  return pem->size > 0 && memmem(pem->data, pem->size, text, strlen(text)) != NULL;
}

static gboolean
has_armor(const Secret *pem, const char *label)
{
  g_autofree char *line = g_strdup_printf("-----BEGIN %s-----", label);
  return holds(pem, line);
}

static gboolean
is_encrypted(const Secret *pem)
{
  return has_armor(pem, "ENCRYPTED PRIVATE KEY") || holds(pem, "Proc-Type: 4,ENCRYPTED");
}

static int
give_passphrase(char *buffer, int size, int writing, void *data)
{
  const Secret *passphrase = data;
  if (passphrase->data == NULL || passphrase->size > (gsize)size)
    return -1;
  memcpy(buffer, passphrase->data, passphrase->size);
  return (int)passphrase->size;
}

static gboolean
reject_other_pem(const Secret *pem, const char *path, GError **error)
{
  if (has_armor(pem, "PUBLIC KEY")) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is a public key, but signing needs the private one", path);
    return FALSE;
  }
  if (has_armor(pem, "ENCRYPTED SIGSTORE PRIVATE KEY") || has_armor(pem, "ENCRYPTED COSIGN PRIVATE KEY")) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
                "'%s' is in cosign's own form of encryption\nhint: keys made by 'ashlar keygen' or OpenSSL (PKCS#8) are read",
                path);
    return FALSE;
  }
  return TRUE;
}

Key *
key_load_private(const char *path, KeyAsk ask, gpointer data, GError **error)
{
  g_auto(Secret) pem = {0};
  g_auto(Secret) passphrase = {0};
  if (!read_key_file(path, &pem, error) || !reject_other_pem(&pem, path, error))
    return NULL;
  gboolean encrypted = is_encrypted(&pem);
  if (encrypted && ask == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the key '%s' is encrypted", path);
    return NULL;
  }
  if (encrypted && !ask(path, data, &passphrase, error))
    return NULL;
  g_autoptr(BIO) bio = BIO_new_mem_buf(pem.data, (int)pem.size);
  EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &passphrase);
  if (pkey == NULL) {
    ERR_clear_error();
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
                encrypted ? "the key '%s' does not open with this passphrase" : "'%s' is not a private key in PEM", path);
    return NULL;
  }
  return key_new(pkey, TRUE, path, error);
}

static Key *
parse_public(const Secret *pem, const char *name, GError **error)
{
  if (has_armor(pem, "PRIVATE KEY") || is_encrypted(pem)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
                "'%s' is a private key, but verifying wants the public one\nhint: 'ashlar keygen' wrote it beside, as '%s.pub'",
                name, name);
    return NULL;
  }
  g_autoptr(BIO) bio = BIO_new_mem_buf(pem->data, (int)pem->size);
  EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
  if (pkey == NULL) {
    ERR_clear_error();
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is not a public key in PEM", name);
    return NULL;
  }
  return key_new(pkey, FALSE, name, error);
}

Key *
key_load_public(const char *path, GError **error)
{
  g_auto(Secret) pem = {0};
  return read_key_file(path, &pem, error) ? parse_public(&pem, path, error) : NULL;
}

Key *
key_parse_public(const void *pem, gsize size, const char *name, GError **error)
{
  g_auto(Secret) copy = {0};
  if (size > limits_get(LIMIT_KEY)) {
    limits_refuse(LIMIT_KEY, error, "'%s'", name);
    return NULL;
  }
  secret_set(&copy, pem, size);
  return parse_public(&copy, name, error);
}

/* ---- writing ---- */

static X509_SIG *
encrypt_pkcs8(PKCS8_PRIV_KEY_INFO *info, const Secret *passphrase)
{
  X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
  if (pbe == NULL)
    return NULL;
  X509_SIG *sealed = PKCS8_set0_pbe(passphrase->data, (int)passphrase->size, info, pbe);
  if (sealed == NULL)
    X509_ALGOR_free(pbe);
  return sealed;
}

gboolean
key_private_pem(const Key *key, const Secret *passphrase, Secret *out, GError **error)
{
  /* what a secure BIO held is wiped when it is freed */
  g_autoptr(BIO) bio = BIO_new(BIO_s_secmem());
  g_autoptr(PKCS8_PRIV_KEY_INFO) info = EVP_PKEY2PKCS8(key->pkey);
  gboolean ok = bio != NULL && info != NULL;
  if (ok && passphrase != NULL) {
    g_autoptr(X509_SIG) sealed = encrypt_pkcs8(info, passphrase);
    ok = sealed != NULL && PEM_write_bio_PKCS8(bio, sealed);
  } else if (ok) {
    ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info);
  }
  if (!ok)
    return set_openssl_error(error, ASHLAR_ERROR_FAILED, "write the private key");
  char *text;
  long size = BIO_get_mem_data(bio, &text);
  secret_set(out, text, (gsize)size);
  return TRUE;
}

char *
key_public_pem(const Key *key)
{
  g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
  if (bio == NULL || !PEM_write_bio_PUBKEY(bio, key->pkey))
    g_error("OpenSSL cannot write a public key");
  char *text;
  long size = BIO_get_mem_data(bio, &text);
  return g_strndup(text, (gsize)size);
}

/* ---- signing ---- */

static const EVP_MD *
digest_for(const Key *key)
{
  return key->type == KEY_ED25519 ? NULL : EVP_sha256();
}

GBytes *
key_sign(const Key *key, const void *data, gsize size, GError **error)
{
  g_return_val_if_fail(key->private_part, NULL);
  g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
  size_t length = 0;
  g_autofree guint8 *signature = NULL;
  gboolean ok = EVP_DigestSignInit(context, NULL, digest_for(key), NULL, key->pkey) == 1 &&
                EVP_DigestSign(context, NULL, &length, data, size) == 1;
  if (ok) {
    signature = g_malloc(length);
    ok = EVP_DigestSign(context, signature, &length, data, size) == 1;
  }
  if (!ok) {
    set_openssl_error(error, ASHLAR_ERROR_FAILED, "sign");
    return NULL;
  }
  return g_bytes_new_take(g_steal_pointer(&signature), length);
}

gboolean
key_verify(const Key *key, const void *data, gsize size, const void *signature, gsize signature_size)
{
  g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
  gboolean good = EVP_DigestVerifyInit(context, NULL, digest_for(key), NULL, key->pkey) == 1 &&
                  EVP_DigestVerify(context, signature, signature_size, data, size) == 1;
  ERR_clear_error();
  return good;
}
