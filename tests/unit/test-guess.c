/* SPDX-License-Identifier: Apache-2.0
 *
 * What differing bytes look like.
 */
#include "builder/twice/guess.h"

#include <string.h>

#define NOW 1795623551

static const GuessKnown known[] = {{"the path of the store", "/tmp/one", "/tmp/another"}, {"the host's name", "a", "bc"}};

static const struct {
  const char *first, *second;
  const char *guess; /* part of it; NULL: none */
} cases[] = {
  {"built in /tmp/one/x", "built in /tmp/another/x", "the path of the store"},
  {"/tmp/one", "/tmp/another", "the path of the store"},
  {"/tmp/onf", "/tmp/another", NULL},
  {"host=a;", "host=bc;", "the host's name"},
  {"at 1795623551 s", "at 1795623552 s", "seconds since 1970"},
  {"00017956235510001", "00017956235520001", "seconds since 1970"},
  {"at 1495623551 s", "at 1495623552 s", NULL}, /* another time than that of the builds */
  {"on 2026-11-25T16:19:11Z.", "on 2026-11-25T16:19:12Z.", "a time"},
  {"20261125", "20261126", "a time"},
  {"Wed Nov 25 16:19:11 UTC 2026", "Wed Nov 25 16:19:12 UTC 2026", "a time"},
  {"id=0123456789abcdef0123", "id=fedcba98765432100123", "hexadecimal"},
  {"6b1c2b64-0a4e-4e0e-9a53-111111111111", "6b1c2b64-0a4e-4e0e-9a53-222222222222", "hexadecimal"},
  {"<\x8f\x11\xd3\x90zz\x01\x02>", "<\x1e\x71\x9a\x44qw\x91\xe2>", "random bytes"},
  {"one word", "one wort", NULL},
  {"", "x", NULL},
};

static const char *
guess(const void *first, gsize first_size, const void *second, gsize second_size)
{
  const GuessContext context = {.earliest = NOW - 5, .latest = NOW + 5, .known = known, .n_known = G_N_ELEMENTS(known)};
  const guint8 *a = first, *b = second;
  gsize at = 0;
  gsize common = MIN(first_size, second_size);
  while (at < common && memcmp(a + at, b + at, 1) == 0)
    at++;
  const GuessWindow one = {a, first_size, at}, two = {b, second_size, at};
  return guess_bytes(&one, &two, &context);
}

static void
each_has_its_guess(void)
{
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    const char *found = guess(cases[i].first, strlen(cases[i].first), cases[i].second, strlen(cases[i].second));
    g_test_message("%s / %s: %s", cases[i].first, cases[i].second, found != NULL ? found : "nothing");
    g_assert_true((found == NULL) == (cases[i].guess == NULL));
    g_assert_true(found == NULL || strstr(found, cases[i].guess) != NULL);
  }
}

static void
binary_times_are_known_in_both_orders(void)
{
  const gint64 little[] = {GINT64_TO_LE(NOW), GINT64_TO_LE(NOW + 1)};
  const guint32 big[] = {GUINT32_TO_BE(NOW), GUINT32_TO_BE(NOW + 1)};
  g_assert_nonnull(strstr(guess(&little[0], 8, &little[1], 8), "binary number"));
  g_assert_nonnull(strstr(guess(&big[0], 4, &big[1], 4), "binary number"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/guess/texts", each_has_its_guess);
  g_test_add_func("/guess/binary-times", binary_times_are_known_in_both_orders);
  return g_test_run();
}
