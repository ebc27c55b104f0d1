/* SPDX-License-Identifier: Apache-2.0
 *
 * The packages of a Debian archive for one architecture: all Packages indexes of the suites in use as one table, mapped from
 * a cache file in the store (made once from the indexes' digests), so that opening it costs nothing and only what is looked
 * at is read. Packages of Architecture: all are in it. All strings are NUL-terminated and live as long as the index.
 */
#ifndef ASHLAR_DEBIAN_INDEX_H
#define ASHLAR_DEBIAN_INDEX_H

#include "rootfs/store.h"

typedef enum { /* Debian policy 2.5; the lower the more important */
               DEBIAN_REQUIRED = 1,
               DEBIAN_IMPORTANT,
               DEBIAN_STANDARD,
               DEBIAN_OPTIONAL,
               DEBIAN_EXTRA,
} DebianPriority;

typedef enum { DEBIAN_MULTIARCH_NO, DEBIAN_MULTIARCH_SAME, DEBIAN_MULTIARCH_FOREIGN, DEBIAN_MULTIARCH_ALLOWED } DebianMultiArch;

typedef struct {
  const char *name, *version, *architecture;
  const char *source;   /* source package's name */
  const char *filename; /* path below the mirror's base */
  const char *section;
  /* dependency fields as they stand in Packages, "" where there is none */
  const char *depends, *pre_depends, *recommends, *suggests, *provides, *conflicts, *breaks, *replaces;
  Digest sha256;
  guint64 size;           /* of the .deb, bytes */
  guint64 installed_size; /* KiB */
  DebianPriority priority;
  DebianMultiArch multi_arch;
  gboolean essential, is_protected, important;
  guint suite; /* number of the suite it came from, in the order given to debian_index_open */
} DebianPackage;

typedef struct DebianIndex DebianIndex;

/* One Packages file: a blob of the store (compressed or not: xz, gz, zst, plain by content), and the number of its suite. */
typedef struct {
  Digest blob;
  guint suite;
  const char *label; /* for errors: "bookworm/main", or NULL */
} DebianIndexSource;

/* Opens the table of @sources for @architecture. Ids are numbered by (name, version descending, suite), and do not depend on
 * the order within the files; the same name, version and architecture with the same SHA-256 in two suites is one package. */
DebianIndex *debian_index_open(Store *store, const char *architecture, const DebianIndexSource *sources, guint n,
                               GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void debian_index_free(DebianIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianIndex, debian_index_free)

guint debian_index_size(const DebianIndex *index);
const char *debian_index_architecture(const DebianIndex *index);
/* Fills @out; cheap, no allocation. */
void debian_index_get(const DebianIndex *index, guint id, DebianPackage *out);
/* The ids of packages named @name are *first .. *first+n-1, newest version first; returns n (0: none). */
guint debian_index_find(const DebianIndex *index, const char *name, guint *first);
/* The ids of packages whose Provides names @name, ascending (borrowed); their number in @n. */
const guint32 *debian_index_providers(const DebianIndex *index, const char *name, guint *n);
/* At most @most names of packages (NULL-terminated, the nearest first; transfer full) that are near @name by edit distance,
 * for "did you mean". */
char **debian_index_similar(const DebianIndex *index, const char *name, guint most);

#endif
