/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/remove_tree.h"
#include "signing/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Folders deeper than this are moved up first: each level takes a descriptor. */
#define DEPTH_MAX 64

typedef struct {
  int top;     /* the folder in which all of it lies */
  guint moved; /* folders that were moved there, and are still to be removed */
} Removal;

static gboolean remove_name(Removal *removal, int folder, const char *name, guint depth);

static gboolean
empty_folder(Removal *removal, int fd, guint depth)
{
  DIR *folder = fdopendir(fd);
  if (folder == NULL) {
    close(fd);
    return FALSE;
  }
  gboolean done = TRUE;
  const struct dirent *entry;
  while (done && (errno = 0, entry = readdir(folder)) != NULL)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      done = remove_name(removal, dirfd(folder), entry->d_name, depth + 1);
  int saved = errno;
  closedir(folder);
  errno = saved;
  return done && saved == 0;
}

static gboolean
move_up(Removal *removal, int folder, const char *name)
{
  char moved[32];
  g_snprintf(moved, sizeof moved, "deep-%u", removal->moved);
  removal->moved++;
  return renameat(folder, name, removal->top, moved) == 0;
}

static gboolean
remove_name(Removal *removal, int folder, const char *name, guint depth)
{
  if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  if (errno != EISDIR && errno != EPERM)
    return FALSE;
  if (depth > DEPTH_MAX)
    return move_up(removal, folder, name);
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return fd >= 0 && empty_folder(removal, fd, depth) && unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

gboolean
remove_tree(int folder, const char *name, GError **error)
{
  Removal removal = {.top = folder};
  gboolean done = remove_name(&removal, folder, name, 0);
  for (guint i = 0; done && i < removal.moved; i++) {
    char moved[32];
    g_snprintf(moved, sizeof moved, "deep-%u", i);
    done = remove_name(&removal, folder, moved, 0);
  }
  return done || error_set_errno(error, errno, "remove '%s'", name);
}
