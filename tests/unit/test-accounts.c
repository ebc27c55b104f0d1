/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/accounts.h"
#include "signing/error.h"

#include <string.h>

static const char passwd[] = "root:*:0:0:root:/root:/bin/bash\nnobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
static const char groups[] = "root:*:0:\nshadow:*:42:\nnogroup:*:65534:\n";

static Accounts *
base(void)
{
  Accounts *accounts = accounts_new();
  g_assert_true(accounts_parse_passwd(accounts, "passwd", passwd, NULL));
  g_assert_true(accounts_parse_group(accounts, "group", groups, NULL));
  return accounts;
}

static void
assert_text(const Changes *changes, const char *path, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) content = changes_read(changes, path, 10000, &error);
  g_assert_no_error(error);
  g_autofree char *text = g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
  g_assert_cmpstr(text, ==, expected);
}

static void
written_as_shadowconfig_does(void)
{
  g_autoptr(Accounts) accounts = base();
  g_autoptr(Changes) changes = changes_new(NULL);
  g_autoptr(GError) error = NULL;
  guint32 gid, uid;
  accounts_use_shadow(accounts, TRUE);
  g_assert_true(accounts_add_group(accounts, "app", ACCOUNTS_ANY, &gid, &error));
  g_assert_cmpuint(gid, ==, 100);
  AccountsUser app = {.name = "app", .uid = 10001, .gid = gid, .home = "/srv"};
  g_assert_true(accounts_add_user(accounts, &app, &uid, &error));
  g_assert_true(accounts_add_member(accounts, "shadow", "app", &error));
  g_assert_true(accounts_add_member(accounts, "shadow", "app", &error));
  accounts_write(accounts, changes, 1700000000);
  assert_text(changes, "etc/passwd",
              "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
              "app:x:10001:100::/srv:/usr/sbin/nologin\n");
  assert_text(changes, "etc/group", "root:x:0:\nshadow:x:42:app\nnogroup:x:65534:\napp:x:100:\n");
  assert_text(changes, "etc/shadow", "root:*:19675:0:99999:7:::\nnobody:*:19675:0:99999:7:::\napp:!:19675::::::\n");
  assert_text(changes, "etc/gshadow", "root:*::\nshadow:*::app\nnogroup:*::\napp:!::\n");
  g_assert_cmpuint(changes_lookup(changes, "etc/shadow")->mode, ==, 0640);
  g_assert_cmpuint(changes_lookup(changes, "etc/shadow")->gid, ==, 42);
}

static void
read_back_what_was_written(void)
{
  g_autoptr(Accounts) accounts = base(), again = accounts_new();
  g_autoptr(Changes) changes = changes_new(NULL), copy = changes_new(NULL);
  g_autoptr(GError) error = NULL;
  accounts_use_shadow(accounts, TRUE);
  accounts_write(accounts, changes, 1700000000);
  g_assert_true(accounts_load(again, changes, &error));
  accounts_write(again, copy, 0); /* days that are there stay */
  assert_text(copy, "etc/shadow", "root:*:19675:0:99999:7:::\nnobody:*:19675:0:99999:7:::\n");
  assert_text(copy, "etc/gshadow", "root:*::\nshadow:*::\nnogroup:*::\n");
}

static void
without_shadow_there_is_none(void)
{
  g_autoptr(Accounts) accounts = accounts_new();
  g_autoptr(Changes) changes = changes_new(NULL);
  g_assert_true(accounts_add_group(accounts, "root", 0, NULL, NULL));
  g_assert_true(accounts_add_user(accounts, &(AccountsUser){.name = "root", .home = "/root"}, NULL, NULL));
  accounts_write(accounts, changes, 0);
  assert_text(changes, "etc/passwd", "root:*:0:0::/root:/usr/sbin/nologin\n");
  g_assert_null(changes_lookup(changes, "etc/shadow"));
}

static void
numbers_and_names_are_taken_once(void)
{
  g_autoptr(Accounts) accounts = base();
  g_autoptr(GError) error = NULL;
  g_assert_false(accounts_add_user(accounts, &(AccountsUser){.name = "root", .uid = 7}, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS);
  g_clear_error(&error);
  g_assert_false(accounts_add_user(accounts, &(AccountsUser){.name = "toor", .uid = 0}, NULL, &error));
  g_assert_cmpstr(error->message, ==, "user 'toor' cannot have number 0: 'root' has it");
  g_clear_error(&error);
  g_assert_false(accounts_add_group(accounts, "g", 42, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS);
  g_clear_error(&error);
  g_assert_false(accounts_add_member(accounts, "none", "root", &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
  for (guint i = 100; i < 1000; i++) {
    g_autofree char *name = g_strdup_printf("g%u", i);
    g_assert_true(accounts_add_group(accounts, name, ACCOUNTS_ANY, NULL, NULL));
  }
  g_clear_error(&error);
  g_assert_false(accounts_add_group(accounts, "full", ACCOUNTS_ANY, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
}

static void
what_would_break_the_files_is_refused(void)
{
  static const char *const names[] = {
    "", "a:b", "a\nroot", "-x", "a b", "a/b", "\xc3\xa9", "$", "abcdefghijklmnopqrstuvwxyz0123456789"};
  static const char *const lines[] = {"root",
                                      "root:x:0:0:r:/",
                                      ":x:1:1::/:/",
                                      "a:x:-1:0::/:/",
                                      "a:x:4294967295:0::/:/",
                                      "a:x:1e3:0::/:/",
                                      "a:x:1:1::/:/\na:x:2:2::/:/"};
  g_autoptr(Accounts) accounts = base();
  g_autoptr(GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_assert_false(accounts_add_group(accounts, names[i], ACCOUNTS_ANY, NULL, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_clear_error(&error);
  }
  g_assert_false(accounts_add_user(accounts, &(AccountsUser){.name = "a", .uid = 5, .home = "/x:/bin/sh"}, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_clear_error(&error);
  g_assert_false(accounts_add_user(accounts, &(AccountsUser){.name = "a", .uid = G_MAXUINT32}, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
    g_autoptr(Accounts) fresh = accounts_new();
    g_clear_error(&error);
    g_assert_false(accounts_parse_passwd(fresh, "/etc/passwd", lines[i], &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_assert_true(g_str_has_prefix(error->message, "/etc/passwd:"));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/accounts/shadow", written_as_shadowconfig_does);
  g_test_add_func("/accounts/again", read_back_what_was_written);
  g_test_add_func("/accounts/plain", without_shadow_there_is_none);
  g_test_add_func("/accounts/taken", numbers_and_names_are_taken_once);
  g_test_add_func("/accounts/refused", what_would_break_the_files_is_refused);
  return g_test_run();
}
