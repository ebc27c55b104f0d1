/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/idmap.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Far from what systems give to users, subordinate ids and systemd's containers (systemd.io: UIDS-GIDS). */
#define NOBODYS_FIRST 0x70000000u
#define NOBODYS_COUNT 0x01000000u
/* What an image may need: nobody and nogroup are 65534. */
#define OTHERS_MAX NOBODYS_COUNT

/* The largest range that @file (subuid(5)) gives to the user called @name or numbered @number. */
static void
find_subordinate(const char *file, const char *name, uid_t number, IdRange *range)
{
  g_autofree char *text = NULL, *digits = g_strdup_printf("%u", number);
  if (!g_file_get_contents(file, &text, NULL, NULL))
    return;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) fields = g_strsplit(*line, ":", 4);
    guint64 first, count;
    if (g_strv_length(fields) != 3 || (strcmp(fields[0], name) != 0 && strcmp(fields[0], digits) != 0) ||
        !g_ascii_string_to_unsigned(fields[1], 10, 1, G_MAXUINT32 - 1, &first, NULL) ||
        !g_ascii_string_to_unsigned(fields[2], 10, 1, G_MAXUINT32 - first, &count, NULL) || count <= range->others)
      continue;
    range->first = (guint32)first;
    range->others = (guint32)MIN(count, OTHERS_MAX);
  }
}

/* Whether all of our own user namespace's numbers are there, as in the first one. */
static gboolean
has_all_numbers(void)
{
  g_autofree char *text = NULL;
  guint32 inside, outside, count;
  return g_file_get_contents("/proc/self/uid_map", &text, NULL, NULL) &&
         sscanf(text, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 && count > NOBODYS_FIRST + NOBODYS_COUNT;
}

void
idmap_find(IdMap *map)
{
  *map = (IdMap){.users.root = geteuid(), .groups.root = getegid()};
  if (geteuid() == 0 && has_all_numbers()) {
    map->users = map->groups = (IdRange){.root = NOBODYS_FIRST, .first = NOBODYS_FIRST + 1, .others = NOBODYS_COUNT - 1};
    return;
  }
  const struct passwd *self = getpwuid(geteuid());
  const char *name = self != NULL ? self->pw_name : "";
  g_autofree char *helper = g_find_program_in_path("newuidmap"), *group_helper = g_find_program_in_path("newgidmap");
  if (helper == NULL || group_helper == NULL)
    return;
  find_subordinate("/etc/subuid", name, geteuid(), &map->users);
  find_subordinate("/etc/subgid", name, geteuid(), &map->groups);
  map->by_helper = map->users.others > 0 && map->groups.others > 0;
  if (!map->by_helper)
    map->users.others = map->groups.others = 0;
}

static gboolean
write_file(pid_t pid, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  gboolean written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  int saved = errno;
  if (fd >= 0)
    close(fd);
  return written || error_set_errno(error, saved, "set %s of the sandbox", name);
}

static char *
map_text(const IdRange *range)
{
  return range->others > 0 ? g_strdup_printf("0 %u 1\n1 %u %u\n", range->root, range->first, range->others)
                           : g_strdup_printf("0 %u 1\n", range->root);
}

static gboolean
run_helper(const char *program, pid_t pid, const IdRange *range, GError **error)
{
  char numbers[6][16];
  const guint32 values[] = {(guint32)pid, 0, range->root, 1, 1, range->first};
  for (guint i = 0; i < G_N_ELEMENTS(values); i++)
    g_snprintf(numbers[i], sizeof numbers[i], "%u", values[i]);
  g_autofree char *count = g_strdup_printf("%u", range->others), *said = NULL;
  char *arguments[] = {(char *)program, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], count, NULL};
  gint status;
  if (!g_spawn_sync(NULL, arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &said, &status,
                    error))
    return FALSE;
  if (g_spawn_check_wait_status(status, NULL))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "%s refused: %s", program, g_strstrip(said));
  return FALSE;
}

gboolean
idmap_set(const IdMap *map, pid_t pid, GError **error)
{
  if (map->by_helper)
    return run_helper("newuidmap", pid, &map->users, error) && run_helper("newgidmap", pid, &map->groups, error);
  g_autofree char *users = map_text(&map->users), *groups = map_text(&map->groups);
  /* who is not root may give groups away only for good */
  if (geteuid() != 0 && !write_file(pid, "setgroups", "deny", error))
    return FALSE;
  return write_file(pid, "uid_map", users, error) && write_file(pid, "gid_map", groups, error);
}
