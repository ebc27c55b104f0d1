/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/directory.h"
#include "rootfs/acl.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What the kernel allows for all names together, and for one value. */
#define XATTR_NAMES_MAX (64 << 10)
#define XATTR_VALUE_MAX (64 << 10)

typedef struct {
  const char *label;
  const DirectoryScan *options;
  GString *path; /* of what is being visited, below the folder */
  guint depth;
  GHashTable *links; /* Inode* -> the first path that led there; only ever looked up */
  GArray *xattrs;    /* Xattr, of what is being visited */
  GStringChunk *strings;
} Scan;

typedef struct {
  dev_t device;
  ino_t number;
} Inode;

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

/* ---- extended attributes ---- */

static int
compare_xattrs(gconstpointer a, gconstpointer b)
{
  return strcmp(((const Xattr *)a)->name, ((const Xattr *)b)->name);
}

static gboolean
is_hosts_own(const char *name)
{
  return (g_str_has_prefix(name, "system.") && !acl_is_name(name)) || strcmp(name, "security.selinux") == 0;
}

static gboolean
canonicalize(const Scan *scan, const Entry *entry, const char *name, GByteArray *value, GError **error)
{
  if (!acl_is_name(name) || acl_canonicalize(name, entry, value, error))
    return TRUE;
  g_autofree char *shown = shown_path(scan);
  g_prefix_error(error, "'%s': ", shown);
  return FALSE;
}

/* One that is gone, or may not be read, is none. */
static gboolean
add_xattr(Scan *scan, const Entry *entry, const char *place, const char *name, GError **error)
{
  g_autoptr(GByteArray) value = g_byte_array_sized_new(XATTR_VALUE_MAX);
  g_byte_array_set_size(value, XATTR_VALUE_MAX);
  ssize_t size = is_hosts_own(name) ? -1 : lgetxattr(place, name, value->data, XATTR_VALUE_MAX);
  if (size < 0)
    return TRUE;
  g_byte_array_set_size(value, (guint)size);
  if (!canonicalize(scan, entry, name, value, error))
    return FALSE;
  Xattr xattr = {.name = g_string_chunk_insert(scan->strings, name), .size = value->len};
  xattr.value = (const guint8 *)g_string_chunk_insert_len(scan->strings, (const char *)value->data, value->len);
  if (!acl_is_name(name) || value->len > 0)
    g_array_append_val(scan->xattrs, xattr);
  return TRUE;
}

/* There is no call that takes a descriptor and a name and does not need the file to be readable; /proc's link to the folder's
 * descriptor and one name behind it is the same. */
static gboolean
read_xattrs(Scan *scan, int folder, const char *name, Entry *entry, GError **error)
{
  g_autofree char *place = g_strdup_printf("/proc/self/fd/%d/%s", folder, name);
  char names[XATTR_NAMES_MAX];
  ssize_t size = llistxattr(place, names, sizeof names);
  if (size <= 0)
    return TRUE;
  g_array_set_size(scan->xattrs, 0);
  g_string_chunk_clear(scan->strings);
  for (const char *at = names; at < names + size; at += strlen(at) + 1)
    if (!add_xattr(scan, entry, place, at, error))
      return FALSE;
  g_array_sort(scan->xattrs, compare_xattrs);
  entry->xattrs = (const Xattr *)(gconstpointer)scan->xattrs->data;
  entry->n_xattrs = scan->xattrs->len;
  return TRUE;
}

/* @folder and @name lead to what @entry tells of; @fd is its content or -1. */
static gboolean
tell(Scan *scan, int folder, const char *name, Entry *entry, int fd, GError **error)
{
  if (scan->options->look && !read_xattrs(scan, folder, name, entry, error))
    return FALSE;
  return scan->options->visit(entry, fd, scan->options->data, error);
}

/* ---- several names of a file ---- */

static guint
inode_hash(gconstpointer inode)
{
  const Inode *self = inode;
  return g_int64_hash(&(gint64){(gint64)(self->number ^ self->device << 48)});
}

static gboolean
inode_equal(gconstpointer a, gconstpointer b)
{
  const Inode *x = a, *y = b;
  return x->device == y->device && x->number == y->number;
}

/* The path under which the file was told before, or NULL: this is the first. */
static const char *
earlier_name(Scan *scan, const struct stat *status)
{
  const Inode inode = {.device = status->st_dev, .number = status->st_ino};
  if (!scan->options->look || status->st_nlink < 2)
    return NULL;
  const char *earlier = g_hash_table_lookup(scan->links, &inode);
  if (earlier == NULL)
    g_hash_table_insert(scan->links, g_memdup2(&inode, sizeof inode), g_strdup(scan->path->str));
  return earlier;
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
visit_file(Scan *scan, int folder, const char *name, const struct stat *found, GError **error)
{
  struct stat status;
  Entry entry = entry_of(scan, ENTRY_FILE, found);
  const char *earlier = earlier_name(scan, found);
  if (earlier != NULL) {
    entry.type = ENTRY_HARDLINK;
    entry.target = earlier;
    entry.size = 0;
  }
  if (earlier != NULL || (scan->options->opens != NULL && !scan->options->opens(&entry, found, scan->options->data)))
    return tell(scan, folder, name, &entry, -1, error);
  int fd = open_checked(folder, name, 0, S_IFREG, &status);
  if (fd < 0)
    return failed(scan, errno, "open", error);
  entry = entry_of(scan, ENTRY_FILE, &status);
  gboolean done = tell(scan, folder, name, &entry, fd, error);
  close(fd);
  return done;
}

static gboolean
visit_symlink(Scan *scan, int folder, const char *name, const struct stat *status, GError **error)
{
  char target[PATH_MAX];
  ssize_t length = readlinkat(folder, name, target, sizeof target);
  if (length < 0)
    return failed(scan, errno, "read symlink", error);
  if ((gsize)length >= sizeof target)
    return refuse(scan, "is a symlink with too long a target", error);
  target[length] = '\0';
  Entry entry = entry_of(scan, ENTRY_SYMLINK, status);
  entry.target = target;
  return tell(scan, folder, name, &entry, -1, error);
}

static gboolean
visit_folder(Scan *scan, int folder, const char *name, GError **error)
{
  struct stat status;
  int fd = open_checked(folder, name, O_DIRECTORY, S_IFDIR, &status);
  if (fd < 0)
    return failed(scan, errno, "open folder", error);
  gboolean done = ++scan->depth <= FOLDER_DEPTH_MAX ? scan_folder(scan, fd, error) : refuse(scan, "lies too deep", error);
  scan->depth--;
  close(fd);
  return done;
}

static gboolean
visit_special(Scan *scan, int folder, const char *name, EntryType type, const struct stat *status, GError **error)
{
  Entry entry = entry_of(scan, type, status);
  if (type != ENTRY_FIFO) {
    entry.major = major(status->st_rdev);
    entry.minor = minor(status->st_rdev);
  }
  return tell(scan, folder, name, &entry, -1, error);
}

static gboolean
visit_name(Scan *scan, int folder, const char *name, GError **error)
{
  struct stat status;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(scan, errno, "look at", error);
  switch (status.st_mode & S_IFMT) {
  case S_IFREG:
    return visit_file(scan, folder, name, &status, error);
  case S_IFDIR:
    return visit_folder(scan, folder, name, error);
  case S_IFLNK:
    return visit_symlink(scan, folder, name, &status, error);
  case S_IFIFO:
    return visit_special(scan, folder, name, ENTRY_FIFO, &status, error);
  case S_IFCHR:
    return visit_special(scan, folder, name, ENTRY_CHAR, &status, error);
  case S_IFBLK:
    return visit_special(scan, folder, name, ENTRY_BLOCK, &status, error);
  default:
    return scan->options->look || refuse(scan, "is a socket, which no image can hold", error);
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
  Entry self = entry_of(scan, ENTRY_DIRECTORY, &status);
  if (!tell(scan, fd, ".", &self, -1, error))
    return FALSE;
  g_autoptr(GPtrArray) names = sorted_names(scan, fd, error);
  if (names == NULL)
    return FALSE;
  gsize length = scan->path->len;
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    g_string_append_printf(scan->path, "%s%s", length > 0 ? "/" : "", name);
    if (scan->path->len > limits_get(LIMIT_PATH)) {
      g_autofree char *shown = shown_path(scan);
      return limits_refuse(LIMIT_PATH, error, "'%.200s'", shown);
    }
    if (!visit_name(scan, fd, name, error))
      return FALSE;
    g_string_truncate(scan->path, length);
  }
  return TRUE;
}

gboolean
directory_scan(int fd, const char *label, const DirectoryScan *options, GError **error)
{
  g_autoptr(GString) path = g_string_new(NULL);
  g_autoptr(GHashTable) links = g_hash_table_new_full(inode_hash, inode_equal, g_free, g_free);
  g_autoptr(GArray) xattrs = g_array_new(FALSE, FALSE, sizeof(Xattr));
  GStringChunk *strings = g_string_chunk_new(1024);
  Scan scan = {.label = label, .options = options, .path = path, .links = links, .xattrs = xattrs, .strings = strings};
  gboolean done = scan_folder(&scan, fd, error);
  g_string_chunk_free(strings);
  return done;
}
