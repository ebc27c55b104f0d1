/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/nearest.h"

#include <string.h>

/* Longer names are not compared: they are no slip of the fingers, and the work is the product of the lengths. */
#define NAME_MAX_LENGTH 64

/* Damerau-Levenshtein distance, restricted: no part is edited twice ("optimal string alignment"). */
static guint
edit_distance(const char *a, gsize a_length, const char *b, gsize b_length)
{
  guint rows[3][NAME_MAX_LENGTH + 1];
  guint *before = rows[0], *last = rows[1], *now = rows[2];
  for (gsize j = 0; j <= b_length; j++)
    last[j] = (guint)j;
  for (gsize i = 1; i <= a_length; i++) {
    now[0] = (guint)i;
    for (gsize j = 1; j <= b_length; j++) {
      char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
      now[j] = MIN(MIN(last[j], now[j - 1]) + 1, last[j - 1] + (x != y));
      if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) && g_ascii_tolower(a[i - 2]) == y)
        now[j] = MIN(now[j], before[j - 2] + 1);
    }
    guint *spare = before;
    before = last;
    last = now;
    now = spare;
  }
  return last[b_length];
}

const char *
nearest_name(const char *name, const char *const *names)
{
  gsize length = strlen(name);
  if (length == 0 || length > NAME_MAX_LENGTH)
    return NULL;
  guint best = (guint)MAX(1, (length + 1) / 3) + 1;
  const char *found = NULL;
  for (; *names != NULL; names++) {
    gsize other = strlen(*names);
    if (other > NAME_MAX_LENGTH)
      continue;
    guint distance = edit_distance(name, length, *names, other);
    /* everything replaced is no likeness */
    if (distance < best && distance < MAX(length, other)) {
      best = distance;
      found = *names;
    }
  }
  return found;
}
