/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/keeper_memory.h"
#include "rootfs/acl.h"
#include "rootfs/keeper.h"

#include <sys/mount.h>
#include <sys/xattr.h>

/* What a step does may not depend on how much memory there is. */
static gboolean
knows_attributes(void)
{
  /* since Linux 6.6 */
  static const char name[] = "user.ashlar";
  g_autoptr(GByteArray) list = g_byte_array_new();
  acl_append(list, ACL_OWNER, 7, 0);
  acl_append(list, ACL_OWNING_GROUP, 5, 0);
  acl_append(list, ACL_OTHER, 5, 0);
  return setxattr(KEEPER_TREE, name, "", 0, 0) == 0 && removexattr(KEEPER_TREE, name) == 0 &&
         setxattr(KEEPER_TREE, ACL_DEFAULT, list->data, list->len, 0) == 0 && removexattr(KEEPER_TREE, ACL_DEFAULT) == 0;
}

gboolean
keeper_mount_memory(guint64 bytes)
{
  g_autofree char *options = g_strdup_printf("mode=0755,nr_inodes=0,size=%" G_GUINT64_FORMAT, bytes);
  if (mount("tmpfs", KEEPER_TREE, "tmpfs", MS_NODEV, options) != 0)
    return FALSE;
  if (knows_attributes())
    return TRUE;
  (void)umount2(KEEPER_TREE, MNT_DETACH);
  return FALSE;
}
