/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys in PEM, taken for a private and for a public one (no input is both). A key that is taken is written as a PEM that is
 * taken for the same key. No passphrase is given: what an encrypted key asks of its owner's machine is the owner's choice.
 */
#include "signing/key.h"
#include "tests/fuzz/fuzz.h"

static gboolean
ask(const char *subject, gpointer data, Secret *out, GError **error)
{
  g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "no passphrase");
  return FALSE;
}

static void
check_key(const Key *key)
{
  g_autofree char *pem = key_public_pem(key);
  g_autoptr(Key) again = key_parse_public(pem, strlen(pem), "again", NULL);
  g_assert(again != NULL && key_type(again) == key_type(key) && !key_has_private(again));
  g_assert(digest_equal(key_fingerprint(again), key_fingerprint(key)));
  static const guint8 zeros[64];
  g_assert(!key_verify(key, "x", 1, zeros, sizeof zeros));
}

static void
check_private(const Key *key)
{
  g_auto(Secret) pem = {0};
  g_assert(key_has_private(key) && key_private_pem(key, NULL, &pem, NULL));
  g_autoptr(Key) again = key_load_private(fuzz_file_path((const guint8 *)pem.data, pem.size), NULL, NULL, NULL);
  g_assert(again != NULL && digest_equal(key_fingerprint(again), key_fingerprint(key)));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(GError) not_public = NULL, not_private = NULL;
  g_autoptr(Key) public = key_parse_public(data, size, "input", &not_public);
  g_assert((public == NULL) == (not_public != NULL));
  g_autoptr(Key) private = key_load_private(fuzz_file_path(data, size), ask, NULL, &not_private);
  g_assert((private == NULL) == (not_private != NULL));
  g_assert(public == NULL || private == NULL);
  if (public != NULL)
    check_key(public);
  if (private != NULL) {
    check_key(private);
    check_private(private);
  }
  return 0;
}
