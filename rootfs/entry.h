/* SPDX-License-Identifier: Apache-2.0
 *
 * One entry of a root filesystem: what tar, a pack, a layer and a tree all speak of. Plain data; the strings and xattrs
 * belong to whoever made the entry (a pack's mapping, a tree's arena) and live as long as it.
 */
#ifndef ASHLAR_ROOTFS_ENTRY_H
#define ASHLAR_ROOTFS_ENTRY_H

#include "signing/digest.h"
#include <glib.h>

/* Numbered as tar's typeflags '0' to '6' (POSIX.1-2017, pax, "ustar Interchange Format"). */
typedef enum {
  ENTRY_FILE = 0,
  ENTRY_HARDLINK = 1,
  ENTRY_SYMLINK = 2,
  ENTRY_CHAR = 3,
  ENTRY_BLOCK = 4,
  ENTRY_DIRECTORY = 5,
  ENTRY_FIFO = 6,
} EntryType;

typedef struct {
  const char *name;    /* "security.capability" */
  const guint8 *value; /* raw bytes */
  gsize size;
} Xattr;

typedef struct {
  const char *path;   /* "usr/bin/env": bytes, relative to the root, no "./", no trailing '/'; "" is the root itself */
  const char *target; /* symlink: as it stands; hardlink: the path of the file; else NULL */
  EntryType type;
  guint32 mode; /* 07777 bits */
  guint32 uid, gid;
  guint32 major, minor; /* of devices */
  gint64 mtime;         /* whole seconds */
  guint64 size;         /* of a file's content; 0 for all else */
  const Xattr *xattrs;  /* sorted by name */
  guint n_xattrs;
  Digest digest; /* of a file's content; zeroes for all else */
} Entry;

/* Whether they have the same extended attributes. */
gboolean entry_same_xattrs(const Entry *a, const Entry *b);

/* Compares paths component by component, so that a directory comes just before what it holds ("a" < "a/b" < "a-b"). */
int entry_path_compare(const char *a, const char *b);

/* Makes the canonical path of a foreign member name: strips "./" and "/", folds "//" and "/./"; NULL and
 * ASHLAR_ERROR_INVALID naming it (escaped) for "..", or more than LIMIT_PATH bytes. */
char *entry_canonical_path(const char *name, GError **error);
/* Whether @path is such a path; the root "" is one. */
gboolean entry_path_is_canonical(const char *path);

#endif
