/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/secret.h"

#include <openssl/crypto.h>
#include <string.h>

void
secret_set(Secret *secret, const void *data, gsize size)
{
  char *copy = g_malloc(size + 1);
  if (size > 0)
    memcpy(copy, data, size);
  copy[size] = '\0';
  secret_clear(secret);
  secret->data = copy;
  secret->size = size;
}

gboolean
secret_equal(const Secret *a, const Secret *b)
{
  return a->size == b->size && CRYPTO_memcmp(a->data, b->data, a->size) == 0;
}

void
secret_clear(Secret *secret)
{
  if (secret->data != NULL)
    OPENSSL_cleanse(secret->data, secret->size);
  g_clear_pointer(&secret->data, g_free);
  secret->size = 0;
}
