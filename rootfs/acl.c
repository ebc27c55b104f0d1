/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/acl.h"
#include "signing/error.h"

#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define VERSION 2
#define NOBODY G_MAXUINT32 /* the number in entries that name nobody */

/* All in little endian (linux/posix_acl_xattr.h). */
typedef struct {
  guint16 tag, permissions;
  guint32 id;
} AclEntry;

G_STATIC_ASSERT(sizeof(AclEntry) == 8);
#define HEAD_SIZE sizeof(guint32)

gboolean
acl_is_name(const char *name)
{
  return strcmp(name, ACL_ACCESS) == 0 || strcmp(name, ACL_DEFAULT) == 0;
}

static gboolean
names_somebody(AclTag tag)
{
  return tag == ACL_USER || tag == ACL_GROUP;
}

void
acl_append(GByteArray *list, AclTag tag, guint permissions, guint32 id)
{
  const guint32 version = GUINT32_TO_LE(VERSION);
  const AclEntry entry = {.tag = GUINT16_TO_LE(tag),
                          .permissions = GUINT16_TO_LE(permissions),
                          .id = GUINT32_TO_LE(names_somebody(tag) ? id : NOBODY)};
  if (list->len == 0)
    g_byte_array_append(list, (const guint8 *)&version, sizeof version);
  g_byte_array_append(list, (const guint8 *)&entry, sizeof entry);
}

/* ---- reading ---- */

static guint
n_entries(const GByteArray *list)
{
  return list->len > HEAD_SIZE ? (list->len - HEAD_SIZE) / sizeof(AclEntry) : 0;
}

/* In the machine's own order of bytes; the array need not be aligned. */
static AclEntry
get(const GByteArray *list, guint i)
{
  AclEntry entry;
  memcpy(&entry, list->data + HEAD_SIZE + i * sizeof entry, sizeof entry);
  return (AclEntry){
    .tag = GUINT16_FROM_LE(entry.tag), .permissions = GUINT16_FROM_LE(entry.permissions), .id = GUINT32_FROM_LE(entry.id)};
}

static void
set_permissions(GByteArray *list, guint i, guint permissions)
{
  const guint16 value = GUINT16_TO_LE(permissions);
  memcpy(list->data + HEAD_SIZE + i * sizeof(AclEntry) + G_STRUCT_OFFSET(AclEntry, permissions), &value, sizeof value);
}

static guint
count(const GByteArray *list, AclTag tag)
{
  guint n = 0;
  for (guint i = 0; i < n_entries(list); i++)
    n += get(list, i).tag == tag;
  return n;
}

/* ---- what is refused ---- */

static gboolean refuse(const char *name, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean
refuse(const char *name, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *what = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "access control list '%s' %s", name, what);
  return FALSE;
}

static gboolean
check_form(const char *name, const GByteArray *list, GError **error)
{
  guint32 version;
  if (list->len < HEAD_SIZE || (list->len - HEAD_SIZE) % sizeof(AclEntry) != 0)
    return refuse(name, error, "has %u bytes, which is no list's length", list->len);
  memcpy(&version, list->data, sizeof version);
  if (GUINT32_FROM_LE(version) != VERSION)
    return refuse(name, error, "is of version %u, and Linux knows only %d", GUINT32_FROM_LE(version), VERSION);
  for (guint i = 0; i < n_entries(list); i++) {
    AclEntry entry = get(list, i);
    if (entry.tag == 0 || (entry.tag & (entry.tag - 1)) != 0 || entry.tag > ACL_OTHER)
      return refuse(name, error, "has an entry of kind 0x%x, which Linux does not know", entry.tag);
    if (entry.permissions > 7)
      return refuse(name, error, "has an entry with permissions 0%o, which Linux does not know", entry.permissions);
    if (names_somebody(entry.tag) && entry.id == NOBODY)
      return refuse(name, error, "names a user or group that does not exist");
  }
  return TRUE;
}

/* @list is sorted. */
static gboolean
check_sense(const char *name, const GByteArray *list, GError **error)
{
  guint masks = count(list, ACL_MASK);
  if (count(list, ACL_OWNER) != 1 || count(list, ACL_OWNING_GROUP) != 1 || count(list, ACL_OTHER) != 1)
    return refuse(name, error, "does not have one entry each for owner, group and others");
  if (masks > 1 || (masks == 0 && count(list, ACL_USER) + count(list, ACL_GROUP) > 0))
    return refuse(name, error, "names users or groups, and does not have one mask");
  for (guint i = 1; i < n_entries(list); i++) {
    AclEntry before = get(list, i - 1), entry = get(list, i);
    if (entry.tag == before.tag && entry.id == before.id)
      return refuse(name, error, "names the %s %u twice", entry.tag == ACL_USER ? "user" : "group", entry.id);
  }
  return TRUE;
}

static gboolean
check_place(const char *name, const Entry *entry, GError **error)
{
  if (entry->type == ENTRY_SYMLINK)
    return refuse(name, error, "is a symlink's, and symlinks have none");
  if (entry->type != ENTRY_DIRECTORY && strcmp(name, ACL_DEFAULT) == 0)
    return refuse(name, error, "is for what is made in a folder, and this is none");
  return TRUE;
}

/* ---- the canonical form ---- */

static int
compare_entries(const void *a, const void *b)
{
  AclEntry x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  if (x.tag != y.tag)
    return GUINT16_FROM_LE(x.tag) < GUINT16_FROM_LE(y.tag) ? -1 : 1;
  return GUINT32_FROM_LE(x.id) < GUINT32_FROM_LE(y.id) ? -1 : x.id != y.id;
}

/* Where a mode and a list go different ways, whoever unpacks the layer sets the mode last, as chmod(2) does: the mask stands for
 * the group where there is one. */
static void
follow_mode(GByteArray *list, guint32 mode)
{
  AclTag group = count(list, ACL_MASK) > 0 ? ACL_MASK : ACL_OWNING_GROUP;
  for (guint i = 0; i < n_entries(list); i++) {
    AclTag tag = get(list, i).tag;
    if (tag == ACL_OWNER || tag == ACL_OTHER || tag == group)
      set_permissions(list, i, mode >> (tag == ACL_OWNER ? 6 : tag == group ? 3 : 0) & 7);
  }
}

gboolean
acl_canonicalize(const char *name, const Entry *entry, GByteArray *list, GError **error)
{
  gboolean access = strcmp(name, ACL_ACCESS) == 0;
  if (!check_form(name, list, error) || !check_place(name, entry, error))
    return FALSE;
  /* what the kernel takes for "none" */
  if (n_entries(list) == 0) {
    g_byte_array_set_size(list, 0);
    return TRUE;
  }
  qsort(list->data + HEAD_SIZE, n_entries(list), sizeof(AclEntry), compare_entries);
  if (!check_sense(name, list, error))
    return FALSE;
  for (guint i = 0; i < n_entries(list); i++) {
    AclEntry one = get(list, i);
    if (!names_somebody(one.tag)) {
      const guint32 nobody = NOBODY;
      memcpy(list->data + HEAD_SIZE + i * sizeof one + G_STRUCT_OFFSET(AclEntry, id), &nobody, sizeof nobody);
    }
  }
  if (access)
    follow_mode(list, entry->mode);
  if (access && n_entries(list) == 3)
    g_byte_array_set_size(list, 0);
  return TRUE;
}

guint32
acl_mode(const GByteArray *list, guint32 mode)
{
  guint permissions[ACL_OTHER + 1] = {0};
  AclTag group = count(list, ACL_MASK) > 0 ? ACL_MASK : ACL_OWNING_GROUP;
  for (guint i = 0; i < n_entries(list); i++)
    permissions[get(list, i).tag & (2 * ACL_OTHER - 1)] = get(list, i).permissions & 7;
  return (mode & ~0777u) | permissions[ACL_OWNER] << 6 | permissions[group] << 3 | permissions[ACL_OTHER];
}

void
acl_disinherit(const char *path)
{
  (void)removexattr(path, ACL_DEFAULT);
  (void)removexattr(path, ACL_ACCESS);
}
