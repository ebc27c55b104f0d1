/* SPDX-License-Identifier: Apache-2.0
 *
 * Leaving paths out as dpkg's --path-exclude and --path-include do: shell patterns over absolute paths in which '*' and '?'
 * match '/' too. The last pattern that matches a path decides, and includes come after excludes. Patterns may be spelled with or
 * without the /usr of merged folders.
 */
#ifndef ASHLAR_DEBIAN_FILTER_H
#define ASHLAR_DEBIAN_FILTER_H

#include "rootfs/tree.h"

typedef struct DebianFilter DebianFilter;

/* Both lists NULL-terminated, or NULL. */
DebianFilter *debian_filter_new(const char *const *exclude, const char *const *include);
/* The same after what dpkg's settings in @tree say (dpkg.cfg(5): path-exclude and path-include of /etc/dpkg/dpkg.cfg.d and
 * dpkg.cfg), as images for containers have them. */
DebianFilter *debian_filter_of_system(const Tree *tree, const char *const *exclude, const char *const *include, GError **error);
void debian_filter_free(DebianFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianFilter, debian_filter_free)

/* @path as in Entry.path. */
gboolean debian_filter_excludes(const DebianFilter *filter, const char *path);

#endif
