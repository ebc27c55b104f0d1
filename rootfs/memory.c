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

/* What a group and those above it leave. */
static guint64
group_available(const char *root, const char *group, const char *limit_name, const char *usage_name)
{
  guint64 available = G_MAXUINT64, limit, usage;
  g_autofree char *at = g_strdup(group);
  for (;;) {
    g_autofree char *folder = g_build_filename(root, at, NULL);
    if (read_bytes(folder, limit_name, &limit) && read_bytes(folder, usage_name, &usage))
      available = MIN(available, limit > usage ? limit - usage : 0);
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
  g_autofree char *text = NULL;
  guint64 available = G_MAXUINT64;
  if (!g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL))
    return available;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) fields = g_strsplit(*line, ":", 3);
    if (g_strv_length(fields) != 3)
      continue;
    if (fields[1][0] == '\0')
      available = MIN(available, group_available(CGROUP_ROOT, fields[2], "memory.max", "memory.current"));
    else if (strcmp(fields[1], "memory") == 0)
      available = MIN(available,
                      group_available(CGROUP_ROOT "/memory", fields[2], "memory.limit_in_bytes", "memory.usage_in_bytes"));
  }
  return available;
}

guint64
memory_available(void)
{
  return MIN(machine_available(), groups_available());
}
