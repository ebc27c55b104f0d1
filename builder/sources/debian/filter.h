/* SPDX-License-Identifier: Apache-2.0
 *
 * Leaving paths out as dpkg's --path-exclude and --path-include do: shell patterns over absolute paths in which '*' and '?'
 * match '/' too. A path is left out when an exclude pattern matches and no include pattern does. Patterns may be spelled with
 * or without the /usr of merged folders.
 */
#ifndef ASHLAR_DEBIAN_FILTER_H
#define ASHLAR_DEBIAN_FILTER_H

#include <glib.h>

typedef struct DebianFilter DebianFilter;

/* Both lists NULL-terminated, or NULL. */
DebianFilter *debian_filter_new(const char *const *exclude, const char *const *include);
void debian_filter_free(DebianFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianFilter, debian_filter_free)

/* @path as in Entry.path. */
gboolean debian_filter_excludes(const DebianFilter *filter, const char *path);

#endif
