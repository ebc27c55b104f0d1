/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/location.h"
#include "signing/error.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* "PATH" or "PATH:TAG": what is there as a whole is a path, whatever colons it holds. */
static void
split_tag(const char *text, ImageLocation *out)
{
  struct stat status;
  const char *colon = strrchr(text, ':');
  if (colon == NULL || strchr(colon, '/') != NULL || stat(text, &status) == 0) {
    out->path = g_strdup(text);
    return;
  }
  out->path = g_strndup(text, (gsize)(colon - text));
  out->tag = colon[1] != '\0' ? g_strdup(colon + 1) : NULL;
}

static gboolean
has_transport(const char *spelling)
{
  const char *colon = strchr(spelling, ':');
  if (colon == NULL || colon == spelling)
    return FALSE;
  for (const char *p = spelling; p < colon; p++)
    if (!g_ascii_islower(*p) && *p != '-')
      return FALSE;
  return TRUE;
}

static gboolean
parse_plain(const char *spelling, ImageLocation *out, GError **error)
{
  struct stat status;
  split_tag(spelling, out);
  if (stat(out->path, &status) == 0) {
    out->folder = S_ISDIR(status.st_mode);
    return TRUE;
  }
  if (errno == ENOENT && has_transport(spelling)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                "'%s' is neither a file nor a spelling that is known\nhint: oci-archive:FILE[:TAG], oci:DIR[:TAG] or a path",
                spelling);
    return FALSE;
  }
  return error_set_errno(error, errno, "open the image '%s'", out->path);
}

gboolean
image_location_parse(const char *spelling, ImageLocation *out, GError **error)
{
  *out = (ImageLocation){0};
  if (g_str_has_prefix(spelling, "oci-archive:")) {
    split_tag(spelling + strlen("oci-archive:"), out);
    return TRUE;
  }
  if (g_str_has_prefix(spelling, "oci:")) {
    split_tag(spelling + strlen("oci:"), out);
    out->folder = TRUE;
    return TRUE;
  }
  return parse_plain(spelling, out, error);
}

void
image_location_clear(ImageLocation *location)
{
  g_clear_pointer(&location->path, g_free);
  g_clear_pointer(&location->tag, g_free);
}
