/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/version.h"

#include <string.h>

/* A stretch of a version string. */
typedef struct {
  const char *at, *end;
} Part;

/* Where a character stands among non-digits: '~' before the end, the end (0) before letters, letters before the rest. */
static int
rank(const Part *part)
{
  if (part->at == part->end || g_ascii_isdigit(*part->at))
    return 0;
  if (*part->at == '~')
    return -1;
  return g_ascii_isalpha(*part->at) ? (guchar)*part->at : 256 + (guchar)*part->at;
}

static gboolean
in_digits(const Part *part)
{
  return part->at < part->end && g_ascii_isdigit(*part->at);
}

/* Compares the numbers at which both parts stand (none is 0), of any length, and steps behind them. */
static int
compare_numbers(Part *a, Part *b)
{
  int difference = 0;
  while (a->at < a->end && *a->at == '0')
    a->at++;
  while (b->at < b->end && *b->at == '0')
    b->at++;
  for (; in_digits(a) && in_digits(b); a->at++, b->at++)
    if (difference == 0)
      difference = *a->at - *b->at;
  if (in_digits(a))
    return 1;
  return in_digits(b) ? -1 : difference;
}

static int
compare_words(Part *a, Part *b)
{
  while ((a->at < a->end && !in_digits(a)) || (b->at < b->end && !in_digits(b))) {
    int difference = rank(a) - rank(b);
    if (difference != 0)
      return difference;
    a->at++;
    b->at++;
  }
  return 0;
}

static int
compare_parts(Part a, Part b)
{
  while (a.at < a.end || b.at < b.end) {
    int difference = compare_words(&a, &b);
    if (difference == 0)
      difference = compare_numbers(&a, &b);
    if (difference != 0)
      return difference;
  }
  return 0;
}

/* Takes [epoch:]upstream[-revision] apart: the epoch ends at the first colon, the revision begins behind the last hyphen. */
static void
split(const char *version, Part parts[3])
{
  const char *end = version + strlen(version);
  const char *colon = strchr(version, ':');
  const char *upstream = colon != NULL ? colon + 1 : version;
  const char *hyphen = strrchr(upstream, '-');
  parts[0] = (Part){version, colon != NULL ? colon : version};
  parts[1] = (Part){upstream, hyphen != NULL ? hyphen : end};
  parts[2] = (Part){hyphen != NULL ? hyphen + 1 : end, end};
}

int
debian_version_compare(const char *a, const char *b)
{
  Part left[3], right[3];
  split(a, left);
  split(b, right);
  for (int i = 0; i < 3; i++) {
    int difference = compare_parts(left[i], right[i]);
    if (difference != 0)
      return difference;
  }
  return 0;
}
