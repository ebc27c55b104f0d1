/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/check/checks.h"
#include "builder/check/globs.h"
#include "builder/look/entry_text.h"

#include <string.h>

/* ---- attributes ---- */

static EntryType
type_of(const Entry *entry)
{
  return entry->type == ENTRY_HARDLINK ? ENTRY_FILE : entry->type;
}

static void
check_attributes(const RecipeTest *test, const Entry *entry, CheckResult *result)
{
  if (test->type >= 0 && type_of(entry) != (EntryType)test->type)
    check_fail(result, "'%s' is of type %s, not %s", test->subject, entry_type_word(type_of(entry)),
               entry_type_word((EntryType)test->type));
  else if (test->target != NULL && entry->type != ENTRY_SYMLINK)
    check_fail(result, "'%s' is of type %s, not symlink", test->subject, entry_type_word(type_of(entry)));
  else if (test->target != NULL && strcmp(entry->target, test->target) != 0)
    check_fail(result, "'%s' points to '%s', not to '%s'", test->subject, entry->target, test->target);
  if (test->mode >= 0 && entry->mode != (guint32)test->mode)
    check_fail(result, "'%s' has mode %04o, not %04o", test->subject, entry->mode, (guint)test->mode);
}

/* "app (10001)", or the number alone. */
static char *
show_id(const char *name, guint32 id)
{
  return name != NULL ? g_strdup_printf("%s (%u)", name, id) : g_strdup_printf("%u", id);
}

/* The number that @text is, or that @find has for it; root is 0 where nobody is listed. */
static gboolean
find_id(const Accounts *accounts, const char *text, gboolean group, guint32 *id)
{
  if (g_ascii_isdigit(*text)) {
    *id = (guint32)g_ascii_strtoull(text, NULL, 10);
    return TRUE;
  }
  *id = 0;
  return (group ? accounts_find_group(accounts, text, id) : accounts_find_user(accounts, text, id, NULL)) ||
         (strcmp(text, "root") == 0 && accounts_n_users(accounts) == 0);
}

static void
check_owner(const RecipeTest *test, const Accounts *accounts, const Entry *entry, CheckResult *result)
{
  const struct {
    const char *expected, *word, *kind;
    gboolean group;
    guint32 id;
    const char *name;
  } sides[] = {
    {test->owner, "belongs to", "user", FALSE, entry->uid, accounts_user_name(accounts, entry->uid)},
    {test->group, "belongs to the group", "group", TRUE, entry->gid, accounts_group_name(accounts, entry->gid)},
  };
  for (guint i = 0; i < G_N_ELEMENTS(sides); i++) {
    guint32 wanted;
    if (sides[i].expected == NULL)
      continue;
    g_autofree char *found = show_id(sides[i].name, sides[i].id);
    if (!find_id(accounts, sides[i].expected, sides[i].group, &wanted))
      check_fail(result, "'%s' %s %s, not %s: there is no such %s", test->subject, sides[i].word, found, sides[i].expected,
                 sides[i].kind);
    else if (wanted != sides[i].id)
      check_fail(result, "'%s' %s %s, not %s", test->subject, sides[i].word, found, sides[i].expected);
  }
}

/* ---- content ---- */

static gboolean
check_content_text(const Checking *checking, const RecipeTest *test, const TreeNode *node, guint64 size, CheckResult *result,
                   GError **error)
{
  g_autofree char *what = g_strdup_printf("'%s'", test->subject);
  if (size > CHECK_CONTENT_MAX) {
    check_fail(result, "%s is too large to be looked through: it has %" G_GUINT64_FORMAT " bytes", what, size);
    return TRUE;
  }
  g_autoptr(GBytes) content = pack_read(tree_pack(checking->tree, node->pack), node->index, CHECK_CONTENT_MAX, error);
  if (content == NULL)
    return FALSE;
  check_text(&test->content, what, content, result);
  return TRUE;
}

static gboolean
check_contents(const Checking *checking, const RecipeTest *test, const TreeNode *node, CheckResult *result, GError **error)
{
  gboolean text = test->content.contains != NULL || test->content.matches != NULL;
  if (!text && !test->has_sha256)
    return TRUE;
  if (type_of(node->entry) != ENTRY_FILE) {
    check_fail(result, "'%s' is of type %s: it has no content", test->subject, entry_type_word(node->entry->type));
    return TRUE;
  }
  const Entry *file = check_content(checking->tree, node);
  if (test->has_sha256 && !digest_equal(&file->digest, &test->sha256)) {
    char found[DIGEST_HEX_LENGTH + 1], expected[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&file->digest, found);
    digest_to_hex(&test->sha256, expected);
    check_fail(result, "'%s' has the SHA-256 %s, not %s", test->subject, found, expected);
  }
  return !text || check_content_text(checking, test, node, file->size, result, error);
}

/* ---- the tests ---- */

static void
tell_missing(const Tree *tree, const RecipeTest *test, CheckResult *result)
{
  const TreeNode *link = check_find(tree, test->subject, FALSE);
  if (link != NULL)
    check_fail(result, "'%s' is a link to '%s', which leads nowhere", test->subject, link->entry->target);
  else
    check_fail(result, "'%s' is not there", test->subject);
}

gboolean
check_file(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  gboolean itself = test->absent || test->target != NULL || test->type == ENTRY_SYMLINK;
  const TreeNode *node = check_find(checking->tree, test->subject, !itself);
  if (test->absent) {
    if (node != NULL)
      check_fail(result, "'%s' is there, and must not be", test->subject);
    return TRUE;
  }
  if (node == NULL) {
    tell_missing(checking->tree, test, result);
    return TRUE;
  }
  check_attributes(test, node->entry, result);
  if (test->owner != NULL || test->group != NULL) {
    const Accounts *accounts = check_accounts(checking, error);
    if (accounts == NULL)
      return FALSE;
    check_owner(test, accounts, node->entry, result);
  }
  if (test->least >= 0 || test->most >= 0) {
    g_autofree char *what = g_strdup_printf("'%s'", test->subject);
    check_bounds(test, what, check_bytes(checking, node), result);
  }
  return check_contents(checking, test, node, result, error);
}

gboolean
check_absent(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  if (strpbrk(test->subject, "*?[\\") == NULL) {
    if (check_find(checking->tree, test->subject, FALSE) != NULL)
      check_fail(result, "'%s' is there, and must not be", test->subject);
    return TRUE;
  }
  const char *const globs[] = {test->subject, NULL};
  g_autoptr(CheckGlobs) filter = check_globs_new(globs);
  const GPtrArray *nodes = check_nodes(checking);
  for (guint i = 0; i < nodes->len; i++) {
    const char *path = ((const TreeNode *)nodes->pdata[i])->entry->path;
    if (check_globs_match(filter, path))
      check_fail(result, "'/%s' is there, and must not be", path);
  }
  return TRUE;
}
