/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/digest.h"
#include "signing/error.h"

#include <openssl/evp.h>
#include <string.h>

/* Fetched once: EVP_sha256() would look the implementation up at every EVP_DigestInit. */
static const EVP_MD *
sha256(void)
{
  static gsize once;
  if (g_once_init_enter(&once))
    g_once_init_leave(&once, (gsize)EVP_MD_fetch(NULL, "SHA256", NULL));
  return (const EVP_MD *)once;
}

struct Hasher {
  EVP_MD_CTX *context;
};

Hasher *
hasher_new(void)
{
  Hasher *hasher = g_new(Hasher, 1);
  hasher->context = EVP_MD_CTX_new();
  if (hasher->context == NULL || !EVP_DigestInit_ex2(hasher->context, sha256(), NULL))
    g_error("OpenSSL offers no SHA-256");
  return hasher;
}

void
hasher_update(Hasher *hasher, const void *data, gsize size)
{
  if (!EVP_DigestUpdate(hasher->context, data, size))
    g_error("OpenSSL cannot hash");
}

void
hasher_finish(Hasher *hasher, Digest *out)
{
  if (!EVP_DigestFinal_ex(hasher->context, out->bytes, NULL) || !EVP_DigestInit_ex2(hasher->context, sha256(), NULL))
    g_error("OpenSSL cannot hash");
}

void
hasher_free(Hasher *hasher)
{
  EVP_MD_CTX_free(hasher->context);
  g_free(hasher);
}

void
digest_of(const void *data, gsize size, Digest *out)
{
  if (!EVP_Digest(data, size, out->bytes, NULL, sha256(), NULL))
    g_error("OpenSSL cannot hash");
}

void
digest_to_hex(const Digest *digest, char hex[DIGEST_HEX_LENGTH + 1])
{
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < DIGEST_SIZE; i++) {
    hex[2 * i] = digits[digest->bytes[i] >> 4];
    hex[2 * i + 1] = digits[digest->bytes[i] & 15];
  }
  hex[DIGEST_HEX_LENGTH] = '\0';
}

const char *
digest_to_string(const Digest *digest, char text[DIGEST_STRING_SIZE])
{
  memcpy(text, "sha256:", 7);
  digest_to_hex(digest, text + 7);
  return text;
}

static int
nibble(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

gboolean
digest_from_hex(const char *hex, Digest *out)
{
  Digest parsed;
  for (int i = 0; i < DIGEST_SIZE; i++) {
    int high = nibble(hex[2 * i]);
    int low = high < 0 ? -1 : nibble(hex[2 * i + 1]);
    if (low < 0)
      return FALSE;
    parsed.bytes[i] = (guint8)(high << 4 | low);
  }
  if (hex[DIGEST_HEX_LENGTH] != '\0')
    return FALSE;
  *out = parsed;
  return TRUE;
}

gboolean
digest_from_string(const char *text, Digest *out, GError **error)
{
  if (g_str_has_prefix(text, "sha256:") && digest_from_hex(text + 7, out))
    return TRUE;
  g_autofree char *shown = g_strescape(text, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%.100s' is not a digest 'sha256:' with 64 lower-case hex digits",
              shown);
  return FALSE;
}

int
digest_compare(const Digest *a, const Digest *b)
{
  return memcmp(a->bytes, b->bytes, DIGEST_SIZE);
}

guint
digest_hash(gconstpointer digest)
{
  guint hash;
  memcpy(&hash, digest, sizeof hash);
  return hash;
}

gboolean
digest_equal(gconstpointer a, gconstpointer b)
{
  return memcmp(a, b, DIGEST_SIZE) == 0;
}
