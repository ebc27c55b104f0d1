/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

struct Cgroup {
  char *memory, *pids; /* folders, or NULL: that controller is not to be had */
  gboolean unified;    /* version 2, and both are the same folder */
};

/* The path of our own group in the hierarchy of @controller ("": version 2), as /proc/self/cgroup tells it. */
static char *
own_group(const char *controller)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL))
    return NULL;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) fields = g_strsplit(*line, ":", 3);
    if (g_strv_length(fields) == 3 && strcmp(fields[1], controller) == 0)
      return g_strdup(fields[2]);
  }
  return NULL;
}

/* The group's folder where it is there. */
static char *
group_folder(const char *controller, const char *name, gboolean make)
{
  g_autofree char *own = own_group(controller);
  if (own == NULL)
    return NULL;
  g_autofree char *folder = g_build_filename(CGROUP_ROOT, controller, own, name, NULL);
  if (make && mkdir(folder, 0755) != 0 && errno != EEXIST)
    return NULL;
  return g_file_test(folder, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&folder) : NULL;
}

static gboolean
write_value(const char *folder, const char *file, const char *value)
{
  g_autofree char *path = g_build_filename(folder, file, NULL);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  gboolean written = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
  if (fd >= 0)
    close(fd);
  return written;
}

static gboolean
write_number(const char *folder, const char *file, guint64 number)
{
  g_autofree char *value = g_strdup_printf("%" G_GUINT64_FORMAT, number);
  return folder != NULL && write_value(folder, file, value);
}

static Cgroup *
find(const char *name, gboolean make)
{
  g_autofree char *memory = group_folder("memory", name, make), *pids = group_folder("pids", name, make);
  gboolean unified = memory == NULL && pids == NULL && g_file_test(CGROUP_ROOT "/cgroup.controllers", G_FILE_TEST_EXISTS);
  if (unified)
    memory = group_folder("", name, make);
  if (memory == NULL && pids == NULL)
    return NULL;
  Cgroup *cgroup = g_new0(Cgroup, 1);
  cgroup->unified = unified;
  cgroup->pids = unified ? g_strdup(memory) : g_steal_pointer(&pids);
  cgroup->memory = g_steal_pointer(&memory);
  return cgroup;
}

Cgroup *
cgroup_make(const char *name)
{
  return find(name, TRUE);
}

Cgroup *
cgroup_find(const char *name)
{
  return find(name, FALSE);
}

void
cgroup_free(Cgroup *cgroup, gboolean remove)
{
  if (remove && cgroup->memory != NULL)
    (void)rmdir(cgroup->memory);
  if (remove && cgroup->pids != NULL)
    (void)rmdir(cgroup->pids);
  g_free(cgroup->memory);
  g_free(cgroup->pids);
  g_free(cgroup);
}

gboolean
cgroup_add(const Cgroup *cgroup, pid_t pid)
{
  gboolean memory = write_number(cgroup->memory, "cgroup.procs", (guint64)pid);
  gboolean pids = cgroup->unified || write_number(cgroup->pids, "cgroup.procs", (guint64)pid);
  return memory && pids;
}

gboolean
cgroup_limit_memory(const Cgroup *cgroup, guint64 bytes)
{
  if (cgroup->memory == NULL)
    return FALSE;
  if (cgroup->unified) {
    (void)write_value(cgroup->memory, "memory.swap.max", bytes > 0 ? "0" : "max");
    return bytes > 0 ? write_number(cgroup->memory, "memory.max", bytes) : write_value(cgroup->memory, "memory.max", "max");
  }
  /* the bound with swap may not be below that without: it goes up before it, and down after it */
  (void)write_value(cgroup->memory, "memory.memsw.limit_in_bytes", "-1");
  if (bytes == 0)
    return write_value(cgroup->memory, "memory.limit_in_bytes", "-1");
  gboolean set = write_number(cgroup->memory, "memory.limit_in_bytes", bytes);
  (void)write_number(cgroup->memory, "memory.memsw.limit_in_bytes", bytes);
  return set;
}

gboolean
cgroup_limit_processes(const Cgroup *cgroup, guint most)
{
  return write_number(cgroup->pids, "pids.max", most);
}

guint64
cgroup_memory_kills(const Cgroup *cgroup)
{
  g_autofree char *text = NULL;
  g_autofree char *path = cgroup->memory != NULL
                            ? g_build_filename(cgroup->memory, cgroup->unified ? "memory.events" : "memory.oom_control", NULL)
                            : NULL;
  if (path == NULL || !g_file_get_contents(path, &text, NULL, NULL))
    return 0;
  const char *at = strstr(text, "oom_kill ");
  return at != NULL ? g_ascii_strtoull(at + strlen("oom_kill "), NULL, 10) : 0;
}
