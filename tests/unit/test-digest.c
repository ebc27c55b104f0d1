/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/digest.h"
#include "signing/error.h"

static void
assert_digest(const void *data, gsize size, const char *hex)
{
  Digest digest;
  char text[DIGEST_HEX_LENGTH + 1];
  digest_of(data, size, &digest);
  digest_to_hex(&digest, text);
  g_assert_cmpstr(text, ==, hex);
}

static void
known_vectors(void)
{
  static const char zeros[1024];
  assert_digest("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_digest("{}", 2, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  assert_digest(zeros, sizeof zeros, "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
}

static void
streaming_equals_whole_and_starts_afresh(void)
{
  g_autoptr(Hasher) hasher = hasher_new();
  Digest whole, streamed;
  digest_of("hello world", 11, &whole);
  for (int round = 0; round < 2; round++) {
    hasher_update(hasher, "hello ", 6);
    hasher_update(hasher, "world", 5);
    hasher_finish(hasher, &streamed);
    g_assert_true(digest_equal(&whole, &streamed));
  }
}

static void
spellings(void)
{
  Digest digest, parsed;
  char text[DIGEST_STRING_SIZE];
  g_autoptr(GError) error = NULL;
  digest_of("x", 1, &digest);
  g_assert_true(digest_from_string(digest_to_string(&digest, text), &parsed, &error));
  g_assert_no_error(error);
  g_assert_cmpint(digest_compare(&digest, &parsed), ==, 0);
  static const char *const bad[] = {"",
                                    "sha256:",
                                    "sha512:00",
                                    "sha256:XY",
                                    "md5:0",
                                    "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                                    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550"};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_assert_false(digest_from_string(bad[i], &parsed, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_clear_error(&error);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/digest/known-vectors", known_vectors);
  g_test_add_func("/digest/streaming", streaming_equals_whole_and_starts_afresh);
  g_test_add_func("/digest/spellings", spellings);
  return g_test_run();
}
