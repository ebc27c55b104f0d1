/* SPDX-License-Identifier: Apache-2.0
 *
 * Signature keys: Ed25519 (the default: its signatures are deterministic), ECDSA P-256, RSA. Private keys are PEM PKCS#8
 * (RFC 5958), encrypted or not; public keys PEM SubjectPublicKeyInfo, as OpenSSL and cosign read and write them.
 *
 *   Ed25519     pure (RFC 8032) over the bytes
 *   ECDSA       ASN.1 DER over their SHA-256
 *   RSA         PKCS#1 v1.5 over their SHA-256; 2048 bits or more
 */
#ifndef ASHLAR_SIGNING_KEY_H
#define ASHLAR_SIGNING_KEY_H

#include "signing/digest.h"
#include "signing/secret.h"

typedef enum { KEY_ED25519, KEY_ECDSA, KEY_RSA } KeyType;

#define KEY_RSA_BITS 3072 /* of new keys */
#define KEY_RSA_BITS_MIN 2048

/* "ed25519", "ecdsa", "rsa". */
gboolean key_type_parse(const char *name, KeyType *out);
const char *key_type_name(KeyType type);

typedef struct Key Key;

Key *key_generate(KeyType type, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asked for the passphrase of the key in the file @subject, only when that key is encrypted. */
typedef gboolean (*KeyAsk)(const char *subject, gpointer data, Secret *out, GError **error);
/* Reads a private key. A wrong passphrase, a key of another kind, or a public key are errors that say so.
 * @ask NULL: an encrypted key is an error. */
Key *key_load_private(const char *path, KeyAsk ask, gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Reads a public key. A private key is an error: verifying needs no secret. */
Key *key_load_public(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same from PEM in memory; @name is for errors. */
Key *key_parse_public(const void *pem, gsize size, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void key_free(Key *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Key, key_free)

KeyType key_type(const Key *key);
gboolean key_has_private(const Key *key);
/* SHA-256 of the DER SubjectPublicKeyInfo. */
const Digest *key_fingerprint(const Key *key);

/* PEM of the private key; encrypted (PBES2: scrypt, AES-256-CBC) when @passphrase is not NULL. */
gboolean key_private_pem(const Key *key, const Secret *passphrase, Secret *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* PEM of the public key (transfer full). */
char *key_public_pem(const Key *key);

/* The signature over @size bytes; NULL on failure (a key without private part is a programming error). */
GBytes *key_sign(const Key *key, const void *data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether @signature is this key's over @size bytes. */
gboolean key_verify(const Key *key, const void *data, gsize size, const void *signature, gsize signature_size);

#endif
