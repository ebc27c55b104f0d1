/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/check/checks.h"

#include <string.h>

static void
check_number(const char *user, const char *kind, gint64 expected, guint32 found, CheckResult *result)
{
  if (expected >= 0 && (guint32)expected != found)
    check_fail(result, "the user '%s' has %s %u, not %u", user, kind, found, (guint32)expected);
}

static void
check_field(const char *user, const char *kind, const char *expected, const char *found, CheckResult *result)
{
  if (expected != NULL && strcmp(expected, found) != 0)
    check_fail(result, "the user '%s' has the %s '%s', not '%s'", user, kind, found, expected);
}

gboolean
check_user(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  const Accounts *accounts = check_accounts(checking, error);
  if (accounts == NULL)
    return FALSE;
  AccountsUser user;
  gboolean there = accounts_describe_user(accounts, test->subject, &user);
  if (there == test->absent) {
    check_fail(result, there ? "the user '%s' is there, and must not be" : "there is no user '%s'", test->subject);
    return TRUE;
  }
  if (test->absent)
    return TRUE;
  check_number(test->subject, "uid", test->uid, (guint32)user.uid, result);
  check_number(test->subject, "gid", test->gid, user.gid, result);
  check_field(test->subject, "home", test->home, user.home, result);
  check_field(test->subject, "shell", test->shell, user.shell, result);
  for (char **group = test->groups; group != NULL && *group != NULL; group++)
    if (!accounts_find_group(accounts, *group, NULL))
      check_fail(result, "the user '%s' is no member of '%s': there is no such group", test->subject, *group);
    else if (!accounts_is_member(accounts, *group, test->subject))
      check_fail(result, "the user '%s' is no member of '%s'", test->subject, *group);
  return TRUE;
}
