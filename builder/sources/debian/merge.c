/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/merge.h"
#include "builder/sources/debian/diversions.h"
#include "builder/sources/debian/filter.h"
#include "builder/sources/debian/relation.h"
#include "builder/sources/debian/replace.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

#define DATABASE "var/lib/dpkg/info/"
/* What has to be moved is copied through memory; larger files are not to be found in diversions. */

typedef struct {
  DebianSystem *system;
  Tree *tree;
  Changes *changes;
  DebianFilter *filter;
  GHashTable *diverted; /* merged path -> DebianDiversion */
  GHashTable *owners;   /* number in the tree -> DebianUnit */
  GHashTable *moved;    /* path in the changes -> DebianUnit */
  gboolean links_var;   /* /var/run and /var/lock are links */
  guint n_before;       /* packs that were in the tree before */
} Merge;

/* A member of a package. */
typedef struct {
  DebianUnit *unit;
  guint index;
  const Entry *entry;
} Member;

/* Whether a package of that control file says that it replaces files of @name at @version. */
static gboolean
says_replaces(const DebianControl *control, const char *name, const char *version)
{
  const char *field = debian_control_get(control, "Replaces");
  g_autoptr(GPtrArray) groups = field != NULL ? relation_parse(field, NULL) : NULL;
  for (guint i = 0; groups != NULL && i < groups->len; i++) {
    const GPtrArray *alternatives = groups->pdata[i];
    for (guint k = 0; k < alternatives->len; k++) {
      const Relation *relation = alternatives->pdata[k];
      if (strcmp(relation->name, name) == 0 && (relation->op == RELATION_NONE || relation_matches(relation, version)))
        return TRUE;
    }
  }
  return FALSE;
}

static gboolean
replaces(const DebianUnit *unit, const DebianUnit *other)
{
  return says_replaces(unit->control, other->name, other->version);
}

static void
lose(GHashTable **lost, const char *path)
{
  if (*lost == NULL)
    *lost = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add(*lost, g_strdup(path));
}

static gboolean
refuse(const Member *member, const DebianUnit *other, GError **error)
{
  g_autofree char *shown = g_strescape(member->entry->path, NULL);
  if (other == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
                "'/%s' of package '%s' is a folder to other packages\nhint: leave one of them out", shown, member->unit->name);
    return FALSE;
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
              "'/%s' is in package '%s' (%s) and in package '%s' (%s), and neither replaces the other\n"
              "hint: leave one of the packages out, or add the path to the recipe's 'exclude'",
              shown, other->name, other->version, member->unit->name, member->unit->version);
  return FALSE;
}

/* ---- above what was there before ---- */

static gboolean
refuse_before(const Member *member, const DebianInstalled *owner, GError **error)
{
  g_autofree char *shown = g_strescape(member->entry->path, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
              "'/%s' of package '%s' (%s) is in package '%s' (%s) of the base, and neither replaces the other\n"
              "hint: leave the package out, or add the path to the recipe's 'exclude'",
              shown, member->unit->name, member->unit->version, owner->name, owner->version);
  return FALSE;
}

/* Whether @member takes the place of a file that was there: of nobody's always, of a package's where it replaces that. FALSE without
 * an error where the one that was there stays. */
static gboolean
takes_place(const Merge *merge, const Member *member, GError **error)
{
  DebianInstalled *owner = debian_installed_owner(merge->system->installed, member->entry->path);
  const char *path = member->entry->path;
  if (owner == NULL || owner->replaced)
    return TRUE;
  if (says_replaces(member->unit->control, owner->name, owner->version)) {
    lose(&owner->lost, path);
    return TRUE;
  }
  if (!says_replaces(owner->control, member->unit->name, member->unit->version))
    return refuse_before(member, owner, error);
  lose(&member->unit->lost, path);
  return FALSE;
}

/* ---- into the changes ---- */

static gboolean
move(Merge *merge, const Member *member, const char *path, GError **error)
{
  g_autofree char *there = changes_resolve(merge->changes, path);
  const Entry *before = there != NULL ? changes_lookup(merge->changes, there) : NULL;
  if (before != NULL && before->type == ENTRY_DIRECTORY && member->entry->type == ENTRY_DIRECTORY)
    return TRUE;
  if (before != NULL) {
    const TreeNode *node = tree_lookup(merge->tree, there);
    gpointer owner = g_hash_table_lookup(merge->moved, there);
    if (owner == NULL && node != NULL)
      owner = g_hash_table_lookup(merge->owners, GUINT_TO_POINTER(node->pack));
    gboolean files = before->type != ENTRY_DIRECTORY && member->entry->type != ENTRY_DIRECTORY;
    if (owner != NULL || merge->system->installed == NULL || node == NULL || !files)
      return refuse(member, owner, error);
    GError *failure = NULL;
    if (!takes_place(merge, member, &failure)) {
      if (failure != NULL)
        g_propagate_error(error, failure);
      return failure == NULL;
    }
  }
  g_autoptr(GBytes) content = NULL;
  Entry entry = *member->entry;
  if (entry.type == ENTRY_HARDLINK)
    entry.type = ENTRY_FILE;
  if (entry.type == ENTRY_FILE &&
      (content = pack_read(member->unit->pack, member->index, limits_get(LIMIT_MOVED_FILE), error)) == NULL)
    return FALSE;
  changes_put_copy(merge->changes, path, &entry, content);
  g_autofree char *placed = changes_resolve(merge->changes, path);
  g_hash_table_replace(merge->moved, placed != NULL ? g_steal_pointer(&placed) : g_strdup(path), member->unit);
  return TRUE;
}

/* ---- into the tree ---- */

static gboolean
insert(Merge *merge, const Member *member, GError **error)
{
  GError *failure = NULL;
  if (tree_insert(merge->tree, member->unit->number, member->index, &failure))
    return TRUE;
  /* A symlink on the way that leads to a folder is followed, as the kernel does under dpkg. */
  g_autofree char *folder = g_path_get_dirname(member->entry->path);
  g_autofree char *real = tree_resolve(merge->tree, folder);
  const TreeNode *node = real != NULL ? tree_lookup(merge->tree, real) : NULL;
  if (node != NULL && node->entry->type == ENTRY_DIRECTORY && strcmp(real, folder) != 0) {
    g_clear_error(&failure);
    return move(merge, member, member->entry->path, error);
  }
  g_propagate_prefixed_error(error, failure, "package '%s': ", member->unit->name);
  return FALSE;
}

static gboolean
same_shared_file(const Member *member, const DebianUnit *other, const Entry *there)
{
  return strcmp(member->unit->name, other->name) == 0 && member->unit->multi_arch_same && other->multi_arch_same &&
         member->entry->type == there->type && digest_equal(&member->entry->digest, &there->digest) &&
         g_strcmp0(member->entry->target, there->target) == 0;
}

/* @member's path is taken by something that is no folder, or @member is none. */
static gboolean
contest(Merge *merge, const Member *member, const TreeNode *node, GError **error)
{
  DebianUnit *other = g_hash_table_lookup(merge->owners, GUINT_TO_POINTER(node->pack));
  const char *path = member->entry->path;
  if (member->entry->type == ENTRY_DIRECTORY && node->entry->type == ENTRY_SYMLINK) {
    g_autofree char *real = tree_resolve(merge->tree, path);
    const TreeNode *end = real != NULL ? tree_lookup(merge->tree, real) : NULL;
    if (end != NULL && end->entry->type == ENTRY_DIRECTORY)
      return TRUE;
  }
  /* dpkg leaves a folder that is there alone when a package brings a symlink for it. */
  if (member->entry->type == ENTRY_SYMLINK && node->entry->type == ENTRY_DIRECTORY)
    return TRUE;
  if (node->entry->type == ENTRY_DIRECTORY || member->entry->type == ENTRY_DIRECTORY || (other == NULL && merge->n_before == 0))
    return refuse(member, other, error);
  if (other == NULL) {
    GError *failure = NULL;
    if (takes_place(merge, member, &failure))
      return insert(merge, member, error);
    if (failure != NULL)
      g_propagate_error(error, failure);
    return failure == NULL;
  }
  if (same_shared_file(member, other, node->entry))
    return TRUE;
  if (replaces(member->unit, other)) {
    lose(&other->lost, path);
    return insert(merge, member, error);
  }
  if (!replaces(other, member->unit))
    return refuse(member, other, error);
  lose(&member->unit->lost, path);
  return TRUE;
}

/* base-files ships /var/run and /var/lock as folders and makes links of them at once: so they are links from the start here, and
 * what packages ship below them goes to where they lead. */
static const char *const links[][2] = {{"var/run", "/run"}, {"var/lock", "/run/lock"}};

static gboolean
leads_through_link(const Merge *merge, const char *path)
{
  for (guint i = 0; merge->links_var && i < G_N_ELEMENTS(links); i++) {
    gsize length = strlen(links[i][0]);
    if (strncmp(path, links[i][0], length) == 0 && (path[length] == '/' || path[length] == '\0'))
      return TRUE;
  }
  return FALSE;
}

static gboolean
place(Merge *merge, const Member *member, GError **error)
{
  if (leads_through_link(merge, member->entry->path))
    return strchr(member->entry->path + 4, '/') == NULL || move(merge, member, member->entry->path, error);
  const DebianDiversion *diversion = g_hash_table_lookup(merge->diverted, member->entry->path);
  if (diversion != NULL && strcmp(diversion->name, member->unit->name) != 0) {
    g_autofree char *to = debian_merged_path(diversion->to);
    return move(merge, member, to, error);
  }
  const TreeNode *node = tree_lookup(merge->tree, member->entry->path);
  if (node == NULL)
    return insert(merge, member, error);
  if (node->entry->type != ENTRY_DIRECTORY || member->entry->type != ENTRY_DIRECTORY)
    return contest(merge, member, node, error);
  /* Only implied so far: this package is the first that brings it. */
  return node->pack != TREE_NO_PACK || insert(merge, member, error);
}

/* Folders that are left out but hold something that is not get their own attributes after all. */
static gboolean
keep_needed_folders(Merge *merge, DebianUnit *unit, const GArray *left_out, GError **error)
{
  for (guint i = 0; i < left_out->len; i++) {
    guint index = g_array_index(left_out, guint, i);
    Member member = {unit, index, pack_entry(unit->pack, index)};
    const TreeNode *node = tree_lookup(merge->tree, member.entry->path);
    if (node != NULL && node->pack == TREE_NO_PACK && node->entry->type == ENTRY_DIRECTORY && !insert(merge, &member, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
merge_unit(Merge *merge, DebianUnit *unit, GError **error)
{
  g_autoptr(GArray) left_out = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; i < pack_n_entries(unit->pack); i++) {
    Member member = {unit, i, pack_entry(unit->pack, i)};
    if (!g_str_has_prefix(member.entry->path, DATABASE) && debian_filter_excludes(merge->filter, member.entry->path)) {
      if (member.entry->type == ENTRY_DIRECTORY)
        g_array_append_val(left_out, i);
      continue;
    }
    if (!place(merge, &member, error))
      return FALSE;
  }
  return keep_needed_folders(merge, unit, left_out, error);
}

/* An image to build upon may have a folder where packages want the link: an empty one makes way. */
static gboolean
merge_folder(const Merge *merge, const char *name, const char *target, GError **error)
{
  g_autoptr(GPtrArray) below = tree_children(merge->tree, name);
  if (below->len == 0) {
    tree_remove(merge->tree, name);
    return TRUE;
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
              "'/%s' is a folder of its own in the base, where packages want a link to '%s' (the merged /usr)\n"
              "hint: start from an image whose /usr is merged",
              name, target);
  return FALSE;
}

/* bin, sbin and lib always; lib64 and its kin where something lies behind them. */
static gboolean
link_merged_usr(Merge *merge, GError **error)
{
  static const char *const names[] = {"bin", "lib", "sbin", "lib32", "lib64", "libo32", "libx32"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *target = g_strconcat("usr/", names[i], NULL);
    const TreeNode *node = tree_lookup(merge->tree, names[i]);
    if (node != NULL && node->entry->type == ENTRY_DIRECTORY && !merge_folder(merge, names[i], target, error))
      return FALSE;
    if (node != NULL && node->entry->type != ENTRY_DIRECTORY)
      continue;
    if (tree_lookup(merge->tree, target) == NULL) {
      if (i > 2)
        continue;
      changes_put_directory(merge->changes, target, 0755, 0, 0);
    }
    changes_put_symlink(merge->changes, names[i], target);
  }
  return TRUE;
}

static void
prepare(Merge *merge)
{
  DebianSystem *system = merge->system;
  for (guint i = 0; merge->links_var && i < G_N_ELEMENTS(links); i++)
    changes_put_symlink(merge->changes, links[i][0], links[i][1]);
  for (guint i = 0; i < system->diversions->len; i++) {
    DebianDiversion *diversion = system->diversions->pdata[i];
    g_hash_table_replace(merge->diverted, debian_merged_path(diversion->path), diversion);
  }
  for (guint i = 0; i < system->n_units; i++) {
    DebianUnit *unit = system->units[i];
    unit->number = tree_add_pack(merge->tree, unit->pack);
    g_hash_table_insert(merge->owners, GUINT_TO_POINTER(unit->number), unit);
  }
}

gboolean
debian_merge(DebianSystem *system, Tree *tree, const DebianMergeOptions *options, Changes *changes, GError **error)
{
  g_autoptr(DebianFilter) filter = debian_filter_of_system(tree, options->exclude, options->include, error);
  if (filter == NULL || !debian_diversions_find(system, changes, error) || !debian_replace(system, tree, error))
    return FALSE;
  g_autoptr(GHashTable) diverted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) owners = g_hash_table_new(NULL, NULL);
  g_autoptr(GHashTable) moved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Merge merge = {system,
                 tree,
                 changes,
                 filter,
                 diverted,
                 owners,
                 moved,
                 debian_system_find(system, "base-files") != NULL,
                 tree_n_packs(tree)};
  prepare(&merge);
  for (guint i = 0; i < system->n_units; i++)
    if (!merge_unit(&merge, system->units[i], error))
      return FALSE;
  return system->n_units == 0 || link_merged_usr(&merge, error);
}
