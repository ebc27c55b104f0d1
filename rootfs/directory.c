/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/directory.h"
#include "signing/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

typedef struct {
  const char *label;
  DirectoryVisit visit;
  gpointer data;
  GString *path; /* of what is being visited, below the folder */
  guint depth;
} Scan;

static gboolean scan_folder(Scan *scan, int fd, GError **error);

static char *
shown_path(const Scan *scan)
{
  g_autofree char *shown = g_strescape(scan->path->str, NULL);
  return scan->path->len > 0 ? g_strdup_printf("%s/%s", scan->label, shown) : g_strdup(scan->label);
}

static gboolean
failed(const Scan *scan, int saved, const char *action, GError **error)
{
  g_autofree char *shown = shown_path(scan);
  return error_set_errno(error, saved, "%s '%s'", action, shown);
}

static gboolean
refuse(const Scan *scan, const char *what, GError **error)
{
  g_autofree char *shown = shown_path(scan);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' %s", shown, what);
  return FALSE;
}

static Entry
entry_of(const Scan *scan, EntryType type, const struct stat *status)
{
  return (Entry){
    .path = scan->path->str,
    .type = type,
    .mode = status->st_mode & 07777,
    .uid = status->st_uid,
    .gid = status->st_gid,
    .mtime = status->st_mtime,
    .size = type == ENTRY_FILE ? (guint64)status->st_size : 0,
  };
}

/* ---- what a name leads to ---- */

/* What @name was a moment ago may be something else now: what was opened counts. */
static int
open_checked(int folder, const char *name, int flags, mode_t type, struct stat *status)
{
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags);
  if (fd < 0 || (fstat(fd, status) == 0 && (status->st_mode & S_IFMT) == type))
    return fd;
  close(fd);
  errno = ESTALE;
  return -1;
}

static gboolean
visit_file(Scan *scan, int folder, const char *name, GError **error)
{
  struct stat status;
  int fd = open_checked(folder, name, 0, S_IFREG, &status);
  if (fd < 0)
    return failed(scan, errno, "open", error);
  const Entry entry = entry_of(scan, ENTRY_FILE, &status);
  gboolean done = scan->visit(&entry, fd, scan->data, error);
  close(fd);
  return done;
}

static gboolean
visit_symlink(Scan *scan, int folder, const char *name, const struct stat *status, GError **error)
{
  char target[ENTRY_PATH_MAX + 2];
  ssize_t length = readlinkat(folder, name, target, sizeof target);
  if (length < 0)
    return failed(scan, errno, "read symlink", error);
  if (length > ENTRY_PATH_MAX)
    return refuse(scan, "is a symlink with too long a target", error);
  target[length] = '\0';
  Entry entry = entry_of(scan, ENTRY_SYMLINK, status);
  entry.target = target;
  return scan->visit(&entry, -1, scan->data, error);
}

static gboolean
visit_folder(Scan *scan, int folder, const char *name, GError **error)
{
  struct stat status;
  int fd = open_checked(folder, name, O_DIRECTORY, S_IFDIR, &status);
  if (fd < 0)
    return failed(scan, errno, "open folder", error);
  gboolean done = ++scan->depth <= DIRECTORY_DEPTH_MAX ? scan_folder(scan, fd, error) : refuse(scan, "lies too deep", error);
  scan->depth--;
  close(fd);
  return done;
}

static gboolean
visit_special(Scan *scan, EntryType type, const struct stat *status, GError **error)
{
  Entry entry = entry_of(scan, type, status);
  if (type != ENTRY_FIFO) {
    entry.major = major(status->st_rdev);
    entry.minor = minor(status->st_rdev);
  }
  return scan->visit(&entry, -1, scan->data, error);
}

static gboolean
visit_name(Scan *scan, int folder, const char *name, GError **error)
{
  struct stat status;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(scan, errno, "look at", error);
  switch (status.st_mode & S_IFMT) {
  case S_IFREG:
    return visit_file(scan, folder, name, error);
  case S_IFDIR:
    return visit_folder(scan, folder, name, error);
  case S_IFLNK:
    return visit_symlink(scan, folder, name, &status, error);
  case S_IFIFO:
    return visit_special(scan, ENTRY_FIFO, &status, error);
  case S_IFCHR:
    return visit_special(scan, ENTRY_CHAR, &status, error);
  case S_IFBLK:
    return visit_special(scan, ENTRY_BLOCK, &status, error);
  default:
    return refuse(scan, "is a socket, which no image can hold", error);
  }
}

/* ---- a folder ---- */

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in the folder, sorted; @fd stays open and unread. */
static GPtrArray *
sorted_names(const Scan *scan, int fd, GError **error)
{
  int duplicate = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = duplicate >= 0 ? fdopendir(duplicate) : NULL;
  if (folder == NULL) {
    failed(scan, errno, "read folder", error);
    if (duplicate >= 0)
      close(duplicate);
    return NULL;
  }
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  const struct dirent *entry;
  while (errno = 0, (entry = readdir(folder)) != NULL)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      g_ptr_array_add(names, g_strdup(entry->d_name));
  int saved = errno;
  closedir(folder);
  if (saved != 0) {
    failed(scan, saved, "read folder", error);
    return NULL;
  }
  g_ptr_array_sort(names, compare_names);
  return g_steal_pointer(&names);
}

static gboolean
scan_folder(Scan *scan, int fd, GError **error)
{
  struct stat status;
  if (fstat(fd, &status) != 0)
    return failed(scan, errno, "look at", error);
  const Entry self = entry_of(scan, ENTRY_DIRECTORY, &status);
  if (!scan->visit(&self, -1, scan->data, error))
    return FALSE;
  g_autoptr(GPtrArray) names = sorted_names(scan, fd, error);
  if (names == NULL)
    return FALSE;
  gsize length = scan->path->len;
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    g_string_append_printf(scan->path, "%s%s", length > 0 ? "/" : "", name);
    if (scan->path->len > ENTRY_PATH_MAX)
      return refuse(scan, "has too long a path", error);
    if (!visit_name(scan, fd, name, error))
      return FALSE;
    g_string_truncate(scan->path, length);
  }
  return TRUE;
}

gboolean
directory_scan(int fd, const char *label, DirectoryVisit visit, gpointer data, GError **error)
{
  g_autoptr(GString) path = g_string_new(NULL);
  Scan scan = {.label = label, .visit = visit, .data = data, .path = path};
  return scan_folder(&scan, fd, error);
}
