/* SPDX-License-Identifier: Apache-2.0
 *
 * Following symlinks inside a tree: nothing but what the tree itself holds is looked at.
 */
#include "rootfs/tree.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

/* Puts @target in place of the first component of what is left to walk. */
static char *
splice_target(const char *target, const char *rest)
{
  return *rest != '\0' ? g_strconcat(target, "/", rest, NULL) : g_strdup(target);
}

static void
step_up(GString *at)
{
  const char *slash = strrchr(at->str, '/');
  g_string_truncate(at, slash != NULL ? (gsize)(slash - at->str) : 0);
}

/* Walks one component, of @length bytes at the head of *left, from the directory @at. */
static gboolean
step(TreeLookup lookup, gconstpointer data, GString *at, char **left, gsize length, guint *links)
{
  const char *rest = *left + length;
  rest += strspn(rest, "/");
  gsize before = at->len;
  if (before > 0)
    g_string_append_c(at, '/');
  g_string_append_len(at, *left, (gssize)length);
  const Entry *entry = at->len <= limits_row(LIMIT_PATH)->most ? lookup(data, at->str) : NULL;
  if (entry == NULL)
    return FALSE;
  char *next = NULL;
  if (entry->type == ENTRY_SYMLINK) {
    const char *target = entry->target;
    if (target == NULL || ++*links > SYMLINKS_MAX)
      return FALSE;
    next = splice_target(target, rest);
    g_string_truncate(at, target[0] == '/' ? 0 : before);
  } else {
    if (*rest != '\0' && entry->type != ENTRY_DIRECTORY)
      return FALSE;
    next = g_strdup(rest);
  }
  g_free(*left);
  *left = next;
  return TRUE;
}

char *
tree_resolve_through(TreeLookup lookup, gconstpointer data, const char *path)
{
  g_autoptr(GString) at = g_string_new(NULL);
  g_autofree char *left = g_strdup(path);
  guint links = 0;
  for (;;) {
    const char *head = left + strspn(left, "/");
    gsize length = strcspn(head, "/");
    if (length == 0)
      return g_string_free(g_steal_pointer(&at), FALSE);
    memmove(left, head, strlen(head) + 1);
    gboolean up = length == 2 && memcmp(left, "..", 2) == 0;
    if (up || (length == 1 && left[0] == '.')) {
      if (up)
        step_up(at);
      memmove(left, left + length, strlen(left + length) + 1);
      continue;
    }
    if (strlen(left) > limits_row(LIMIT_PATH)->most || !step(lookup, data, at, &left, length, &links))
      return NULL;
  }
}

static const Entry *
look_up(gconstpointer data, const char *path)
{
  const TreeNode *node = tree_lookup(data, path);
  return node != NULL ? node->entry : NULL;
}

char *
tree_resolve(const Tree *tree, const char *path)
{
  return tree_resolve_through(look_up, tree, path);
}

GBytes *
tree_read(const Tree *tree, const char *path, gsize max, GError **error)
{
  g_autofree char *real = tree_resolve(tree, path);
  const TreeNode *node = real != NULL ? tree_lookup(tree, real) : NULL;
  g_autofree char *shown = g_strescape(path, NULL);
  if (node == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "'/%s' is not there", shown);
    return NULL;
  }
  if ((node->entry->type != ENTRY_FILE && node->entry->type != ENTRY_HARDLINK) || node->pack == TREE_NO_PACK) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'/%s' is no regular file", shown);
    return NULL;
  }
  return pack_read(tree_pack(tree, node->pack), node->index, max, error);
}
