/* SPDX-License-Identifier: Apache-2.0
 *
 * Users and groups of a root filesystem: a model of /etc/passwd, group, shadow and gshadow (passwd(5), group(5), shadow(5),
 * gshadow(5)). Entries stay in the order in which they were found or added, and are written back field for field; what is
 * added gets the next free number, so that the same steps give the same files. Knows no locked or set passwords: what is
 * added cannot log in by password.
 */
#ifndef ASHLAR_ROOTFS_ACCOUNTS_H
#define ASHLAR_ROOTFS_ACCOUNTS_H

#include "rootfs/changes.h"

#define ACCOUNTS_FIRST_SYSTEM 100
#define ACCOUNTS_LAST_SYSTEM 999
/* Not given: the next free number. */
#define ACCOUNTS_ANY (-1)

typedef struct Accounts Accounts;

/* No user and no group at all. */
Accounts *accounts_new(void);
void accounts_free(Accounts *accounts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Accounts, accounts_free)

/* Reads what /etc has in @changes and the tree below it; files that are missing are taken as empty. A line that is no entry is
 * ASHLAR_ERROR_INVALID with its file and number. */
gboolean accounts_load(Accounts *accounts, const Changes *changes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Takes in the text of one file each (NULL: none). @name is for messages. */
gboolean accounts_parse_passwd(Accounts *accounts, const char *name, const char *text,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean accounts_parse_group(Accounts *accounts, const char *name, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean accounts_parse_shadow(Accounts *accounts, const char *name, const char *text,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean accounts_parse_gshadow(Accounts *accounts, const char *name, const char *text,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether shadow and gshadow are written (and every password of passwd is "x"): as `shadowconfig on` leaves it. */
void accounts_use_shadow(Accounts *accounts, gboolean use);

/* A user's or group's number as text: decimal, and not -1, which is "no change" to chown(2). */
gboolean accounts_parse_id(const char *text, guint32 *out);
/* TRUE and the numbers (each may be NULL) of the user or group of that name. */
gboolean accounts_find_user(const Accounts *accounts, const char *name, guint32 *uid, guint32 *gid);
gboolean accounts_find_group(const Accounts *accounts, const char *name, guint32 *gid);
/* The name that has the number (borrowed), or NULL. */
const char *accounts_user_name(const Accounts *accounts, guint32 uid);
const char *accounts_group_name(const Accounts *accounts, guint32 gid);
guint accounts_n_users(const Accounts *accounts);
/* Whether the user is in the group: by the group's list, or because it is the user's own. */
gboolean accounts_is_member(const Accounts *accounts, const char *group, const char *user);

/* A group that is not there yet; @gid or ACCOUNTS_ANY. ASHLAR_ERROR_EXISTS for a name or number that is taken,
 * ASHLAR_ERROR_INVALID for a name that the files cannot hold. */
gboolean accounts_add_group(Accounts *accounts, const char *name, gint64 gid, guint32 *out,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
  const char *name;
  gint64 uid; /* or ACCOUNTS_ANY */
  guint32 gid;
  const char *gecos, *home, *shell; /* NULL: "", "/nonexistent", "/usr/sbin/nologin" */
  gboolean person;                  /* shadow(5) ages as useradd gives them to a user that is no system user */
} AccountsUser;
gboolean accounts_add_user(Accounts *accounts, const AccountsUser *user, guint32 *out,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is known of the user @name (strings are borrowed); FALSE when there is none. */
gboolean accounts_describe_user(const Accounts *accounts, const char *name, AccountsUser *out);
/* Adds @user to the members of @group (nothing happens where it is one already); FALSE when there is no such group. */
gboolean accounts_add_member(Accounts *accounts, const char *group, const char *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* etc/passwd and group, and, with shadow, etc/shadow and gshadow (root:shadow 0640, as login's programs want them); the last
 * change of a password that has none is @epoch's day. */
void accounts_write(const Accounts *accounts, Changes *changes, gint64 epoch);

#endif
