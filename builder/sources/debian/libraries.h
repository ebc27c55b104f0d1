/* SPDX-License-Identifier: Apache-2.0
 *
 * What the shared libraries of a pack call themselves, remembered in the store: to read it, all of each has to be decompressed.
 */
#ifndef ASHLAR_DEBIAN_LIBRARIES_H
#define ASHLAR_DEBIAN_LIBRARIES_H

#include "rootfs/pack.h"

typedef struct {
  char *name;           /* DT_SONAME, or NULL; of a file called "ldconfig" the text that it signs caches with */
  guint class, machine; /* of ELF; 0: it cannot be read */
} DebianLibrary;

void debian_library_free(DebianLibrary *library);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianLibrary, debian_library_free)

/* Whether a file of that name is looked at: "libx.so.1", "ld-x.so", "ldconfig". */
gboolean debian_library_has_name(const char *name);
/* What is known of such a file's content (transfer full), or NULL: it is no ELF file. */
DebianLibrary *debian_library_of(const char *name, GBytes *content);
/* Path -> DebianLibrary* of all such files of the pack that are ELF files (transfer full). @store may be NULL: nothing is
 * remembered then. */
GHashTable *debian_libraries_read(Store *store, Pack *pack, GError **error);

#endif
