/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether two files, or two folders of files, are the same byte for byte.
 */
#ifndef ASHLAR_TWICE_SAME_H
#define ASHLAR_TWICE_SAME_H

#include <glib.h>

/* Names, kinds and contents count; modes and times do not. FALSE: they could not be read. */
gboolean same_bytes(const char *first, const char *second, gboolean *same, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
