/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/error.h"

#include <errno.h>

G_DEFINE_QUARK(ashlar - error - quark, ashlar_error)

gboolean
error_set_errno(GError **error, int saved, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  AshlarError code = saved == ENOENT ? ASHLAR_ERROR_NOT_FOUND : saved == EEXIST ? ASHLAR_ERROR_EXISTS : ASHLAR_ERROR_FAILED;
  g_set_error(error, ASHLAR_ERROR, (gint)code, "%s: %s", message, g_strerror(saved));
  return FALSE;
}
