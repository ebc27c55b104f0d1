/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/twice/guess.h"

#include <string.h>

/* Clocks of builds and of the file systems they ask may be that far apart, in seconds. */
#define SLACK 60
/* Seconds since 1970 have ten digits from 2001 until 2286. */
#define SECONDS_DIGITS 10
/* Of as many bytes in both, that few may be equal by chance. */
#define RANDOM_BYTES 8
#define RANDOM_EQUAL 2

/* Whether @text stands in @window so that the byte that differs is in it or right behind it; @start becomes where. */
static gboolean
covers(const GuessWindow *window, const char *text, gsize *start)
{
  gsize length = text != NULL ? strlen(text) : 0;
  if (length == 0)
    return FALSE;
  for (gsize at = window->at > length ? window->at - length : 0; at <= window->at && at + length <= window->size; at++)
    if (memcmp(window->bytes + at, text, length) == 0) {
      *start = at;
      return TRUE;
    }
  return FALSE;
}

static const char *
guess_known(const GuessWindow *first, const GuessWindow *second, const GuessContext *context)
{
  for (guint i = 0; i < context->n_known; i++) {
    const GuessKnown *known = &context->known[i];
    gsize a, b;
    if (covers(first, known->first, &a) && covers(second, known->second, &b) && a == b)
      return known->what;
  }
  return NULL;
}

/* ---- times ---- */

static gboolean
is_of_the_builds(const GuessContext *context, guint64 seconds)
{
  return context->latest > 0 && (gint64)seconds >= context->earliest - SLACK && (gint64)seconds <= context->latest + SLACK;
}

/* Ten digits that the byte that differs is one of, whatever digits stand beside them. */
static gboolean
is_decimal_time(const GuessWindow *window, const GuessContext *context)
{
  gsize start = window->at >= SECONDS_DIGITS ? window->at - SECONDS_DIGITS + 1 : 0;
  for (; start <= window->at && start + SECONDS_DIGITS <= window->size; start++) {
    guint64 seconds = 0;
    gsize i = 0;
    for (; i < SECONDS_DIGITS && g_ascii_isdigit(window->bytes[start + i]); i++)
      seconds = seconds * 10 + (window->bytes[start + i] - '0');
    if (i == SECONDS_DIGITS && is_of_the_builds(context, seconds))
      return TRUE;
  }
  return FALSE;
}

/* 32 bits that the byte that differs is one of, in either order (64 bits hold these too). */
static gboolean
is_binary_time(const GuessWindow *window, const GuessContext *context)
{
  for (gsize start = window->at > 3 ? window->at - 3 : 0; start <= window->at && start + 4 <= window->size; start++) {
    guint32 value;
    memcpy(&value, window->bytes + start, sizeof value);
    if (is_of_the_builds(context, GUINT32_FROM_LE(value)) || is_of_the_builds(context, GUINT32_FROM_BE(value)))
      return TRUE;
  }
  return FALSE;
}

/* Whether the byte that differs is in something that @pattern describes. */
static gboolean
is_in(const GuessWindow *window, const char *pattern)
{
  g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
  g_autofree char *text = g_malloc(window->size + 1);
  for (gsize i = 0; i < window->size; i++) /* a text without NUL inside */
    text[i] = window->bytes[i] != '\0' ? (char)window->bytes[i] : '\n';
  text[window->size] = '\0';
  g_autoptr(GMatchInfo) match = NULL;
  int start, end;
  for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL))
    if (g_match_info_fetch_pos(match, 0, &start, &end) && (gsize)start <= window->at && window->at < (gsize)end)
      return TRUE;
  return FALSE;
}

static const char *
guess_time(const GuessWindow *first, const GuessWindow *second, const GuessContext *context)
{
  static const char date[] =
    "(19|20)\\d\\d-?[01]\\d-?[0-3]\\d([T _-]?\\d\\d:?\\d\\d(:?\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:?\\d\\d)?)?";
  static const char clock[] =
    "([A-Z][a-z]{2},? +)?([A-Z][a-z]{2} +\\d+ +)?\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?( +[A-Z+0-9-]+)?( +\\d{4})?";
  if (is_decimal_time(first, context) && is_decimal_time(second, context))
    return "the time of the build, in seconds since 1970";
  if ((is_in(first, date) && is_in(second, date)) || (is_in(first, clock) && is_in(second, clock)))
    return "a time";
  if (is_binary_time(first, context) && is_binary_time(second, context))
    return "the time of the build, as a binary number";
  return NULL;
}

/* ---- chance ---- */

static const char *
guess_chance(const GuessWindow *first, const GuessWindow *second)
{
  static const char hex[] = "[0-9a-fA-F]{16,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
  if (is_in(first, hex) && is_in(second, hex))
    return "a digest or a random number, in hexadecimal";
  gsize n = MIN(first->size, second->size) - first->at, equal = 0;
  for (gsize i = 0; i < MIN(n, RANDOM_BYTES); i++)
    equal += first->bytes[first->at + i] == second->bytes[second->at + i];
  return n >= RANDOM_BYTES && equal <= RANDOM_EQUAL ? "random bytes, or what was compressed or hashed" : NULL;
}

const char *
guess_bytes(const GuessWindow *first, const GuessWindow *second, const GuessContext *context)
{
  const char *guess = guess_known(first, second, context);
  if (guess == NULL)
    guess = guess_time(first, second, context);
  return guess != NULL ? guess : guess_chance(first, second);
}
