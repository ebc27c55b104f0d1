/* SPDX-License-Identifier: Apache-2.0
 *
 * How wide text is on a terminal: East Asian characters take two columns, combining ones none. Text is UTF-8 without control
 * characters.
 */
#ifndef ASHLAR_PROGRESS_COLUMNS_H
#define ASHLAR_PROGRESS_COLUMNS_H

#include <glib.h>

guint columns_of(const char *text);
/* Appends @text, cut to @width columns ("…" at its end then), and padded to them where @pad. */
void columns_append(GString *out, const char *text, guint width, gboolean pad);

#endif
