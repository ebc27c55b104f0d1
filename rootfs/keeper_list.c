/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper's look at the tree. A file is unchanged when it is the same inode with the same size and the same time of its last
 * change (ctime), which nobody in a sandbox can set; the content of every other is hashed.
 */
#include "rootfs/acl.h"
#include "rootfs/directory.h"
#include "rootfs/entry_list.h"
#include "rootfs/keeper.h"
#include "rootfs/keeper_inside.h"
#include "rootfs/wire.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* Entries in a message, and bytes of content in one. */
#define BATCH 1024
#define PIECE (256 << 10)

typedef struct {
  ino_t inode;
  off_t size;
  struct timespec changed;
} Mark;

/* ---- owners ---- */

/* The user who builds is without subordinate ids, and can have only his own. */
static gboolean
not_here(const char *shown, const char *what, GError **error)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
              "'/%s' %s, whom this sandbox does not have\nhint: give the user who builds subordinate ids, in "
              "/etc/subuid and /etc/subgid, and install newuidmap (package uidmap)",
              shown, what);
  return FALSE;
}

static gboolean
own_failed(const Entry *entry, const char *action, GError **error)
{
  int saved = errno;
  g_autofree char *shown = g_strescape(entry->path, NULL);
  if (saved != EINVAL)
    return error_set_errno(error, saved, "%s '/%s'", action, shown);
  g_autofree char *what = g_strdup_printf("belongs to %u:%u", entry->uid, entry->gid);
  return not_here(shown, what, error);
}

/* What the file system or the kernel will not have, a program could not use either; but who may do what must not change. */
static gboolean
xattr_failed(const Entry *entry, const Xattr *xattr, GError **error)
{
  int saved = errno;
  gboolean list = acl_is_name(xattr->name);
  if (!list && (saved == EOPNOTSUPP || saved == EPERM))
    return TRUE;
  g_autofree char *shown = g_strescape(entry->path, NULL);
  if (list && saved == EINVAL)
    return not_here(shown, "has an access control list of users or groups", error);
  if (!list || saved != EOPNOTSUPP)
    return error_set_errno(error, saved, "set extended attributes of '/%s'", shown);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
              "'/%s' has an access control list, and the file system of the store knows none\nhint: have the store on one that "
              "does, as ext4, xfs, btrfs and tmpfs do: $ASHLAR_STORE says where it is",
              shown);
  return FALSE;
}

static gboolean
own_entry(int tree, const Entry *entry, GError **error)
{
  const char *path = *entry->path != '\0' ? entry->path : ".";
  if (fchownat(tree, path, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) != 0)
    return own_failed(entry, "change the owner of", error);
  if (entry->type != ENTRY_SYMLINK && fchmodat(tree, path, entry->mode, 0) != 0)
    return own_failed(entry, "change the mode of", error);
  g_autofree char *place = g_strdup_printf("/proc/self/fd/%d/%s", tree, path);
  for (guint i = 0; i < entry->n_xattrs; i++) {
    const Xattr *xattr = &entry->xattrs[i];
    if (lsetxattr(place, xattr->name, xattr->value, xattr->size, 0) != 0 && !xattr_failed(entry, xattr, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
keeper_own(Keeper *keeper, GVariant *value, GError **error)
{
  g_autoptr(EntryList) list = entry_list_new();
  if (!entry_list_add_variant(list, value, error))
    return FALSE;
  for (guint i = 0; i < entry_list_size(list); i++)
    if (!own_entry(keeper->tree, entry_list_get(list, i), error))
      return FALSE;
  return wire_send(KEEPER_SOCKET, "ok", NULL, error);
}

/* ---- looking ---- */

typedef struct {
  const Keeper *keeper;
  GHashTable *marks; /* as they are now */
  EntryList *list;   /* NULL: only to mark */
  gboolean whole;    /* hash what is unchanged too */
  guint64 bytes;     /* of content that was hashed */
  guint8 *buffer;
} Look;

static gboolean
is_unchanged(const Look *look, const char *path, const Mark *now)
{
  const Mark *then = look->keeper->marks != NULL ? g_hash_table_lookup(look->keeper->marks, path) : NULL;
  return then != NULL && then->inode == now->inode && then->size == now->size && then->changed.tv_sec == now->changed.tv_sec &&
         then->changed.tv_nsec == now->changed.tv_nsec;
}

static gboolean
needs_hash(const Entry *entry, const struct stat *status, gpointer data)
{
  Look *look = data;
  Mark mark = {.inode = status->st_ino, .size = status->st_size, .changed = status->st_ctim};
  gboolean unchanged = !look->whole && is_unchanged(look, entry->path, &mark);
  g_hash_table_insert(look->marks, g_strdup(entry->path), g_memdup2(&mark, sizeof mark));
  return look->list != NULL && !unchanged;
}

static gboolean
hash_file(Look *look, Entry *entry, int fd, GError **error)
{
  g_autoptr(Hasher) hasher = hasher_new();
  guint64 size = 0;
  look->bytes += entry->size;
  if (look->bytes > limits_get(LIMIT_UNPACKED))
    return limits_refuse(LIMIT_UNPACKED, error, "what the step left, with '/%s'", entry->path);
  for (;;) {
    ssize_t part = read(fd, look->buffer, PIECE);
    if (part < 0 && errno == EINTR)
      continue;
    if (part < 0)
      return error_set_errno(error, errno, "read '/%s'", entry->path);
    if (part == 0)
      break;
    hasher_update(hasher, look->buffer, (gsize)part);
    size += (guint64)part;
  }
  hasher_finish(hasher, &entry->digest);
  entry->size = size;
  return TRUE;
}

static gboolean
send_batch(Look *look, GError **error)
{
  if (entry_list_size(look->list) == 0)
    return TRUE;
  gboolean sent = wire_send(KEEPER_SOCKET, "entries", entry_list_to_variant(look->list, 0, entry_list_size(look->list)), error);
  entry_list_free(look->list);
  look->list = entry_list_new();
  return sent;
}

static gboolean
visit(const Entry *found, int fd, gpointer data, GError **error)
{
  Look *look = data;
  if (look->list == NULL)
    return TRUE;
  Entry *entry = entry_list_add(look->list, found);
  if (fd >= 0 && !hash_file(look, entry, fd, error))
    return FALSE;
  return entry_list_size(look->list) < BATCH || send_batch(look, error);
}

static gboolean
look_at_all(Keeper *keeper, Look *look, GError **error)
{
  const DirectoryScan scan = {.look = TRUE, .opens = needs_hash, .visit = visit, .data = look};
  look->keeper = keeper;
  look->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  look->buffer = g_malloc(PIECE);
  gboolean done = directory_scan(keeper->tree, "", &scan, error);
  g_free(look->buffer);
  g_clear_pointer(&keeper->marks, g_hash_table_unref);
  keeper->marks = look->marks;
  return done;
}

/* Until the clock that file systems go by has moved on, a change would bear the time of the mark. */
static void
let_time_pass(void)
{
  struct timespec then, now;
  clock_gettime(CLOCK_REALTIME_COARSE, &then);
  do {
    g_usleep(500);
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
  } while (now.tv_sec == then.tv_sec && now.tv_nsec == then.tv_nsec);
}

gboolean
keeper_mark(Keeper *keeper, GVariant *value, GError **error)
{
  Look look = {.list = NULL};
  if (!look_at_all(keeper, &look, error))
    return FALSE;
  let_time_pass();
  return wire_send(KEEPER_SOCKET, "ok", NULL, error);
}

gboolean
keeper_list(Keeper *keeper, GVariant *value, GError **error)
{
  Look look = {.list = entry_list_new(), .whole = g_variant_get_boolean(value)};
  gboolean done = look_at_all(keeper, &look, error) && send_batch(&look, error);
  entry_list_free(look.list);
  let_time_pass();
  return done && wire_send(KEEPER_SOCKET, "end", NULL, error);
}

/* ---- contents ---- */

static int
open_file(int tree, const char *path)
{
  struct open_how how = {
    .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
  };
  return (int)syscall(SYS_openat2, tree, path, &how, sizeof how);
}

static gboolean
send_content(int fd, guint8 *buffer, GError **error)
{
  for (;;) {
    ssize_t part = read(fd, buffer, PIECE);
    if (part < 0 && errno == EINTR)
      continue;
    if (part < 0)
      return error_set_errno(error, errno, "read a file that the step left");
    if (part == 0)
      return wire_send(KEEPER_SOCKET, "end", NULL, error);
    GVariant *data = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, buffer, (gsize)part, 1);
    if (!wire_send(KEEPER_SOCKET, "data", data, error))
      return FALSE;
  }
}

gboolean
keeper_send(Keeper *keeper, GVariant *value, GError **error)
{
  g_autofree guint8 *buffer = g_malloc(PIECE);
  for (gsize i = 0; i < g_variant_n_children(value); i++) {
    const char *path;
    g_variant_get_child(value, i, "^&ay", &path);
    int fd = open_file(keeper->tree, path);
    if (fd < 0)
      return error_set_errno(error, errno, "open '/%s'", path);
    gboolean sent = send_content(fd, buffer, error);
    close(fd);
    if (!sent)
      return FALSE;
  }
  return TRUE;
}
