/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/configuration.h"

char *
debian_configuration_read(const DebianConfiguration *configuration, const char *path, GError **error)
{
  g_autofree char *real = changes_resolve(configuration->changes, path);
  if (real == NULL)
    return NULL;
  g_autoptr(GBytes) content = changes_read(configuration->changes, real, limits_get(LIMIT_TEXT_FILE), error);
  return content != NULL ? g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content)) : NULL;
}
