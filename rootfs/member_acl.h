/* SPDX-License-Identifier: Apache-2.0
 *
 * The access control lists of a foreign archive's member, in whichever of two forms they come: as the extended attributes that
 * they are on Linux (SCHILY.xattr.system.posix_acl_access and _default), or as text (SCHILY.acl.access and .default), which
 * libarchive has read, GNU tar --acls and bsdtar write, and which counts where there is no attribute. A part of member.c's work.
 */
#ifndef ASHLAR_ROOTFS_MEMBER_ACL_H
#define ASHLAR_ROOTFS_MEMBER_ACL_H

#include "rootfs/entry.h"

struct archive_entry;

typedef struct {
  GByteArray *access, *fallback; /* what the attributes point to */
} MemberAcls;

void member_acls_init(MemberAcls *acls);
void member_acls_clear(MemberAcls *acls);

/* Puts the lists of @entry, which libarchive tells of in @from, into @xattrs (Xattr), where those in binary form are already, all
 * canonical; those that say no more than the mode go. The mode in @entry becomes that of a list in text form. @look: what is not
 * understood stays as it stands, and is no error. The values live as long as @acls are not used again. */
gboolean member_acls_take(MemberAcls *acls, struct archive_entry *from, gboolean look, Entry *entry, GArray *xattrs,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether libarchive's words @warning are of a list that it could not read, and left out. */
gboolean member_acls_is_warning(const char *warning);

#endif
