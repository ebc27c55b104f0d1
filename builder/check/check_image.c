/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the image as a whole that need its entries only.
 */
#include "builder/check/checks.h"
#include "builder/check/globs.h"
#include "builder/look/subject.h"
#include "signing/limits.h"

#include <string.h>

gboolean
check_port(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  char **ports = checking->subject->config->ports;
  if (ports != NULL && g_strv_contains((const char *const *)ports, test->subject))
    return TRUE;
  g_autofree char *list = ports != NULL ? g_strjoinv(", ", ports) : NULL;
  check_fail(result, "the port %s is not exposed, but %s", test->subject, list != NULL && *list != '\0' ? list : "none");
  return TRUE;
}

gboolean
check_size(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  check_bounds(test, "the image", check_bytes(checking, tree_lookup(checking->tree, "")), result);
  return TRUE;
}

/* ---- what each entry must be like ---- */

/* What is wrong with an entry (transfer full), or NULL. */
typedef char *(*EntryFault)(const Tree *tree, const Entry *entry);

static void
check_entries(Checking *checking, const RecipeTest *test, EntryFault find_fault, CheckResult *result)
{
  g_autoptr(CheckGlobs) except = check_globs_new((const char *const *)test->except);
  const GPtrArray *nodes = check_nodes(checking);
  for (guint i = 0; i < nodes->len; i++) {
    const Entry *entry = ((const TreeNode *)nodes->pdata[i])->entry;
    g_autofree char *fault = find_fault(checking->tree, entry);
    if (fault != NULL && !check_globs_match(except, entry->path))
      check_fail(result, "%s", fault);
  }
}

static char *
setuid_fault(const Tree *tree, const Entry *entry)
{
  static const char *const words[] = {"setuid", "setgid", "setuid and setgid"};
  guint bits = (entry->mode & 04000 ? 1 : 0) | (entry->mode & 02000 ? 2 : 0);
  /* a folder's bits say whose its files are, and lend nobody any rights */
  if (bits == 0 || entry->type == ENTRY_DIRECTORY || entry->type == ENTRY_SYMLINK)
    return NULL;
  return g_strdup_printf("'/%s' is %s (mode %04o)", entry->path, words[bits - 1], entry->mode);
}

gboolean
check_setuid(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  check_entries(checking, test, setuid_fault, result);
  return TRUE;
}

static char *
writable_fault(const Tree *tree, const Entry *entry)
{
  gboolean sticky = entry->type == ENTRY_DIRECTORY && entry->mode & 01000;
  gboolean device = entry->type == ENTRY_CHAR || entry->type == ENTRY_BLOCK;
  if (!(entry->mode & 0002) || sticky || device || entry->type == ENTRY_SYMLINK)
    return NULL;
  return g_strdup_printf("'/%s' can be written by everybody (mode %04o)", entry->path, entry->mode);
}

gboolean
check_world_writable(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  check_entries(checking, test, writable_fault, result);
  return TRUE;
}

/* ---- links ---- */

/* Where the dangling link on the way to @path, an absolute one without "..", sends it (transfer full); NULL: no link does. */
static char *
redirect(const Tree *tree, const char *path)
{
  for (const char *end = path; *end != '\0';) {
    end += 1 + strcspn(end + 1, "/");
    g_autofree char *prefix = g_strndup(path, (gsize)(end - path)), *real = tree_resolve(tree, prefix);
    if (real != NULL)
      continue;
    const TreeNode *node = check_find(tree, prefix, FALSE);
    if (node == NULL || node->entry->type != ENTRY_SYMLINK)
      return NULL;
    g_autofree char *folder = g_path_get_dirname(prefix);
    g_autofree char *target = g_strconcat(node->entry->target, end, NULL);
    return g_canonicalize_filename(target, folder);
  }
  return NULL;
}

/* Whether @link leads to where the image holds nothing because a running system fills it. */
static gboolean
leads_to_runtime(const Tree *tree, const char *link)
{
  static const char *const folders[] = {"/dev/", "/proc/", "/run/", "/sys/"};
  g_autofree char *path = g_strconcat("/", link, NULL);
  for (guint links = 0; links <= SYMLINKS_MAX; links++) {
    char *next = redirect(tree, path);
    if (next == NULL)
      return FALSE;
    g_free(path);
    path = next;
    for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
      if (g_str_has_prefix(path, folders[i]))
        return TRUE;
  }
  return FALSE;
}

static char *
link_fault(const Tree *tree, const Entry *entry)
{
  if (entry->type != ENTRY_SYMLINK)
    return NULL;
  g_autofree char *real = tree_resolve(tree, entry->path);
  if (real != NULL || leads_to_runtime(tree, entry->path))
    return NULL;
  return g_strdup_printf("'/%s' leads nowhere: it points to '%s'", entry->path, entry->target);
}

gboolean
check_links(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  check_entries(checking, test, link_fault, result);
  return TRUE;
}

/* ---- packages ---- */

/* Whether a package may be asked for it: a folder need not be anybody's, nor dpkg's own files, nor what is generated. */
static gboolean
needs_owner(const Checking *checking, const SubjectFile *file)
{
  const TreeNode *node = tree_lookup(checking->tree, file->entry.path);
  return file->entry.type != ENTRY_DIRECTORY && node->pack != checking->subject->generated[0] &&
         node->pack != checking->subject->generated[1] && !g_str_has_prefix(file->entry.path, "var/lib/dpkg/");
}

gboolean
check_owned(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  g_autoptr(CheckGlobs) except = check_globs_new((const char *const *)test->except);
  g_autoptr(Subject) subject = subject_of_tree(checking->tree, error);
  if (subject == NULL)
    return FALSE;
  for (guint i = 0; i < subject->files->len; i++) {
    const SubjectFile *file = subject->files->pdata[i];
    if (file->package == SUBJECT_NONE && needs_owner(checking, file) && !check_globs_match(except, file->entry.path))
      check_fail(result, "'/%s' belongs to no package", file->entry.path);
  }
  return TRUE;
}
