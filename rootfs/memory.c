/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/memory.h"

#include <stdio.h>
#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

static guint64
machine_available(void)
{
  g_autofree char *text = NULL;
  guint64 kilobytes = 0;
  const char *line = g_file_get_contents("/proc/meminfo", &text, NULL, NULL) ? strstr(text, "\nMemAvailable:") : NULL;
  return line != NULL && sscanf(line, "\nMemAvailable: %" G_GUINT64_FORMAT, &kilobytes) == 1 ? kilobytes << 10 : 0;
}

/* FALSE where the file is not there, or says "max". */
static gboolean
read_bytes(const char *folder, const char *name, guint64 *out)
{
  g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
  return g_file_get_contents(path, &text, NULL, NULL) && sscanf(text, "%" G_GUINT64_FORMAT, out) == 1;
}

/* How the two versions of control groups name what is asked of them. */
typedef struct {
  const char *root, *limit, *usage, *cached[2];
} GroupFiles;

/* What the pages of files on disks take: counted as used, and given up when something else needs the memory. */
static guint64
group_cached(const char *folder, const GroupFiles *files)
{
  g_autofree char *path = g_build_filename(folder, "memory.stat", NULL), *text = NULL;
  guint64 cached = 0;
  if (!g_file_get_contents(path, &text, NULL, NULL))
    return 0;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    const char *value = strchr(*line, ' ');
    for (guint i = 0; value != NULL && i < G_N_ELEMENTS(files->cached); i++)
      if (g_str_has_prefix(*line, files->cached[i]) && strlen(files->cached[i]) == (size_t)(value - *line))
        cached += g_ascii_strtoull(value + 1, NULL, 10);
  }
  return cached;
}

/* What a group and those above it leave. */
static guint64
group_available(const GroupFiles *files, const char *group)
{
  guint64 available = G_MAXUINT64, limit, usage;
  g_autofree char *at = g_strdup(group);
  for (;;) {
    g_autofree char *folder = g_build_filename(files->root, at, NULL);
    if (read_bytes(folder, files->limit, &limit) && read_bytes(folder, files->usage, &usage)) {
      guint64 held = usage - MIN(usage, group_cached(folder, files));
      available = MIN(available, limit - MIN(limit, held));
    }
    char *slash = strrchr(at, '/');
    if (slash == NULL || at[1] == '\0')
      return available;
    slash[slash == at ? 1 : 0] = '\0';
  }
}

/* proc_pid_cgroup(5): "0::/path" of version 2, "N:memory:/path" of version 1. */
static guint64
groups_available(void)
{
  static const GroupFiles unified = {CGROUP_ROOT, "memory.max", "memory.current", {"inactive_file", "active_file"}};
  static const GroupFiles legacy = {
    CGROUP_ROOT "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", {"total_inactive_file", "total_active_file"}};
  g_autofree char *text = NULL;
  guint64 available = G_MAXUINT64;
  if (!g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL))
    return available;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) fields = g_strsplit(*line, ":", 3);
    if (g_strv_length(fields) == 3 && fields[1][0] == '\0')
      available = MIN(available, group_available(&unified, fields[2]));
    else if (g_strv_length(fields) == 3 && strcmp(fields[1], "memory") == 0)
      available = MIN(available, group_available(&legacy, fields[2]));
  }
  return available;
}

guint64
memory_available(void)
{
  return MIN(machine_available(), groups_available());
}
