/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/member_acl.h"
#include "rootfs/acl.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *name, *text; /* of the attribute, and of the record that holds it as text */
  int type;
} Kind;

static const Kind access_kind = {ACL_ACCESS, "SCHILY.acl.access", ARCHIVE_ENTRY_ACL_TYPE_ACCESS};
static const Kind default_kind = {ACL_DEFAULT, "SCHILY.acl.default", ARCHIVE_ENTRY_ACL_TYPE_DEFAULT};

void
member_acls_init(MemberAcls *acls)
{
  *acls = (MemberAcls){.access = g_byte_array_new(), .fallback = g_byte_array_new()};
}

void
member_acls_clear(MemberAcls *acls)
{
  g_byte_array_unref(acls->access);
  g_byte_array_unref(acls->fallback);
}

gboolean
member_acls_is_warning(const char *warning)
{
  return warning != NULL && g_str_has_prefix(warning, "Parse error:") && strstr(warning, "SCHILY.acl.") != NULL;
}

/* ---- from text ---- */

static AclTag
tag_of(int tag)
{
  switch (tag) {
  case ARCHIVE_ENTRY_ACL_USER_OBJ:
    return ACL_OWNER;
  case ARCHIVE_ENTRY_ACL_USER:
    return ACL_USER;
  case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
    return ACL_OWNING_GROUP;
  case ARCHIVE_ENTRY_ACL_GROUP:
    return ACL_GROUP;
  case ARCHIVE_ENTRY_ACL_MASK:
    return ACL_MASK;
  default:
    return ACL_OTHER;
  }
}

static gboolean
check_named(const Kind *kind, AclTag tag, int id, const char *name, GError **error)
{
  /* libarchive makes the largest number of all that are larger */
  if ((tag != ACL_USER && tag != ACL_GROUP) || (id >= 0 && id < INT_MAX))
    return TRUE;
  g_autofree char *shown = g_strescape(name != NULL ? name : "", NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
              "access control list '%s' names the %s '%.100s' without a number\n"
              "hint: have it written with numbers, as GNU tar does with --xattrs --xattrs-include='*', and bsdtar with --acls",
              kind->text, tag == ACL_USER ? "user" : "group", shown);
  return FALSE;
}

/* All entries come to be in @list, for the mode, those that are refused too. */
static gboolean
read_text(const Kind *kind, struct archive_entry *from, GByteArray *list, GError **error)
{
  int type, permissions, tag, id;
  const char *name;
  gboolean sound = TRUE;
  archive_entry_acl_reset(from, kind->type);
  while (archive_entry_acl_next(from, kind->type, &type, &permissions, &tag, &id, &name) == ARCHIVE_OK) {
    sound = sound && check_named(kind, tag_of(tag), id, name, error);
    acl_append(list, tag_of(tag), (guint)permissions & 7, (guint32)id);
    if (list->len > limits_get(LIMIT_XATTR))
      return sound && limits_refuse(LIMIT_XATTR, error, "access control list '%s'", kind->text);
  }
  return sound;
}

/* As it stands, under the name of its record. */
static void
keep_text(const Kind *kind, struct archive_entry *from, GByteArray *value, GArray *xattrs)
{
  la_ssize_t length;
  char *text = archive_entry_acl_to_text(from, &length, kind->type | ARCHIVE_ENTRY_ACL_STYLE_EXTRA_ID);
  g_byte_array_set_size(value, 0);
  if (text != NULL)
    g_byte_array_append(value, (const guint8 *)text, (guint)length);
  free(text);
  const Xattr xattr = {.name = kind->text, .value = value->data, .size = value->len};
  g_array_append_val(xattrs, xattr);
}

/* ---- a kind ---- */

static guint
find(const GArray *xattrs, const char *name)
{
  guint i = 0;
  while (i < xattrs->len && strcmp(g_array_index(xattrs, Xattr, i).name, name) != 0)
    i++;
  return i;
}

/* Puts the canonical @value in place @at; one that says nothing goes. */
static void
put(const Kind *kind, const GByteArray *value, guint at, GArray *xattrs)
{
  const Xattr xattr = {.name = kind->name, .value = value->data, .size = value->len};
  if (at < xattrs->len)
    g_array_remove_index(xattrs, at);
  if (value->len > 0)
    g_array_append_val(xattrs, xattr);
}

static gboolean
take(const Kind *kind, struct archive_entry *from, gboolean look, Entry *entry, GByteArray *value, GArray *xattrs,
     GError **error)
{
  gboolean text = (archive_entry_acl_types(from) & kind->type) != 0;
  guint at = find(xattrs, kind->name);
  GError *problem = NULL;
  g_byte_array_set_size(value, 0);
  if (at < xattrs->len) {
    const Xattr *xattr = &g_array_index(xattrs, Xattr, at);
    g_byte_array_append(value, xattr->value, (guint)xattr->size);
  } else if (!text)
    return TRUE;
  gboolean read = at < xattrs->len || read_text(kind, from, value, &problem);
  /* libarchive takes the mode from the text, and leaves out the mask */
  if (text && kind == &access_kind)
    entry->mode = acl_mode(value, entry->mode);
  if (read && acl_canonicalize(kind->name, entry, value, &problem)) {
    put(kind, value, at, xattrs);
    return TRUE;
  }
  if (!look) {
    g_propagate_error(error, problem);
    return FALSE;
  }
  g_clear_error(&problem);
  if (at == xattrs->len)
    keep_text(kind, from, value, xattrs);
  return TRUE;
}

gboolean
member_acls_take(MemberAcls *acls, struct archive_entry *from, gboolean look, Entry *entry, GArray *xattrs, GError **error)
{
  if (!look && (archive_entry_acl_types(from) & ARCHIVE_ENTRY_ACL_TYPE_NFS4) != 0) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "NFSv4 access control list, which no file on Linux has");
    return FALSE;
  }
  return take(&access_kind, from, look, entry, acls->access, xattrs, error) &&
         take(&default_kind, from, look, entry, acls->fallback, xattrs, error);
}
