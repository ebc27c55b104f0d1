/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/whiteout.h"

#include <string.h>

#define OPAQUE WHITEOUT_PREFIX ".wh..opq"

WhiteoutKind
whiteout_parse(const char *path, char **hidden)
{
  *hidden = NULL;
  const char *slash = strrchr(path, '/');
  const char *name = slash != NULL ? slash + 1 : path;
  if (!g_str_has_prefix(name, WHITEOUT_PREFIX))
    return WHITEOUT_NONE;
  if (strcmp(name, OPAQUE) == 0) {
    *hidden = slash != NULL ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
    return WHITEOUT_OPAQUE;
  }
  const char *gone = name + strlen(WHITEOUT_PREFIX);
  if (*gone == '\0' || g_str_has_prefix(gone, WHITEOUT_PREFIX))
    return WHITEOUT_IGNORED;
  *hidden = g_strdup_printf("%.*s%s", (int)(name - path), path, gone);
  return WHITEOUT_PATH;
}

char *
whiteout_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  const char *name = slash != NULL ? slash + 1 : path;
  return g_strdup_printf("%.*s" WHITEOUT_PREFIX "%s", (int)(name - path), path, name);
}
