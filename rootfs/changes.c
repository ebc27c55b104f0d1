/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/changes.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

/* Generated files are small; what is added to is refused beyond this. */

struct Changes {
  const Tree *below;
  GHashTable *by_path; /* path (owned by the change) -> Change */
  GHashTable *implied; /* path -> Entry: folders that exist only because something was put below them */
};

typedef struct {
  Entry entry; /* its strings and xattrs are owned */
  GBytes *content;
} Change;

static void
change_free(gpointer data)
{
  Change *change = data;
  for (guint i = 0; i < change->entry.n_xattrs; i++) {
    g_free((char *)change->entry.xattrs[i].name);
    g_free((guint8 *)change->entry.xattrs[i].value);
  }
  g_free((Xattr *)change->entry.xattrs);
  g_free((char *)change->entry.path);
  g_free((char *)change->entry.target);
  g_clear_pointer(&change->content, g_bytes_unref);
  g_free(change);
}

Changes *
changes_new(const Tree *below)
{
  Changes *changes = g_new0(Changes, 1);
  changes->below = below;
  changes->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, change_free);
  changes->implied = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return changes;
}

void
changes_free(Changes *changes)
{
  g_hash_table_unref(changes->by_path);
  g_hash_table_unref(changes->implied);
  g_free(changes);
}

/* ---- looking ---- */

static const Change *
find(const Changes *changes, const char *path)
{
  return g_hash_table_lookup(changes->by_path, path);
}

static const Entry *
look_up(gconstpointer data, const char *path)
{
  const Changes *changes = data;
  const Change *change = find(changes, path);
  if (change != NULL)
    return &change->entry;
  const TreeNode *node = changes->below != NULL ? tree_lookup(changes->below, path) : NULL;
  return node != NULL ? node->entry : g_hash_table_lookup(changes->implied, path);
}

const Entry *
changes_lookup(const Changes *changes, const char *path)
{
  return look_up(changes, path);
}

char *
changes_resolve(const Changes *changes, const char *path)
{
  return tree_resolve_through(look_up, changes, path);
}

GBytes *
changes_read(const Changes *changes, const char *path, gsize max, GError **error)
{
  g_autofree char *real = changes_resolve(changes, path);
  const Change *change = real != NULL ? find(changes, real) : NULL;
  if (change == NULL && changes->below != NULL)
    return tree_read(changes->below, real != NULL ? real : path, max, error);
  if (change != NULL && change->content != NULL && g_bytes_get_size(change->content) <= max)
    return g_bytes_ref(change->content);
  g_autofree char *shown = g_strescape(path, NULL);
  g_set_error(error, ASHLAR_ERROR, change != NULL ? ASHLAR_ERROR_INVALID : ASHLAR_ERROR_NOT_FOUND,
              change != NULL ? "'/%s' is no file that can be read" : "'/%s' is not there", shown);
  return NULL;
}

static int
compare_strings(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The name of what lies at @path, when that is directly in the folder. */
static void
take_name(GPtrArray *names, GHashTable *seen, const char *folder, const char *path)
{
  gsize length = strlen(folder);
  if (strncmp(path, folder, length) != 0 || (length > 0 && path[length] != '/'))
    return;
  const char *name = path + length + (length > 0);
  if (name[0] == '\0' || strchr(name, '/') != NULL || g_hash_table_contains(seen, name))
    return;
  char *copy = g_strdup(name);
  g_ptr_array_add(names, copy);
  g_hash_table_add(seen, copy);
}

char **
changes_list(const Changes *changes, const char *path)
{
  g_autofree char *real = changes_resolve(changes, path);
  GPtrArray *names = g_ptr_array_new();
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) nodes = real != NULL && changes->below != NULL ? tree_children(changes->below, real) : NULL;
  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    take_name(names, seen, real, ((const TreeNode *)nodes->pdata[i])->entry->path);
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, changes->by_path);
  while (real != NULL && g_hash_table_iter_next(&iter, &key, NULL))
    take_name(names, seen, real, key);
  g_hash_table_iter_init(&iter, changes->implied);
  while (real != NULL && g_hash_table_iter_next(&iter, &key, NULL))
    take_name(names, seen, real, key);
  g_ptr_array_sort(names, compare_strings);
  g_ptr_array_add(names, NULL);
  return (char **)g_ptr_array_free(names, FALSE);
}

guint
changes_size(const Changes *changes)
{
  return g_hash_table_size(changes->by_path);
}

/* ---- putting ---- */

/* @path with the symlinks before its last component followed, as far as they lead anywhere. */
static char *
place(const Changes *changes, const char *path)
{
  const char *slash = strrchr(path, '/');
  if (slash == NULL)
    return g_strdup(path);
  g_autofree char *folder = g_strndup(path, (gsize)(slash - path));
  g_autofree char *real = changes_resolve(changes, folder);
  if (real != NULL)
    return real[0] != '\0' ? g_strconcat(real, slash, NULL) : g_strdup(slash + 1);
  g_autofree char *placed = place(changes, folder);
  return g_strconcat(placed, slash, NULL);
}

static void
imply_parents(Changes *changes, const char *path)
{
  g_autofree char *folder = g_strdup(path);
  for (char *slash; (slash = strrchr(folder, '/')) != NULL;) {
    *slash = '\0';
    if (changes_lookup(changes, folder) != NULL)
      return;
    char *key = g_strdup(folder);
    Entry *entry = g_new0(Entry, 1);
    *entry = (Entry){.path = key, .type = ENTRY_DIRECTORY, .mode = 0755};
    g_hash_table_insert(changes->implied, key, entry);
  }
}

/* Takes over @entry's strings but its path, and a reference on @content. */
static void
put(Changes *changes, const char *path, const Entry *entry, GBytes *content)
{
  Change *change = g_new0(Change, 1);
  change->entry = *entry;
  change->entry.path = place(changes, path);
  change->entry.mtime = 0;
  change->entry.size = content != NULL ? g_bytes_get_size(content) : 0;
  change->content = content != NULL ? g_bytes_ref(content) : NULL;
  g_hash_table_replace(changes->by_path, (gpointer)change->entry.path, change);
  imply_parents(changes, change->entry.path);
}

void
changes_put_file(Changes *changes, const char *path, guint32 mode, guint32 uid, guint32 gid, GBytes *content)
{
  put(changes, path, &(Entry){.type = ENTRY_FILE, .mode = mode, .uid = uid, .gid = gid}, content);
}

void
changes_put_text(Changes *changes, const char *path, const char *text)
{
  g_autoptr(GBytes) content = g_bytes_new(text, strlen(text));
  changes_put_file(changes, path, 0644, 0, 0, content);
}

gboolean
changes_append_text(Changes *changes, const char *path, const char *text, GError **error)
{
  g_autofree char *real = changes_resolve(changes, path);
  const Entry *there = real != NULL ? changes_lookup(changes, real) : NULL;
  if (there == NULL) {
    changes_put_text(changes, path, text);
    return TRUE;
  }
  g_autoptr(GBytes) before = changes_read(changes, real, limits_get(LIMIT_TEXT_FILE), error);
  if (before == NULL)
    return FALSE;
  GByteArray *joined = g_byte_array_new();
  g_byte_array_append(joined, g_bytes_get_data(before, NULL), (guint)g_bytes_get_size(before));
  g_byte_array_append(joined, (const guint8 *)text, (guint)strlen(text));
  g_autoptr(GBytes) after = g_byte_array_free_to_bytes(joined);
  changes_put_file(changes, real, there->mode, there->uid, there->gid, after);
  return TRUE;
}

void
changes_put_symlink(Changes *changes, const char *path, const char *target)
{
  put(changes, path, &(Entry){.type = ENTRY_SYMLINK, .mode = 0777, .target = g_strdup(target)}, NULL);
}

void
changes_put_directory(Changes *changes, const char *path, guint32 mode, guint32 uid, guint32 gid)
{
  put(changes, path, &(Entry){.type = ENTRY_DIRECTORY, .mode = mode, .uid = uid, .gid = gid}, NULL);
}

static Xattr *
copy_xattrs(const Entry *entry)
{
  Xattr *copies = entry->n_xattrs > 0 ? g_new(Xattr, entry->n_xattrs) : NULL;
  for (guint i = 0; i < entry->n_xattrs; i++)
    copies[i] = (Xattr){.name = g_strdup(entry->xattrs[i].name),
                        .value = g_memdup2(entry->xattrs[i].value, entry->xattrs[i].size),
                        .size = entry->xattrs[i].size};
  return copies;
}

void
changes_put_copy(Changes *changes, const char *path, const Entry *entry, GBytes *content)
{
  Entry copy = *entry;
  copy.target = entry->type == ENTRY_SYMLINK ? g_strdup(entry->target) : NULL;
  copy.xattrs = copy_xattrs(entry);
  put(changes, path, &copy, content);
}

void
changes_drop(Changes *changes, const char *path)
{
  g_hash_table_remove(changes->by_path, path);
}

/* A file's content through the tree, which reads a hardlink's too. */
static gboolean
same_content(const Changes *changes, const Change *change)
{
  gsize size = change->content != NULL ? g_bytes_get_size(change->content) : 0;
  g_autoptr(GBytes) there = tree_read(changes->below, change->entry.path, size, NULL);
  g_autoptr(GBytes) none = g_bytes_new(NULL, 0);
  return there != NULL && g_bytes_equal(there, change->content != NULL ? change->content : none);
}

static gboolean
is_there(const Changes *changes, const Change *change)
{
  const Entry *is = &change->entry;
  const TreeNode *node = tree_lookup(changes->below, is->path);
  const Entry *was = node != NULL ? node->entry : NULL;
  /* of a hardlink the attributes are another entry's: it is written anew */
  if (was == NULL || was->type != is->type || was->uid != is->uid || was->gid != is->gid || !entry_same_xattrs(was, is))
    return FALSE;
  if (is->type == ENTRY_SYMLINK)
    return strcmp(was->target, is->target) == 0;
  if (was->mode != is->mode)
    return FALSE;
  return is->type == ENTRY_DIRECTORY || (is->type == ENTRY_FILE && was->size == is->size && same_content(changes, change));
}

void
changes_drop_same(Changes *changes)
{
  GHashTableIter iter;
  gpointer change;
  g_hash_table_iter_init(&iter, changes->by_path);
  while (changes->below != NULL && g_hash_table_iter_next(&iter, NULL, &change))
    if (is_there(changes, change))
      g_hash_table_iter_remove(&iter);
}

/* ---- becoming a pack ---- */

static int
compare_changes(gconstpointer a, gconstpointer b)
{
  const Change *const *x = a, *const *y = b;
  return entry_path_compare((*x)->entry.path, (*y)->entry.path);
}

static GPtrArray *
sorted(const Changes *changes)
{
  GPtrArray *all = g_ptr_array_sized_new(changes_size(changes));
  GHashTableIter iter;
  gpointer change;
  g_hash_table_iter_init(&iter, changes->by_path);
  while (g_hash_table_iter_next(&iter, NULL, &change))
    g_ptr_array_add(all, change);
  g_ptr_array_sort(all, compare_changes);
  return all;
}

gboolean
changes_write(const Changes *changes, PackWriter *writer, gint64 epoch, GError **error)
{
  g_autoptr(GPtrArray) all = sorted(changes);
  for (guint i = 0; i < all->len; i++) {
    const Change *change = all->pdata[i];
    Entry entry = change->entry;
    entry.mtime = epoch;
    if (!pack_writer_add(writer, &entry, error))
      return FALSE;
    gsize size = 0;
    const void *data = change->content != NULL ? g_bytes_get_data(change->content, &size) : NULL;
    if (size > 0 && !pack_writer_data(writer, data, size, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
changes_to_pack(const Changes *changes, Store *store, PackEncoding encoding, gint64 epoch, Digest *out, GError **error)
{
  g_autoptr(PackWriter) writer = pack_writer_new(store, encoding, error);
  if (writer == NULL || !changes_write(changes, writer, epoch, error) || !pack_writer_finish(writer, out, error)) {
    g_prefix_error(error, "generated files: ");
    return FALSE;
  }
  return TRUE;
}
