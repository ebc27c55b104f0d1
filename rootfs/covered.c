/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/covered.h"

#include <string.h>

/* How many are named. */
#define NAMED 3

/* Empty folders that the kernel makes for other file systems (proc_create_mount_point, sysfs_create_mount_point). */
static const char *const made_for_it[] = {
  "/proc/fs/nfsd",      "/proc/openprom",    "/proc/sys/fs/binfmt_misc", "/sys/firmware/efi/efivars",
  "/sys/fs/bpf",        "/sys/fs/cgroup",    "/sys/fs/fuse/connections", "/sys/fs/pstore",
  "/sys/fs/resctrl",    "/sys/fs/selinux",   "/sys/fs/smackfs",          "/sys/hypervisor/s390",
  "/sys/kernel/config", "/sys/kernel/debug", "/sys/kernel/security",     "/sys/kernel/tracing",
};

static gboolean
is_at_or_below(const char *path, const char *place)
{
  gsize length = strlen(place);
  return strncmp(path, place, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static gboolean
hides_something(const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS(made_for_it); i++)
    if (is_at_or_below(path, made_for_it[i]))
      return FALSE;
  return TRUE;
}

GPtrArray *
covered_find(const char *mountinfo, const char *place)
{
  GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) lines = g_strsplit(mountinfo, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) fields = g_strsplit(*line, " ", 6);
    if (g_strv_length(fields) < 6)
      continue;
    /* white space and backslashes are in octal */
    g_autofree char *path = g_strcompress(fields[4]);
    if (is_at_or_below(path, place) && strcmp(path, place) != 0 && hides_something(path) &&
        !g_ptr_array_find_with_equal_func(found, path, g_str_equal, NULL))
      g_ptr_array_add(found, g_steal_pointer(&path));
  }
  return found;
}

/* "'/proc/kcore', '/proc/keys' and 5 more" */
static char *
words_of(const GPtrArray *found)
{
  GString *words = g_string_new(NULL);
  guint named = MIN(found->len, NAMED);
  for (guint i = 0; i < named; i++)
    g_string_append_printf(words, "%s'%s'", i == 0 ? "" : i + 1 == found->len ? " and " : ", ", (const char *)found->pdata[i]);
  if (found->len > named)
    g_string_append_printf(words, " and %u more", found->len - named);
  return g_string_free(words, FALSE);
}

void
covered_explain(const char *place, GError **error)
{
  g_autofree char *mountinfo = NULL;
  if (error == NULL || *error == NULL || !g_file_get_contents("/proc/self/mountinfo", &mountinfo, NULL, NULL))
    return;
  g_autoptr(GPtrArray) found = covered_find(mountinfo, place);
  if (found->len == 0)
    return;
  g_autofree char *words = words_of(found);
  g_autofree char *message = g_strdup_printf(
    "%s\nhint: a sandbox may have a %s of its own only where all of the one outside can be seen, and %s %s mounted over: "
    "unmount that, or have the container that this runs in hide nothing (docker: --security-opt systempaths=unconfined, "
    "podman: --security-opt unmask=ALL, Kubernetes: procMount: Unmasked)",
    (*error)->message, place, words, found->len == 1 ? "is" : "are");
  g_free((*error)->message);
  (*error)->message = g_steal_pointer(&message);
}
