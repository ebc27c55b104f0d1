/* SPDX-License-Identifier: Apache-2.0
 *
 * The packages of a system that is there already (an image to build upon): dpkg's database as it is read from a tree, and as the
 * solver takes it. Databases of the distroless kind, a file a package below var/lib/dpkg/status.d, count too.
 *
 * What is installed stays: its packages have to be in every solution, at their versions unless something asked for needs others.
 * Relations that the system does not keep to itself, as where its maker left packages out, bind nobody.
 */
#ifndef ASHLAR_DEBIAN_INSTALLED_H
#define ASHLAR_DEBIAN_INSTALLED_H

#include "builder/sources/debian/control.h"
#include "builder/sources/debian/index.h"
#include "builder/sources/debian/relation.h"
#include "rootfs/tree.h"

typedef struct {
  char *text; /* its stanza, as it stands, without a line break at the end */
  DebianControl *control;
  const char *name, *version, *architecture; /* of the control */
  char *file;                                /* of status.d, or NULL: it stands in the status file */
  gboolean installed;                        /* else only its configuration files are left, say */
  gboolean replaced;                         /* by another version of the same name (see replace.h) */
  GHashTable *lost;                          /* merged paths (as Entry.path) that a new package took over, or NULL */
} DebianInstalled;

typedef struct {
  char *architecture;  /* the native one */
  GPtrArray *packages; /* DebianInstalled*, in the order of the database */
  GHashTable *owners;  /* merged path -> DebianInstalled*, once they were asked for */
} DebianInstalledSet;

/* NULL without an error where @tree has no database. */
DebianInstalledSet *debian_installed_read(const Tree *tree, const char *architecture, GError **error);
void debian_installed_free(DebianInstalledSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianInstalledSet, debian_installed_free)

/* The installed package of that name and of an architecture that counts here, or NULL. */
DebianInstalled *debian_installed_find(const DebianInstalledSet *set, const char *name);
/* Whether an installed package is, or provides, what @relation asks for. */
gboolean debian_installed_satisfies(const DebianInstalledSet *set, const Relation *relation);
/* The paths of its list of files, as they stand there (NULL-terminated, transfer full); empty where there is no list. */
char **debian_installed_list(const DebianInstalled *package, const Tree *tree, GError **error);
/* What the names of its files in var/lib/dpkg/info begin with, as the @tree has them: "libc6:amd64", "bash" (transfer full). */
char *debian_installed_info(const DebianInstalled *package, const Tree *tree);
/* Whose the file at the merged path @path is; NULL: nobody's, or several packages'. @tree: the system's, as it was read. */
gboolean debian_installed_load_owners(DebianInstalledSet *set, const Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;
DebianInstalled *debian_installed_owner(const DebianInstalledSet *set, const char *path);

/* What is installed once @ids (guint, of @index) are, in the same form; what they need is among them. */
gboolean debian_installed_solved(const DebianIndex *index, const GArray *ids, Store *store, Digest *blob,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The installed packages as one more Packages file for debian_archive_index, a blob of @store. */
gboolean debian_installed_source(const DebianInstalledSet *set, Store *store, GCancellable *cancellable, Digest *blob,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
