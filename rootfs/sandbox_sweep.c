/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/sandbox_sweep.h"
#include "rootfs/keeper.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A folder without a lock may be one that is just being made. */
#define UNLOCKED_SECONDS 60

char *
sandbox_place(const Store *store)
{
  return g_build_filename(store_path(store), "sandboxes", NULL);
}

/* Whether nobody holds its lock. */
static gboolean
is_abandoned(const char *folder)
{
  g_autofree char *path = g_build_filename(folder, KEEPER_LOCK, NULL);
  struct stat status;
  int lock = open(path, O_RDWR | O_CLOEXEC);
  if (lock < 0)
    return stat(folder, &status) == 0 && time(NULL) - status.st_ctime > UNLOCKED_SECONDS;
  gboolean abandoned = flock(lock, LOCK_EX | LOCK_NB) == 0;
  close(lock);
  return abandoned;
}

static gboolean
is_kept(const char *folder)
{
  g_autofree char *path = g_build_filename(folder, KEEPER_KEEP, NULL);
  return access(path, F_OK) == 0;
}

void
sandbox_sweep_folder(const char *folder)
{
  g_autofree char *name = g_path_get_basename(folder);
  char *arguments[] = {(char *)"/proc/self/exe", (char *)KEEPER_NAME, (char *)KEEPER_SWEEPS, (char *)folder, name, NULL};
  (void)g_spawn_sync(NULL, arguments, NULL, G_SPAWN_FILE_AND_ARGV_ZERO, NULL, NULL, NULL, NULL, NULL, NULL);
}

guint64
sandbox_measure_folder(const char *folder)
{
  g_autofree char *name = g_path_get_basename(folder), *said = NULL;
  char *arguments[] = {(char *)"/proc/self/exe", (char *)KEEPER_NAME, (char *)KEEPER_MEASURES, (char *)folder, name, NULL};
  if (!g_spawn_sync(NULL, arguments, NULL, G_SPAWN_FILE_AND_ARGV_ZERO, NULL, NULL, &said, NULL, NULL, NULL))
    return 0;
  return g_ascii_strtoull(said, NULL, 10);
}

void
sandbox_sweep(const Store *store, gboolean kept)
{
  g_autofree char *place = sandbox_place(store);
  GDir *all = g_dir_open(place, 0, NULL);
  const char *name;
  while (all != NULL && (name = g_dir_read_name(all)) != NULL) {
    g_autofree char *folder = g_build_filename(place, name, NULL);
    if (is_abandoned(folder) && (kept || !is_kept(folder)))
      sandbox_sweep_folder(folder);
  }
  g_clear_pointer(&all, g_dir_close);
}
