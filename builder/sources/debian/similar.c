/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/index.h"

#include <string.h>

#define MAX_NAME 64 /* nobody mistypes a longer one */

typedef struct {
  guint distance;
  const char *name;
} Candidate;

/* How many insertions, deletions, changes and swaps of neighbours lead from @a to @b; more than @most is @most + 1. */
static guint
edit_distance(const char *a, gsize a_length, const char *b, gsize b_length, guint most)
{
  guint rows[3][MAX_NAME + 1];
  guint *before = rows[0], *last = rows[1], *row = rows[2];
  for (guint j = 0; j <= b_length; j++)
    last[j] = j;
  for (guint i = 1; i <= a_length; i++) {
    guint least = row[0] = i;
    for (guint j = 1; j <= b_length; j++) {
      guint cost = MIN(last[j], row[j - 1]) + 1;
      cost = MIN(cost, last[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost = MIN(cost, before[j - 2] + 1);
      row[j] = cost;
      least = MIN(least, cost);
    }
    if (least > most)
      return most + 1;
    guint *spare = before;
    before = last;
    last = row;
    row = spare;
  }
  return MIN(last[b_length], most + 1);
}

static gint
compare_candidates(gconstpointer a, gconstpointer b)
{
  const Candidate *left = a, *right = b;
  if (left->distance != right->distance)
    return left->distance < right->distance ? -1 : 1;
  return strcmp(left->name, right->name);
}

static GArray *
candidates(const DebianIndex *index, const char *name, gsize length)
{
  GArray *found = g_array_new(FALSE, FALSE, sizeof(Candidate));
  guint most = (guint)CLAMP(length / 3, 1, 4);
  const char *last = "";
  DebianPackage package;
  for (guint id = 0; id < debian_index_size(index); id++) {
    debian_index_get(index, id, &package);
    gsize other = strlen(package.name);
    if (strcmp(package.name, last) == 0 || other > MAX_NAME || other > length + most || length > other + most)
      continue;
    last = package.name;
    Candidate candidate = {edit_distance(name, length, last, other, most), last};
    if (candidate.distance <= most)
      g_array_append_val(found, candidate);
  }
  g_array_sort(found, compare_candidates);
  return found;
}

char **
debian_index_similar(const DebianIndex *index, const char *name, guint most)
{
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  gsize length = strlen(name);
  if (length > 0 && length <= MAX_NAME) {
    g_autoptr(GArray) found = candidates(index, name, length);
    for (guint i = 0; i < MIN(most, found->len); i++)
      g_strv_builder_add(names, g_array_index(found, Candidate, i).name);
  }
  return g_strv_builder_end(names);
}
