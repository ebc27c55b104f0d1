/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/keeper_memory.h"
#include "rootfs/keeper.h"

#include <sys/mount.h>
#include <sys/xattr.h>

gboolean
keeper_mount_memory(guint64 bytes)
{
  g_autofree char *options = g_strdup_printf("mode=0755,nr_inodes=0,size=%" G_GUINT64_FORMAT, bytes);
  if (mount("tmpfs", KEEPER_TREE, "tmpfs", MS_NODEV, options) != 0)
    return FALSE;
  /* since Linux 6.6: what a step does may not depend on how much memory there is */
  static const char name[] = "user.ashlar";
  if (setxattr(KEEPER_TREE, name, "", 0, 0) == 0 && removexattr(KEEPER_TREE, name) == 0)
    return TRUE;
  (void)umount2(KEEPER_TREE, MNT_DETACH);
  return FALSE;
}
