/* SPDX-License-Identifier: Apache-2.0
 *
 * Release files, clear-signed or not. What is taken has its indexes sorted, below the suite's folder, and
 * no path with two digests.
 */
#include "builder/sources/debian/gpgv.h"
#include "builder/sources/debian/release.h"
#include "tests/fuzz/fuzz.h"

static void
check_entries(const Release *release)
{
  for (guint i = 0; i < release->entries->len; i++) {
    const ReleaseEntry *entry = &g_array_index(release->entries, ReleaseEntry, i);
    g_assert(fuzz_path_stays(entry->path));
    const ReleaseEntry *before = i > 0 ? entry - 1 : NULL;
    g_assert(before == NULL || strcmp(before->path, entry->path) < 0 ||
             (strcmp(before->path, entry->path) == 0 && digest_equal(&before->digest, &entry->digest)));
  }
}

static void
check_indexes(const Release *release)
{
  for (char **component = release->components; *component != NULL; component++)
    for (char **architecture = release->architectures; *architecture != NULL; architecture++) {
      const ReleaseEntry *entry = release_index(release, *component, *architecture, NULL);
      if (entry != NULL)
        g_assert(strstr(entry->path, *architecture) != NULL);
    }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(GBytes) message = g_bytes_new_static(data, size);
  g_autoptr(GBytes) text = gpgv_strip(message, NULL);
  if (text == NULL)
    return 0;
  g_autoptr(GError) error = NULL;
  gsize length;
  const char *content = g_bytes_get_data(text, &length);
  g_autoptr(Release) release = release_parse(content, length, &error);
  g_assert((release == NULL) == (error != NULL));
  if (release == NULL)
    return 0;
  check_entries(release);
  check_indexes(release);
  g_autoptr(GError) refused = NULL;
  if (!release_check(release, "stable", RELEASE_CHECK_DATE | RELEASE_CHECK_VALID_UNTIL, 1700000000, &refused))
    g_assert(refused != NULL);
  g_autofree char *shown = release_time_shown(release->date);
  g_assert(shown != NULL);
  return 0;
}
