/* SPDX-License-Identifier: Apache-2.0
 *
 * What the user says of limits (signing/limits.h): ASHLAR_LIMITS="unpacked=128G,ratio=5000" and --limit unpacked=128G, which goes
 * before it. A size is a number with K, M, G or T (powers of 1024) or without; a count is one with those of 1000.
 */
#ifndef ASHLAR_BUILDER_LIMIT_OPTION_H
#define ASHLAR_BUILDER_LIMIT_OPTION_H

#include <glib.h>

/* Sets the limits of the process from @list (of the environment; may be NULL), then from each of @settings ("NAME=VALUE", may be
 * NULL). To be called before the first thread begins. An unknown name, a number that is none, and a value beyond the highest are
 * ASHLAR_ERROR_USAGE, which names what it stands in. */
gboolean limit_option_apply(const char *list, const char *const *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
