/* SPDX-License-Identifier: Apache-2.0
 *
 * POSIX access control lists (acl(5)), in the one form in which all of ashlar has them: the extended attributes that Linux gives
 * and takes (linux/posix_acl_xattr.h), which layers hold like any other. A list is canonical when its entries stand in the
 * kernel's order, those of users and groups by number, when it agrees with the file's mode, and when it says more than the mode
 * does; so that two that mean the same are the same bytes.
 */
#ifndef ASHLAR_ROOTFS_ACL_H
#define ASHLAR_ROOTFS_ACL_H

#include "rootfs/entry.h"

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

/* In the order in which a list has them. */
typedef enum {
  ACL_OWNER = 0x01,
  ACL_USER = 0x02,
  ACL_OWNING_GROUP = 0x04,
  ACL_GROUP = 0x08,
  ACL_MASK = 0x10,
  ACL_OTHER = 0x20,
} AclTag;

/* Whether an extended attribute of that name is such a list. */
gboolean acl_is_name(const char *name);

/* Appends one entry to @list, which is empty at first; @permissions are rwx as 4, 2 and 1, @id counts for ACL_USER and ACL_GROUP. */
void acl_append(GByteArray *list, AclTag tag, guint permissions, guint32 id);

/* Puts @list of the file @entry (its type and mode count) into canonical form; it comes out empty where it says no more than the
 * mode. FALSE with ASHLAR_ERROR_INVALID where the kernel would refuse it. */
gboolean acl_canonicalize(const char *name, const Entry *entry, GByteArray *list, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @mode with the permissions that @list, whose entries need not be in order, gives to owner, group (or mask) and others. */
guint32 acl_mode(const GByteArray *list, guint32 mode);

/* Takes from the folder at @path what it has inherited from the one above it. */
void acl_disinherit(const char *path);

#endif
