/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's records of actions. What is taken can be put and got again, and names no blob that is not there.
 */
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  Store *store = fuzz_store();
  Digest key;
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_of("key", 3, &key);
  digest_to_hex(&key, hex);
  g_autofree char *path = g_build_filename(store_path(store), "actions", hex, NULL);
  fuzz_put(path, data, size);
  json_t *outputs = store_action_get(store, &key);
  if (outputs == NULL)
    return 0;
  char *text = json_dumps(outputs, JSON_COMPACT);
  if (text != NULL && strlen(text) < 1 << 19) {
    g_assert(store_action_put(store, &key, outputs, NULL));
    json_t *again = store_action_get(store, &key);
    g_assert(json_equal(outputs, again));
    json_decref(again);
  }
  free(text);
  json_decref(outputs);
  return 0;
}
