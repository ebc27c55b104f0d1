/* SPDX-License-Identifier: Apache-2.0
 *
 * The one error domain. A code exists only where a caller branches on it; main.c maps codes to exit statuses.
 * Messages: lower case, no full stop, the problem first; where there is a likely remedy, a second line "hint: ...".
 */
#ifndef ASHLAR_SIGNING_ERROR_H
#define ASHLAR_SIGNING_ERROR_H

#include <glib.h>

typedef enum {
  ASHLAR_ERROR_FAILED,    /* anything that nobody branches on: exit 1 */
  ASHLAR_ERROR_USAGE,     /* wrong arguments, or an erroneous recipe: exit 2 */
  ASHLAR_ERROR_INVALID,   /* foreign bytes that are malformed: exit 1 */
  ASHLAR_ERROR_NOT_FOUND, /* exit 1 */
  ASHLAR_ERROR_EXISTS,    /* exit 1 */
  ASHLAR_ERROR_VERIFY,    /* a digest, signature or policy says no: exit 3 */
  ASHLAR_ERROR_NETWORK,   /* a retry or another mirror may help: exit 1 */
  ASHLAR_ERROR_CANCELLED, /* Ctrl-C: exit 130 */
} AshlarError;

#define ASHLAR_ERROR (ashlar_error_quark())
GQuark ashlar_error_quark(void);

/* Sets @error from errno @saved: "MESSAGE: strerror". Returns FALSE, so that it can end a function. */
gboolean error_set_errno(GError **error, int saved, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
