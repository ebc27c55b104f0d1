/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/unpack.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
  const char *label;
  guint64 archive_size, unpacked;
  guint members;
  gsize names;       /* bytes of the paths in types */
  GHashTable *types; /* path -> EntryType + 1, of members and of the directories they imply; only ever looked up */
} Unpack;

static gboolean
refuse(const Unpack *unpack, const char *path, const char *what, GError **error)
{
  g_autofree char *shown = g_strescape(path, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s: '%s' %s", unpack->label, shown, what);
  return FALSE;
}

/* @path is where it became too much. */
static gboolean
exceed(const Unpack *unpack, const char *path, LimitId limit, GError **error)
{
  g_autofree char *shown = g_strescape(path, NULL);
  return limits_refuse(limit, error, "%s: with '%.200s'", unpack->label, shown);
}

static gboolean
is_type(const Unpack *unpack, const char *path, EntryType type)
{
  return g_hash_table_lookup(unpack->types, path) == GUINT_TO_POINTER(type + 1u);
}

static gboolean
set_type(Unpack *unpack, const char *path, EntryType type, GError **error)
{
  unpack->names += strlen(path) + 1;
  if (unpack->names > limits_get(LIMIT_NAMES))
    return exceed(unpack, path, LIMIT_NAMES, error);
  g_hash_table_replace(unpack->types, g_strdup(path), GUINT_TO_POINTER(type + 1u));
  return TRUE;
}

static gboolean
check_parents(Unpack *unpack, const char *path, GError **error)
{
  for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    g_autofree char *parent = g_strndup(path, (gsize)(slash - path));
    gboolean known = g_hash_table_contains(unpack->types, parent);
    if (known && !is_type(unpack, parent, ENTRY_DIRECTORY))
      return refuse(unpack, path, "lies below a member that is no directory", error);
    if (!known && !set_type(unpack, parent, ENTRY_DIRECTORY, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_place(Unpack *unpack, const Entry *entry, GError **error)
{
  gboolean known = g_hash_table_contains(unpack->types, entry->path);
  if (known && !(entry->type == ENTRY_DIRECTORY && is_type(unpack, entry->path, ENTRY_DIRECTORY)))
    return refuse(unpack, entry->path, "is there twice", error);
  /* one to another hardlink is none that tar writes */
  if (entry->type == ENTRY_HARDLINK && !is_type(unpack, entry->target, ENTRY_FILE))
    return refuse(unpack, entry->path, "is a hardlink to no file before it", error);
  return check_parents(unpack, entry->path, error) && set_type(unpack, entry->path, entry->type, error);
}

static gboolean
check_limits(Unpack *unpack, const Entry *entry, GError **error)
{
  LimitId exceeded;
  if (++unpack->members > limits_get(LIMIT_MEMBERS))
    return exceed(unpack, entry->path, LIMIT_MEMBERS, error);
  unpack->unpacked += entry->size;
  return limits_allow_content(unpack->unpacked, unpack->archive_size, &exceeded) ||
         exceed(unpack, entry->path, exceeded, error);
}

static gboolean
visit_members(Unpack *unpack, MemberReader *reader, UnpackVisit visit, gpointer data, GError **error)
{
  const Entry *entry;
  while (member_reader_next(reader, &entry, error)) {
    if (entry == NULL)
      return TRUE;
    if (*entry->path == '\0' && entry->type == ENTRY_DIRECTORY)
      continue;
    if (*entry->path == '\0')
      return refuse(unpack, "/", "is the root, which can only be a directory", error);
    if (!check_place(unpack, entry, error) || !check_limits(unpack, entry, error) || !visit(entry, reader, data, error))
      return FALSE;
  }
  return FALSE;
}

gboolean
unpack_archive(int fd, const char *label, UnpackVisit visit, gpointer data, GError **error)
{
  struct stat status;
  if (fstat(fd, &status) != 0)
    return error_set_errno(error, errno, "look at '%s'", label);
  g_autoptr(MemberReader) reader = member_reader_new_fd(MEMBER_ANY, label, fd, error);
  if (reader == NULL)
    return FALSE;
  g_autoptr(GHashTable) types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Unpack unpack = {.label = label, .archive_size = (guint64)status.st_size, .types = types};
  return visit_members(&unpack, reader, visit, data, error);
}
