/* SPDX-License-Identifier: Apache-2.0
 *
 * Cosign's payloads. One that is taken is for its own digest and reference and for no other.
 */
#include "signing/cosign.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_auto(CosignPayload) payload = {0};
  g_autoptr(GError) error = NULL;
  if (!cosign_payload_parse(data, size, &payload, &error)) {
    g_assert(error != NULL);
    return 0;
  }
  g_assert(cosign_payload_check(&payload, &payload.digest, payload.reference, NULL));
  Digest other = payload.digest;
  other.bytes[0] ^= 1;
  g_assert(!cosign_payload_check(&payload, &other, NULL, NULL));
  g_autoptr(GBytes) made = cosign_payload_make(payload.reference, &payload.digest, NULL);
  g_auto(CosignPayload) same = {0};
  g_assert(cosign_payload_parse(g_bytes_get_data(made, NULL), g_bytes_get_size(made), &same, NULL));
  g_assert(digest_equal(&same.digest, &payload.digest));
  g_assert_cmpstr(same.reference, ==, payload.reference);
  return 0;
}
