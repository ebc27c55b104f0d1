/* SPDX-License-Identifier: Apache-2.0
 *
 * What several tests want to know of the image.
 */
#include "builder/check/checks.h"
#include "signing/limits.h"

#include <string.h>

/* Of a content that is not as expected so much is shown. */
#define SHOWN_CONTENT 60

const GPtrArray *
check_nodes(Checking *checking)
{
  if (checking->nodes == NULL)
    checking->nodes = tree_nodes(checking->tree);
  return checking->nodes;
}

const Accounts *
check_accounts(Checking *checking, GError **error)
{
  if (checking->accounts != NULL)
    return checking->accounts;
  g_autoptr(Changes) changes = changes_new(checking->tree);
  g_autoptr(Accounts) accounts = accounts_new();
  if (!accounts_load(accounts, changes, error))
    return NULL;
  return checking->accounts = g_steal_pointer(&accounts);
}

const TreeNode *
check_find(const Tree *tree, const char *path, gboolean follow)
{
  g_autofree char *resolved = NULL;
  if (follow) {
    resolved = tree_resolve(tree, path);
    return resolved != NULL ? tree_lookup(tree, resolved) : NULL;
  }
  const char *name = strrchr(path, '/') + 1;
  if (*name == '\0')
    return tree_lookup(tree, "");
  g_autofree char *above = g_strndup(path, (gsize)(name - path)), *folder = tree_resolve(tree, above);
  if (folder == NULL)
    return NULL;
  resolved = *folder != '\0' ? g_strconcat(folder, "/", name, NULL) : g_strdup(name);
  return tree_lookup(tree, resolved);
}

/* A hardlink counts where the file that it leads to is not there under its own name. */
static guint64
own_bytes(const Tree *tree, const TreeNode *node)
{
  if (node->entry->type != ENTRY_HARDLINK)
    return node->entry->size;
  const TreeNode *file = tree_lookup(tree, node->entry->target);
  if (file != NULL && file->pack == node->pack && file->entry->type == ENTRY_FILE)
    return 0;
  return check_content(tree, node)->size;
}

guint64
check_bytes(Checking *checking, const TreeNode *node)
{
  if (node->entry->type != ENTRY_DIRECTORY)
    return check_content(checking->tree, node)->size;
  const GPtrArray *nodes = check_nodes(checking);
  const char *path = node->entry->path;
  gsize length = strlen(path);
  guint64 bytes = 0;
  for (guint i = 0; i < nodes->len; i++) {
    const TreeNode *below = nodes->pdata[i];
    if (length == 0 || (strncmp(below->entry->path, path, length) == 0 && below->entry->path[length] == '/'))
      bytes += own_bytes(checking->tree, below);
  }
  return bytes;
}

const Entry *
check_content(const Tree *tree, const TreeNode *node)
{
  if (node->entry->type != ENTRY_HARDLINK)
    return node->entry;
  const Pack *pack = tree_pack(tree, node->pack);
  return pack_entry(pack, pack_file(pack, node->index));
}

void
check_bounds(const RecipeTest *test, const char *what, guint64 bytes, CheckResult *result)
{
  gboolean few = test->least >= 0 && bytes < (guint64)test->least, many = test->most >= 0 && bytes > (guint64)test->most;
  if (!few && !many)
    return;
  g_autofree char *bound = limits_show((guint64)(few ? test->least : test->most), LIMIT_BYTES);
  check_fail(result, "%s has %" G_GUINT64_FORMAT " byte%s, %s than %s", what, bytes, bytes == 1 ? "" : "s",
             few ? "less" : "more", bound);
}

/* "it holds 'hello\n'". */
static char *
show_content(const char *data, gsize size)
{
  g_autofree char *shown = g_strndup(data, MIN(size, SHOWN_CONTENT));
  if (size == 0)
    return g_strdup("it is empty");
  return g_strdup_printf("it %s '%s'", size > SHOWN_CONTENT ? "begins with" : "holds", shown);
}

void
check_text(const RecipeExpected *expected, const char *what, GBytes *content, CheckResult *result)
{
  gsize size;
  const char *data = g_bytes_get_data(content, &size);
  data = data != NULL ? data : "";
  g_autofree char *found = show_content(data, size);
  const char *part = expected->contains;
  if (part != NULL && *part != '\0' && memmem(data, size, part, strlen(part)) == NULL)
    check_fail(result, "%s does not contain '%s': %s", what, part, found);
  if (expected->matches == NULL)
    return;
  g_autoptr(GError) error = NULL;
  g_autoptr(GRegex) regex = recipe_test_regex(expected->matches, &error);
  g_assert_no_error(error);
  if (g_regex_match_full(regex, data, (gssize)size, 0, 0, NULL, &error))
    return;
  if (error != NULL)
    check_fail(result, "%s cannot be matched with '%s': %s", what, expected->matches, error->message);
  else
    check_fail(result, "%s does not match '%s': %s", what, expected->matches, found);
}
