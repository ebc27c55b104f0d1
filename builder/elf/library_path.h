/* SPDX-License-Identifier: Apache-2.0
 *
 * The folders of an image that ld.so(8) looks for libraries in, whoever needs them: those of /etc/ld.so.conf and the files
 * that it includes, where there is a cache that was made of them (without one the loader does not know them), and its own.
 */
#ifndef ASHLAR_ELF_LIBRARY_PATH_H
#define ASHLAR_ELF_LIBRARY_PATH_H

#include "rootfs/tree.h"

/* Absolute folders (char*), in order; those for other machines among them: whoever looks passes over what does not fit. */
GPtrArray *library_path_of(const Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
