/* SPDX-License-Identifier: Apache-2.0
 *
 * A Debian system being put together from the packs of its packages: what merging, configuring and the dpkg database share.
 * Everything is read from the packs alone, so that a lock and a full store are enough.
 *
 *   system  = debian_system_new(packs, n, "amd64", error)
 *   changes = changes_new(tree)
 *   debian_merge(system, tree, &merge_options, changes, error)                    merge.h
 *   debian_native_configure(system, tree, changes, accounts, &options, report, error)  native.h
 *   (recipe users and files; accounts_write(accounts, changes, epoch))
 *   debian_write_database(system, changes, &database_options, error)             dpkgdb.h
 *   (changes_to_pack, and that pack's entries inserted into the tree)
 *
 * The packages stand in one order everywhere: essential ones first, then by name, then by architecture.
 */
#ifndef ASHLAR_DEBIAN_SYSTEM_H
#define ASHLAR_DEBIAN_SYSTEM_H

#include "builder/sources/debian/control.h"
#include "builder/sources/debian/installed.h"
#include "rootfs/changes.h"

typedef struct {
  Pack *pack;
  guint input;  /* its place in the packs that were given */
  guint number; /* in the tree, once merged */
  DebianControl *control;
  const char *name, *version, *architecture;
  char *info; /* what its files under var/lib/dpkg/info begin with: "libc6:amd64", "bash" */
  gboolean essential, multi_arch_same;
  GHashTable *lost; /* merged paths (as Entry.path) that another package took over, or NULL */
} DebianUnit;

/* A file that is diverted (dpkg-divert(1)); paths are absolute, as the package spells them. */
typedef struct {
  const DebianUnit *by; /* NULL: it was there before */
  char *name;           /* of the package that diverts */
  char *path, *to;
} DebianDiversion;

typedef struct {
  DebianUnit **units;
  guint n_units;
  char *architecture;            /* the native one */
  DebianInstalledSet *installed; /* what was there before (borrowed), or NULL */
  GPtrArray *diversions;         /* DebianDiversion*, in the order of the packages */
} DebianSystem;

/* Reads the control files. A pack without one, a package twice, or a name that no package can have is an error. */
DebianSystem *debian_system_new(Pack *const *packs, guint n, const char *architecture, GError **error);
void debian_system_free(DebianSystem *system);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianSystem, debian_system_free)

/* The package of that name, or NULL. */
DebianUnit *debian_system_find(const DebianSystem *system, const char *name);
/* Whether it is one of the packages, or was there before. */
gboolean debian_system_has(const DebianSystem *system, const char *name);
/* Whether a package can be called so. */
gboolean debian_is_package_name(const char *name);
/* One of the files of its control member ("postinst", "triggers"), from its pack, as text (transfer full); NULL without an
 * error when it has none. */
char *debian_unit_file(const DebianUnit *unit, const char *kind, GError **error);

/* The bytes as text, "" where there are none (transfer full). */
char *debian_text(GBytes *content);
/* The path a file has once /bin, /sbin and /lib* are links into /usr: "/bin/sh" or "bin/sh" -> "usr/bin/sh" (transfer full). */
char *debian_merged_path(const char *path);

#endif
