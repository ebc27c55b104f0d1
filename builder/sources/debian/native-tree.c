/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree as a maintainer script sees it: files of packages that are not unpacked yet are not there, and the account files are
 * those of the accounts.
 */
#include "builder/sources/debian/native-private.h"
#include "rootfs/acl.h"
#include "signing/error.h"

#include <string.h>

/* A file of a pack that is no larger is read once: it would be decompressed each time. */
#define REMEMBERED (64 << 10)

char *
native_path(Native *native, Shell *shell, const char *word)
{
  (void)native;
  g_autofree char *whole = word[0] == '/' ? g_strdup(word) : g_strconcat(shell_folder(shell), "/", word, NULL);
  char *path = entry_canonical_path(whole, NULL);
  if (path == NULL || strchr(path, '\n') != NULL) {
    shell_give_up(shell, g_strdup_printf("the path '%.100s'", word));
    g_free(path);
    return g_strdup("");
  }
  return path;
}

char *
native_text(GBytes *content)
{
  gsize size;
  const char *data = g_bytes_get_data(content, &size);
  return g_strndup(data != NULL ? data : "", size);
}

gboolean
native_is_volatile(const char *path)
{
  static const char *const folders[] = {"dev", "proc", "sys"};
  for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
    gsize length = strlen(folders[i]);
    if (strncmp(path, folders[i], length) == 0 && path[length] == '/')
      return TRUE;
  }
  return FALSE;
}

/* ---- account files ---- */

gboolean
native_is_account_file(const char *path)
{
  static const char *const files[] = {"etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++)
    if (strcmp(path, files[i]) == 0)
      return TRUE;
  return FALSE;
}

/* The account files as they would be written now. */
static Changes *
account_files(const Native *native)
{
  Changes *files = changes_new(NULL);
  if (accounts_n_users(native->configuration.accounts) > 0)
    accounts_write(native->configuration.accounts, files, native->configuration.epoch);
  return files;
}

/* Scripts write these whole (base-passwd); entries come by the programs that are made for it. */
static gboolean
write_account_file(Native *native, Shell *shell, const char *path, GBytes *content)
{
  gsize size = g_bytes_get_size(content);
  if (size == 0) /* it is opened, and written next */
    return TRUE;
  Accounts *accounts = native->configuration.accounts;
  g_autofree char *text = native_text(content);
  gboolean passwd = strcmp(path, "etc/passwd") == 0, group = strcmp(path, "etc/group") == 0;
  gboolean empty = passwd ? accounts_n_users(accounts) == 0 : accounts_group_name(accounts, 0) == NULL;
  if ((!passwd && !group) || !empty)
    shell_give_up(shell, g_strdup_printf("writes '/%s'", path));
  else if (passwd ? !accounts_parse_passwd(accounts, path, text, NULL) : !accounts_parse_group(accounts, path, text, NULL))
    shell_give_up(shell, g_strdup_printf("writes a '/%s' that cannot be read", path));
  return TRUE;
}

/* ---- looking ---- */

typedef struct {
  Native *native;
  Shell *shell;
} View;

static gboolean
is_visible(const View *view, const char *path, const Entry *entry)
{
  Native *native = view->native;
  const TreeNode *node = tree_lookup(native->tree, path);
  if (node == NULL || node->entry != entry || node->pack == TREE_NO_PACK)
    return TRUE;
  const DebianUnit *unit = g_hash_table_lookup(native->by_pack, GUINT_TO_POINTER(node->pack));
  /* several packages may bring a folder: the first that is unpacked does */
  if (unit != NULL && entry->type == ENTRY_DIRECTORY)
    unit = g_hash_table_lookup(native->folders, path);
  return unit == NULL || g_hash_table_contains(native->unpacked, unit);
}

static const Entry *
look_up(gconstpointer data, const char *path)
{
  const View *view = data;
  if (g_hash_table_contains(view->native->removed, path))
    return NULL;
  const Entry *entry = changes_lookup(view->native->configuration.changes, path);
  return entry != NULL && is_visible(view, path, entry) ? entry : NULL;
}

static const Entry *
find_account_file(Native *native, const char *path)
{
  static const Entry files[] = {{.path = "etc/passwd", .type = ENTRY_FILE, .mode = 0644},
                                {.path = "etc/group", .type = ENTRY_FILE, .mode = 0644},
                                {.path = "etc/shadow", .type = ENTRY_FILE, .mode = 0640, .gid = 42},
                                {.path = "etc/gshadow", .type = ENTRY_FILE, .mode = 0640, .gid = 42}};
  if (strcmp(path, "etc/group") == 0 && accounts_group_name(native->configuration.accounts, 0) == NULL)
    return NULL; /* base-passwd makes one after the other */
  g_autoptr(Changes) written = account_files(native);
  for (guint i = 0; i < G_N_ELEMENTS(files); i++)
    if (strcmp(files[i].path, path) == 0 && changes_lookup(written, path) != NULL)
      return &files[i];
  return NULL;
}

const Entry *
native_find(Native *native, Shell *shell, const char *word, gboolean follow, char **real)
{
  static const Entry null = {.path = "dev/null", .type = ENTRY_CHAR, .mode = 0666, .major = 1, .minor = 3};
  View view = {native, shell};
  g_autofree char *path = native_path(native, shell, word);
  if (real != NULL)
    *real = NULL;
  if (strcmp(path, "dev/null") == 0)
    return &null;
  if (native_is_volatile(path))
    shell_give_up(shell, g_strdup_printf("looks at '/%s'", path));
  g_autofree char *place = follow ? tree_resolve_through(look_up, &view, path) : native_place(native, shell, word);
  if (place == NULL && !native_is_account_file(path))
    return NULL;
  const Entry *entry = native_is_account_file(path) ? find_account_file(native, path) : look_up(&view, place);
  if (real != NULL && entry != NULL)
    *real = g_strdup(place != NULL ? place : path);
  return entry;
}

char *
native_place(Native *native, Shell *shell, const char *word)
{
  View view = {native, shell};
  g_autofree char *path = native_path(native, shell, word);
  char *slash = strrchr(path, '/');
  if (slash == NULL)
    return g_steal_pointer(&path);
  *slash = '\0';
  g_autofree char *folder = tree_resolve_through(look_up, &view, path);
  const Entry *entry = folder != NULL ? look_up(&view, folder) : NULL;
  if (folder == NULL || (entry != NULL && entry->type != ENTRY_DIRECTORY))
    return NULL;
  return folder[0] != '\0' ? g_strconcat(folder, "/", slash + 1, NULL) : g_strdup(slash + 1);
}

/* What reading is faster by than putting a text together. */
#define READ_AT_ONCE 64

static GBytes *
read_path(Native *native, Shell *shell, const char *real)
{
  g_autoptr(GError) failure = NULL;
  if (native_is_account_file(real)) {
    g_autoptr(Changes) written = account_files(native);
    return changes_read(written, real, limits_get(LIMIT_TEXT_FILE), NULL);
  }
  const Changes *changes = native->configuration.changes;
  const TreeNode *node = tree_lookup(native->tree, real);
  gboolean lasting = node != NULL && node->entry == changes_lookup(changes, real);
  GBytes *known = lasting ? g_hash_table_lookup(native->contents, real) : NULL;
  GBytes *content = known != NULL ? g_bytes_ref(known) : changes_read(changes, real, limits_get(LIMIT_TEXT_FILE), &failure);
  if (content == NULL) {
    g_assert(failure != NULL);
    shell_give_up(shell, g_strdup_printf("reads '/%s': %s", real, failure->message));
    return NULL;
  }
  shell_spend(shell, g_bytes_get_size(content) / READ_AT_ONCE);
  if (known == NULL && lasting && g_bytes_get_size(content) <= REMEMBERED)
    g_hash_table_insert(native->contents, g_strdup(real), g_bytes_ref(content));
  return content;
}

GBytes *
native_read(Native *native, Shell *shell, const char *word)
{
  g_autofree char *real = NULL;
  const Entry *entry = native_find(native, shell, word, TRUE, &real);
  if (entry != NULL && entry->type == ENTRY_CHAR)
    return g_bytes_new(NULL, 0);
  if (entry == NULL || (entry->type != ENTRY_FILE && entry->type != ENTRY_HARDLINK))
    return NULL;
  return read_path(native, shell, real);
}

char **
native_list(Native *native, Shell *shell, const char *word)
{
  View view = {native, shell};
  g_autofree char *real = NULL;
  const Entry *folder = native_find(native, shell, word, TRUE, &real);
  if (folder == NULL || folder->type != ENTRY_DIRECTORY)
    return NULL;
  g_auto(GStrv) names = changes_list(native->configuration.changes, real);
  GPtrArray *seen = g_ptr_array_new();
  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *path = real[0] != '\0' ? g_strconcat(real, "/", names[i], NULL) : g_strdup(names[i]);
    if (look_up(&view, path) != NULL)
      g_ptr_array_add(seen, g_strdup(names[i]));
  }
  g_ptr_array_add(seen, NULL);
  return (char **)g_ptr_array_free(seen, FALSE);
}

char *
native_program(Native *native, Shell *shell, const char *name)
{
  static const char *const folders[] = {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"};
  for (guint i = 0; i < G_N_ELEMENTS(folders) && strchr(name, '/') == NULL; i++) {
    g_autofree char *path = g_strconcat(folders[i], name, NULL);
    if (native_find(native, shell, path, TRUE, NULL) != NULL)
      return g_steal_pointer(&path);
  }
  return strchr(name, '/') != NULL && native_find(native, shell, name, TRUE, NULL) != NULL ? g_strdup(name) : NULL;
}

/* ---- changing ---- */

void
native_put(Native *native, const char *real)
{
  g_hash_table_remove(native->removed, real);
}

/* FALSE: all of that would not fit into memory. */
static gboolean
may_hold(Native *native, Shell *shell, GBytes *content)
{
  native->held += content != NULL ? g_bytes_get_size(content) : 0;
  if (native->held <= limits_get(LIMIT_SCRIPT_FILES))
    return TRUE;
  shell_give_up(shell, g_strdup("changes more files than are taken"));
  return FALSE;
}

gboolean
native_write(Native *native, Shell *shell, const char *word, GBytes *content)
{
  g_autofree char *real = NULL, *path = native_path(native, shell, word);
  if (native_is_account_file(path))
    return write_account_file(native, shell, path, content);
  const Entry *entry = native_find(native, shell, word, TRUE, &real);
  if (entry == NULL) {
    real = native_place(native, shell, word);
    if (real == NULL || native_find(native, shell, word, FALSE, NULL) != NULL)
      return FALSE;
  }
  if (entry != NULL && entry->type != ENTRY_FILE) {
    shell_give_up(shell, g_strdup_printf("writes to '/%s', which is no plain file", real));
    return FALSE;
  }
  if (!may_hold(native, shell, content))
    return FALSE;
  guint32 mode = entry != NULL ? entry->mode : 0666 & ~shell_umask(shell);
  changes_put_file(native->configuration.changes, real, mode, entry != NULL ? entry->uid : 0, entry != NULL ? entry->gid : 0,
                   content);
  native_put(native, real);
  return TRUE;
}

static gboolean
has_list(const Entry *entry)
{
  gboolean found = FALSE;
  for (guint i = 0; i < entry->n_xattrs; i++)
    found = found || acl_is_name(entry->xattrs[i].name);
  return found;
}

gboolean
native_change(Native *native, Shell *shell, const char *real, guint32 mode, guint32 uid, guint32 gid)
{
  View view = {native, shell};
  const Entry *entry = look_up(&view, real);
  if (native_is_account_file(real)) {
    shell_give_up(shell, g_strdup_printf("changes '/%s'", real));
    return FALSE;
  }
  if (entry->mode == mode && entry->uid == uid && entry->gid == gid)
    return TRUE;
  if (entry->type == ENTRY_HARDLINK)
    shell_give_up(shell, g_strdup_printf("changes '/%s', which is one file with another", real));
  else if (has_list(entry))
    shell_give_up(shell, g_strdup_printf("changes '/%s', which has an access control list", real));
  g_autoptr(GBytes) content = entry->type == ENTRY_FILE ? read_path(native, shell, real) : NULL;
  if (!may_hold(native, shell, content))
    return FALSE;
  Entry changed = *entry;
  g_autofree char *target = g_strdup(entry->target), *path = g_strdup(real);
  changed.path = path;
  changed.target = target;
  changed.mode = mode;
  changed.uid = uid;
  changed.gid = gid;
  if (entry->type == ENTRY_DIRECTORY)
    changes_put_directory(native->configuration.changes, real, mode, uid, gid);
  else if (shell_unknown(shell) == NULL)
    changes_put_copy(native->configuration.changes, real, &changed, content);
  return TRUE;
}

void
native_remove(Native *native, Shell *shell, const char *real)
{
  if (native_is_account_file(real))
    shell_give_up(shell, g_strdup_printf("removes '/%s'", real));
  changes_drop(native->configuration.changes, real);
  if (tree_lookup(native->tree, real) == NULL)
    return;
  g_hash_table_add(native->removed, g_strdup(real));
  if (native->remover == NULL) {
    native->remover = native->unit;
    native->remover_kind = native->kind;
  }
}

void
native_make_path(Native *native, Shell *shell, const char *path, guint32 mode)
{
  const char *slash = strrchr(path, '/');
  g_autofree char *parent = slash != NULL ? g_strndup(path, (gsize)(slash - path)) : NULL;
  g_autofree char *absolute = g_strconcat("/", path, NULL);
  if (native_find(native, shell, absolute, TRUE, NULL) != NULL)
    return;
  if (parent != NULL)
    native_make_path(native, shell, parent, 0777 & ~shell_umask(shell));
  g_autofree char *real = native_place(native, shell, absolute);
  if (real == NULL)
    return;
  changes_put_directory(native->configuration.changes, real, mode, 0, 0);
  native_put(native, real);
}

void
native_put_link(Native *native, Shell *shell, const char *path, const char *target)
{
  g_autofree char *folder = g_path_get_dirname(path);
  if (native_find(native, shell, path, FALSE, NULL) != NULL)
    return;
  native_make_path(native, shell, folder + 1, 0755);
  changes_put_symlink(native->configuration.changes, path + 1, target);
  native_put(native, path + 1);
}
