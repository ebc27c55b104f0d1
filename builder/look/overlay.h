/* SPDX-License-Identifier: Apache-2.0
 *
 * Laying layers over each other (OCI image-spec, layer.md): what a later one replaces, whites out, or puts a file in the
 * place of, is gone. One sort of all members and one walk, whatever the number of layers. A part of subject.h's work.
 */
#ifndef ASHLAR_LOOK_OVERLAY_H
#define ASHLAR_LOOK_OVERLAY_H

#include "builder/look/reading.h"

/* @readings (Reading*, the lowest first) -> the files that are seen, in the order of entry_path_compare (transfer container).
 * A hardlink whose file is hidden becomes a file, and further ones links to it. */
GPtrArray *overlay_files(const GPtrArray *readings);
/* The place of @path among such @files, or of what would follow it; @found (may be NULL): whether it is there. */
guint overlay_find(const GPtrArray *files, const char *path, gboolean *found);

#endif
