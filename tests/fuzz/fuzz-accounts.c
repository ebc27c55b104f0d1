/* SPDX-License-Identifier: Apache-2.0
 *
 * The account files passwd, group, shadow and gshadow, in this order with "----" between. What is taken is written as files that
 * are taken again and written the same, with a user and a group added.
 */
#include "rootfs/accounts.h"
#include "tests/fuzz/fuzz.h"

static const char *const files[] = {"passwd", "group", "shadow", "gshadow"};
static gboolean (*const parsers[])(Accounts *, const char *, const char *, GError **) = {
  accounts_parse_passwd, accounts_parse_group, accounts_parse_shadow, accounts_parse_gshadow};

static Accounts *
parse(char *const texts[4])
{
  g_autoptr(Accounts) accounts = accounts_new();
  g_autoptr(GError) error = NULL;
  for (guint i = 0; i < 4; i++)
    if (!parsers[i](accounts, files[i], texts[i], &error)) {
      g_assert(error != NULL);
      return NULL;
    }
  return g_steal_pointer(&accounts);
}

static void
write_files(const Accounts *accounts, char *texts[4])
{
  g_autoptr(Changes) changes = changes_new(NULL);
  accounts_write(accounts, changes, 86400);
  for (guint i = 0; i < 4; i++) {
    g_autofree char *path = g_strconcat("etc/", files[i], NULL);
    g_autoptr(GBytes) text = changes_lookup(changes, path) != NULL ? changes_read(changes, path, G_MAXSSIZE, NULL) : NULL;
    texts[i] = text != NULL ? g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text)) : NULL;
  }
}

static void
add(Accounts *accounts)
{
  guint32 number = 0;
  AccountsUser user = {.name = "fuzz", .uid = ACCOUNTS_ANY};
  if (!accounts_add_group(accounts, "fuzz", ACCOUNTS_ANY, &user.gid, NULL) ||
      !accounts_add_user(accounts, &user, &number, NULL) || !accounts_add_member(accounts, "fuzz", "fuzz", NULL))
    return;
  guint32 found = number + 1;
  g_assert(accounts_find_user(accounts, "fuzz", &found, NULL) && found == number);
  g_assert_cmpstr(accounts_user_name(accounts, number), ==, "fuzz");
  g_assert(number >= ACCOUNTS_FIRST_SYSTEM && number <= ACCOUNTS_LAST_SYSTEM);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  char *given[4], *once[4], *twice[4];
  gsize left = size;
  for (guint i = 0; i < 4; i++)
    given[i] = fuzz_part(&data, &left);
  g_autoptr(Accounts) accounts = parse(given);
  if (accounts != NULL) {
    accounts_use_shadow(accounts, TRUE);
    add(accounts);
    write_files(accounts, once);
    g_autoptr(Accounts) again = parse(once);
    g_assert(again != NULL && accounts_n_users(again) == accounts_n_users(accounts));
    accounts_use_shadow(again, TRUE);
    write_files(again, twice);
    for (guint i = 0; i < 4; i++) {
      g_assert_cmpstr(once[i], ==, twice[i]);
      g_free(once[i]);
      g_free(twice[i]);
    }
  }
  for (guint i = 0; i < 4; i++)
    g_free(given[i]);
  return 0;
}
