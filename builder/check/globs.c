/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/check/globs.h"
#include "builder/sources/debian/filter.h"

#include <fnmatch.h>

struct CheckGlobs {
  const char *const *plain;
  DebianFilter *merged; /* spelled as where /usr is merged */
};

CheckGlobs *
check_globs_new(const char *const *globs)
{
  CheckGlobs *made = g_new0(CheckGlobs, 1);
  made->plain = globs;
  made->merged = debian_filter_new(globs, NULL);
  return made;
}

void
check_globs_free(CheckGlobs *globs)
{
  debian_filter_free(globs->merged);
  g_free(globs);
}

gboolean
check_globs_match(const CheckGlobs *globs, const char *path)
{
  if (debian_filter_excludes(globs->merged, path))
    return TRUE;
  for (const char *const *glob = globs->plain; glob != NULL && *glob != NULL; glob++)
    if (fnmatch(*glob + 1, path, 0) == 0)
      return TRUE;
  return FALSE;
}
