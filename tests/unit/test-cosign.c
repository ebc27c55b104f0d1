/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/cosign.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

#define HEX "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define CRITICAL                                                                                                               \
  "\"critical\":{\"identity\":{\"docker-reference\":\"reg/foo\"},\"image\":{\"docker-manifest-digest\":\"sha256:" HEX "\"},"   \
  "\"type\":\"cosign container image signature\"}"

static void
assert_payload(const char *reference, const char *const *optional, const char *expected)
{
  Digest digest;
  digest_of("{}", 2, &digest);
  g_autoptr(GBytes) payload = cosign_payload_make(reference, &digest, optional);
  g_autofree char *text = g_strndup(g_bytes_get_data(payload, NULL), g_bytes_get_size(payload));
  g_assert_cmpstr(text, ==, expected);
}

static void
made_as_cosign_makes_it(void)
{
  assert_payload("reg/foo", NULL, "{" CRITICAL ",\"optional\":null}");
  const char *const none[] = {NULL};
  assert_payload("reg/foo", none, "{" CRITICAL ",\"optional\":null}");
}

static void
annotations_are_sorted_and_the_last_wins(void)
{
  const char *const pairs[] = {"z=1", "a=first", "m==", "a=last", "empty", NULL};
  assert_payload("reg/foo", pairs, "{" CRITICAL ",\"optional\":{\"a\":\"last\",\"empty\":\"\",\"m\":\"=\",\"z\":\"1\"}}");
}

static void
strings_are_escaped_as_go_does(void)
{
  const char *const pairs[] = {"k=<a>&\"\\\n\t\x01\xe2\x80\xa8\xc3\xa9", NULL};
  assert_payload("reg/foo", pairs,
                 "{" CRITICAL ",\"optional\":{\"k\":\"\\u003ca\\u003e\\u0026\\\"\\\\\\n\\t\\u0001\\u2028\xc3\xa9\"}}");
}

static void
read_back(void)
{
  const char *const pairs[] = {"who=me", NULL};
  Digest digest;
  g_autoptr(GError) error = NULL;
  g_auto(CosignPayload) payload = {0};
  digest_of("{}", 2, &digest);
  g_autoptr(GBytes) bytes = cosign_payload_make("reg/foo", &digest, pairs);
  g_assert_true(cosign_payload_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &payload, &error));
  g_assert_no_error(error);
  g_assert_cmpstr(payload.reference, ==, "reg/foo");
  g_assert_cmpstr(json_string_value(json_object_get(payload.optional, "who")), ==, "me");
  g_assert_true(cosign_payload_check(&payload, &digest, NULL, &error));
  g_assert_true(cosign_payload_check(&payload, &digest, "reg/foo", &error));
  g_assert_false(cosign_payload_check(&payload, &digest, "reg/bar", &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_clear_error(&error);
  digest_of("", 0, &digest);
  g_assert_false(cosign_payload_check(&payload, &digest, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
}

static void
is_read(gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(CosignPayload) payload = {0};
  g_assert_true(cosign_payload_parse(data, strlen(data), &payload, &error));
  g_assert_no_error(error);
}

static void
is_refused(gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(CosignPayload) payload = {0};
  g_assert_false(cosign_payload_parse(data, strlen(data), &payload, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
}

static void
too_large_is_refused(void)
{
  g_autofree char *text = g_strnfill(limits_get(LIMIT_PAYLOAD) + 1, ' ');
  is_refused(text);
}

#define IMAGE "\"image\":{\"docker-manifest-digest\":\"sha256:" HEX "\"}"
#define IDENTITY "\"identity\":{\"docker-reference\":\"reg/foo\"}"
#define TYPE "\"type\":\"cosign container image signature\""

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/cosign/made", made_as_cosign_makes_it);
  g_test_add_func("/cosign/annotations", annotations_are_sorted_and_the_last_wins);
  g_test_add_func("/cosign/escapes", strings_are_escaped_as_go_does);
  g_test_add_func("/cosign/read-back", read_back);
  g_test_add_func("/cosign/refused/too-large", too_large_is_refused);
  g_test_add_data_func("/cosign/read/without-optional", "{" CRITICAL "}", is_read);
  g_test_add_data_func("/cosign/read/numbers-in-optional", "{" CRITICAL ",\"optional\":{\"timestamp\":1}}", is_read);
  g_test_add_data_func("/cosign/read/atomic",
                       "{\"critical\":{" IDENTITY "," IMAGE ",\"type\":\"atomic container signature\"},\"optional\":null}",
                       is_read);
  static const char *const refused[][2] = {
    {"empty", ""},
    {"no-object", "[]"},
    {"behind-it", "{" CRITICAL "} x"},
    {"no-critical", "{\"optional\":null}"},
    {"other-type", "{\"critical\":{" IDENTITY "," IMAGE ",\"type\":\"something else\"}}"},
    {"no-type", "{\"critical\":{" IDENTITY "," IMAGE "}}"},
    {"no-digest", "{\"critical\":{" IDENTITY ",\"image\":{}," TYPE "}}"},
    {"digest-of-other-case",
     "{\"critical\":{" IDENTITY ",\"image\":{\"Docker-manifest-digest\":\"sha256:" HEX "\"}," TYPE "}}"},
    {"digest-not-sha256", "{\"critical\":{" IDENTITY ",\"image\":{\"docker-manifest-digest\":\"sha512:00\"}," TYPE "}}"},
    {"digest-number", "{\"critical\":{" IDENTITY ",\"image\":{\"docker-manifest-digest\":1}," TYPE "}}"},
    {"key-twice", "{" CRITICAL "," CRITICAL "}"},
    {"more-in-critical", "{\"critical\":{" IDENTITY "," IMAGE "," TYPE ",\"more\":1}}"},
    {"more-in-image",
     "{\"critical\":{" IDENTITY ",\"image\":{\"docker-manifest-digest\":\"sha256:" HEX "\",\"x\":1}," TYPE "}}"},
    {"more-at-top", "{" CRITICAL ",\"more\":1}"},
    {"optional-list", "{" CRITICAL ",\"optional\":[]}"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autofree char *name = g_strconcat("/cosign/refused/", refused[i][0], NULL);
    g_test_add_data_func(name, refused[i][1], is_refused);
  }
  return g_test_run();
}
